"""`consent`: is the needed consent there, in the right form, for the whole contact, not revoked?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from contact_rules.domain.contact import Consent, ConsentScope, Direction, FactKind, Form
from contact_rules.domain.decision import Result, Text
from contact_rules.domain.history import history_of
from contact_rules.domain.kinds.terms import FOREVER, term
from contact_rules.domain.question import Question, day_turns
from contact_rules.domain.rule import Finding, Reading, Repeats
from contact_rules.domain.wording import ENDLESS, FORM_UNKNOWN, HISTORY_UNCLEAR, listed, word
from contact_rules.domain.yaml_nodes import Node
from contact_rules.domain.zones import Zone, day_number

WITHDRAWALS: Final = (FactKind.CHANNEL_OPT_OUT, FactKind.NO_HOME_VISITS, FactKind.CEASE)
"""The facts that may take a consent back."""

_FIELDS: Final = ("scope", "form", "days", "uses", "withdrawn_by")
_ANY_FORM: Final = Text("any form", "任何形式")
_NOT_GIVEN: Final = Text("not given", "未取得")
_CHANNEL_UNKNOWN: Final = Text(
    "Not known: which channel the consent is for.", "无法判断：不清楚该同意针对哪一渠道。"
)
_PERHAPS_WITHDRAWN: Final = Text(
    "Not known: whether the consent was given before it was taken back, or after.",
    "无法判断：不清楚同意与撤回孰先孰后。",
)


class Withdrawal(NamedTuple):
    """The local days on which a consent is taken back; or, if it is not `certain`, may be."""

    first: int
    last: int
    certain: bool


class Given(NamedTuple):
    """A consent that counts from its first to its last second; `doubt`: why it may not."""

    first: int
    last: int
    doubt: Text | None
    withdrawals: tuple[Withdrawal, ...]

    def doubt_on(self, day: int) -> Text | None:
        """Why it may not count on this day, if so."""
        if any(each.first <= day <= each.last for each in self.withdrawals):
            return self.doubt or _PERHAPS_WITHDRAWN
        return self.doubt

    def taken_back_on(self, day: int) -> bool:
        return any(each.certain and each.first <= day <= each.last for each in self.withdrawals)


@dataclass(frozen=True, slots=True, eq=False)
class NeededConsent:
    """One of these `scopes`, in one of these `forms`, must cover the contact from start to end.

    It is good for so many local `days`, the one on which it was given included, and for so many
    contacts of its channel (`uses`), past or reserved. A fact of the kinds `withdrawn_by` takes it
    back if it is younger; on one and the same day nobody knows which came first.
    """

    basis: str
    scopes: frozenset[str]
    forms: frozenset[str] | None
    days: int | None
    uses: int | None
    withdrawn_by: frozenset[str]

    blanks: ClassVar[frozenset[str]] = frozenset({"scope", "form", "until"})
    effort: ClassVar[int] = 1
    repeats: ClassVar[Repeats] = Repeats.NEVER

    @property
    def fixed(self) -> Mapping[str, Text]:
        return {
            "scope": listed(word(scope, "consent") for scope in sorted(self.scopes)),
            "form": listed(map(word, sorted(self.forms))) if self.forms else _ANY_FORM,
        }

    def evaluate(self, question: Question, at: int) -> Finding:
        begun = [given for given in self._given(question) if given.first <= at <= given.last]
        if not begun:
            return Finding(Result.FAIL)
        end, day = at + question.duration, self._calendar(question).day(at)
        begun = [given for given in begun if not given.taken_back_on(day)]
        last = max((given.last for given in begun if not given.doubt_on(day)), default=None)
        told = None if last is None or last >= FOREVER else last
        if last is not None and end <= last:
            return Finding(Result.PASS, must_end_by=told)
        for given in begun:
            if end <= given.last:
                return Finding(Result.UNKNOWN, reason=given.doubt_on(day))
        return Finding(Result.FAIL, must_end_by=told)

    def turns(self, question: Question, from_: int, to: int) -> Iterable[int]:
        calendar = self._calendar(question)
        for given in self._given(question):
            yield from (given.first, given.last - question.duration + 1)
            for withdrawal in given.withdrawals:
                yield from day_turns(withdrawal.first, calendar)
                yield from day_turns(withdrawal.last + 1, calendar)

    def explain(self, question: Question, at: int, finding: Finding) -> Reading:
        until = ENDLESS if finding.result is Result.PASS else _NOT_GIVEN
        if finding.must_end_by is not None:
            said = question.local(finding.must_end_by).strftime("%Y-%m-%d %H:%M")
            until = Text(said, said)
        return Reading(
            measured="given" if finding.result is Result.PASS else "none",
            limit=", ".join(sorted(self.scopes)),
            window=None,
            blanks={},
            words={**self.fixed, "until": until},
        )

    def sight(self, question: Question, at: int, finding: Finding) -> Hashable:
        # The end of a consent is told as the time of that place.
        return finding if finding.must_end_by is None else None

    def _given(self, question: Question) -> list[Given]:
        """The consents that count, or may, in an order that is always the same."""
        if not question.contact.consents:
            return []

        def given() -> list[Given]:
            seen = (self._looked_at(question, each) for each in question.consents(self.scopes))
            found = [each for each in seen if each is not None]
            return sorted(found, key=lambda g: (g.first, g.last, g.doubt or (), g.withdrawals))

        return question.once(self, given)

    def _looked_at(self, question: Question, consent: Consent) -> Given | None:
        doubt = None
        if self.forms is not None and consent.form not in self.forms:
            if consent.form is not None:
                return None
            doubt = FORM_UNKNOWN
        if consent.scope is ConsentScope.CHANNEL and consent.channel is None:
            doubt = _CHANNEL_UNKNOWN
        calendar = self._calendar(question)
        first, last = term(consent, self.days, calendar)
        if self.uses is not None:
            channel = question.contact.channel
            used = [
                event.certain
                for event in history_of(question)
                if first <= event.at <= last
                and event.past.channel is channel
                and event.past.direction is Direction.OUTBOUND
            ]
            if sum(used) >= self.uses:
                return None
            if len(used) >= self.uses:
                doubt = HISTORY_UNCLEAR
        return Given(first, last, doubt, self._withdrawals(question, calendar.day(first)))

    def _withdrawals(self, question: Question, given_on: int) -> tuple[Withdrawal, ...]:
        who = question.contact.party.id
        found = []
        for fact in question.facts(self.withdrawn_by) if self.withdrawn_by else ():
            since = -FOREVER if fact.since is None else day_number(fact.since)
            if fact.party not in (None, who) or -FOREVER < since < given_on:
                continue
            until = FOREVER if fact.until is None else day_number(fact.until)
            found.append(Withdrawal(since, until, certain=since > given_on))
        return tuple(sorted(found))

    def _calendar(self, question: Question) -> Zone:
        return question.zone_for_dates(self.basis)


def read(params: Node, basis: str) -> NeededConsent:
    fields = params.fields(_FIELDS)
    return NeededConsent(
        basis=basis,
        scopes=frozenset(params.need("scope").choices(list(ConsentScope))),
        forms=frozenset(fields["form"].choices(list(Form))) if "form" in fields else None,
        days=fields["days"].integer(least=1) if "days" in fields else None,
        uses=fields["uses"].integer(least=1) if "uses" in fields else None,
        withdrawn_by=(
            frozenset(fields["withdrawn_by"].choices(WITHDRAWALS))
            if "withdrawn_by" in fields
            else frozenset()
        ),
    )
