"""`place`: may it happen at this kind of place, before the others were tried, and who may go in?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from contact_rules.domain.contact import Channel, ConsentScope, Direction, PlaceKind
from contact_rules.domain.decision import Result, Text
from contact_rules.domain.duties import Act, Entry, Moment
from contact_rules.domain.history import history_of
from contact_rules.domain.question import Question, consent_covers
from contact_rules.domain.rule import Duty, Finding, Reading, Repeats
from contact_rules.domain.selector import OUTCOME_CLASSES, read_values
from contact_rules.domain.wording import HISTORY_UNCLEAR, NOTHING, PLACE_UNKNOWN, listed, word
from contact_rules.domain.yaml_nodes import Node

_FAILED: Final = frozenset(OUTCOME_CLASSES["failed"])
_STAY_OUTSIDE: Final = Duty(Act.STAY_OUTSIDE, Moment.AT_START)
_ENTER_IF_INVITED: Final = Duty(Act.ENTER_ONLY_IF_INVITED, Moment.AT_START)
_ENTER_AS_AGREED: Final = Duty(Act.ENTER_AS_AGREED, Moment.AT_START)


class Attempt(NamedTuple):
    """A visit that failed, or may have."""

    at: int
    certain: bool


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Only at these kinds of place. Where they stand in `order`, only after `attempts` visits to
    the same person failed at each place before it. `entry` is asked of those who go."""

    allowed: frozenset[str]
    order: tuple[str, ...]
    attempts: int
    entry: Entry | None

    blanks: ClassVar[frozenset[str]] = frozenset({"place", "allowed", "measured", "missing"})
    effort: ClassVar[int] = 1
    repeats: ClassVar[Repeats] = Repeats.NEVER

    @property
    def fixed(self) -> Mapping[str, Text]:
        return {"allowed": self._words([kind for kind in PlaceKind if kind in self.allowed])}

    def evaluate(self, question: Question, at: int) -> Finding:
        # Whoever looks at a contact in doubt and lets it happen must know how to behave there.
        duty = self._duty(question, at)
        place = question.contact.place
        if place is None:
            return Finding(Result.UNKNOWN, reason=PLACE_UNKNOWN, duty=duty)
        if place.kind not in self.allowed:
            return Finding(Result.FAIL, duty=duty)
        in_doubt = False
        for earlier in self._before(place.kind):
            tried = [a.certain for a in self._attempts(question, earlier) if a.at < at]
            if len(tried) < self.attempts:
                return Finding(Result.FAIL, duty=duty)
            in_doubt |= sum(tried) < self.attempts
        if in_doubt:
            return Finding(Result.UNKNOWN, reason=HISTORY_UNCLEAR, duty=duty)
        return Finding(Result.PASS, duty=duty)

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        place = question.contact.place
        if place is not None:
            for earlier in self._before(place.kind):
                yield from (attempt.at + 1 for attempt in self._attempts(question, earlier))

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        place = question.contact.place
        kind = None if place is None else place.kind
        here = NOTHING if kind is None else word(kind, "place")
        by_order = kind in self.order and kind in self.allowed
        missing = self._missing(question, at) if by_order else []
        return Reading(
            measured=kind,
            limit=", ".join(self.order if by_order else sorted(self.allowed)),
            window=None,
            blanks={},
            words={
                **self.fixed,
                "place": here,
                "measured": here,
                "missing": self._words(missing) if missing else NOTHING,
            },
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        if self.order and finding.result is Result.FAIL:
            return None
        place = question.contact.place
        return finding.result, place and place.kind

    def _before(self, kind: str) -> tuple[str, ...]:
        """The places to be tried first."""
        return self.order[: self.order.index(kind)] if kind in self.order else ()

    def _missing(self, question: Question, at: int) -> list[str]:
        """Those of them that were not tried often enough."""
        place = question.contact.place
        assert place is not None
        return [
            earlier
            for earlier in self._before(place.kind)
            if sum(a.at < at for a in self._attempts(question, earlier)) < self.attempts
        ]

    def _attempts(self, question: Question, at_place: str) -> list[Attempt]:
        """The visits there to this person that failed, and those that leave out what decides."""

        def attempts() -> list[Attempt]:
            who = question.contact.party.id
            return [
                Attempt(at, certain=certain and None not in (past.place, past.party, past.outcome))
                for at, past, certain in history_of(question)
                if past.channel is Channel.VISIT
                and past.direction is Direction.OUTBOUND
                and not past.reserved
                and past.place in (None, at_place)
                and past.party in (None, who)
                and (past.outcome is None or past.outcome in _FAILED)
            ]

        return question.once(("failed visits", at_place), attempts)

    def _duty(self, question: Question, at: int) -> Duty | None:
        if self.entry is None:
            return None
        if self.entry is Entry.IF_INVITED:
            return _ENTER_IF_INVITED
        if self.entry is Entry.WITH_CONSENT:
            end = at + question.duration
            consents = question.consents((ConsentScope.ENTRY,))
            if any(consent_covers(consent, at, end) for consent in consents):
                return _ENTER_AS_AGREED
        return _STAY_OUTSIDE

    def _words(self, kinds: Iterable[str]) -> Text:
        return listed(word(kind, "place") for kind in kinds)


def read(params: Node, basis: str) -> Places:
    fields = params.fields(("allow", "deny", "order", "attempts", "entry"))
    if not fields:
        params.fail("nothing is asked of the place", "allow, deny, order or entry")
    allowed = read_values("place", fields["allow"]) if "allow" in fields else frozenset(PlaceKind)
    if "deny" in fields:
        denied = read_values("place", fields["deny"])
        if "allow" in fields and allowed & denied:
            both = ", ".join(sorted(allowed & denied))
            fields["deny"].fail(f"allowed and denied at once: {both}")
        allowed -= denied
        if not allowed:
            fields["deny"].fail("no place is left", "a gate that is always shut")
    if "attempts" in fields and "order" not in fields:
        fields["attempts"].fail("attempts are counted where places are tried in order")
    return Places(
        allowed=allowed,
        order=_read_order(fields["order"]) if "order" in fields else (),
        attempts=fields["attempts"].integer(least=1) if "attempts" in fields else 1,
        entry=fields["entry"].choice(Entry) if "entry" in fields else None,
    )


def _read_order(node: Node) -> tuple[str, ...]:
    order = tuple(node.choices(list(PlaceKind)))
    if len(order) < 2 or len(set(order)) < len(order):
        node.fail("an order has two places or more, each of them once", "order: [home, work]")
    return order
