"""`gate`: does something known about the debtor, the debt or the collector forbid the contact?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final, NamedTuple

from dateutil.relativedelta import relativedelta

from contact_rules.domain.contact import Channel, Fact
from contact_rules.domain.decision import Result, Span, Text
from contact_rules.domain.history import history_of
from contact_rules.domain.question import Question, day_turns
from contact_rules.domain.rule import Finding, Reading, Repeats
from contact_rules.domain.selector import (
    PAST_PROPERTIES,
    Selector,
    Test,
    Threshold,
    read_selector,
    read_states,
    read_threshold,
    read_values,
)
from contact_rules.domain.wording import (
    ENDLESS,
    FORM_UNKNOWN,
    HISTORY_UNCLEAR,
    NOT_KNOWN,
    RATE_UNKNOWN,
    listed,
    percent,
    word,
)
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import Zone, date_of, day_number

_CAUSES: Final = ("always", "state", "annual_rate")
_EVER: Final = 1 << 60
_MOST_MONTHS: Final = 1_200
_OPEN: Final = Text("…", "…")


class Block(NamedTuple):
    """The local days on which a fact blocks, and the instants after which it was lifted: surely,
    and perhaps. Not `certain`: the fact itself may not count."""

    fact: Fact
    first: int
    last: int
    certain: bool
    lifted: int
    perhaps_lifted: int

    def result(self, day: int, at: int) -> Result:
        if not self.first <= day <= self.last or at > self.lifted:
            return Result.PASS
        return Result.FAIL if self.certain and at <= self.perhaps_lifted else Result.UNKNOWN


@dataclass(frozen=True, slots=True)
class Lifts:
    """What ends a block before the fact itself does: so many days or months from `since` on, or
    the first contact like `after` that began on that day or later."""

    days: int | None = None
    months: int | None = None
    after: Selector | None = None

    def last_day(self, since: date) -> int:
        if self.days is not None:
            return day_number(since) + self.days - 1
        if self.months is not None:  # to a day the month doesn't have: its last
            return day_number(since + relativedelta(months=self.months)) - 1
        return _EVER


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """Shut by a state, by a rate over the limit, or, without either, always.

    A fact counts if it is about the person asked about or names nobody; with `anyone`, whoever it
    names. Contacts with `roles` or by `channels` pass all the same.
    """

    basis: str
    state: Test | None
    rate: Threshold | None
    anyone: bool
    lifts: Lifts
    roles: frozenset[str]
    channels: frozenset[str]

    blanks: ClassVar[frozenset[str]] = frozenset({"state", "since", "until", "rate", "limit"})
    effort: ClassVar[int] = 1

    @property
    def repeats(self) -> Repeats:
        return Repeats.ALWAYS if self.rate is None else Repeats.NEVER

    @property
    def fixed(self) -> Mapping[str, Text]:
        limit = states = _OPEN
        if self.state is not None:
            limit = states = listed(word(kind, "state") for kind in sorted(self.state.values))
        if self.rate is not None:
            limit = percent(self.rate.limit)
        return {"state": states, "limit": limit}

    def evaluate(self, question: Question, at: int) -> Finding:
        contact = question.contact
        if contact.party.role in self.roles or contact.channel in self.channels:
            return Finding(Result.PASS)
        if self.rate is not None:
            over = self.rate.over(contact.debts)
            if over is None:
                return Finding(Result.UNKNOWN, reason=RATE_UNKNOWN)
            return Finding(Result.FAIL if over else Result.PASS)
        if self.state is None:
            return Finding(Result.FAIL)
        blocks = self._blocks(question)
        if not blocks:
            return Finding(Result.PASS)
        day = self._calendar(question).day(at)
        reason = None
        for block in blocks:
            result = block.result(day, at)
            if result is Result.FAIL:
                return Finding(Result.FAIL)
            if result is Result.UNKNOWN and reason is not FORM_UNKNOWN:
                reason = HISTORY_UNCLEAR if block.certain else FORM_UNKNOWN
        return Finding(Result.UNKNOWN if reason else Result.PASS, reason=reason)

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        if self.state is None:
            return
        calendar = self._calendar(question)
        for block in self._blocks(question):
            yield from day_turns(block.first, calendar)
            yield from day_turns(block.last + 1, calendar)
            yield from (block.lifted + 1, block.perhaps_lifted + 1)

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        measured: str | None = None
        limit: str | None = None
        span: Span | None = None
        words = {**self.fixed, "since": _OPEN, "until": _OPEN, "rate": _OPEN}
        if self.rate is not None:
            limit = _plain(self.rate.limit)
            highest = self._highest(question)
            if highest is not None:
                measured, words["rate"] = _plain(highest), percent(highest)
        if self.state is not None:
            limit = ", ".join(sorted(self.state.values))
            if finding.result is Result.FAIL:
                block = self._shut_by(question, at)
                measured = block.fact.kind
                words["state"] = word(block.fact.kind, "state")
                words["since"] = _said(block.fact.since) or NOT_KNOWN
                words["until"] = ENDLESS
                if block.last < _EVER:
                    last = date_of(block.last)
                    words["until"] = _said(last) or NOT_KNOWN
                    if block.fact.since is not None:
                        span = Span(block.fact.since, last)
        return Reading(measured, limit, span, blanks={}, words=words)

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        if self.rate is not None:
            return finding, self._highest(question)
        if self.state is not None and finding.result is Result.FAIL:
            return finding, self._shut_by(question, at)[:3]
        return finding

    def _shut_by(self, question: Question, at: int) -> Block:
        """Of all that block at this instant the one that does so longest."""
        day = self._calendar(question).day(at)
        return next(b for b in self._blocks(question) if b.result(day, at) is Result.FAIL)

    def _blocks(self, question: Question) -> list[Block]:
        """The longest first."""
        state = self.state
        if state is None or not question.contact.facts:
            return []

        def blocks() -> list[Block]:
            who = question.contact.party.id
            found = [
                self._block(question, fact, certain=counts is True)
                for fact in question.facts(state.values)
                if (self.anyone or fact.party in (None, who))
                and (counts := state.known((fact,))) is not False
            ]
            return sorted(found, key=lambda b: (-b.last, b.first, b.fact.kind))

        return question.once(self, blocks)

    def _block(self, question: Question, fact: Fact, *, certain: bool) -> Block:
        first = -_EVER if fact.since is None else day_number(fact.since)
        last = _EVER if fact.until is None else day_number(fact.until)
        lifted = perhaps_lifted = _EVER
        if fact.since is not None:
            last = min(last, self.lifts.last_day(fact.since))
        if fact.since is not None and self.lifts.after is not None:
            calendar = self._calendar(question)
            for at, past, sure in history_of(question):
                if past.reserved or at >= lifted or calendar.day(at) < first:
                    continue
                fits = self.lifts.after.past(past, question.contact)
                if fits is True and sure:
                    lifted = at
                if fits is not False:
                    perhaps_lifted = min(perhaps_lifted, at)
        return Block(fact, first, last, certain, lifted, perhaps_lifted)

    def _highest(self, question: Question) -> Decimal | None:
        rates = [debt.annual_rate for debt in question.contact.debts]
        return max((rate for rate in rates if rate is not None), default=None)

    def _calendar(self, question: Question) -> Zone:
        return question.zone_for_dates(self.basis)


def _said(day: date | None) -> Text | None:
    return None if day is None else Text(day.isoformat(), day.isoformat())


def _plain(rate: Decimal) -> str:
    return f"{rate:f}"


def read(params: Node, basis: str) -> Gate:
    fields = params.fields((*_CAUSES, "whose", "lifts", "reroute_to", "only_channels"))
    causes = [name for name in _CAUSES if name in fields]
    if len(causes) != 1:
        params.fail("a gate is shut by one thing", "one of: " + ", ".join(_CAUSES))
    if "always" in fields and not fields["always"].true_or_false():
        fields["always"].fail("a gate that never shuts is none", "always: true")
    for name in ("whose", "lifts"):
        if name in fields and "state" not in fields:
            fields[name].fail(f"'{name}' is said of a state")
    rate = read_threshold("annual_rate", fields["annual_rate"]) if "annual_rate" in fields else None
    if rate is not None and rate.negated:
        fields["annual_rate"].fail("a gate shuts over a rate", '{over: "0.36"}')
    return Gate(
        basis=basis,
        state=read_states(fields["state"]) if "state" in fields else None,
        rate=rate,
        anyone="whose" in fields and fields["whose"].one_of(("party", "anyone")) == "anyone",
        lifts=_read_lifts(fields["lifts"]) if "lifts" in fields else Lifts(),
        roles=read_values("party", fields["reroute_to"]) if "reroute_to" in fields else frozenset(),
        channels=(
            frozenset(fields["only_channels"].choices(list(Channel)))
            if "only_channels" in fields
            else frozenset()
        ),
    )


def _read_lifts(node: Node) -> Lifts:
    fields = node.fields(("after_days", "after_months", "after"))
    if len(fields) != 1:
        node.fail("one thing lifts it", "after_days, after_months or after")
    ((name, value),) = fields.items()
    if name == "after_days":
        return Lifts(days=value.integer(least=1))
    if name == "after_months":
        months = value.integer(least=1)
        if months > _MOST_MONTHS:
            value.fail("more than a hundred years", "leave lifts out: it never lifts")
        return Lifts(months=months)
    after = read_selector(value, PAST_PROPERTIES)
    if not after.tests:
        value.fail("any contact at all would lift it", "after: {purpose: [reply]}")
    return Lifts(after=after)
