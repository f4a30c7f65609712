"""A decision's statement is the same bytes whenever it is written, and says all of it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from contact_rules.domain import Verdict
from contact_rules.domain.ledger import Line
from contact_rules.domain.statement import CLOSED, OPEN, Aliases, moment
from contact_rules.handlers.proving import (
    CLOSED_DIGEST,
    closed_digest,
    digest_of,
    line_data,
    line_of,
    record_of,
    statement,
)
from contact_rules.store import decisions
from contact_rules.store.decisions import DecisionRecord
from rules_house import TUESDAY, Debtor, House
from shared.db import transaction
from shared.ids import new_id

NOW = datetime(2026, 11, 23, 2, 0, 0, 5, tzinfo=UTC)


def a_record(**changed: Any) -> DecisionRecord:
    record = DecisionRecord(
        id=new_id(),
        visit_id=new_id(),
        case_id=new_id(),
        person_id=new_id(),
        lender="northbank",
        verdict=Verdict.NEEDS_REVIEW,
        engine="0.1.0",
        packs=("tw@2026-11-21", "person-protection@2026-11-21"),
        facts={"zeta": "外訪", "alpha": ["\u0000", "\ud7ff", "\U0001f6aa", '"\\'], "rate": "0.15"},
        ledger_seq=2**53 + 1,
        checks=[{"rule": "tw.hours", "measured": None, "limit": 1}],
        obligations=[],
        must_end_by=TUESDAY,
        next_lawful=[{"from": "2026-12-02T01:00:00Z", "to": "2026-12-02T13:30:00Z"}],
        decided_at=NOW,
        library="a" * 64,
        history="b" * 64,
    )
    return replace(record, **changed)


def a_line(**changed: Any) -> Line:
    line = Line(
        person_id=str(new_id()),
        seq=7,
        contact_id=str(new_id()),
        kind="reserved",
        lender="northbank",
        channel="visit",
        direction="outbound",
        starts_at=TUESDAY,
        ends_at=TUESDAY + timedelta(minutes=30),
        purpose="collect",
        place="home",
        party_id="p1",
        party_role="debtor",
        debts=("d1", "d2"),
        collector="swift",
        point="+886912345678",
        outcome=None,
    )
    return line._replace(**changed)


def test_all_that_is_kept_is_stated_but_the_signature() -> None:
    said = json.loads(statement(a_record()))
    kept = {each.name for each in fields(DecisionRecord)} - {"key_id", "signature"}
    assert said.keys() - {"format"} == kept
    assert said["format"] == "doorstep-decision/1"


@pytest.mark.parametrize(
    "name", sorted({each.name for each in fields(DecisionRecord)} - {"key_id", "signature"})
)
def test_another_value_of_any_field_is_another_statement(name: str) -> None:
    others: dict[str, Any] = {
        "verdict": Verdict.ALLOW,
        "ledger_seq": 2**53 + 2,
        "decided_at": NOW + timedelta(microseconds=1),
        "must_end_by": None,
        "facts": {"alpha": 1, "zeta": 2},
    }
    record = a_record()
    before = getattr(record, name)
    if name in others:
        other = others[name]
    elif isinstance(before, str):
        other = before + " "
    elif isinstance(before, (list, tuple)):
        other = [*before, "one more"]
    else:
        other = new_id()
        other = str(other) if name == "requested_by" else other
    assert statement(replace(record, **{name: other})) != statement(record)


def test_one_moment_is_one_text_wherever_it_was_told() -> None:
    east = timezone(timedelta(hours=8))
    assert moment(NOW) == moment(NOW.astimezone(east)) == "2026-11-23T02:00:00.000005Z"
    assert moment(TUESDAY) == "2026-12-01T02:00:00.000000Z"
    assert statement(record := a_record()) == statement(
        replace(record, decided_at=NOW.astimezone(east), packs=list(record.packs))
    )


def test_a_statement_can_be_read_back() -> None:
    for record in (a_record(), a_record(request_id=new_id(), review_id=new_id(), must_end_by=None)):
        written = statement(record)
        assert statement(record_of(json.loads(written))) == written


@pytest.mark.parametrize("broken", [{}, {"format": "doorstep-decision/2"}, {"id": 7}, {"packs": 1}])
def test_what_is_no_statement_is_not_read(broken: dict[str, Any]) -> None:
    said = json.loads(statement(a_record())) | broken if broken else broken
    with pytest.raises((KeyError, ValueError, TypeError, AttributeError)):
        assert record_of(said).packs == list(said["packs"])


def test_the_row_states_what_was_signed(house: House) -> None:
    """Written when it was decided and again from what the database gives back."""
    debtor = Debtor()
    house.ask(debtor.visit(), debtor.visit(TUESDAY + timedelta(hours=13)))
    signer = house.keys.approvals
    with transaction(house.engine) as session:
        for row in house.rows("decision"):
            record = decisions.find(session, row.id, lender=None)
            assert record is not None
            assert record.key_id == signer.kid
            # Ed25519 signs the same bytes alike.
            again = signer.sign_detached(statement(record), kind="doorstep-decision+json")
            assert again == record.signature


def test_a_line_is_read_back_as_rules_see_it() -> None:
    for line in (a_line(), a_line(channel=None, starts_at=None, ends_at=None, debts=())):
        said = line_data(line)
        assert list(said) == [*OPEN, *CLOSED]
        again = line_of(json.loads(json.dumps(said)), new_id())
        assert line_data(again) == said


@pytest.mark.parametrize("name", [*OPEN, *CLOSED])
def test_another_value_anywhere_in_a_line_is_another_history(name: str) -> None:
    said = line_data(a_line())
    other = ["d1"] if name == "debts" else "another"
    assert digest_of([said | {name: other}]) != digest_of([said])


def test_a_history_is_its_lines_in_their_order() -> None:
    one, two = line_data(a_line()), line_data(a_line(kind="released"))
    digests = {digest_of(lines) for lines in ([], [one], [two], [one, two], [two, one], [one, one])}
    assert len(digests) == 6


def test_a_line_told_in_part_has_the_digest_of_the_whole() -> None:
    said = line_data(a_line(lender="southbank"))
    reduced = said | Aliases([]).of(said) | {CLOSED_DIGEST: closed_digest(said)}
    assert digest_of([reduced]) == digest_of([said])
    told = json.dumps(reduced)
    assert not any(str(said[name]) in told for name in CLOSED if name != "debts")
    assert '"d1"' not in told
    for name in OPEN:
        assert digest_of([reduced | {name: "another"}]) != digest_of([said])


def test_in_part_equal_things_stay_equal_and_no_others() -> None:
    mine = line_data(a_line(collector="swift", debts=("d1",)))
    lines = [
        line_data(a_line(lender="southbank", collector="swift", debts=("d8", "d9"))),
        line_data(a_line(lender="southbank", collector="brutus", debts=("d9",), point=None)),
        line_data(a_line(lender="eastbank", collector="brutus", debts=(), party_id=None)),
    ]
    aliases = Aliases([mine])
    told = [aliases.of(line) for line in lines]
    assert [each["lender"] for each in told] == [
        "other lender 1",
        "other lender 1",
        "other lender 2",
    ]
    assert [each["collector"] for each in told] == [
        "swift",
        "other collector 1",
        "other collector 1",
    ]
    assert [each["debts"] for each in told] == [
        ["other debt 1", "other debt 2"],
        ["other debt 2"],
        [],
    ]
    assert (told[1]["point"], told[2]["party_id"]) == (None, None)


def test_no_alias_is_the_name_of_something_known() -> None:
    mine = line_data(a_line(collector="other collector 1"))
    told = Aliases([mine]).of(line_data(a_line(collector="brutus")))
    assert told["collector"] == "other collector 2"
