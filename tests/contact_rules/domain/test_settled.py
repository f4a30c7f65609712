"""What is remembered from one person to the next is what each would have been told alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import islice

import pytest
from asked_at_random import Case, random_cases, shipped_cases
from contact_rules.domain import Contact, check, settled
from contact_rules.domain.kinds.event_count import EventCount
from contact_rules.domain.kinds.party import Parties
from contact_rules.domain.kinds.staffing import Staffing
from contact_rules.domain.kinds.window import Window
from contact_rules.domain.rule import Repeats, Rule
from contact_rules.domain.settled import Settled
from door_questions import pack_of, visit, when


def _alike(contact: Contact) -> Iterator[Contact]:
    """Contacts of one shape: what must not be taken from one to the next differs in each."""
    yield contact
    yield replace(contact, party=replace(contact.party, id="somebody else", age=9))
    yield replace(contact, team=(), collector=replace(contact.collector, id="others"))
    for days, rate in ((4_000, Decimal("0.9")), (0, Decimal(0))):
        debts = [replace(debt, days_past_due=days, annual_rate=rate) for debt in contact.debts]
        yield replace(contact, debts=tuple(debts))
    yield replace(contact, duration=timedelta(hours=9))
    for later in (timedelta(hours=9), timedelta(days=1), timedelta(days=40)):
        yield contact.at(contact.starts_at + later)


def _cases() -> Iterator[Case]:
    """Of people nobody knows anything about."""
    for case in (*random_cases(range(10), 5), *shipped_cases(3)):
        blank = replace(case.contact, history=(), facts=(), consents=(), outcome=None)
        for contact in _alike(blank):
            yield replace(case, contact=contact)


def _told_otherwise(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where those who come after others are told something else than if they came alone."""
    cases = list(_cases())
    # Twice: the first to ask settles it, the second is told what was settled.
    together = [check(case.contact, case.packs) for _ in range(2) for case in cases]
    monkeypatch.setattr(settled, "_is_blank", lambda contact: False)
    for case, told in zip(cases * 2, together, strict=True):
        if told != check(case.contact, case.packs):
            yield case.where


def test_who_comes_after_others_is_told_what_she_would_be_told_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not list(_told_otherwise(monkeypatch))


@pytest.mark.parametrize(
    ("judge", "too_long"),
    [
        (Parties, Repeats.ALWAYS),  # her age
        (Staffing, Repeats.ALWAYS),  # their papers
        (Window, Repeats.ON_ONE_DAY),  # the hour
        (EventCount, Repeats.ALWAYS),  # the day
    ],
    ids=lambda case: getattr(case, "__name__", None),
)
def test_a_kind_that_is_taken_for_settled_and_is_not_is_told(
    monkeypatch: pytest.MonkeyPatch, judge: type, too_long: Repeats
) -> None:
    monkeypatch.setattr(judge, "repeats", too_long)
    monkeypatch.setattr(settled, "_is_lasting", lambda answer: True)
    assert list(islice(_told_otherwise(monkeypatch), 1))


def test_the_numbers_of_debts_are_each_debtors_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rule, "repeats", lambda rule, question, at: rule.judge.repeats)
    assert list(islice(_told_otherwise(monkeypatch), 1))


def test_a_rule_that_ends_is_not_remembered_beyond_its_last_day() -> None:
    pack = pack_of(
        "kind: obligation\neffective_to: 2026-06-30\nparams: {what: record_visit, when: during}"
    )
    days = {
        day: len(check(visit(f"{day} 10:00"), [pack]).checks)
        for day in ("2026-06-01", "2026-06-30", "2026-07-01", "2027-01-01", "2026-06-02")
    }
    assert list(days.values()) == [1, 1, 0, 0, 1]


def test_only_people_of_whom_nothing_is_known_are_answered_from_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("remembered")

    monkeypatch.setattr(Settled, "answers", never)
    for case in islice(random_cases(range(12), 12), 100):
        known = case.contact
        if known.history or known.facts or known.consents:
            check(known, case.packs)


def test_no_more_is_remembered_than_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "_REMEMBERED", 3)
    monkeypatch.setattr(settled, "_known", {})
    pack = pack_of("kind: cap\nparams: {max: 3, window: {rolling_days: 7}}")
    for zone in ("Asia/Taipei", "Asia/Tokyo", "Asia/Seoul", "Asia/Manila", "Asia/Hong_Kong"):
        contact = visit("2026-04-08 10:00")
        assert contact.place is not None
        there = replace(contact, place=replace(contact.place, timezone=zone))
        for day in range(5):
            check(there.at(when("2026-04-08 10:00") + timedelta(days=day)), [pack])
    assert len(settled._known) <= 3
    assert all(len(each._days) <= 3 for each in settled._known.values())
