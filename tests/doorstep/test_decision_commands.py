"""`doorstep decision`: evidence and tokens are checked with a public key, far from the house."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path, sys
from types import SimpleNamespace
from typing import Any

import pytest
from contact_rules.service import build
from contact_rules.settings import ContactRulesSettings
from credentials import Keys, TokenMint
from databases import Databases
from doorstep.__main__ import main
from doorstep.evidence import NoEvidence, check_evidence
from postgres import PostgresServer
from rules_house import RULEBOOK, TUESDAY, Debtor, House
from settable_clock import SettableClock
from shared.bus import LocalBus
from shared.keys import KeySet, Signer, make_key
from visit_life import moved

Json = dict[str, Any]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def decision(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `doorstep decision …` in this process."""

    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["doorstep", "decision", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


@dataclass(frozen=True)
class Shown:
    """What a house gave away: documents of a yes, a no and a move, whole and for a lender."""

    keys: Keys
    yes: Json
    no: Json
    move: Json
    for_a_lender: Json

    @property
    def token(self) -> str:
        return str(self.yes["approval"]["token"])


@pytest.fixture(scope="module")
def shown(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Documents need their house no more once they are given away: it is closed."""
    keys, clock, databases = (
        Keys.make(tmp_path_factory.mktemp("keys")),
        SettableClock(),
        Databases(postgres),
    )
    settings = ContactRulesSettings(
        database_url=databases.url("contact_rules"),
        token_keys=str(keys.token_jwks),
        approval_key=keys.approval_key,
        packs=RULEBOOK,
    )
    service = build(settings, LocalBus(), clock)
    try:
        return _shown(House(service, keys, TokenMint(keys, clock), clock))
    finally:
        service.close()
        databases.close()


def _shown(house: House) -> Shown:
    ours = Debtor()
    theirs = Debtor(lender="southbank", person_id=ours.person_id)
    visit = ours.visit(TUESDAY + timedelta(days=1), requested_by="Petra 外訪組")
    house.ask(theirs.visit(), visit, ours.visit(TUESDAY + timedelta(days=1, hours=3)))
    house.deliver(moved(visit, TUESDAY + timedelta(days=3)))
    _, yes, no, move = house.rows("decision", "decided_at, id")
    assert [row.verdict for row in (yes, no, move)] == ["allow", "deny", "allow"]

    def of(decision_id: object, role: str = "auditor") -> Json:
        answer = house.client.get(
            f"/v1/decisions/{decision_id}/evidence", headers=house.header(role)
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return Shown(house.keys, of(yes.id), of(no.id), of(move.id), of(move.id, "lender"))


def written(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def test_evidence_is_verified_with_the_public_keys_alone(
    decision: Command, shown: Shown, tmp_path: Path
) -> None:
    for document, verdict in ((shown.yes, "allow"), (shown.no, "deny"), (shown.move, "allow")):
        done = decision("verify", written(tmp_path, document), "--keys", shown.keys.approval_jwks)
        assert done.returncode == 0, done
        assert done.stdout.endswith("Verified.\n")
        said = [line.split() for line in done.stdout.splitlines()]
        assert ["verdict", verdict] in said
        assert "Worked out again by engine" in done.stdout
        assert "southbank" not in done.stdout
    done = decision("verify", written(tmp_path, shown.yes), "--keys", shown.keys.approval_jwks)
    assert "asked for by   Petra 外訪組" in done.stdout
    assert "2026-12-02T02:00:00Z, 30 minutes" in done.stdout
    assert "The history of 1 line is the person's ledger up to line" in done.stdout
    assert "The token of the approval is the house's, and of this decision." in done.stdout
    assert "By now the approval is said to be released." in done.stdout


def test_a_lenders_document_is_verified_though_it_tells_less(
    decision: Command, shown: Shown, tmp_path: Path
) -> None:
    path = written(tmp_path, shown.for_a_lender)
    done = decision("verify", path, "--keys", shown.keys.approval_jwks)
    assert done.returncode == 0, done
    assert "1 line of other lenders: what they were about is told under other" in done.stdout
    assert "it comes to the same" in done.stdout


def test_keys_inside_a_document_prove_nothing(
    decision: Command, shown: Shown, tmp_path: Path
) -> None:
    """A forger signs what he likes and brings his own key along."""
    make_key(tmp_path / "forger.pem")
    forger = Signer(tmp_path / "forger.pem")
    payload = base64.urlsafe_b64decode(shown.no["jws"]["payload"] + "==")
    forged = payload.replace(b'"verdict":"deny"', b'"verdict":"allow"')
    (header,) = json.dumps({"alg": "EdDSA", "kid": forger.kid, "typ": "doorstep-decision+json"},
                           separators=(",", ":")),  # fmt: skip
    document = shown.no | {
        "jws": {
            "payload": _base64url(forged),
            "protected": _base64url(header.encode()),
            "signature": forger.sign_detached(forged, kind="doorstep-decision+json"),
        },
        "keys": forger.public_jwks(),
    }
    done = decision("verify", written(tmp_path, document), "--keys", shown.keys.approval_jwks)
    assert done.returncode == 1
    assert "signed with a key that is not among those given" in done.stdout
    # With the forger's key it would do: whom one trusts is said by --keys and nothing else.
    theirs = tmp_path / "theirs.json"
    theirs.write_text(json.dumps(forger.public_jwks()))
    found = check_evidence(json.dumps(document).encode(), KeySet(theirs))
    assert found.record is not None
    assert any("comes to something else" in sentence for sentence in found.wrong)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_any_byte_that_is_changed_is_found_out(shown: Shown) -> None:
    """At three hundred places of the statement, the history and the rules, seeded."""
    keys = KeySet(shown.keys.approval_jwks)
    document = shown.no
    assert check_evidence(json.dumps(document).encode(), keys).verified
    rng = random.Random(8)
    parts: list[Callable[[Json], tuple[Any, Any]]] = [
        lambda d: (d["jws"], "payload"),
        lambda d: (d["jws"], "protected"),
        lambda d: (d["jws"], "signature"),
        lambda d: (rng.choice(d["packs"]), "text"),
        lambda d: (rng.choice(d["packs"]), "digest"),
        _somewhere_in_a_line(rng),
    ]
    for number in range(300):
        changed = json.loads(json.dumps(document))
        part, name = parts[number % len(parts)](changed)
        part[name] = _flipped(part[name], rng)
        found = check_evidence(json.dumps(changed).encode(), keys, again=False)
        assert not found.verified, (number, name)


def _somewhere_in_a_line(rng: random.Random) -> Callable[[Json], tuple[Any, Any]]:
    def choose(document: Json) -> tuple[Any, Any]:
        line = rng.choice(document["history"])
        name = rng.choice([name for name, value in line.items() if value])
        return (line[name], 0) if name == "debts" else (line, name)

    return choose


def _flipped(value: str, rng: random.Random) -> str:
    at = rng.randrange(len(value))
    other = chr(ord(value[at]) ^ (1 << rng.randrange(6)))
    return value[:at] + other + value[at + 1 :]


def _without_first(document: Json, part: str) -> Json:
    return document | {part: document[part][1:]}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: _without_first(d, "history"), "The history is not the one"),
        (lambda d: d | {"history": d["history"] * 2}, "The history is not the one"),
        (lambda d: d | {"history": d["history"][::-1]}, "The history is not the one"),
        (lambda d: d | {"history": [{}]}, "The history is not the one"),
        (lambda d: d | {"history": 7}, "The history is not the one"),
        (
            lambda d: d | {"history": [line | {"paid": True} for line in d["history"]]},
            "The history is not the one",
        ),
        (lambda d: _without_first(d, "packs"), "The packs are not those"),
        (lambda d: d | {"packs": d["packs"][::-1]}, "The packs are not those"),
        (
            lambda d: d | {"packs": [pack | {"effective_to": "2027-01-01"} for pack in d["packs"]]},
            "The packs are not those",
        ),
        (lambda d: d | {"packs": None}, "The packs are not those"),
        (
            lambda d: d | {"packs": [pack | {"name": "cn@2026-01-01"} for pack in d["packs"]]},
            "other names than their texts say",
        ),
        (lambda d: d | {"jws": 7}, "The signature is none of a decision"),
        (lambda d: d | {"jws": d["jws"] | {"header": {}}}, "The signature is none of a decision"),
        (
            lambda d: d | {"jws": d["jws"] | {"signature": d["jws"]["signature"] + "="}},
            "The signature does not fit",
        ),
        (lambda d: d | {"approval": {"token": "a.b.c", "state": "x"}}, "The token of the approval"),
        (lambda d: d | {"approval": {}}, "The approval is none"),
    ],
)
def test_each_part_is_held_against_what_was_signed(
    shown: Shown, change: Callable[[Json], Json], why: str
) -> None:
    found = check_evidence(
        json.dumps(change(shown.move)).encode(), KeySet(shown.keys.approval_jwks)
    )
    assert not found.verified
    assert any(why in sentence for sentence in found.wrong), found.wrong


def test_anothers_approval_is_not_taken_for_this_decisions(shown: Shown) -> None:
    keys = KeySet(shown.keys.approval_jwks)
    swapped = shown.no | {"approval": shown.yes["approval"]}
    found = check_evidence(json.dumps(swapped).encode(), keys)
    assert found.wrong == ["The approval is not the one this decision gave."]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"7", b"[]", b"{}", b'{"format": "doorstep-decision/2"}', b"\xff", b"[" * 10_000],
)
def test_what_is_no_evidence_is_said_to_be_none(
    decision: Command, shown: Shown, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "something"
    path.write_bytes(content)
    done = decision("verify", path, "--keys", shown.keys.approval_jwks)
    assert done.returncode == 1
    assert done.stderr.startswith("Not verified. It is n")


def test_parts_that_are_missing_or_too_many_are_named(shown: Shown) -> None:
    keys = KeySet(shown.keys.approval_jwks)
    lacking = {name: value for name, value in shown.yes.items() if name != "packs"}
    with pytest.raises(NoEvidence, match="Parts of it are missing: packs"):
        check_evidence(json.dumps(lacking).encode(), keys)
    with pytest.raises(NoEvidence, match="more in it than there should be"):
        check_evidence(json.dumps(shown.yes | {"verified": True}).encode(), keys)


def test_it_is_worked_out_again_unless_that_is_not_wanted(
    decision: Command, shown: Shown, tmp_path: Path
) -> None:
    path = written(tmp_path, shown.yes)
    done = decision("verify", path, "--no-replay", "--keys", shown.keys.approval_jwks)
    assert done.returncode == 0
    assert "Worked out again" not in done.stdout


def test_an_engine_that_decides_otherwise_is_told(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contact_rules.handlers import replay_decision

    monkeypatch.setattr(replay_decision, "effective_history", lambda lines: ())
    found = check_evidence(json.dumps(shown.no).encode(), KeySet(shown.keys.approval_jwks))
    assert not found.verified
    assert found.wrong[0].startswith("Worked out again by engine 0.1.0, it comes to something")
    assert any("/measured: " in sentence for sentence in found.wrong)


def test_without_keys_nothing_is_verified(decision: Command, shown: Shown, tmp_path: Path) -> None:
    path = written(tmp_path, shown.yes)
    for words in (
        ("--home", tmp_path / "nowhere"),
        ("--keys", tmp_path / "nothing.json"),
        ("--keys", "http://127.0.0.1:1/keys.json"),
        ("--keys", path),
    ):
        done = decision("verify", path, *words)
        assert done.returncode == 2, words
        assert "Verified" not in done.stdout
    assert decision("verify", tmp_path / "nothing", "--keys", path).returncode == 2


def test_it_can_be_piped(decision: Command, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps(shown.yes).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(content)))
    done = decision("verify", "-", "--keys", shown.keys.approval_jwks)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Verified.")


def test_what_an_agent_shows_is_read_out(
    decision: Command, shown: Shown, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doorstep.commands.decision.utc_now", clock)
    claims = json.loads(base64.urlsafe_b64decode(shown.token.split(".")[1] + "=="))
    done = decision("token", shown.token, "--keys", shown.keys.approval_jwks)
    assert done.returncode == 0, done
    for part in (claims["sub"], *claims["team"], "northbank", claims["person_id"]):
        assert part in done.stdout
    assert "2026-12-02T02:00:00Z" in done.stdout
    assert "2026-12-02T02:30:00Z" in done.stdout

    monkeypatch.setattr(sys, "stdin", StringIO(shown.token + "\n"))
    assert decision("token", "-", "--keys", shown.keys.approval_jwks).returncode == 0

    clock.advance(days=30)
    done = decision("token", shown.token, "--keys", shown.keys.approval_jwks)
    assert (done.returncode, done.stderr) == (1, "Not verified: expired.\n")


def test_a_token_of_another_kind_or_key_is_none(
    decision: Command, shown: Shown, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doorstep.commands.decision.utc_now", clock)
    bearer = TokenMint(shown.keys, clock)("ops")
    head, body, signature = shown.token.split(".")
    for token, keys in (
        (bearer, shown.keys.approval_jwks),
        (bearer, shown.keys.token_jwks),
        (shown.token, shown.keys.token_jwks),
        (f"{head}.{body[:-2]}AA.{signature}", shown.keys.approval_jwks),
        ("", shown.keys.approval_jwks),
        ("x" * 20_000, shown.keys.approval_jwks),
    ):
        done = decision("token", token, "--keys", keys)
        assert done.returncode == 1, token[:30]
        assert done.stderr.startswith("Not verified: ")


def test_what_a_document_says_can_not_move_the_cursor() -> None:
    from doorstep.evidence import plain

    assert plain("bank\x1b[2J\r\n外訪\u202e") == "bank\ufffd[2J\ufffd\ufffd外訪\ufffd"
