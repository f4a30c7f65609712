"""Facts change: visits still planned are asked again, and those unlawful now are revoked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from contact_rules.domain import (
    Check,
    Decision,
    Library,
    Result,
    Severity,
    SourceQuality,
    Verdict,
    load,
)
from contact_rules.domain.decision import Text
from contact_rules.handlers.deciding import objections, verdict_but_for
from contact_rules.handlers.reconsider_visits import reconsider_visits
from contact_rules.store import persons
from rules_house import RULEBOOK, TUESDAY, Debtor, House, cancelled, completed
from shared.db import transaction
from sqlalchemy import Engine
from visit_life import checked_in, learn, moved, refused_by, states, told_of

Count = Callable[[Engine], AbstractContextManager[list[str]]]
DAY = timedelta(days=1)


def reconsider(house: House, *debtors: Debtor, why: str = "rules") -> None:
    with transaction(house.engine) as session:
        people = [debtor.person_id for debtor in debtors]
        reconsider_visits(session, people, house.clock(), desk=house.desk, why=why)


def test_a_visit_that_is_unlawful_now_is_revoked_and_told_with_the_rule(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.advance(days=1)
    learn(house, debtor, "deceased")

    assert states(house, visit) == [("revoked", "deceased")]
    kind, told = told_of(house, visit)[-1]
    assert kind == "approval-revoked"
    assert (told["reason"], told["must_leave"]) == ("deceased", False)
    assert told["approval_id"] == str(house.rows("approval")[0].id)
    assert refused_by(told) == {"person-protection.left-in-peace"}
    assert {check["result"] for check in told["checks"]} == {"fail"}
    assert house.ledger(debtor) == [("reserved", None), ("released", None)]
    reserved, released = house.rows("ledger", "seq")
    assert released.reason == "deceased"
    assert released.starts_at == reserved.starts_at
    assert released.recorded_at == house.clock()
    # What was found stays with the evidence, whatever becomes of the announcement.
    assert released.details == {"checks": told["checks"]}


def test_one_that_is_lawful_still_stays_as_it_is(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    learn(house, debtor, "hardship")
    reconsider(house, debtor)
    assert states(house, visit) == [("reserved", None)]
    assert len(told_of(house, visit)) == 1
    assert house.ledger(debtor) == [("reserved", None)]


def test_only_the_visits_on_days_that_a_fact_holds_for_are_revoked(house: House) -> None:
    debtor = Debtor()
    before, during, after = (debtor.visit(TUESDAY + days * DAY) for days in (0, 7, 32))
    house.ask(before, during, after)
    learn(house, debtor, "hospital", since=date(2026, 12, 5), until=date(2026, 12, 10))
    assert [states(house, visit)[0][0] for visit in (before, during, after)] == [
        "reserved",
        "revoked",
        "reserved",
    ]


def test_no_more_are_revoked_than_must_be_and_the_oldest_approvals_stay(house: House) -> None:
    """Two places in seven days; a visit nobody knew of takes one of them."""
    debtor = Debtor()
    late, early = debtor.visit(TUESDAY + 3 * DAY), debtor.visit(TUESDAY)
    house.ask(late)
    house.clock.advance(minutes=1)
    house.ask(early)
    house.deliver(completed(debtor.visit(TUESDAY + DAY), "nobody_met"))
    assert states(house, late) == [("reserved", None)]
    assert states(house, early) == [("revoked", "contact")]
    assert refused_by(told_of(house, early)[-1][1]) == {
        "everyone.visit-7d",
        "person-protection.visits-7d",
    }


def test_a_visit_that_is_revoked_makes_room_for_the_next(house: House) -> None:
    """The older of two is unlawful by itself, so the younger may stay."""
    debtor = Debtor()
    older, younger = debtor.visit(TUESDAY + 3 * DAY), debtor.visit(TUESDAY)
    house.ask(older)
    house.clock.advance(minutes=1)
    house.ask(younger)
    learn(house, debtor, "hospital", since=date(2026, 12, 4))
    house.deliver(completed(debtor.visit(TUESDAY + DAY), "nobody_met"))
    assert [states(house, visit)[0][0] for visit in (older, younger)] == ["revoked", "reserved"]


def test_whoever_is_at_the_door_must_leave_and_counts_all_the_same(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.clock.set(visit.starts_at + timedelta(minutes=5))
    house.deliver(checked_in(visit))
    learn(house, debtor, "cease", form=None)
    kind, told = told_of(house, visit)[-1]
    assert (kind, told["must_leave"], told["reason"]) == ("approval-revoked", True, "cease")
    assert states(house, visit) == [("revoked", "cease")]
    assert house.ledger(debtor) == [("reserved", None), ("attempted", None)]
    # The team tells the outcome when it is back online.
    house.deliver(completed(visit, "debtor_met"))
    assert house.ledger(debtor)[-1] == ("reached", "debtor_met")
    assert states(house, visit) == [("revoked", "cease")]


def test_for_whoever_is_at_the_door_others_give_way_however_old(house: House) -> None:
    debtor = Debtor()
    older, begun = debtor.visit(TUESDAY + 2 * DAY), debtor.visit(TUESDAY)
    house.ask(older)
    house.clock.advance(minutes=1)
    house.ask(begun)
    house.clock.set(begun.starts_at + timedelta(minutes=5))
    house.deliver(checked_in(begun))
    house.deliver(completed(debtor.visit(TUESDAY - 2 * DAY + timedelta(hours=1)), "nobody_met"))
    assert states(house, begun) == [("reserved", None)]
    assert states(house, older) == [("revoked", "contact")]


def test_visits_whose_time_is_over_are_left_to_expire(house: House) -> None:
    debtor = Debtor()
    visit, begun = debtor.visit(), Debtor()
    at_the_door = begun.visit()
    house.ask(visit, at_the_door)
    house.clock.set(visit.starts_at + timedelta(minutes=5))
    house.deliver(checked_in(at_the_door))
    house.clock.set(visit.ends_at)
    learn(house, debtor, "deceased")
    assert states(house, visit) == [("reserved", None)]
    # A team that is there may stay longer than planned; until the approval expires, at most.
    house.clock.set(visit.ends_at + timedelta(hours=1))
    learn(house, begun, "deceased")
    assert states(house, at_the_door) == [("reserved", None)]
    house.clock.set(visit.ends_at + timedelta(minutes=59))
    reconsider(house, begun, why="deceased")
    assert states(house, at_the_door) == [("revoked", "deceased")]


def test_new_rules_are_asked_and_the_question_is_the_one_told_last(
    house: House, tmp_path: Path
) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    house.deliver(moved(visit, TUESDAY + DAY + timedelta(hours=6)))
    house.desk = replace(house.desk, library=open_from(tmp_path, "09:00-15:00"))
    reconsider(house, debtor)
    assert states(house, visit) == [("released", "rescheduled"), ("revoked", "rules")]
    assert refused_by(told_of(house, visit)[-1][1]) == {"taiwanese.hours"}
    # Its place is given back at the time it had last.
    assert house.rows("ledger", "seq")[-1].starts_at == TUESDAY + DAY + timedelta(hours=6)


def test_facts_of_before_are_not_held_against_it_once_they_have_ended(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    learn(house, debtor, "hospital", since=date(2026, 11, 1), until=date(2026, 11, 30))
    house.ask(visit)
    assert "facts" in house.rows("decision")[0].facts
    reconsider(house, debtor)
    assert states(house, visit) == [("reserved", None)]


def test_a_revoked_visit_that_is_cancelled_then_stays_revoked(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    learn(house, debtor, "deceased")
    lines = house.ledger(debtor)
    house.deliver(cancelled(visit, house.clock(), "rule"))
    house.deliver(visit)
    assert states(house, visit) == [("revoked", "deceased")]
    assert house.ledger(debtor) == lines
    assert len(told_of(house, visit)) == 2


def test_where_nobody_has_a_visit_planned_it_costs_one_look(
    house: House, count_statements: Count
) -> None:
    debtors = [Debtor() for _ in range(20)]
    people = [debtor.person_id for debtor in debtors]
    with count_statements(house.engine) as seen, transaction(house.engine) as session:
        persons.lock(session, people)
        before = len(seen)
        reconsider_visits(session, people, house.clock(), desk=house.desk, why="contact")
        assert len(seen) == before + 1
        reconsider_visits(session, [], house.clock(), desk=house.desk, why="contact")
        assert len(seen) == before + 1


def test_many_are_asked_in_a_handful_of_statements(
    house: House, count_statements: Count, tmp_path: Path
) -> None:
    debtors = [Debtor() for _ in range(30)]
    house.deliver(*[debtor.visit() for debtor in debtors])
    with count_statements(house.engine) as seen:
        reconsider(house, *debtors)
    assert len(seen) <= 6, seen
    assert {row.state for row in house.rows("approval")} == {"reserved"}
    house.desk = replace(house.desk, library=open_from(tmp_path, "11:00-18:00"))
    with count_statements(house.engine) as seen:
        reconsider(house, *debtors)
    assert len(seen) <= 9, seen
    assert {row.state for row in house.rows("approval")} == {"revoked"}


def open_from(folder: Path, hours: str) -> Library:
    """The same rules with other hours."""
    for file in RULEBOOK.glob("*.yaml"):
        said = file.read_text(encoding="utf-8")
        (folder / file.name).write_text(said.replace("09:00-18:00", hours), encoding="utf-8")
    return load(folder)


# --- doubts that people settled ------------------------------------------------------------------


def found(rule: str, result: Result, verdict: Verdict) -> Check:
    return Check(
        rule, "p@1", "gate", Severity.POLICY, result, verdict, 1, 1, None, "c",
        SourceQuality.TEXT, Text("en", "zh"),
    )  # fmt: skip


DOUBT = found("unknown", Result.UNKNOWN, Verdict.NEEDS_REVIEW)
ROOM = found("room", Result.FAIL, Verdict.NEEDS_REVIEW)
NO = found("no", Result.FAIL, Verdict.DENY)
FINE = found("fine", Result.PASS, Verdict.ALLOW)


@pytest.mark.parametrize(
    ("checks", "verdict", "overridden", "expected"),
    [
        ([FINE], Verdict.ALLOW, [], Verdict.ALLOW),
        ([FINE, DOUBT], Verdict.NEEDS_REVIEW, [], Verdict.NEEDS_REVIEW),
        ([FINE, DOUBT], Verdict.NEEDS_REVIEW, ["unknown"], Verdict.ALLOW),
        ([DOUBT, ROOM], Verdict.NEEDS_REVIEW, ["room"], Verdict.NEEDS_REVIEW),
        ([DOUBT, ROOM], Verdict.NEEDS_REVIEW, ["room", "unknown"], Verdict.ALLOW),
        ([NO, DOUBT], Verdict.DENY, ["no", "unknown"], Verdict.DENY),
        ([NO], Verdict.DENY, ["fine", "no"], Verdict.DENY),
    ],
)
def test_people_settle_doubts_and_never_a_no(
    checks: list[Check], verdict: Verdict, overridden: list[str], expected: Verdict
) -> None:
    decision = Decision(verdict, tuple(checks), (), None)
    assert verdict_but_for(decision, overridden) is expected
    assert bool(objections(decision, overridden)) == (expected is not Verdict.ALLOW)
