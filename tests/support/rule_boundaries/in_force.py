"""Any rule: the first and the last day on which it is in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from rule_boundaries.fitting import Fit, all_fits
from rule_boundaries.local_days import DAY, first_second, last_second
from rule_boundaries.papers import Case, Paper


def days_in_force(paper: Paper) -> Iterator[Case]:
    """It speaks from the first second of its first day to the last second of its last one."""
    fit = all_fits(paper)[0]
    if paper.first_day != date.min:
        yield _silent(fit, last_second(paper.first_day - DAY, paper.zone))
        yield from _speaks(fit, first_second(paper.first_day, paper.zone))
    if paper.last_day != date.max:
        yield from _speaks(fit, last_second(paper.last_day, paper.zone))
        yield _silent(fit, first_second(paper.last_day + DAY, paper.zone))


def _silent(fit: Fit, at: datetime) -> Case:
    return Case("not in force", fit.contact(at), None)


def _speaks(fit: Fit, at: datetime) -> Iterator[Case]:
    """Whatever it says."""
    found = fit.paper.found(fit.contact(at))
    said = "anything at all" if found is None else str(found.result)
    yield Case("in force", fit.contact(at), said)
