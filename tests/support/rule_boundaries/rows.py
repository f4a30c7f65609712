"""`event_count` over the last n in a row: a ladder, and what breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from contact_rules.domain import Outcome, PastContact

from rule_boundaries.counted import Counting, countings
from rule_boundaries.local_days import DAY, HOUR, SECOND, first_second, ordinary_day
from rule_boundaries.papers import Case, NotHandled, Paper


def rows(paper: Paper) -> Iterator[Case]:
    """n - 1 and n attempts that ended so; the last of them a second too late, or otherwise."""
    for counting in countings(paper):
        if not counting.spec.last:
            continue
        number = counting.spec.limit
        at = first_second(ordinary_day(paper, 5, 5), paper.zone) + 12 * HOUR
        failed = _attempts(counting, number + 1, at)
        for tried in range(number + 2):
            history = failed[len(failed) - tried :]
            result = "pass" if tried >= number else "fail"
            yield counting.case("attempts", at, history, result, measured=min(tried, number))
        latest = failed[-1].starts_at
        for off, result in ((0, "fail"), (1, "pass")):
            yield counting.case("the last attempt", latest + off * SECOND, failed[1:], result)
        yield from _broken(counting, at, failed)


def _attempts(counting: Counting, number: int, at: datetime) -> list[PastContact]:
    """Days apart, the last of them an hour before."""
    return [counting.other(0, at - HOUR - (number - 1 - n) * DAY) for n in range(number)]


def _broken(counting: Counting, at: datetime, failed: list[PastContact]) -> Iterator[Case]:
    number = counting.spec.limit
    otherwise = [o for o in Outcome if o not in counting.spec.outcomes]
    if not otherwise:
        raise NotHandled(f"{counting.paper.id}: any outcome will do")
    for outcome in (*otherwise, None):
        reserved = outcome is None
        profile = counting.profiles[0] | {"outcome": outcome or otherwise[0]}
        after = counting.past(profile, at - SECOND, reserved=reserved)
        before = counting.past(profile, failed[0].starts_at, reserved=reserved)
        told = f"broken by {outcome or 'one that is planned'}"
        yield counting.case(told, at, [*failed[1:], after], "fail", measured=0)
        yield counting.case(f"{told}, before them", at, [before, *failed[1:]], "pass")
        row = [*failed[1:-1], after] if number > 1 else [after]
        yield counting.case(told, at, row, "fail")
