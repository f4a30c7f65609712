"""Contacts that a rule is about: every property that its selectors name, filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import Any, Final

from contact_rules.domain import (
    Channel,
    Collector,
    CollectorClass,
    Consent,
    ConsentScope,
    Contact,
    Debt,
    Direction,
    Fact,
    FactKind,
    Form,
    Outcome,
    Party,
    PastContact,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Role,
)
from reference_rules.choosing import spelled_out

from rule_boundaries.papers import Json, NotHandled, Paper

Profile = dict[str, Any]
"""What selectors ask about. `state` and `consent` are one kind and form, or None: there is none."""

WORDS: Final[dict[str, list[Any]]] = {
    "channel": list(Channel),
    "direction": list(Direction),
    "party": list(Role),
    "place": list(PlaceKind),
    "purpose": list(Purpose),
    "collector": [CollectorClass.AGENCY, CollectorClass.CREDITOR, CollectorClass.DEBT_BUYER],
    "product": list(Product),
    "outcome": list(Outcome),
}
OF_PAST: Final = ("channel", "direction", "party", "place", "purpose", "outcome")
_NUMBERS: Final = ("days_past_due", "annual_rate")
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def fits(selector: Mapping[str, Any], profile: Profile) -> bool:
    """Does a selector fit somebody of whom everything is known?"""
    return all(_fits(key, wanted, profile) for key, wanted in selector.items())


def _fits(key: str, wanted: Any, profile: Profile) -> bool:
    name = key.removeprefix("not_")
    if name in ("state", "consent"):
        fit = profile[name] in _kinds_and_forms(wanted)
    elif name in _NUMBERS:
        ((how, limit),) = wanted.items()
        fit = (profile[name] > Decimal(str(limit))) is (how == "over")
    elif name in WORDS:
        fit = profile[name] in spelled_out(wanted)
    else:
        raise NotHandled(f"a selector over {name}")
    return fit is (key == name)


def _kinds_and_forms(wanted: Any) -> list[tuple[str, str | None]]:
    """The kinds of fact, or scopes of consent, that fit; each in one of the forms asked for."""
    if not isinstance(wanted, Mapping):
        forms: list[str | None] = [None, *Form]
        return [(kind, form) for kind in wanted for form in forms]
    kinds = wanted.get("kind") or wanted["scope"]
    return [(kind, form) for kind in kinds for form in wanted["form"]]


@dataclass(frozen=True)
class Fit:
    """A contact that a rule is about, but for when it begins."""

    paper: Paper
    profile: Profile
    facts: tuple[Fact, ...] = field(default=())
    consents: tuple[Consent, ...] = field(default=())

    @property
    def channel(self) -> Channel:
        return Channel(self.profile["channel"])

    def contact(self, starts_at: datetime, minutes: int = 30, **more: Any) -> Contact:
        """`facts` and `consents` are added to those the selectors need; the rest is replaced."""
        place = self.paper.place
        facts = (*self.facts, *more.pop("facts", ()))
        consents = (*self.consents, *more.pop("consents", ()))
        said: Json = {
            "place": Place(
                PlaceKind(self.profile["place"]),
                place["timezone"],
                place["country"],
                None if place.get("region") is None else str(place["region"]),
                place.get("city"),
            ),
            "party": Party("lin", Role(self.profile["party"])),
            "debts": (self.debt("card"),),
            "point": "+1",
            "lender": "river",
        }
        return Contact(
            starts_at=starts_at,
            duration=timedelta(minutes=minutes),
            channel=self.channel,
            direction=Direction(self.profile["direction"]),
            purpose=Purpose(self.profile["purpose"]),
            collector=Collector("swift", CollectorClass(self.profile["collector"])),
            facts=facts,
            consents=consents,
            **(said | more),
        )

    def debt(self, id_: str) -> Debt:
        return Debt(
            id_,
            Product(self.profile["product"]),
            int(self.profile["days_past_due"]),
            Decimal(self.profile["annual_rate"]),
        )

    def past(self, profile: Profile, at: datetime, **more: Any) -> PastContact:
        """Something that happened, or with `reserved` is planned, to the same person and debt."""
        outcome = None if more.get("reserved") else profile["outcome"]
        said: Json = {
            "party": "lin",
            "debts": ("card",),
            "collector": "swift",
            "lender": "river",
            "point": "+1",
            "channel": Channel(profile["channel"]),
            "direction": Direction(profile["direction"]),
            "role": Role(profile["party"]),
            "place": PlaceKind(profile["place"]),
            "purpose": Purpose(profile["purpose"]),
            "outcome": outcome and Outcome(outcome),
        }
        return PastContact(starts_at=at, **(said | more))


@lru_cache(maxsize=10_000)
def all_fits(paper: Paper, **fixed: Any) -> list[Fit]:
    """A contact the rule is about for each channel that it is about; NotHandled if for none."""
    found = [fit for channel in Channel for fit in _fits_by(paper, {**fixed, "channel": channel})]
    if not found:
        raise NotHandled(f"{paper.id}: no contact fits {paper.rule.get('applies_when')}")
    return found


def _fits_by(paper: Paper, fixed: Profile) -> Iterator[Fit]:
    """The first that fits, if any."""
    applies = paper.rule.get("applies_when") or {}
    exceptions = paper.rule.get("exceptions") or []
    for profile in _profiles([applies, *exceptions], fixed):
        if not any(fits(each, profile) for each in exceptions):
            yield fit_of(paper, profile)
            return


def fit_of(paper: Paper, profile: Profile) -> Fit:
    """With the fact and the consent that the profile says there are."""
    return Fit(paper, profile, tuple(_facts(profile)), tuple(_consents(profile)))


def _profiles(selectors: list[Mapping[str, Any]], fixed: Profile) -> Iterator[Profile]:
    """Combinations of all that the selectors name, the most ordinary first."""
    named = {key.removeprefix("not_") for selector in selectors for key in selector}
    domains: dict[str, list[Any]] = {
        name: words if name in named else words[:1] for name, words in WORDS.items()
    }
    domains["days_past_due"], domains["annual_rate"] = [60], [Decimal("0.1")]
    domains["state"] = domains["consent"] = [None]
    for selector in selectors:
        for key, wanted in selector.items():
            name = key.removeprefix("not_")
            if name in _NUMBERS:
                ((_, limit),) = wanted.items()
                step = Decimal(1) if name == "days_past_due" else Decimal("0.0001")
                domains[name] = [*domains[name], Decimal(str(limit)), Decimal(str(limit)) + step]
            elif name in ("state", "consent"):
                domains[name] = [*domains[name], *_kinds_and_forms(wanted)]
    domains |= {name: [value] for name, value in fixed.items()}
    yield from _combined(domains, selectors[0])


def _facts(profile: Profile) -> Iterator[Fact]:
    if profile["state"]:
        kind, form = profile["state"]
        yield Fact(FactKind(kind), form=form and Form(form))


def _consents(profile: Profile) -> Iterator[Consent]:
    if profile["consent"]:
        scope, form = profile["consent"]
        yield Consent(
            ConsentScope(scope),
            LONG_AGO,
            form=form and Form(form),
            channel=Channel(profile["channel"]) if scope == "channel" else None,
        )


def past_profile(
    fit: Fit,
    match: Mapping[str, Any],
    unlike: Sequence[Mapping[str, Any]],
    **fixed: Any,
) -> Profile | None:
    """A past contact that `match` fits and none of `unlike` does, as like the asked one as can be.

    None if there is none.
    """
    selectors = [match, *unlike]
    named = {key.removeprefix("not_") for selector in selectors for key in selector}
    domains = {}
    for name in OF_PAST:
        own = fit.profile[name]
        usual = [own] if name != "outcome" else []
        others = [word for word in WORDS[name] if word not in usual]
        domains[name] = [*usual, *others] if name in named or not usual else usual
    domains |= {name: [value] for name, value in fixed.items()}
    for profile in _combined(domains, match):
        if not any(fits(each, profile) for each in unlike):
            return profile
    return None


def _combined(domains: dict[str, list[Any]], selector: Mapping[str, Any]) -> Iterator[Profile]:
    """All combinations that the selector fits; the words named last vary first."""
    for key, wanted in selector.items():
        name = key.removeprefix("not_")
        domains[name] = [word for word in domains[name] if _fits(key, wanted, {name: word})]
    for values in product(*domains.values()):
        yield dict(zip(domains, values, strict=True))
