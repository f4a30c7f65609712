"""One contact that a dialler tells of: written once, corrected by one more line, or refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rules_house import TUESDAY, Debtor, House
from shared.ids import new_id
from told_contacts import (
    MONDAY,
    account_of,
    call,
    make_known,
    tell,
    visit_told,
    withdrawal,
)

NINE = MONDAY.replace(hour=9, minute=0)


@pytest.fixture
def debtor(house: House) -> Debtor:
    debtor = Debtor()
    make_known(house, debtor)
    return debtor


def lines(house: House, debtor: Debtor) -> list[tuple[str, str | None, str | None]]:
    return [
        (row.kind, row.outcome, row.reason)
        for row in house.rows("ledger", "seq")
        if row.person_id == debtor.person_id
    ]


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def test_a_call_becomes_a_line_of_the_ledger(house: House, debtor: Debtor) -> None:
    answer = tell(house, call(debtor))
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert (said["status"], said["kind"]) == ("recorded", "attempted")
    (line,) = house.client.get(f"/v1/persons/{debtor.person_id}/ledger").json()["items"]
    assert line == line | {
        "kind": "attempted",
        "contact_id": said["contact_id"],
        "lender": "northbank",
        "external_id": "call-1",
        "channel": "phone",
        "direction": "outbound",
        "starts_at": "2026-11-23T01:30:00Z",
        "ends_at": "2026-11-23T01:32:00Z",
        "party_id": str(debtor.person_id),
        "party_role": "debtor",
        "debts": [str(debtor.account_id)],
        "collector": "northbank",
        "point": "+886912345678",
        "outcome": "no_answer",
        "occurred_at": "2026-11-23T01:32:00Z",
        "recorded_at": "2026-11-23T02:00:00Z",
    }


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("no_answer", "attempted"),
        ("sent", "attempted"),
        ("answered", "reached"),
        ("refused", "reached"),
        ("conversation", "conversed"),
        (None, "attempted"),
    ],
)
def test_how_far_it_got_is_its_kind(
    house: House, debtor: Debtor, outcome: str | None, kind: str
) -> None:
    assert tell(house, call(debtor, outcome=outcome)).json()["kind"] == kind
    assert lines(house, debtor) == [(kind, outcome, None)]


def test_the_same_again_is_a_duplicate_in_whatever_words(house: House, debtor: Debtor) -> None:
    first = tell(house, call(debtor))
    utc = {"starts_at": "2026-11-23T01:30:00Z", "purpose": None, "lender": "northbank"}
    for again in (call(debtor), dict(reversed(call(debtor).items())), call(debtor) | utc):
        answer = tell(house, again)
        assert (answer.status_code, answer.json()["status"]) == (200, "duplicate")
        assert answer.json()["contact_id"] == first.json()["contact_id"]
    assert len(lines(house, debtor)) == 1


def test_other_content_without_a_correction_is_refused(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor))
    answer = tell(house, call(debtor, outcome="conversation"))
    assert (answer.status_code, answer.json()["code"]) == (409, "told_otherwise")
    assert codes(answer) == [("/id", "told_otherwise")]
    assert lines(house, debtor) == [("attempted", "no_answer", None)]


def test_ids_of_two_lenders_are_two_contacts(house: House, debtor: Debtor) -> None:
    theirs = Debtor(lender="southbank", person_id=debtor.person_id)
    make_known(house, theirs)
    ours = tell(house, call(debtor)).json()
    other = tell(house, call(theirs), lender="southbank").json()
    assert (ours["status"], other["status"]) == ("recorded", "recorded")
    assert ours["contact_id"] != other["contact_id"]


def test_a_correction_takes_the_place_of_what_was_said(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor))
    corrected = call(debtor, outcome="conversation", correction={"reason": "wrong_code"})
    answer = tell(house, corrected)
    assert (answer.status_code, answer.json()["status"]) == (201, "corrected")
    assert answer.json()["kind"] == "corrected"
    assert tell(house, corrected).json()["status"] == "duplicate"
    # Whoever sends the first word once more does not undo the second.
    assert tell(house, call(debtor)).json()["status"] == "duplicate"
    assert lines(house, debtor) == [
        ("attempted", "no_answer", None),
        ("corrected", "conversation", "wrong_code"),
    ]
    (contact,) = house.client.get(f"/v1/persons/{debtor.person_id}/contacts").json()["items"]
    assert (contact["status"], contact["outcome"]) == ("conversed", "conversation")
    assert (contact["corrected"], contact["counts"]) == (True, True)


def test_what_never_happened_is_withdrawn(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor))
    answer = tell(house, withdrawal())
    assert (answer.status_code, answer.json()["status"]) == (201, "withdrawn")
    assert tell(house, withdrawal(reason="again")).json()["status"] == "duplicate"
    assert lines(house, debtor)[1:] == [("corrected", None, "not_ours")]
    (contact,) = house.client.get(f"/v1/persons/{debtor.person_id}/contacts").json()["items"]
    assert (contact["status"], contact["counts"]) == ("withdrawn", False)
    # It happened after all: that is one more correction.
    assert tell(house, call(debtor, outcome="sent")).json()["code"] == "told_otherwise"
    after_all = call(debtor, outcome="answered", correction={"reason": "it_was_ours"})
    assert tell(house, after_all).json()["status"] == "corrected"


@pytest.mark.parametrize(
    "unknown", [withdrawal(), {"correction": {"reason": "wrong_code"}}], ids=["withdrawn", "other"]
)
def test_nothing_can_be_corrected_that_was_never_told(
    house: House, debtor: Debtor, unknown: dict[str, Any]
) -> None:
    body = unknown if "withdrawn" in unknown else call(debtor) | unknown
    answer = tell(house, body)
    assert (answer.status_code, codes(answer)) == (422, [("/id", "unknown_contact")])
    assert lines(house, debtor) == []


def test_what_is_to_come_is_planned_and_told_again_as_made(house: House, debtor: Debtor) -> None:
    later = MONDAY + timedelta(hours=2)
    planned = call(debtor, at=later, outcome=None)
    answer = tell(house, planned).json()
    assert (answer["status"], answer["kind"]) == ("planned", "planned")
    house.clock.advance(hours=3)
    assert tell(house, planned).json()["status"] == "duplicate"
    made = call(debtor, at=later + timedelta(minutes=5), outcome="answered")
    assert tell(house, made).json()["status"] == "recorded"
    assert lines(house, debtor) == [("planned", None, None), ("reached", "answered", None)]


def test_a_plan_moves_by_correction_and_is_given_up_by_withdrawal(
    house: House, debtor: Debtor
) -> None:
    later = MONDAY + timedelta(hours=2)
    tell(house, call(debtor, at=later, outcome=None))
    moved = call(debtor, at=later + timedelta(hours=1), outcome=None)
    assert tell(house, moved).json()["code"] == "told_otherwise"
    moved["correction"] = {"reason": "moved"}
    assert tell(house, moved).json() == tell(house, moved).json() | {
        "status": "corrected",
        "kind": "planned",
    }
    assert tell(house, withdrawal()).json() == tell(house, moved).json() | {
        "status": "withdrawn",
        "kind": "released",
    }
    anew = call(debtor, at=later, outcome=None, purpose="plan")
    assert tell(house, anew).json()["code"] == "withdrawn"
    # Somebody called all the same: that counts, whatever was given up.
    house.clock.advance(hours=3)
    assert tell(house, call(debtor, at=later)).json()["status"] == "recorded"


def test_a_call_that_goes_on_gets_its_outcome_later(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor, outcome=None, ends_at=None))
    assert tell(house, call(debtor, outcome="conversation")).json()["status"] == "recorded"
    assert lines(house, debtor) == [
        ("attempted", None, None),
        ("conversed", "conversation", None),
    ]


def test_what_took_place_can_not_become_a_plan(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor))
    later = call(debtor, at=TUESDAY, outcome=None)
    assert tell(house, later).json()["code"] == "told_otherwise"
    answer = tell(house, later | {"correction": {"reason": "wrong_day"}})
    assert (answer.status_code, codes(answer)) == (409, [("/starts_at", "took_place")])


def test_visits_of_others_count_and_visits_to_come_are_asked_for(
    house: House, debtor: Debtor
) -> None:
    assert tell(house, visit_told(debtor, at=NINE)).json()["kind"] == "reached"
    to_come = visit_told(debtor, "door-2", at=TUESDAY, outcome=None)
    answer = tell(house, to_come)
    assert (answer.status_code, codes(answer)) == (422, [("/channel", "ask_for_visits")])
    # Two were there today with this one, and one a day is allowed.
    (said,) = house.ask(debtor.visit(MONDAY.replace(hour=15)))
    assert said["type"] == "denied"


def test_inbound_contacts_are_taken(house: House, debtor: Debtor) -> None:
    answer = tell(house, call(debtor, direction="inbound", outcome="conversation"))
    assert answer.json()["kind"] == "conversed"


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"id": ""}, "/id", "string_too_short"),
        ({"id": "x" * 101}, "/id", "string_too_long"),
        ({"id": " call"}, "/id", "not_an_id"),
        ({"id": None}, "/id", "missing"),
        ({"account": None}, "/account", "missing"),
        ({"person_id": str(new_id())}, "/account", "not_both"),
        ({"channel": "telepathy"}, "/channel", "enum"),
        ({"starts_at": "2026-11-23T09:30:00"}, "/starts_at", "time_without_offset"),
        ({"ends_at": "2026-11-23T09:29:59+08:00"}, "/ends_at", "before_the_beginning"),
        ({"ends_at": "2026-11-24T09:30:01+08:00"}, "/ends_at", "too_long"),
        ({"channel": "door_note"}, "/place", "missing"),
        (
            {"place": {"kind": "home", "timezone": "Mars/Base"}},
            "/place/timezone",
            "not_a_time_zone",
        ),
        ({"note": "他說下週付款"}, "/note", "unknown_field"),
        ({"correction": {"reason": "按錯了"}}, "/correction/reason", "string_pattern_mismatch"),
        ({"party": {"id": "p1"}}, "/party/role", "missing"),
        ({"accounts": ["NOBODYS"]}, "/accounts/0", "no_such_account"),
        ({"account": "NOBODYS"}, "/account", "no_such_account"),
        ({"starts_at": "2026-11-23T10:06:00+08:00", "ends_at": None}, "/outcome", "not_yet"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    house: House, debtor: Debtor, changed: dict[str, Any], pointer: str, code: str
) -> None:
    body = {name: each for name, each in (call(debtor) | changed).items() if each is not None}
    answer = tell(house, body)
    assert (answer.status_code, codes(answer)) == (422, [(pointer, code)])
    assert lines(house, debtor) == []


def test_a_withdrawal_says_nothing_else(house: House, debtor: Debtor) -> None:
    answer = tell(house, call(debtor) | withdrawal())
    assert answer.status_code == 422
    assert {code for _, code in codes(answer)} == {"unknown_field"}
    assert codes(tell(house, withdrawal() | {"withdrawn": False})) == [
        ("/withdrawn", "literal_error")
    ]


def test_several_debts_are_named_by_the_lenders_own_ids(house: House, debtor: Debtor) -> None:
    second = Debtor(person_id=debtor.person_id)
    make_known(house, second)
    both = sorted([account_of(debtor), account_of(second)])
    body = call(debtor, account=None, person_id=str(debtor.person_id))
    assert tell(house, body | {"accounts": both}).status_code == 201
    (row,) = house.rows("ledger")
    assert sorted(row.debts) == sorted([str(debtor.account_id), str(second.account_id)])
    turned = body | {"accounts": [*reversed(both), both[0]]}
    assert tell(house, turned).json()["status"] == "duplicate"


def test_a_contact_told_of_one_person_is_not_told_of_another(house: House, debtor: Debtor) -> None:
    other = Debtor()
    make_known(house, other)
    tell(house, call(debtor))
    for said in (call(other), call(other, correction={"reason": "wrong_person"})):
        answer = tell(house, said)
        assert (answer.status_code, answer.json()["code"]) == (409, "told_of_another")
    assert lines(house, other) == []


def test_messages_come_in_chinese(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor))
    answer = tell(house, call(debtor, outcome="sent"), **{"Accept-Language": "zh"})
    assert "更正" in answer.json()["errors"][0]["message"]


def test_who_told_is_kept_with_the_line(house: House, debtor: Debtor) -> None:
    tell(house, call(debtor))
    (row,) = house.rows("ledger")
    assert row.details["told_by"]


def test_an_idempotency_key_gets_the_stored_answer(house: House, debtor: Debtor) -> None:
    key = {"Idempotency-Key": "monday-1"}
    first = tell(house, call(debtor), **key)
    again = tell(house, call(debtor), **key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = tell(house, call(debtor, "call-2"), **key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(lines(house, debtor)) == 1
