"""`event_count`: what a rule counts, read off its page, and contacts that it does count."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final

from contact_rules.domain import Channel, Contact, PastContact
from reference_rules.spelling import Spec, spell_out

from rule_boundaries.fitting import (
    LONG_AGO,
    Fit,
    Profile,
    all_fits,
    fits,
    past_profile,
)
from rule_boundaries.local_days import SECOND
from rule_boundaries.papers import COUNTS, Case, Json, NotHandled, Paper

_WHAT: Final = {"match", "exclude", "group_by"}
_KNOWN: Final[dict[str, set[str]]] = {
    "event_count": _WHAT | {"count_distinct", "bound", "window", "armed_after", "holidays"},
    "cap": _WHAT | {"count_distinct", "max", "window", "armed_after", "holidays"},
    "one_channel_per_week": _WHAT | {"week_begins", "armed_after"},
    "cooldown": {"after", "days", "day_one", "exclude", "group_by"},
    "spacing": _WHAT | {"days"},
    "notice": _WHAT | {"days", "business_days", "clear_days", "at_most_days", "holidays"},
    "ladder": _WHAT | {"in_a_row"},
}
_WINDOWS: Final = {
    "rolling_days",
    "rolling_business_days",
    "rolling_minutes",
    "calendar_week",
    "since",
    "age",
    "last",
    "day_one",
}
GROUPS: Final = ("person", "contact_point", "channel", "creditor", "collector", "debt")


def spec_of(paper: Paper) -> Spec:
    """The rule in full; NotHandled if it says anything that no edge is known for."""
    window = paper.only(_KNOWN[paper.kind]).get("window", {})
    strange = set(window) - _WINDOWS if isinstance(window, dict) else set()
    groups = set(paper.params.get("group_by", ())) - set(GROUPS)
    if strange or groups or paper.params.get("count_distinct", "channel") != "channel":
        raise NotHandled(f"{paper.id}: {strange or groups or paper.params}")
    spec = spell_out(paper.kind, paper.params)
    if spec.armed_after is not None and (spec.last or spec.bound == "min"):
        raise NotHandled(f"{paper.id}: a minimum that is armed")
    return spec


@dataclass(frozen=True, eq=False)
class Counting:
    """A rule that counts, asked about one sort of contact."""

    fit: Fit
    spec: Spec = field(repr=False)
    is_first: bool = True
    """The others differ in nothing but the channel that is asked about."""

    @property
    def paper(self) -> Paper:
        return self.fit.paper

    @cached_property
    def least(self) -> bool:
        return self.spec.bound == "min"

    @cached_property
    def agreed(self) -> list[Json]:
        """The consents that take contacts out of the count."""
        return [dict(item) for item in self.spec.exclude if "consent" in item]

    @cached_property
    def excluded(self) -> list[Json]:
        return [dict(item) for item in self.spec.exclude if "consent" not in item]

    @cached_property
    def itself(self) -> bool:
        """Is the asked contact counted? Its outcome is assumed to be one that is."""
        if self.least:
            return False
        of_contact = {k: v for k, v in self.spec.match.items() if not k.endswith("outcome")}
        return fits(of_contact, self.fit.profile) and not any(
            fits(each, self.fit.profile)
            for each in self.excluded
            if not any(key.endswith("outcome") for key in each)
        )

    @cached_property
    def steps(self) -> list[Json]:
        """What starts the count anew, or begins it."""
        return [dict(s) for s in (self.spec.since, self.spec.armed_after) if s is not None]

    @property
    def breaking(self) -> int:
        """How many others, or other channels, are just enough to break it, or to keep a minimum."""
        if self.least:
            return self.spec.limit
        return self.spec.limit + 1 - (self.itself and self.spec.bound == "max")

    @property
    def measured(self) -> int:
        """What is counted when that many are there."""
        return self.breaking + (self.itself and self.spec.bound == "max")

    def result(self, others: int) -> str:
        """With so many others, or other channels, in one and the same window."""
        if self.least:
            return "pass" if others >= self.breaking else "fail"
        return "fail" if others >= self.breaking else "pass"

    # --- contacts ---------------------------------------------------------------------------------

    @cached_property
    def profiles(self) -> list[Profile]:
        """What is counted; where channels are, one for each that there can be but the own one."""
        unlike = [*self.excluded, *self.steps]
        fixed: list[Json] = [{}]
        if self.spec.distinct:
            own = self.fit.channel if self.itself else None
            fixed = [{"channel": channel} for channel in Channel if channel is not own]
        elif "channel" in self.spec.group_by:
            fixed = [{"channel": self.fit.channel}]
        match = dict(self.spec.match)
        if self.spec.last:
            match["outcome"] = self.spec.outcomes
        found = [past_profile(self.fit, match, unlike, **each) for each in fixed]
        counted = [profile for profile in found if profile is not None]
        if not counted or (self.spec.distinct and len(counted) < self.breaking):
            raise NotHandled(f"{self.paper.id}: nothing can be counted for {self.fit.channel}")
        return counted

    def others(self, number: int, at: datetime, **more: Any) -> list[PastContact]:
        """So many that count, at one instant; where channels are counted, of different ones."""
        return [self.other(n, at, **more) for n in range(number)]

    def other(self, number: int, at: datetime, **more: Any) -> PastContact:
        """One that counts; where channels are counted, each number is of another."""
        return self.past(self.profiles[number % len(self.profiles)], at, **more)

    def one_after_another(self, number: int, latest: datetime, **more: Any) -> list[PastContact]:
        """So many that count, a second apart, the last of them at that instant."""
        return [self.other(n, latest - n * SECOND, **more) for n in range(number)]

    def past(self, profile: Profile, at: datetime, **more: Any) -> PastContact:
        """The same person, unless it is somebody else who is contacted and persons do not count."""
        someone = profile["party"] != self.fit.profile["party"]
        if someone and "person" not in self.spec.group_by:
            more = {"party": "hsu"} | more
        return self.fit.past(profile, at, **more)

    @cached_property
    def prelude(self) -> list[PastContact]:
        """What must have happened, long ago, for the rule to count as it does."""
        return self.prelude_of("card")

    def prelude_of(self, *debts: str) -> list[PastContact]:
        return [self.step(each, LONG_AGO, debts=debts) for each in self.steps]

    def step(self, selector: Json, at: datetime, **more: Any) -> PastContact:
        """Something that a selector of the rule fits."""
        fixed = {"channel": self.fit.channel} if "channel" in self.spec.group_by else {}
        profile = past_profile(self.fit, selector, [], **fixed)
        if profile is None:
            raise NotHandled(f"{self.paper.id}: nothing fits {selector}")
        return self.past(profile, at, **more)

    def asked(self, at: datetime, history: list[PastContact], **more: Any) -> Contact:
        return self.fit.contact(at, history=(*self.prelude, *history), **more)

    def case(
        self, edge: str, at: datetime, history: list[PastContact], result: str, **more: Any
    ) -> Case:
        return Case(f"{edge} ({self.window_text})", self.asked(at, history), result, **more)

    @property
    def window_text(self) -> str:
        return " ".join(str(part) for part in self.spec.window if part is not None)

    def counts(self, profile: Profile) -> bool:
        """Is something of which all is known counted, in the same group?"""
        match = dict(self.spec.match)
        if self.spec.last:
            match["outcome"] = self.spec.outcomes
        return (
            fits(match, profile)
            and not any(fits(each, profile) for each in self.excluded)
            and ("channel" not in self.spec.group_by or profile["channel"] == self.fit.channel)
        )


@lru_cache(maxsize=1000)
def countings(paper: Paper) -> list[Counting]:
    """One for each channel that the rule is about; none for a rule that does not count."""
    if paper.kind not in COUNTS:
        return []
    spec = spec_of(paper)
    return [Counting(fit, spec, not n) for n, fit in enumerate(all_fits(paper))]
