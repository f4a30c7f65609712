"""Any rule: the days on which it is in force, and the contacts that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from contact_rules.domain import Contact

from rule_boundaries.counted import countings
from rule_boundaries.fitting import WORDS, Fit, all_fits, fit_of, fits
from rule_boundaries.local_days import DAY, HOUR, first_second, last_second, ordinary_day
from rule_boundaries.papers import APPLIES, Case, Paper

_STEPS: Final = {"days_past_due": Decimal(1), "annual_rate": Decimal("0.0001")}


def days_in_force(paper: Paper) -> Iterator[Case]:
    """It speaks from the first second of its first day to the last second of its last one."""
    fit, zone = all_fits(paper)[0], paper.zone
    if paper.first_day != date.min:
        begins = first_second(paper.first_day, zone)
        yield Case("in force", _contact(fit, begins), APPLIES)
        yield Case(
            "not yet in force", _contact(fit, last_second(paper.first_day - DAY, zone)), None
        )
    if paper.last_day != date.max:
        ends = last_second(paper.last_day, zone)
        yield Case("in force", _contact(fit, ends), APPLIES)
        yield Case(
            "no longer in force", _contact(fit, first_second(paper.last_day + DAY, zone)), None
        )


def scope(paper: Paper) -> Iterator[Case]:
    """For every word of what it applies to, and of its exceptions: is it about such a contact?"""
    fit = all_fits(paper)[0]
    at = first_second(ordinary_day(paper, 5, 5), paper.zone) + 12 * HOUR
    applies = paper.rule.get("applies_when") or {}
    exceptions = paper.rule.get("exceptions") or []
    for selector in (applies, *exceptions):
        for key in selector:
            name = key.removeprefix("not_")
            for word in _words(name, selector[key]):
                other = fit_of(paper, fit.profile | {name: word})
                about = fits(applies, other.profile) and not any(
                    fits(each, other.profile) for each in exceptions
                )
                edge = f"{name} is {word}"
                yield Case(edge, _contact(other, at), APPLIES if about else "not_applicable")


def _words(name: str, wanted: Any) -> list[Any]:
    """Every word; or the limit, a bit less and a bit more; or a fact and a consent, or none."""
    if name in WORDS:
        return WORDS[name]
    if name in _STEPS:
        ((_, limit),) = wanted.items()
        return [Decimal(str(limit)) + n * _STEPS[name] for n in (-1, 0, 1)]
    kinds = wanted.get("kind") or wanted["scope"] if isinstance(wanted, dict) else wanted
    forms = wanted["form"] if isinstance(wanted, dict) else ["written"]
    return [None, *((kind, form) for kind in kinds for form in forms)]


def _contact(fit: Fit, at: datetime) -> Contact:
    """With whatever must have happened for a rule to be armed."""
    of_channel = [each for each in countings(fit.paper) if each.fit.channel is fit.channel]
    return fit.contact(at, history=tuple(of_channel[0].prelude) if of_channel else ())
