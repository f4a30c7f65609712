"""What holds for any rules and any contact, and engines broken on purpose for which it does not.

Each property is a function that tells where it does not hold, and finds fault with its broken
twins: a property that no engine could break would say nothing. The packs and contacts come from
seeds, so a fault is made again by running the same test.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice, pairwise
from typing import Any, TypeVar

import pytest
from asked_at_random import Case, random_cases, shipped_cases
from contact_rules.domain import (
    Contact,
    Decision,
    Fact,
    FactKind,
    Pack,
    Verdict,
    Window,
    calendar,
    check,
    checking,
    earliest_allowed_at,
    windows,
)
from contact_rules.domain import history as histories
from contact_rules.domain.calendar import Starts
from contact_rules.domain.history import Event, history_of
from contact_rules.domain.kinds import periods, selection, window
from contact_rules.domain.kinds.event_count import EventCount
from contact_rules.domain.question import Question
from contact_rules.domain.rule import Rule
from contact_rules.domain.settled import Answer
from door_questions import pack_of, utc, visit, when
from reference_rules.worlds import World
from rule_boundaries.papers import Json

T = TypeVar("T")
Faults = Iterator[str]
"""Where a property does not hold."""

ORDER = [Verdict.ALLOW, Verdict.NEEDS_REVIEW, Verdict.DENY]
SECOND = timedelta(seconds=1)
WEEK = timedelta(days=7)
SEEDS = range(60)


def strictness(contact: Contact, packs: Iterable[Pack]) -> int:
    return ORDER.index(check(contact, packs).verdict)


# --- (a) more history ----------------------------------------------------------------------------


def history_only_forbids(rule: Json) -> bool:
    """Neither a notice nor a ladder, no order of places, nothing that an event lifts or arms."""
    params, window = rule["params"], rule["params"].get("window")
    bound = params.get("bound")
    return not (
        rule["kind"] in ("notice", "ladder")
        or (isinstance(bound, dict) and "min" in bound)
        or "order" in params
        or "armed_after" in params
        or (isinstance(window, dict) and "since" in window)
        or "after" in params.get("lifts", {})
        or any("ends_with" in item for item in params.get("exclude", ()))
    )


def helped_by_more_history(cases: Iterable[Case]) -> Faults:
    for case in cases:
        before = strictness(case.contact, case.packs)
        rng = random.Random(case.where)
        some = rng.sample(case.more, rng.randint(1, len(case.more))) if case.more else []
        for more in (case.more, tuple(some), tuple(some[:1])):
            longer = replace(case.contact, history=(*case.contact.history, *more))
            if strictness(longer, case.packs) < before:
                yield f"{case.where}: {len(more)} more contacts turn {ORDER[before]} round"


def test_more_history_never_turns_a_no_into_a_yes() -> None:
    assert not list(helped_by_more_history(random_cases(SEEDS, 24, history_only_forbids)))


def test_more_history_never_turns_a_no_into_a_yes_where_a_pack_that_ships_is_law() -> None:
    assert not list(helped_by_more_history(shipped_cases(48, history_only_forbids)))


def only_the_latest(question: Question) -> list[Event]:
    return history_of(question)[-1:]


# --- (b) fewer rules -----------------------------------------------------------------------------


def hurt_by_fewer_rules(cases: Iterable[Case]) -> Faults:
    for case in cases:
        whole = strictness(case.contact, case.packs)
        for pack in case.packs:
            for rule in pack.rules:
                fewer = replace(pack, rules=tuple(r for r in pack.rules if r is not rule))
                packs = [fewer if each is pack else each for each in case.packs]
                if strictness(case.contact, packs) > whole:
                    yield f"{case.where}: without {rule.id} it is no longer {ORDER[whole]}"


def test_removing_a_rule_never_denies_more() -> None:
    assert not list(hurt_by_fewer_rules(random_cases(SEEDS, 12)))


def test_removing_a_rule_of_a_pack_that_ships_never_denies_more() -> None:
    assert not list(hurt_by_fewer_rules(shipped_cases(12)))


def a_doubt_outweighs_a_no(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    return next((v for v in (Verdict.NEEDS_REVIEW, Verdict.DENY) if v in found), Verdict.ALLOW)


# --- (c) windows tile the allowed instants -------------------------------------------------------


def not_tiled(cases: Iterable[Case]) -> Faults:
    """Check and windows about the same contact, at every second that may tell them apart."""
    for case in cases:
        contact, packs, rng = case.contact, case.packs, random.Random(case.where)
        begin = contact.starts_at - timedelta(hours=rng.randint(0, 100))
        end = begin + timedelta(hours=rng.randint(1, 400))
        open_ = _instants(windows(contact, packs, begin, end))
        for first, last in open_:
            if not begin <= first <= last <= end:
                yield f"{case.where}: {first} to {last} is no window from {begin} to {end}"
        for (_, last), (first, _) in pairwise(open_):
            if first - last <= SECOND:
                yield f"{case.where}: windows touch at {first}"
        for at in _telling(contact, begin, end, [edge for each in open_ for edge in each], rng):
            allowed = check(contact.at(at), packs).verdict is Verdict.ALLOW
            if allowed is not any(first <= at <= last for first, last in open_):
                yield f"{case.where}: a check at {at} says {allowed}, the windows do not"


def _instants(open_: Iterable[Window]) -> list[tuple[datetime, datetime]]:
    """In UTC: where clocks repeat an hour, local times don't tell which is later."""
    return [(each.from_.astimezone(UTC), each.to.astimezone(UTC)) for each in open_]


