"""The document that proves a decision: who may have it, and what it tells whom."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from rules_house import RULEBOOK, TUESDAY, Debtor, House, cancelled
from shared.db import transaction
from shared.ids import new_id
from sqlalchemy import text
from visit_life import moved

Json = dict[str, Any]
READERS = ("lender", "ops", "compliance", "auditor")
OTHERS = ("agent", "service")


def statement_in(evidence: Json) -> Json:
    payload = evidence["jws"]["payload"]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))


def evidence_of(house: House, decision_id: str, **token: str) -> Json:
    headers = house.header(**token) if token else {}  # type: ignore[arg-type]
    answer = house.client.get(f"/v1/decisions/{decision_id}/evidence", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def shared_debtor(house: House) -> tuple[str, Debtor, Debtor]:
    """A decision of northbank's about somebody whom southbank visits too, and both debtors."""
    ours = Debtor()
    theirs = Debtor(lender="southbank", person_id=ours.person_id)
    house.ask(theirs.visit(), ours.visit(TUESDAY + timedelta(days=1)))
    (answer,) = house.ask(ours.visit(TUESDAY + timedelta(days=2)))
    return answer["decision_id"], ours, theirs


def test_a_document_says_all_that_was_decided_and_on_what_grounds(house: House) -> None:
    debtor = Debtor()
    first = debtor.visit()
    (yes,) = house.ask(first)
    (no,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=3)))
    evidence = evidence_of(house, yes["decision_id"])
    assert list(evidence) == ["format", "jws", "history", "packs", "approval", "keys"]
    assert evidence["format"] == "doorstep-decision/1"
    said = statement_in(evidence)
    assert (said["id"], said["verdict"]) == (yes["decision_id"], "allow")
    assert said["requested_by"] == first.requested_by
    assert evidence["history"] == []
    assert evidence["approval"] == {"token": yes["approval"]["token"], "state": "reserved"}
    assert evidence["keys"] == house.client.get("/.well-known/approval-keys.json").json()

    house.deliver(cancelled(first, house.clock(), "agent"))
    assert evidence_of(house, yes["decision_id"])["approval"]["state"] == "released"
    later = evidence_of(house, no["decision_id"])
    assert later["approval"] is None
    (line,) = later["history"]
    assert line["contact_id"] == str(first.visit_id)
    assert line["starts_at"] == "2026-12-01T02:00:00.000000Z"
    assert (line["kind"], line["closed_sha256"]) == ("reserved", None)
    seqs = [row.seq for row in house.rows("ledger", "seq")]
    assert statement_in(later)["ledger_seq"] == seqs[0]
    assert len(seqs) == 2


def test_the_rules_come_along_as_they_were_written(house: House) -> None:
    (answer,) = house.ask(Debtor().visit())
    evidence = evidence_of(house, answer["decision_id"])
    files = {pack["file"]: pack for pack in evidence["packs"]}
    assert files.keys() == {path.name for path in RULEBOOK.glob("*.yaml")}
    for name, pack in files.items():
        assert pack["text"] == (RULEBOOK / name).read_text(encoding="utf-8")
        assert pack["digest"] == sha256(pack["text"].encode()).hexdigest()
    contents = [
        {name: pack[name] for name in ("digest", "effective_from", "effective_to")}
        for pack in evidence["packs"]
    ]
    written = json.dumps(contents, separators=(",", ":"))
    assert statement_in(evidence)["library"] == sha256(written.encode()).hexdigest()


def test_a_lender_is_not_told_what_others_visits_were_about(
    house: House, shared_debtor: tuple[str, Debtor, Debtor]
) -> None:
    decision, ours, theirs = shared_debtor
    whole = evidence_of(house, decision, role="compliance")
    told = evidence_of(house, decision, role="lender", lender="northbank")
    assert told["jws"] == whole["jws"]
    other, own = told["history"]
    assert own == whole["history"][1]
    assert own["closed_sha256"] is None
    hidden = whole["history"][0]
    for name in ("kind", "channel", "direction", "starts_at", "ends_at", "purpose", "outcome"):
        assert other[name] == hidden[name]
    # The person is the lender's own debtor; nothing else of the other's visit is told.
    assert other["party_id"] == str(ours.person_id)
    assert other["lender"] == "other lender 1"
    assert other["collector"] == "other collector 1"
    assert other["debts"] == ["other debt 1"]
    assert other["contact_id"] == "other contact 1"
    assert other["point"] == "other point 1"
    assert len(other["closed_sha256"]) == 64
    text_ = json.dumps(told["history"])
    for secret in ("southbank", theirs.account_id, theirs.address_id, hidden["contact_id"]):
        assert str(secret) not in text_


