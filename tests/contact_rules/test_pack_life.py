"""A version of a pack from draft to retired: who may do what when, and what is law meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from contact_rules.domain import pack_version as lives
from contact_rules.domain.pack_version import (
    ApprovedTwice,
    AuthorApproves,
    EndsBeforeItBegins,
    InForceAlready,
    InThePast,
    OutsideItsText,
    PackVersion,
    VersionRefusal,
    VersionState,
    WrongState,
)
from delivery import announced
from pack_drafts import Panel, taiwanese
from rules_house import TUESDAY, Debtor, House
from shared.ids import new_id

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
LATE = TUESDAY.replace(hour=17, minute=15)


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


def version(state: str = "draft", **changed: Any) -> PackVersion:
    said: dict[str, Any] = {
        "id": new_id(),
        "pack_id": "taiwanese",
        "version": "2027-01-01",
        "digest": "0" * 64,
        "state": VersionState(state),
        "author": "lin",
        "created_at": NOW,
        "changed_at": NOW,
    }
    if state in ("scheduled", "active"):
        said["effective_from"] = date(2026, 12, 1)
    return PackVersion(**(said | changed))


def schedule(one: PackVersion, day: date, now: datetime = NOW, **text: Any) -> PackVersion:
    return lives.schedule(one, day, now, **({"text_from": None, "text_to": None} | text))


STEPS: dict[str, Any] = {
    "simulated": lambda one: lives.simulated(one, NOW),
    "approved": lambda one: lives.approve(one, "chen", NOW),
    "scheduled": lambda one: schedule(one, date(2026, 12, 1)),
    "activated": lambda one: lives.activate(one, NOW),
    "ended": lambda one: lives.end(one, date(2027, 1, 1), NOW),
    "retired": lambda one: lives.retire(one, NOW),
    "withdrawn": lambda one: lives.withdraw(one, NOW),
}
ALLOWED = {
    "draft": {"simulated", "withdrawn"},
    "simulated": {"simulated", "approved", "withdrawn"},
    "approved": {"simulated", "scheduled", "withdrawn"},
    "scheduled": {"simulated", "activated", "withdrawn"},
    "active": {"simulated", "ended", "retired"},
    "retired": {"simulated"},
    "withdrawn": set(),
}


@pytest.mark.parametrize("state", list(VersionState))
def test_each_step_is_taken_from_its_states_only(state: VersionState) -> None:
    taken = set()
    for step, take in STEPS.items():
        try:
            take(version(state))
        except VersionRefusal:
            continue
        taken.add(step)
    assert taken == ALLOWED[state]


def test_two_people_approve_and_the_author_is_neither() -> None:
    one = version("simulated")
    with pytest.raises(AuthorApproves):
        lives.approve(one, "lin", NOW)
    once = lives.approve(one, "chen", NOW)
    assert once.state is VersionState.SIMULATED
    with pytest.raises(ApprovedTwice):
        lives.approve(once, "chen", NOW)
    twice = lives.approve(once, "huang", NOW)
    assert twice.state is VersionState.APPROVED
    assert twice.approved_by == ("chen", "huang")
    with pytest.raises(WrongState):
        lives.approve(twice, "wu", NOW)


@pytest.mark.parametrize(
    ("now", "day", "taken"),
    [
        ("2026-11-23T02:00:00Z", "2026-11-23", True),
        ("2026-11-23T02:00:00Z", "2026-11-22", False),
        # On Kiritimati it is the 24th already, and its 23rd is over.
        ("2026-11-23T09:59:59Z", "2026-11-23", True),
        ("2026-11-23T10:00:00Z", "2026-11-23", False),
        ("2026-11-23T10:00:00Z", "2026-11-24", True),
    ],
)
def test_no_day_is_taken_that_has_passed_anywhere(now: str, day: str, taken: bool) -> None:
    moment, first = datetime.fromisoformat(now), date.fromisoformat(day)
    if taken:
        assert schedule(version("approved"), first, moment).effective_from == first
    else:
        with pytest.raises(InThePast):
            schedule(version("approved"), first, moment)


def test_a_day_outside_those_of_its_text_is_refused() -> None:
    text = {"text_from": date(2027, 1, 1), "text_to": date(2027, 6, 30)}
    for day in (date(2026, 12, 31), date(2027, 7, 1)):
        with pytest.raises(OutsideItsText, match="2027-01-01 – 2027-06-30"):
            schedule(version("approved"), day, **text)
    for day in text.values():
        assert schedule(version("approved"), day, **text).effective_from == day


def test_it_is_due_when_its_day_begins_anywhere_and_over_when_it_has_ended_everywhere() -> None:
    scheduled = version("scheduled")
    assert not lives.is_due(scheduled, datetime(2026, 11, 30, 9, 59, 59, tzinfo=UTC))
    assert lives.is_due(scheduled, datetime(2026, 11, 30, 10, tzinfo=UTC))
    active = version("active", effective_to=date(2026, 12, 1))
    assert not lives.is_over(active, datetime(2026, 12, 2, 11, 59, 59, tzinfo=UTC))
    assert lives.is_over(active, datetime(2026, 12, 2, 12, tzinfo=UTC))
    assert not lives.is_over(version("active"), datetime(2100, 1, 1, tzinfo=UTC))


def test_what_has_begun_is_ended_and_not_withdrawn() -> None:
    begun = datetime(2026, 11, 30, 10, tzinfo=UTC)
    with pytest.raises(InForceAlready):
        lives.withdraw(version("scheduled"), begun)
    with pytest.raises(InForceAlready):
        lives.withdraw(version("active"), NOW)
    with pytest.raises(InThePast):
        lives.end(version("active"), date(2026, 11, 22), NOW)
    with pytest.raises(EndsBeforeItBegins):
        lives.end(version("active"), date(2026, 11, 30), NOW)
    ended = lives.end(version("active"), date(2026, 12, 24), NOW)
    assert (ended.state, ended.effective_to) == (VersionState.ACTIVE, date(2026, 12, 24))
    followed = lives.followed(version("active"), date(2027, 1, 1), NOW)
    assert (followed.state, followed.effective_to) == (VersionState.RETIRED, date(2026, 12, 31))
    assert lives.followed(ended, date(2027, 1, 1), NOW).effective_to == date(2026, 12, 24)


# --- in the house ---------------------------------------------------------------------------------


def test_scheduled_it_is_law_from_its_day_on_and_the_one_before_ends(panel: Panel) -> None:
    draft = panel.scheduled("2026-12-02")
    assert panel.days("taiwanese@2026-02-01") == (None, date(2026, 12, 1))
    assert panel.days("taiwanese@2027-01-01") == (date(2026, 12, 2), None)
    (today,) = panel.house.ask(Debtor().visit(LATE))
    (tomorrow,) = panel.house.ask(Debtor().visit(LATE.replace(day=2)))
    assert (today["type"], tomorrow["type"]) == ("approved", "denied")
    assert [check["rule"] for check in tomorrow["checks"] if check["result"] == "fail"] == [
        "taiwanese.hours"
    ]
    assert [step["step"] for step in panel.shown(draft)["steps"]] == [
        "drafted",
        "simulated",
        "approved",
        "approved",
        "scheduled",
    ]


def test_visits_planned_behind_its_day_are_asked_again_at_once(panel: Panel) -> None:
    house = panel.house
    early, kept, lost = (
        Debtor().visit(LATE.replace(day=1)),
        Debtor().visit(LATE.replace(day=2, hour=10)),
        Debtor().visit(LATE.replace(day=2)),
    )
    assert {each["type"] for each in house.ask(early, kept, lost)} == {"approved"}
    draft = panel.scheduled("2026-12-02")
    assert {row.state for row in house.rows("approval")} == {"reserved"}
    panel.turned()
    states = {row.visit_id: (row.state, row.ended_why) for row in house.rows("approval")}
    assert states == {
        early.visit_id: ("reserved", None),
        kept.visit_id: ("reserved", None),
        lost.visit_id: ("revoked", "rules"),
    }
    (event,) = announced(house.engine, "contact-rules.approval-revoked.v1")
    assert event.data["visit_id"] == str(lost.visit_id)
    assert event.data["reason"] == "rules"
    assert [check["rule"] for check in event.data["checks"]] == ["taiwanese.hours"]
    (asked,) = panel.shown(draft)["asked_again"]
    assert asked["ended_at"] is not None
    assert (asked["cause"], asked["total"], asked["done"]) == ("scheduled", 2, 2)
    assert (asked["revoked"], asked["failed"]) == (1, 0)


def test_when_its_day_has_come_it_is_active_and_announced_and_its_predecessor_retired(
    panel: Panel,
) -> None:
    first = panel.scheduled("2026-11-24")
    panel.turned()
    assert panel.shown(first)["state"] == "scheduled"
    panel.at("2026-11-23T10:00:00Z")
    panel.turned()
    assert panel.shown(first)["state"] == "active"
    second = panel.scheduled("2026-12-24", taiwanese("2027-02-01", closes="16:00"))
    panel.turned()
    assert panel.days("taiwanese@2027-01-01") == (date(2026, 11, 24), date(2026, 12, 23))
    assert panel.shown(first)["state"] == "active"
    panel.at("2026-12-23T10:00:00Z")
    panel.turned()
    one, two = panel.shown(first), panel.shown(second)
    assert (one["state"], one["effective_to"]) == ("retired", "2026-12-23")
    assert (two["state"], two["effective_from"]) == ("active", "2026-12-24")
    assert [each["cause"] for each in two["asked_again"]] == ["scheduled", "activated"]
    events = announced(panel.house.engine, "contact-rules.pack-activated.v1")
    assert [(each.subject, each.data["pack"], each.data["effective_from"]) for each in events] == [
        ("taiwanese", "taiwanese@2027-01-01", "2026-11-24"),
        ("taiwanese", "taiwanese@2027-02-01", "2026-12-24"),
    ]
    # The days of the library are the same as before: no decision became stale by that.
    assert panel.days("taiwanese@2027-01-01") == (date(2026, 11, 24), date(2026, 12, 23))
    panel.house.service.shelf.look()
    assert panel.days("taiwanese@2027-01-01") == (date(2026, 11, 24), date(2026, 12, 23))


def test_ended_without_another_nothing_older_comes_back(panel: Panel) -> None:
    draft = panel.scheduled("2026-11-23")
    panel.turned()
    assert panel.shown(draft)["state"] == "active"
    (denied,) = panel.house.ask(Debtor().visit(LATE))
    assert denied["type"] == "denied"
    answer = panel.post(
        f"/v1/packs/drafts/{draft}/retire", {"effective_to": "2026-11-30", "reason": "repealed"}
    )
    assert answer.json()["state"] == "active"
    panel.turned()
    (answer,) = panel.house.ask(Debtor().visit(LATE))
    packs = {check["rule"].partition(".")[0] for check in answer["checks"]}
    assert packs == {"elsewhere", "everyone", "person-protection"}  # where there is no law
    panel.at("2026-12-01T12:00:00Z")
    panel.turned()
    assert panel.shown(draft)["state"] == "retired"
    assert [each["cause"] for each in panel.shown(draft)["asked_again"]] == [
        "scheduled",
        "activated",
        "ended",
    ]


def test_withdrawn_before_its_day_the_older_one_goes_on(panel: Panel) -> None:
    """And what the withdrawn one allowed is asked again."""
    house = panel.house
    draft = panel.scheduled("2026-11-28", taiwanese(closes="20:00"))
    panel.turned()
    visit = Debtor().visit(TUESDAY.replace(hour=19))
    assert house.ask(visit)[0]["type"] == "approved"
    answer = panel.post(f"/v1/packs/drafts/{draft}/withdraw", {"reason": "a mistake"})
    assert answer.json()["state"] == "withdrawn"
    assert panel.days("taiwanese@2026-02-01") == (None, None)
    panel.turned()
    (row,) = house.rows("approval")
    assert (row.state, row.ended_why) == ("revoked", "rules")
    # The name is free again.
    again = panel.draft(taiwanese(closes="18:00"))
    assert again != draft


def test_an_overdue_day_is_made_up_for(panel: Panel) -> None:
    """No worker ran for a week: two versions are due, and come into force one after the other."""
    first = panel.scheduled("2026-11-24")
    second = panel.scheduled("2026-11-26", taiwanese("2027-02-01", closes="16:00"))
    panel.at("2026-12-05T00:00:00Z")
    panel.turned()
    assert panel.shown(first)["state"] == "retired"
    assert panel.shown(second)["state"] == "active"


def test_nothing_due_costs_one_statement(panel: Panel, count_statements: Any) -> None:
    from contact_rules.handlers.activate_packs import turn_versions
    from shared.db import transaction

    with count_statements(panel.house.engine) as seen, transaction(panel.house.engine) as session:
        assert turn_versions(session, NOW) == 0
    assert len(seen) == 1
