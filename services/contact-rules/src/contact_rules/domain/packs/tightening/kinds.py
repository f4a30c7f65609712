"""What each kind compares: every parameter of one rule with that of another of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from contact_rules.domain.duties import Entry
from contact_rules.domain.kinds.consent import NeededConsent
from contact_rules.domain.kinds.event_count import EventCount
from contact_rules.domain.kinds.gate import Gate, Lifts
from contact_rules.domain.kinds.in_a_row import InARow
from contact_rules.domain.kinds.obligation import Obliges
from contact_rules.domain.kinds.party import Disclosure, Parties
from contact_rules.domain.kinds.place import Places
from contact_rules.domain.kinds.staffing import Staffing
from contact_rules.domain.kinds.window import Window
from contact_rules.domain.packs.tightening.counts import looser_count, looser_row
from contact_rules.domain.packs.tightening.selectors import not_implied, state_implied
from contact_rules.domain.packs.tightening.windows import looser_window
from contact_rules.domain.rule import Judge


def judged_looser(rule: Judge, base: Judge) -> list[str]:
    """Why the one may let pass what the other does not."""
    compare = _COMPARED.get(type(rule))
    if compare is None or type(rule) is not type(base):
        return ["the two can't be compared"]
    return list(compare(rule, base))


def _looser_party(rule: Parties, base: Parties) -> Iterator[str]:
    yield from _not_in(base.roles, rule.roles, "persons may be contacted that the other excludes")
    yield from _not_in(base.purposes, rule.purposes, "it allows purposes that the other does not")
    widest_first = list(Disclosure)
    if widest_first.index(rule.disclosure) < widest_first.index(base.disclosure):
        yield f"it discloses more ({rule.disclosure}, not {base.disclosure})"
    if base.age_min is not None and (rule.age_min is None or rule.age_min < base.age_min):
        yield f"it allows persons younger than {base.age_min}"
    if base.age_max is not None and (rule.age_max is None or rule.age_max > base.age_max):
        yield f"it allows persons older than {base.age_max}"
    asks_age = base.age_min is not None or base.age_max is not None
    if asks_age and rule.unknown_age_passes and not base.unknown_age_passes:
        yield "persons of unknown age pass"
    if base.refusal_is_final and not rule.refusal_is_final:
        yield "a refusal is not final"


def _looser_staffing(rule: Staffing, base: Staffing) -> Iterator[str]:
    if rule.least < base.least:
        yield f"a team of {rule.least} is enough, not {base.least}"
    if base.most is not None and (rule.most is None or rule.most > base.most):
        yield f"a team may be larger than {base.most}"
    yield from _not_in(rule.each, base.each, "not each of them needs what the other asks for")
    # What each of them has, one of them has, if anybody goes at all.
    held = rule.one | (rule.each if rule.least else frozenset())
    yield from _not_in(held, base.one, "none of them needs what the other asks of one")
    if base.employed and not rule.employed:
        yield "they may be employed by somebody else"
    if base.announced and not rule.announced:
        yield "the debtor need not be told who comes"


def _looser_place(rule: Places, base: Places) -> Iterator[str]:
    yield from _not_in(base.allowed, rule.allowed, "it allows places that the other does not")
    for place in sorted(rule.allowed & set(base.order)):
        first = set(base.order[: base.order.index(place)])
        tried = rule.order[: rule.order.index(place)] if place in rule.order else ()
        if not first <= set(tried) or (first and rule.attempts < base.attempts):
            yield f"'{place}' comes earlier in its order, or after fewer attempts"
    if base.entry is not None and rule.entry not in (base.entry, Entry.NEVER):
        yield f"it lets in when the other says {base.entry}"


def _looser_consent(rule: NeededConsent, base: NeededConsent) -> Iterator[str]:
    yield from _not_in(base.scopes, rule.scopes, "consents to something else will do")
    if base.forms is not None and not (rule.forms and rule.forms <= base.forms):
        yield f"a consent need not be {' or '.join(sorted(base.forms))}"
    for name, mine, its in (("days", rule.days, base.days), ("uses", rule.uses, base.uses)):
        if its is not None and (mine is None or mine > its):
            yield f"a consent is good for more than {its} {name}"
    yield from _not_in(
        rule.withdrawn_by, base.withdrawn_by, "a consent is not withdrawn by all that withdraws it"
    )


def _looser_gate(rule: Gate, base: Gate) -> Iterator[str]:
    yield from _not_in(base.roles, rule.roles, "it lets more persons pass")
    yield from _not_in(base.channels, rule.channels, "it lets more channels pass")
    if rule.state is None and rule.rate is None:
        return  # always shut
    if base.rate is not None:
        if rule.rate is None or rule.rate.limit > base.rate.limit:
            yield f"it is not shut over a rate of {base.rate.limit}"
        return
    if base.state is None:
        yield "it is not always shut"
        return
    if rule.state is None or not state_implied(rule.state, by=base.state):
        yield "states don't shut it that shut the other"
    if base.anyone and not rule.anyone:
        yield "it counts only what is known of the person contacted"
    if _lifts_earlier(rule.lifts, base.lifts):
        yield "it is lifted earlier, or by something else"


def _lifts_earlier(one: Lifts, other: Lifts) -> bool:
    """Where the other is never lifted, so must be the one; else both by the same sort of thing."""
    if one.days is not None:
        return other.days is None or one.days < other.days
    if one.months is not None:
        return other.months is None or one.months < other.months
    if one.after is not None:
        return other.after is None or bool(not_implied(other.after, by=one.after))
    return False


def _looser_obligation(rule: Obliges, base: Obliges) -> Iterator[str]:
    if (rule.duty.what, rule.duty.when) != (base.duty.what, base.duty.when):
        yield "it asks for something else, or at another time"
    if (rule.needs, rule.otherwise and rule.otherwise.what) != (
        base.needs,
        base.otherwise and base.otherwise.what,
    ):
        yield "it depends on another consent, or asks for something else without it"
    missing = frozenset(base.duty.evidence).difference(rule.duty.evidence)
    yield from _not_in(frozenset(), missing, "it asks for less evidence")
    if base.duty.keep is not None and not _kept_as_long(rule.duty.keep, base.duty.keep):
        yield f"evidence is not surely kept for {base.duty.keep}"
    yield from _not_in(
        rule.impossible_when, base.impossible_when, "what makes the other impossible does not it"
    )


def _kept_as_long(one: str | None, other: str) -> bool:
    """A year in days is as long as it may be for the other, and as short for the one."""
    if one is None:
        return False
    (number, unit), (least, least_unit) = (each.split() for each in (one, other))
    same = unit[:3] == least_unit[:3]
    days = int(number) * (365 if unit.startswith("year") and not same else 1)
    return days >= int(least) * (366 if least_unit.startswith("year") and not same else 1)


def _not_in(all_: frozenset[str], some: frozenset[str], what: str) -> Iterator[str]:
    if extra := some - all_:
        yield f"{what} ({', '.join(sorted(extra))})"


_COMPARED: Final[dict[type, Callable[[Any, Any], Iterator[str]]]] = {
    Window: looser_window,
    EventCount: looser_count,
    InARow: looser_row,
    Parties: _looser_party,
    Staffing: _looser_staffing,
    Places: _looser_place,
    Gate: _looser_gate,
    NeededConsent: _looser_consent,
    Obliges: _looser_obligation,
}
