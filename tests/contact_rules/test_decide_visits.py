"""Visits asked for are decided under the person's lock; every message comes twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from contact_rules.handlers.decide_visits import DecidedForAnother, decide_visits
from delivery import Parked
from rules_house import TUESDAY, Debtor, House, cancelled, completed
from shared.db import transaction
from shared.keys import KeySet, verify

DAY = timedelta(days=1)


def failing(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rules an answer says were broken or could not be judged."""
    return {
        check["rule"]: check for check in answer["checks"] if check["result"] in ("fail", "unknown")
    }


def test_an_allowed_visit_reserves_its_place_and_gets_a_signed_approval(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    (answer,) = house.ask(visit)

    assert answer["type"] == "approved"
    assert house.ledger(debtor) == [("reserved", None)]
    approval = answer["approval"]
    claims = verify(
        approval["token"],
        KeySet.of(house.keys.approvals.public_jwks()),
        audience="doorstep/approval",
        issuer="doorstep/contact-rules",
        now=house.clock(),
    )
    assert claims == {
        "iss": "doorstep/contact-rules",
        "aud": "doorstep/approval",
        "sub": str(visit.visit_id),
        "jti": approval["id"],
        "case_id": str(visit.case_id),
        "person_id": str(visit.person_id),
        "lender": "northbank",
        "address_id": str(debtor.address_id),
        "team": [member["id"] for member in visit.team],
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
        "must_end_by": "2026-12-01T10:00:00Z",
        "iat": int(house.clock().timestamp()),
        "exp": int((visit.ends_at + timedelta(hours=1)).timestamp()),
    }
    assert approval["expires_at"] == "2026-12-01T03:30:00Z"
    assert approval["must_end_by"] == "2026-12-01T10:00:00Z"
    # Only rules that apply are told of; all of them passed.
    assert {check["result"] for check in answer["checks"]} == {"pass"}
    assert "taiwanese.hours" in {check["rule"] for check in answer["checks"]}


def test_a_denial_comes_with_every_reason_its_law_and_the_next_lawful_times(house: House) -> None:
    debtor = Debtor()
    night = datetime.fromisoformat("2026-12-01T23:00:00+08:00")
    (answer,) = house.ask(debtor.visit(night, role="neighbour"))

    assert (answer["type"], answer["verdict"]) == ("denied", "deny")
    reasons = failing(answer)
    assert set(reasons) == {"taiwanese.hours", "taiwanese.neighbours"}
    assert reasons["taiwanese.hours"]["citation"] == "Rulebook of somewhere, 1"
    assert reasons["taiwanese.hours"]["source_quality"] == "report"
    assert reasons["taiwanese.hours"]["severity"] == "prohibition"
    assert reasons["taiwanese.neighbours"]["message"] == {
        "en": "Not to a neighbour.",
        "zh": "不得联系邻居。",
    }
    assert answer["next_lawful"] == []  # to a neighbour: never
    assert house.ledger(debtor) == []
    assert house.rows("approval") == []


def test_next_lawful_times_are_told_after_the_start_asked_for_and_at_most_five(
    house: House,
) -> None:
    night = datetime.fromisoformat("2026-12-01T23:00:00+08:00")
    (answer,) = house.ask(Debtor().visit(night))
    windows = answer["next_lawful"]
    # A visit of half an hour between nine and six, not on Sunday the sixth.
    assert windows[0] == {"from": "2026-12-02T01:00:00Z", "to": "2026-12-02T09:30:00Z"}
    assert [window["from"][:10] for window in windows] == [
        "2026-12-02",
        "2026-12-03",
        "2026-12-04",
        "2026-12-05",
        "2026-12-07",
    ]


def test_next_lawful_times_are_never_in_the_past(house: House) -> None:
    house.clock.set(datetime.fromisoformat("2026-12-03T12:00:30.250+08:00"))
    (answer,) = house.ask(Debtor().visit(TUESDAY - DAY * 2))  # a Sunday long gone
    assert answer["next_lawful"][0]["from"] == "2026-12-03T04:00:30Z"


def test_a_fact_that_is_missing_needs_review_and_reserves_nothing(house: House) -> None:
    debtor = Debtor()
    nowhere = {"country": "TW", "region": "TPE", "timezone": None}
    (answer,) = house.ask(debtor.visit(where=nowhere))
    assert (answer["type"], answer["verdict"]) == ("needs-review", "needs_review")
    assert failing(answer)["taiwanese.hours"]["result"] == "unknown"
    assert house.ledger(debtor) == []


def test_a_zone_that_does_not_exist_is_not_known(house: House) -> None:
    made_up = {"country": "TW", "region": "TPE", "timezone": "Asia/Atlantis"}
    (answer,) = house.ask(Debtor().visit(where=made_up))
    assert answer["type"] == "needs-review"


def test_guidance_that_fails_is_reviewed_where_the_pack_says_so(house: House) -> None:
    (answer,) = house.ask(Debtor().visit(team=1))
    assert answer["type"] == "needs-review"
    assert set(failing(answer)) == {"taiwanese.team"}


def test_where_no_pack_covers_the_place_the_fallback_is_asked(house: House) -> None:
    in_lisbon = {"country": "PT", "region": None, "timezone": "Europe/Lisbon"}
    early = datetime.fromisoformat("2026-12-01T09:30:00+00:00")
    (answer,) = house.ask(Debtor().visit(early, where=in_lisbon))
    assert set(failing(answer)) == {"elsewhere.hours"}
    # The residence's law applies as well, and the place's own is still missing.
    (answer,) = house.ask(
        Debtor().visit(
            early,
            where=in_lisbon,
            residence={"country": "TW", "region": "TPE", "timezone": "Asia/Taipei"},
        )
    )
    assert "elsewhere.hours" in failing(answer)
    assert "taiwanese.hours" in {check["rule"] for check in answer["checks"]}


def test_caps_hold_over_all_lenders_of_a_person(house: House) -> None:
    debtor = Debtor()
    elsewhere = Debtor(lender="southbank", person_id=debtor.person_id)
    first, second = house.ask(debtor.visit(), elsewhere.visit(TUESDAY + timedelta(hours=3)))
    assert first["type"] == "approved"
    assert set(failing(second)) == {"everyone.visit-1d", "person-protection.visits-1d"}
    assert failing(second)["everyone.visit-1d"]["measured"] == 2


def test_visits_planned_out_of_order_count_in_every_window_that_contains_them(
    house: House,
) -> None:
    debtor = Debtor()
    late, early, between = (
        debtor.visit(TUESDAY + 6 * DAY),
        debtor.visit(TUESDAY),
        debtor.visit(TUESDAY + 3 * DAY),
    )
    answers = house.ask(late, early, between)
    assert [answer["type"] for answer in answers] == ["approved", "approved", "denied"]
    assert "everyone.visit-7d" in failing(answers[2])


def test_two_visits_of_one_person_in_one_call_see_each_other(house: House) -> None:
    debtor = Debtor()
    visits = [debtor.visit(TUESDAY + timedelta(hours=hour)) for hour in (0, 2, 4)]
    house.deliver(*visits)
    assert [house.answers(visit)[0]["type"] for visit in visits] == ["approved", "denied", "denied"]


def test_a_batch_of_many_is_decided_in_a_handful_of_statements(
    house: House, count_statements: Any
) -> None:
    debtors = [Debtor() for _ in range(100)]
    with count_statements(house.engine) as seen:
        house.deliver(*[debtor.visit() for debtor in debtors])
    assert len(house.rows("approval")) == 100
    # Two batches (the second is all duplicates) with the inbox, and digests of each table.
    about_visits = [one for one in seen if "ledger" in one or "person" in one or "decision" in one]
    ours = [one for one in about_visits if "md5" not in one]
    assert len(ours) <= 12, ours


def test_a_visit_asked_for_again_gets_the_same_answer_and_reserves_once(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.deliver(visit)
    house.deliver(visit)  # a message of its own
    first, second = house.answers(visit)
    assert first == second
    assert house.ledger(debtor) == [("reserved", None)]
    assert len(house.rows("decision")) == 1


def test_a_denied_visit_asked_for_again_stays_denied_although_it_would_be_allowed_now(
    house: House,
) -> None:
    debtor = Debtor()
    first, second = debtor.visit(), debtor.visit(TUESDAY + timedelta(hours=3))
    house.ask(first, second)
    house.deliver(cancelled(first, house.clock()))
    house.deliver(second)
    denied, again = house.answers(second)
    assert denied == again
    assert again["type"] == "denied"


def test_the_same_visit_twice_in_one_call_is_decided_once(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.deliver(house.message(visit), house.message(visit))
    first, second = house.answers(visit)
    assert first == second
    assert house.ledger(debtor) == [("reserved", None)]


def test_an_approval_that_is_over_is_not_announced_again(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(cancelled(visit, house.clock()))
    house.deliver(visit)
    assert len(house.answers(visit)) == 1


def test_a_visit_cancelled_before_it_was_asked_for_gets_no_answer(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.deliver(cancelled(visit, house.clock()))
    house.deliver(visit)
    assert house.answers(visit) == []
    assert house.ledger(debtor) == [("released", None)]
    assert house.rows("decision") == []


def test_a_visit_that_took_place_before_it_was_asked_for_gets_no_answer(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.deliver(completed(visit, "nobody_met"))
    house.deliver(visit)
    assert house.answers(visit) == []


def test_a_visit_id_of_another_person_is_refused_and_parked(house: House) -> None:
    debtor, other = Debtor(), Debtor()
    visit = debtor.visit()
    house.ask(visit)
    with pytest.raises(Parked, match="another person"):
        house.deliver(other.visit(visit_id=visit.visit_id))
    assert house.ledger(other) == []


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "small_talk"},
        {"debts": []},
        {"ends_at": TUESDAY},
        {"ends_at": TUESDAY + timedelta(minutes=30, seconds=1)},
        {"starts_at": TUESDAY + timedelta(microseconds=5)},
        {"starts_at": TUESDAY.replace(tzinfo=None)},
        {"collector": {"id": "x", "class": "bailiff"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_we_do_not_understand_is_parked_and_not_guessed(
    house: House, change: dict[str, Any]
) -> None:
    with pytest.raises(Parked):
        house.deliver(Debtor().visit(**change))
    assert house.rows("decision") == []
    assert house.rows("ledger") == []


def test_the_handler_locks_by_itself_and_refuses_mixed_up_ids(house: House) -> None:
    from contact_rules.consumers import VisitRequested, request_of

    debtor = Debtor()
    asked = debtor.visit()
    request = request_of(VisitRequested.model_validate(asked.model_dump(mode="json")))
    with transaction(house.engine) as session:
        decide_visits(session, [request], house.clock(), desk=house.desk)
    mixed = request_of(
        VisitRequested.model_validate(
            Debtor().visit(visit_id=asked.visit_id).model_dump(mode="json")
        )
    )
    with pytest.raises(DecidedForAnother), transaction(house.engine) as session:
        decide_visits(session, [mixed], house.clock(), desk=house.desk)
    with transaction(house.engine) as session:
        decide_visits(session, [], house.clock(), desk=house.desk)