def _telling(
    contact: Contact, begin: datetime, end: datetime, edges: list[datetime], rng: random.Random
) -> list[datetime]:
    """Edges and whatever else may be one, a second before and after them, and any instants."""
    first, last = int(begin.timestamp()), int(end.timestamp())
    known = [past.starts_at for past in contact.history]
    known += [each.given_at for each in contact.consents]
    known += [each.until - contact.duration for each in contact.consents if each.until]
    some = [*rng.sample(edges, min(12, len(edges))), *rng.sample(known, min(6, len(known)))]
    seconds = [int(moment.timestamp()) for moment in (*some, begin, end)]
    seconds += [rng.randint(first, last) // 1800 * 1800 for _ in range(6)]
    found = {second + off for second in seconds for off in (-1, 0, 1)}
    found |= {rng.randint(first, last) for _ in range(6)}
    return [utc(second) for second in sorted(found) if first <= second <= last]


def earliest_is_another(cases: Iterable[Case]) -> Faults:
    for case in cases:
        contact, packs = case.contact, case.packs
        start = contact.starts_at
        open_ = _instants(windows(contact, packs, start, start + timedelta(days=90)))
        first = open_[0][0] if open_ else None
        found = earliest_allowed_at(contact, packs)
        if (found and found.astimezone(UTC)) != first:
            yield f"{case.where}: the first window opens at {first}, the earliest is {found}"
        if first is not None and strictness(contact.at(first), packs):
            yield f"{case.where}: {first} is not allowed"


def test_windows_tile_exactly_the_allowed_instants() -> None:
    assert not list(of_windows())


def test_windows_tile_exactly_the_instants_that_a_pack_that_ships_allows() -> None:
    assert not list(not_tiled(shipped_cases(4)))


def test_the_earliest_start_is_the_first_of_ninety_days() -> None:
    cases = chain(random_cases(SEEDS, 3), shipped_cases(3))
    assert not list(earliest_is_another(cases))


@pytest.mark.parametrize(
    ("blocked", "found"), [(0, 0), (1, 1), (8, 8), (29, 29), (89, 89), (90, 90), (91, None)]
)
def test_ninety_days_are_looked_through_to_their_last_second(
    blocked: int, found: int | None
) -> None:
    shut = pack_of("kind: gate\nparams: {state: [disaster]}")
    start = when("2026-04-08 00:00")
    until = start.date() + timedelta(days=blocked - 1)
    contact = visit(start, facts=(Fact(FactKind.DISASTER, until=until),))
    expected = None if found is None else start + timedelta(days=found)
    assert earliest_allowed_at(contact, [shut]) == expected


def turns_forgotten(rule: Rule, question: Question, from_: int, to: int) -> set[int]:
    return set()


def cut_in_two(left: Callable[..., Starts]) -> Callable[..., Starts]:
    def cut(question: Question, rule: Rule, open_: Starts) -> Starts:
        found = left(question, rule, open_)
        middle = [(first, last, (first + last) // 2) for first, last in found]
        halves = [half for f, last, m in middle for half in ((f, m), (m + 1, last))]
        return [(first, last) for first, last in halves if first <= last]

    return cut


# --- (d) the order of things ---------------------------------------------------------------------


def shuffled(things: tuple[T, ...], rng: random.Random) -> tuple[T, ...]:
    return tuple(rng.sample(things, len(things)))


def told_by_order(cases: Iterable[Case]) -> Faults:
    for case in cases:
        rng = random.Random(case.where)
        contact = replace(
            case.contact,
            history=shuffled(case.contact.history, rng),
            facts=shuffled(case.contact.facts, rng),
            consents=shuffled(case.contact.consents, rng),
            team=shuffled(case.contact.team, rng),
        )
        decision = check(case.contact, case.packs)
        packs = shuffled((*case.packs, case.packs[0]), rng)
        if check(contact, packs) != decision:
            yield f"{case.where}: the order of packs, history, facts or consents matters"
        mixed = [replace(pack, rules=shuffled(pack.rules, rng)) for pack in packs]
        if _sorted(check(contact, mixed)) != _sorted(decision):
            yield f"{case.where}: the order of rules matters"


def _sorted(decision: Decision) -> Decision:
    """The answers of the rules in one order, whatever order the rules are in."""
    return replace(
        decision,
        checks=tuple(sorted(decision.checks, key=lambda found: (found.pack, found.rule))),
        obligations=tuple(sorted(decision.obligations, key=lambda duty: duty.rule)),
    )


def test_the_order_of_packs_rules_history_facts_and_consents_does_not_matter() -> None:
    assert not list(of_order())


def test_no_order_matters_where_a_pack_that_ships_is_law() -> None:
    assert not list(told_by_order(shipped_cases(36)))


def as_it_came(contact: Contact) -> list[Event]:
    return [Event(int(p.starts_at.timestamp()), p, certain=True) for p in contact.history]


def the_first_end(
    _question: Question, _at: int, found: Sequence[Answer], _harmful: Sequence[Answer]
) -> int | None:
    ends = (each.finding.must_end_by for each in found)
    return next((end for end in ends if end is not None), None)


# --- (e) a week later ----------------------------------------------------------------------------


def every_week_alike(rule: Json) -> bool:
    """No holidays, no calendar months, no dates, and no clocks that change."""
    said = str(rule["params"])
    undated = not {"effective_from", "effective_to"} & set(rule)
    there = rule.get("zone") in (None, "place", "all_candidates", "Asia/Shanghai")
    words = ("holiday", "makeup", "closed_on", "business_days", "calendar_month", "after_months")
    return undated and there and not any(word in said for word in words)


def without_clock_changes(rng: random.Random) -> World:
    day = date(2026, 1, 1) + timedelta(days=rng.randint(0, 364))
    zone = rng.choice(["UTC", "Asia/Taipei"])
    return World(zone, rng.choice(["TW", None]), None, day, ("UTC", "Asia/Taipei"))


def changed_by_a_week(cases: Iterable[Case]) -> Faults:
    for case in cases:
        if any(
            pack.effective_from and pack.effective_from > date(2025, 1, 1) for pack in case.packs
        ):
            continue
        now, then = check(case.contact, case.packs), check(_later(case.contact), case.packs)
        if _told(now, WEEK) != _told(then, timedelta(0)):
            yield f"{case.where}: {_told(now, WEEK)}, a week later {_told(then, timedelta(0))}"


def _later(contact: Contact) -> Contact:
    """The whole case, a week later."""
    return replace(
        contact,
        starts_at=contact.starts_at + WEEK,
        history=tuple(replace(p, starts_at=p.starts_at + WEEK) for p in contact.history),
        consents=tuple(
            replace(c, given_at=c.given_at + WEEK, until=c.until and c.until + WEEK)
            for c in contact.consents
        ),
        facts=tuple(
            replace(f, since=f.since and f.since + WEEK, until=f.until and f.until + WEEK)
            for f in contact.facts
        ),
        team=tuple(
            replace(m, announced_on=m.announced_on and m.announced_on + WEEK) for m in contact.team
        ),
    )


def _told(decision: Decision, shift: timedelta) -> Any:
    # What was counted; other kinds measure dates, which are a week later too.
    numbers = [c.measured if isinstance(c.measured, int) else None for c in decision.checks]
    results = [(c.rule, str(c.result)) for c in decision.checks]
    duties = [(o.rule, o.what, o.when) for o in decision.obligations]
    ends = decision.must_end_by and decision.must_end_by + shift
    return str(decision.verdict), results, numbers, duties, ends


UNCHANGING = "cn hk id jp kr person-protection ph sg th tw vn"
"""Packs of places where clocks never change."""
NO_CLOCK_CHANGES = [f"{pack}.yaml" for pack in UNCHANGING.split()]


def test_a_week_later_the_same_case_gets_the_same_answer() -> None:
    assert not list(of_weeks())


def test_a_week_later_a_pack_that_ships_says_the_same() -> None:
    assert not list(changed_by_a_week(shipped_cases(48, every_week_alike, NO_CLOCK_CHANGES)))


# --- (f) asked again -----------------------------------------------------------------------------


def answered_otherwise(make: Callable[[], Iterator[Case]]) -> Faults:
    """Asked twice, and once more after all the others, of packs read anew."""
    first = {}
    for case in make():
        first[case.where] = check(case.contact, case.packs)
        if check(case.contact, case.packs) != first[case.where]:
            yield f"{case.where}: another answer to the same question"
    for case in reversed(list(make())):
        if check(case.contact, case.packs) != first[case.where]:
            yield f"{case.where}: the answer depends on what was asked before"


def test_the_same_question_gets_the_same_answer() -> None:
    assert not list(answered_otherwise(lambda: random_cases(SEEDS, 24)))


def test_a_pack_that_ships_answers_the_same_question_alike() -> None:
    assert not list(answered_otherwise(lambda: shipped_cases(24)))


# --- engines broken on purpose -------------------------------------------------------------------


def of_order() -> Faults:
    return told_by_order(random_cases(SEEDS, 24))


def of_weeks() -> Faults:
    return changed_by_a_week(random_cases(SEEDS, 24, every_week_alike, without_clock_changes))


def of_windows() -> Faults:
    return not_tiled(random_cases(SEEDS, 4))


# The very cases in which the engine itself is found without fault above.
TWINS: dict[str, tuple[Any, str, Any, Callable[[], Faults]]] = {
    "only the latest contact is remembered": (
        selection,
        "history_of",
        only_the_latest,
        lambda: helped_by_more_history(random_cases(SEEDS, 24, history_only_forbids)),
    ),
    "a doubt outweighs a no": (
        checking,
        "combined",
        a_doubt_outweighs_a_no,
        lambda: hurt_by_fewer_rules(random_cases(SEEDS, 12)),
    ),
    "the calendar asks too seldom": (Rule, "turns", turns_forgotten, of_windows),
    "windows are cut in two": (calendar, "_left_by", cut_in_two(calendar._left_by), of_windows),
    "the calendar looks a week ahead": (
        calendar,
        "_FIRST_LOOKS",
        (7 * 86_400,),
        lambda: earliest_is_another(random_cases(SEEDS, 3)),
    ),
    "the history is taken as it comes": (histories, "_in_order", as_it_came, of_order),
    "packs are taken as they come": (checking, "in_order", list, of_order),
    "only the first fact is looked at": (
        Question,
        "facts",
        lambda self, kinds: [fact for fact in self.contact.facts[:1] if fact.kind in kinds],
        of_order,
    ),
    "only the first consent is looked at": (
        Question,
        "consents",
        lambda self, scopes: [each for each in self.contact.consents[:1] if each.scope in scopes],
        of_order,
    ),
    "the first rule says when it ends": (checking, "_must_end_by", the_first_end, of_order),
    "weeks have eight days": (window, "weekday", lambda day: day % 8 % 7, of_weeks),
    "calendar weeks have eight days": (periods, "weekday", lambda day: day % 8 % 7, of_weeks),
    "what was explained once is told to everybody": (
        EventCount,
        "sight",
        lambda self, question, at, finding: finding.result,
        lambda: answered_otherwise(lambda: random_cases(SEEDS, 24)),
    ),
}


@pytest.mark.parametrize("broken", TWINS)
def test_a_broken_engine_is_told(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, twin, faults = TWINS[broken]
    monkeypatch.setattr(where, name, twin)
    assert list(islice(faults(), 1))
