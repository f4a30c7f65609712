"""`doorstep decision`: is a decision, or what an agent shows at the door, really the house's?"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.text import Text
from shared.clock import utc_now
from shared.keys import BadKeys, BadToken, KeySet

from doorstep.commands.options import DEFAULT_HOME, HomeOption
from doorstep.home import existing_home
from doorstep.screen import Screen
from doorstep.trouble import Trouble

if TYPE_CHECKING:
    from contact_rules.store.decisions import DecisionRecord

app = typer.Typer(no_args_is_help=True)

_LARGEST: Final = 64 * 1024 * 1024

KeysOption = Annotated[
    str | None,
    typer.Option(
        "--keys",
        help="The house's public keys: a JWKS file, or its address"
        " (…/contact-rules/.well-known/approval-keys.json); the home's if left out.",
        metavar="FILE|URL",
    ),
]


class NotVerified(Trouble):
    """What was shown proves nothing, or something else than it says."""

    exit_code = 1


@app.callback()
def _about() -> None:
    """Prove what the rules decided, with the public keys of the house and nothing else."""


@app.command("verify")
def verify_decision(
    file: Annotated[
        Path,
        typer.Argument(
            help="The evidence of a decision, as GET /contact-rules/v1/decisions/{id}/evidence"
            " gives it; - reads the standard input.",
            allow_dash=True,
        ),
    ],
    keys: KeysOption = None,
    no_replay: Annotated[
        bool, typer.Option("--no-replay", help="Don't work the decision out again.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check the evidence of a decision: who signed it, on what grounds, by which rules.

    Then it is worked out again with the rules inside. Keys inside the file prove nothing and are
    not used. Ends with 1 if anything is wrong.
    """
    from doorstep.evidence import NoEvidence, check_evidence

    content = _read(file)
    known = _keys(keys, home)
    try:
        found = check_evidence(content, known, again=not no_replay)
    except NoEvidence as error:
        raise NotVerified(f"Not verified. {error}") from error
    screen = Screen()
    if found.record is not None:
        _tell(screen, found.record)
    for sign, style, sentences in (
        ("✓", "green", found.right),
        ("·", "dim", found.unproven),
        ("✗", "red", found.wrong),
    ):
        for sentence in sentences:
            screen.say(Text.assemble((f"  {sign} ", style), sentence))
    if not found.verified:
        raise NotVerified("Not verified.")
    screen.say(Text("Verified.", "green"))


@app.command("token")
def verify_token(
    token: Annotated[str, typer.Argument(help="What the agent shows; - reads standard input.")],
    keys: KeysOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check the approval that an agent shows at the door: who, whom for, where, until when.

    Ends with 1 if the house did not sign it, or if its time is over. Whether it was revoked since
    it was given, only the house knows.
    """
    from doorstep.evidence import approval_claims, plain

    if token == "-":  # noqa: S105 - the sign for standard input
        token = sys.stdin.read(64 * 1024).strip()
    known = _keys(keys, home)
    try:
        claims = approval_claims(token, known, now=utc_now())
    except BadToken as error:
        raise NotVerified(f"Not verified: {error}.") from error
    screen = Screen()
    for what, value in _of_claims(claims):
        screen.say(Text.assemble((f"  {what:<15}", "dim"), plain(str(value))))
    screen.say(Text("Verified.", "green"))


def _of_claims(claims: dict[str, Any]) -> list[tuple[str, object]]:
    said = [
        ("visit", claims.get("sub")),
        ("team", ", ".join(map(str, claims.get("team", ())))),
        ("on behalf of", claims.get("lender")),
        ("to person", claims.get("person_id")),
        ("at address", claims.get("address_id")),
        ("from", claims.get("starts_at")),
        ("until", claims.get("ends_at")),
    ]
    latest = claims.get("must_end_by")
    return said if latest is None else [*said, ("at the latest", latest)]


def _tell(screen: Screen, record: "DecisionRecord") -> None:
    from doorstep.evidence import moment, plain

    facts = record.facts
    place = facts.get("place", {})
    where = "-".join(str(place[name]) for name in ("country", "region") if place.get(name))
    screen.say(Text.assemble((f"Decision {record.id} of {moment(record.decided_at)}", "bold")))
    said = [
        ("verdict", record.verdict.value),
        ("visit", f"{record.visit_id}, {facts['starts_at']}, {facts['duration_minutes']} minutes"),
        ("to person", f"{record.person_id} at {place.get('kind', 'no place')} {where}".rstrip()),
        ("on behalf of", f"{record.lender}, by {facts['collector']['id']}"),
        ("team", ", ".join(member["id"] for member in facts["team"]) or "nobody"),
        ("asked for by", record.requested_by or "not told"),
        ("rules", ", ".join(record.packs)),
        ("against it", ", ".join(_against(record)) or "nothing"),
    ]
    if record.overridden:
        said.append(("people settled", ", ".join(record.overridden)))
    for what, value in said:
        screen.say(Text.assemble((f"  {what:<15}", "dim"), plain(value)))


def _against(record: "DecisionRecord") -> list[str]:
    return [
        f"{check['rule']} ({check['measured']} of {check['limit']})"
        if check["measured"] is not None and check["limit"] is not None
        else str(check["rule"])
        for check in record.checks
        if check["result"] in ("fail", "unknown") and check["rule"] not in record.overridden
    ]


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise Trouble(f"{file} can't be read: {error.strerror}.") from error
    if len(content) > _LARGEST:
        raise Trouble(f"{file} is larger than 64 MB.")
    return content


def _keys(source: str | None, home: Path) -> KeySet:
    """The keys to verify with: what a document brings along would let anybody vouch for himself."""
    try:
        keys = KeySet(source or existing_home(home).approval_keys)
        if source is not None and source.startswith(("http://", "https://")):
            keys.refresh()
    except BadKeys as error:
        raise Trouble(
            f"There are no keys to verify with: {error}.", "Name them with --keys."
        ) from error
    return keys