def test_a_lender_proves_its_own_decisions_and_no_others(
    house: House, shared_debtor: tuple[str, Debtor, Debtor]
) -> None:
    decision, _, _ = shared_debtor
    theirs = house.header("lender", "southbank")
    for method, path in (
        ("GET", f"/v1/decisions/{decision}/evidence"),
        ("POST", f"/v1/decisions/{decision}/replay"),
    ):
        hidden = house.client.request(method, path, headers=theirs)
        nothing = house.client.request(
            method, path.replace(decision, str(new_id())), headers=theirs
        )
        assert hidden.status_code == nothing.status_code == 404
        assert hidden.json() == nothing.json()
        own = house.client.request(method, path, headers=house.header("lender", "northbank"))
        assert own.status_code == 200


def test_who_may_prove_and_work_out_again(house: House) -> None:
    (answer,) = house.ask(Debtor().visit())
    for method, path in (
        ("GET", f"/v1/decisions/{answer['decision_id']}/evidence"),
        ("POST", f"/v1/decisions/{answer['decision_id']}/replay"),
    ):
        for role in READERS:
            said = house.client.request(method, path, headers=house.header(role))
            assert said.status_code == 200, role
        for role in OTHERS:
            said = house.client.request(method, path, headers=house.header(role))
            assert said.status_code == 403, role
    del house.client.headers["Authorization"]
    assert house.client.get(f"/v1/decisions/{answer['decision_id']}/evidence").status_code == 401


@pytest.mark.parametrize("what", ["evidence", "replay"])
def test_an_id_that_is_none_is_pointed_at(house: House, what: str) -> None:
    method = "GET" if what == "evidence" else "POST"
    answer = house.client.request(method, f"/v1/decisions/one/{what}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["{decision_id}"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("signature = NULL", "decision_not_signed"),
        ("library = NULL", "decision_not_signed"),
        ("library = 'none'", "packs_not_kept"),
    ],
)
def test_what_can_not_be_proven_is_a_refusal(house: House, change: str, code: str) -> None:
    (answer,) = house.ask(Debtor().visit())
    with transaction(house.engine) as session:
        session.execute(text("ALTER TABLE decision DISABLE TRIGGER USER"))
        session.execute(text(f"UPDATE decision SET {change}"))
    said = house.client.get(f"/v1/decisions/{answer['decision_id']}/evidence")
    assert (said.status_code, said.json()["code"]) == (409, code)


def test_a_decision_tells_what_it_was_signed_with_and_rested_on(house: House) -> None:
    (answer,) = house.ask(Debtor().visit(requested_by="Petra Planner, 外訪組"))
    said = house.client.get(f"/v1/decisions/{answer['decision_id']}").json()
    assert said["key_id"] == house.keys.approvals.kid
    assert said["library"] == house.desk.library.digest
    assert said["requested_by"] == "Petra Planner, 外訪組"
    assert (said["request_id"], said["review_id"], said["overridden"]) == (None, None, [])
    assert said["history"] == sha256(b"").hexdigest()


def test_the_approval_shown_is_the_one_that_decision_gave(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(moved(visit, TUESDAY + timedelta(hours=2)))
    before, after = house.rows("decision", "decided_at, id")
    states = [
        house.client.get(f"/v1/decisions/{row.id}").json()["approval"]["state"]
        for row in (before, after)
    ]
    assert states == ["released", "reserved"]


def test_the_key_in_use_is_first_of_those_published(house: House) -> None:
    """Nothing in a document vouches for it but a key that others publish."""
    (answer,) = house.ask(Debtor().visit())
    evidence = evidence_of(house, answer["decision_id"])
    header = json.loads(base64.urlsafe_b64decode(evidence["jws"]["protected"] + "=="))
    assert header["kid"] == evidence["keys"]["keys"][0]["kid"]
    assert house.desk.signer.kid == header["kid"]
