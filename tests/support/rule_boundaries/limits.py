"""`event_count`: at the limit and one over, where all of it lies in one window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rule_boundaries.ages import moments
from rule_boundaries.counted import Counting, countings
from rule_boundaries.local_days import DAY, HOUR, SECOND
from rule_boundaries.papers import Case, Paper


def limits(paper: Paper) -> Iterator[Case]:
    """One too few, exactly enough and one more, for every channel."""
    for counting in countings(paper):
        if counting.spec.last:
            continue
        at, latest = moments(counting)
        number = counting.breaking
        told = f"{number} where {counting.spec.bound} {counting.spec.limit} may be"
        for others in (number - 1, number, number + 1):
            if others < 0 or (others > number and counting.spec.distinct):
                continue
            history = counting.one_after_another(others, latest)
            result = counting.result(others)
            measured = others + counting.measured - number
            yield counting.case(told, at, history, result, measured=measured)
        if counting.spec.distinct:
            # However many contacts: it is channels that are counted.
            for others in (number - 1, number):
                history = counting.one_after_another(others, latest) * 3
                yield counting.case("channels", at, history, counting.result(others))
        yield from _at_the_same_second(counting, at)


def _at_the_same_second(counting: Counting, at: datetime) -> Iterator[Case]:
    """What begins with the contact is not before it: only one that counts itself sees it."""
    if counting.spec.window[0] == "age":
        return
    seen = counting.itself
    others = counting.others(counting.breaking, at)
    result = counting.result(counting.breaking if seen else 0)
    yield counting.case("at the same second", at, others, result)


def reservations(paper: Paper) -> Iterator[Case]:
    """What is planned counts against a maximum like what has happened, and reaches no minimum."""
    for counting in countings(paper):
        if counting.spec.last:
            continue
        at, latest = moments(counting)
        planned = counting.one_after_another(counting.breaking, latest, reserved=True)
        result = counting.result(0 if counting.least else counting.breaking)
        yield counting.case("planned before it", at, planned, result)
        if counting.spec.window[0] == "age":
            continue
        soon = counting.others(counting.breaking, at + SECOND, reserved=True)
        result = counting.result(counting.breaking if counting.itself else 0)
        yield counting.case("planned after it", at, soon, result)


def several_debts(paper: Paper) -> Iterator[Case]:
    """The unit of counting is the rule's: each debt for itself, or all of them together."""
    for counting in countings(paper):
        if counting.spec.last or counting.spec.distinct:
            continue
        at, latest = moments(counting)
        debts = tuple(counting.fit.debt(id_) for id_ in ("card", "car"))
        by_debt = "debt" in counting.spec.group_by
        number = counting.breaking
        history = counting.prelude_of("card", "car")
        for id_, others in (("card", number - 1), ("car", 1)):
            history += counting.one_after_another(others, latest, debts=(id_,))
        if by_debt:  # against a maximum the fuller of the two counts, for a minimum the emptier
            result = counting.result(number - 1 if counting.least else max(number - 1, 1))
        else:
            result = counting.result(number)
        yield Case(
            "spread over two debts", counting.fit.contact(at, debts=debts, history=history), result
        )
        both = counting.one_after_another(number, latest, debts=("card", "car"))
        contact = counting.fit.contact(
            at, debts=debts, history=(*counting.prelude_of("card", "car"), *both)
        )
        yield Case("about both debts at once", contact, counting.result(number))


def armed(paper: Paper) -> Iterator[Case]:
    """`armed_after`: it does not apply before the first such event, and counts what came later."""
    for counting in countings(paper):
        if counting.spec.armed_after is None:
            continue
        at, latest = moments(counting)
        others = counting.one_after_another(counting.breaking, latest)
        arming = dict(counting.spec.armed_after)
        earliest = min(other.starts_at for other in others)
        for armed_at, result in (
            (None, "not_applicable"),
            (at + SECOND, "not_applicable"),
            (at, "not_applicable"),
            (at - SECOND, "pass"),
            (latest, "pass"),
            (earliest, counting.result(counting.breaking - 1)),
            (earliest - SECOND, "fail"),
            (earliest - 400 * DAY, "fail"),
        ):
            steps = [] if armed_at is None else [counting.step(arming, armed_at)]
            contact = counting.fit.contact(at, history=(*steps, *others))
            yield Case(f"armed at {armed_at}", contact, result)


def counted_anew(paper: Paper) -> Iterator[Case]:
    """`since`: only what came after the latest such event counts."""
    for counting in countings(paper):
        if counting.spec.since is None:
            continue
        at, _ = moments(counting)
        number = counting.breaking
        for off in (-1, 0, 1):
            anew = at - HOUR
            step = counting.step(dict(counting.spec.since), anew)
            others = [
                *counting.one_after_another(number, at - SECOND)[: number - 1],
                *counting.others(number, anew + off * SECOND)[number - 1 :],
            ]
            counted = number if off == 1 else number - 1
            yield counting.case("begun anew", at, [step, *others], counting.result(counted))
        alone = counting.one_after_another(number, at - SECOND)
        contact = counting.fit.contact(at, history=tuple(alone))
        yield Case("never begun anew", contact, counting.result(number))
        if not counting.itself:
            continue
        later = counting.step(dict(counting.spec.since), at + HOUR)
        for off in (-1, 0, 1):
            planned = counting.others(number, at + HOUR + off * SECOND, reserved=True)
            result = counting.result(number if off < 1 else 0)
            yield counting.case("begun anew after it", at, [later, *planned], result)
