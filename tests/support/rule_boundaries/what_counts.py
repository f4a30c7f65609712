"""`event_count`: what is counted and what is not, for every word a past contact can say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from contact_rules.domain import PastContact

from rule_boundaries.ages import moments
from rule_boundaries.counted import Counting, countings
from rule_boundaries.fitting import OF_PAST, WORDS, Profile, fits, past_profile
from rule_boundaries.local_days import SECOND
from rule_boundaries.papers import Case, Json, Paper


def each_word(paper: Paper) -> Iterator[Case]:
    """One of just enough is replaced by one that differs in a single word: does it count?"""
    for counting in countings(paper)[:1]:
        last = counting.profiles[counting.breaking - 1 if counting.spec.distinct else 0]
        left_out = [
            past_profile(counting.fit, dict(counting.spec.match) | each, [])
            for each in counting.excluded
        ]
        for base in (last, *filter(None, left_out)):
            for name in OF_PAST:
                for word in WORDS[name]:
                    yield _replaced(counting, f"{name} is {word}", base | {name: word})


def what_is_not_known(paper: Paper) -> Iterator[Case]:
    """What the ledger leaves out may be what counts: then nobody knows, if it decides."""
    for counting in countings(paper)[:1]:
        base = counting.profiles[counting.breaking - 1 if counting.spec.distinct else 0]
        one = _one(counting, base)
        for field, name in (("place", "place"), ("purpose", "purpose")):
            blank: Json = {field: None}
            doubtful = _differs_by(counting, base, name)
            result = "unknown" if doubtful else counting.result(counting.breaking)
            yield _case(counting, f"{name} is not known", replace(one, **blank), result)
        somebody = replace(one, party="nobody we know", role=None)
        grouped = "person" in counting.spec.group_by
        by_role = _differs_by(counting, base, "party")
        if grouped or not by_role:
            result = counting.result(counting.breaking - grouped)
        else:
            result = "unknown"
        yield _case(counting, "the role of somebody else is not known", somebody, result)
        yield from _unknown_outcome(counting, one, base)


def _unknown_outcome(counting: Counting, one: PastContact, base: Profile) -> Iterator[Case]:
    """It is assumed to be the one that counts most: for a maximum it counts, for a minimum not."""
    one = replace(one, outcome=None)
    asked_for = any(key.endswith("outcome") for key in counting.spec.match) or counting.spec.last
    excluded = any(
        fits({k: v for k, v in each.items() if not k.endswith("outcome")}, base)
        and any(k.endswith("outcome") for k in each)
        for each in counting.excluded
    )
    if counting.least and (asked_for or excluded):
        result = counting.result(counting.breaking - 1)
    else:
        result = counting.result(counting.breaking)
    yield _case(counting, "its outcome is not known", one, result)


def _differs_by(counting: Counting, base: Profile, name: str) -> bool:
    """Would some word for this property count and another not?"""
    answers = {counting.counts(base | {name: word}) for word in WORDS[name]}
    return len(answers) > 1


def each_group(paper: Paper) -> Iterator[Case]:
    """One of just enough belongs to another person, debt, number, lender or collector."""
    for counting in countings(paper):
        base = counting.profiles[counting.breaking - 1 if counting.spec.distinct else 0]
        one = _one(counting, base)
        groups = counting.spec.group_by
        for group, field, other in (
            ("person", "party", "chen"),
            ("contact_point", "point", "+2"),
            ("creditor", "lender", "hill"),
            ("collector", "collector", "slow"),
            ("debt", "debts", ("car",)),
        ):
            mine = group in groups
            another: dict[str, Any] = {field: other}
            nobody: dict[str, Any] = {field: () if group == "debt" else None}
            count = counting.breaking - mine
            told = f"another {group}"
            yield _case(counting, told, replace(one, **another), counting.result(count))
            result = "unknown" if mine else counting.result(counting.breaking)
            yield _case(counting, f"{group} not known", replace(one, **nobody), result)
        together = replace(one, debts=("car", "card"))
        yield _case(counting, "two debts", together, counting.result(counting.breaking))


# --- one of just enough, the earliest of them ----------------------------------------------------


def _one(counting: Counting, profile: Profile) -> PastContact:
    """The earliest of just enough; by a role that is said, so that only the group tells who."""
    _, latest = moments(counting)
    return counting.past(profile, latest - counting.breaking * SECOND)


def _case(counting: Counting, edge: str, one: PastContact, result: str) -> Case:
    at, latest = moments(counting)
    number = counting.breaking - 1
    # Never the last of them: where channels count, that is the one which is replaced.
    others = counting.one_after_another(number, latest)
    return counting.case(edge, at, [one, *others], result)


def _replaced(counting: Counting, edge: str, profile: Profile) -> Case:
    counted = counting.counts(profile)
    number = counting.breaking - (not counted)
    if counting.spec.distinct and counted:
        said = [each["channel"] for each in counting.profiles[: counting.breaking - 1]]
        own = [counting.fit.channel] if counting.itself else []
        if profile["channel"] in (*said, *own):
            number -= 1
    return _case(counting, edge, _one(counting, profile), counting.result(number))
