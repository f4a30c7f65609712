"""The bodies in which facts and consents are told and shown."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from shared.http import Answer, AwareTime, Body, Code, Day, Text
from shared.problems import FieldError, Words, field_error

from contact_rules.api.questions import ConsentBody, FactBody
from contact_rules.domain import Channel, Consent, ConsentScope, Fact, FactKind, Form, Slot
from contact_rules.domain.known import OF_THE_PERSON
from contact_rules.domain.question_data import fact_data
from contact_rules.domain.told import Ended, Told

MOST_DEBTS: Final = 200
MOST_EVIDENCE: Final = 20

IN_THE_FUTURE: Final = Words("must not be in the future", "不得晚于当前时间")
NEVER_WAS_SO: Final = Words("is left out of what never was so", "误报之事从未成立，不得填写时间")
BACKWARDS: Final = Words("must not be before the beginning", "不得早于起始")

_WITH_SLOTS: Final = frozenset(
    {
        FactKind.WAKING_HOURS,
        FactKind.WORKING_HOURS,
        FactKind.EXCLUDED_SLOT,
        FactKind.PREFERRED_SLOT,
    }
)


def _visible(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise field_error(
            "not_an_id",
            "must be printable, with no spaces around it",
            "必须为可打印字符，且首尾不得有空格",
        )
    return value


Named = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_visible)]
"""A lender's id, as tokens name it, or an id of its own for an account."""

Reference = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_visible)
]

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class EvidenceBody(Body):
    """What shows it: a letter, a recording, a certificate. The thing itself stays where it is."""

    kind: Code
    reference: Reference = Field(description="Where it is found.")
    sha256: Digest | None = Field(default=None, description="In hex, of the thing itself.")
    given_on: Day | None = None


class _Told(Body):
    lender: Named | None = Field(
        default=None,
        description="Whose collecting it is about; needless with a lender's own token. Kinds that"
        " are of the person hold whoever collects. Left out by people of the house, the others do"
        " so as well.",
    )
    accounts: Annotated[tuple[Named, ...], Field(max_length=MOST_DEBTS)] = Field(
        default=(), description="The lender's own ids of the accounts it is about; else all."
    )
    debts: Annotated[tuple[UUID, ...], Field(max_length=MOST_DEBTS)] = Field(
        default=(), description="The same by our ids."
    )
    evidence: Annotated[tuple[EvidenceBody, ...], Field(max_length=MOST_EVIDENCE)] = ()
    told_at: AwareTime | None = Field(
        default=None, description="When it was told or became so, never in the future; else now."
    )
    reference: Reference | None = Field(
        default=None,
        description="Your own id of it: the same once more changes nothing, with other content it"
        " is refused.",
    )


class ToldFactBody(_Told, FactBody):
    """A fact, as in a question, and who told what of it.

    Without `since` it is one since the day it was told, by the calendar where the person lives.
    Without `party` it is about the person and whoever is visited in their place; somebody else in
    their cases (a guarantor) is named there.
    """


class ToldConsentBody(_Told, ConsentBody):
    """A consent, as in a question. It holds for the lender it was given to."""


class WithdrawBody(Body):
    """Why it is one no longer, or never was."""

    reason: Text
    at: AwareTime | None = Field(
        default=None, description="Since when: not before it was told, never in the future; or now."
    )
    in_error: bool = Field(
        default=False,
        description="It was told by mistake and never was so: contacts that took place before are"
        " judged as if nobody had said it. Goes without `at`.",
    )


class EndAnswer(Answer):
    """How it came to an end. Who said so and why is for whoever told it."""

    reason: str | None
    at: datetime
    in_error: bool = Field(description="It never was so.")
    told_by: str | None
    recorded_at: datetime


class EvidenceAnswer(Answer):
    kind: str
    reference: str
    sha256: str | None = None
    given_on: date | None = None


class SlotAnswer(Answer):
    days: Sequence[str]
    from_: str = Field(alias="from")
    to: str


class _Known(Answer):
    id: UUID
    lender: str | None = Field(description="Null: it holds whoever collects.")
    debts: Sequence[str] = Field(description="The accounts it is about; empty: all.")
    evidence: Sequence[EvidenceAnswer]
    reference: str | None
    told_by: str | None = Field(description="Null where somebody else told it.")
    told_at: datetime
    recorded_at: datetime
    ended: EndAnswer | None


class KnownFactAnswer(_Known):
    """A fact somebody told."""

    record: Literal["fact"] = "fact"
    kind: FactKind
    since: date | None
    until: date | None
    form: Form | None
    party: str | None
    channel: Channel | None
    slots: Sequence[SlotAnswer]


class KnownConsentAnswer(_Known):
    """A consent somebody gave."""

    record: Literal["consent"] = "consent"
    scope: ConsentScope
    channel: Channel | None
    form: Form | None
    given_at: datetime
    until: datetime | None


def said_by(body: ToldFactBody | ToldConsentBody) -> Fact | Consent:
    """The fact or the consent itself."""
    if isinstance(body, ToldConsentBody):
        return Consent(
            scope=body.scope,
            given_at=body.given_at.astimezone(UTC),
            form=body.form,
            until=None if body.until is None else body.until.astimezone(UTC),
            channel=body.channel,
        )
    return Fact(
        kind=body.kind,
        since=body.since,
        until=body.until,
        form=body.form,
        party=body.party,
        channel=body.channel,
        slots=tuple(Slot(frozenset(slot.days), slot.from_, slot.to) for slot in body.slots),
    )


def contradictions(body: ToldFactBody | ToldConsentBody, now: datetime) -> Iterator[FieldError]:
    """What in a body can't be so, whoever tells it."""
    if body.told_at is not None and body.told_at > now:
        yield FieldError("/told_at", "in_the_future", IN_THE_FUTURE)
    if isinstance(body, ToldConsentBody):
        if body.given_at > now:
            yield FieldError("/given_at", "in_the_future", IN_THE_FUTURE)
        if body.until is not None and body.until < body.given_at:
            yield FieldError("/until", "before_the_beginning", BACKWARDS)
        return
    if body.since is not None and body.until is not None and body.until < body.since:
        yield FieldError("/until", "before_the_beginning", BACKWARDS)
    if body.kind in _WITH_SLOTS and not body.slots:
        yield FieldError(
            "/slots", "missing", Words("is missing: without hours it says nothing", "缺少时段")
        )
    if body.kind not in _WITH_SLOTS and body.slots:
        yield FieldError(
            "/slots", "not_of_this_kind", Words("belongs to hours only", "仅时段类事实可含时段")
        )
    if body.kind in OF_THE_PERSON:
        for name, given in (("accounts", body.accounts), ("debts", body.debts)):
            if given:
                yield FieldError(
                    f"/{name}",
                    "not_of_a_debt",
                    Words("is left out: this is of the person", "该事实属于个人，不得指定账户"),
                )


def known_answer(
    told: Told, ended: Ended | None, *, scope: str | None
) -> KnownFactAnswer | KnownConsentAnswer:
    """What is kept, as the caller may see it: a lender learns that it is so, and only of what it
    told itself who told it and by what it is shown."""
    own = scope is None or told.told_for == scope or told.lender == scope
    common: dict[str, Any] = {
        "id": told.id,
        "lender": told.lender,
        "debts": told.debts,
        "evidence": [EvidenceAnswer(**each) for each in told.evidence] if own else [],
        "reference": given_reference(told) if own else None,
        "told_by": told.told_by if own else None,
        "told_at": told.occurred_at,
        "recorded_at": told.recorded_at,
        "ended": None
        if ended is None
        else EndAnswer(
            reason=ended.reason if own else None,
            at=ended.occurred_at,
            in_error=ended.in_error,
            told_by=ended.told_by if own else None,
            recorded_at=ended.recorded_at,
        ),
    }
    said = told.said
    if isinstance(said, Consent):
        return KnownConsentAnswer(
            **common,
            scope=said.scope,
            channel=said.channel,
            form=said.form,
            given_at=said.given_at,
            until=said.until,
        )
    return KnownFactAnswer(
        **common,
        kind=said.kind,
        since=said.since,
        until=said.until,
        form=said.form,
        party=said.party,
        channel=said.channel,
        slots=[SlotAnswer(**slot) for slot in fact_data(said).get("slots", ())],
    )


def kept_reference(told_for: str | None, reference: str) -> str:
    """A teller's own id as it is kept: two tellers may have the same one."""
    return f"{_prefix(told_for)}{reference}"


def given_reference(told: Told) -> str | None:
    """It as the teller gave it; of what came by event, where it came from."""
    return None if told.reference is None else told.reference.removeprefix(_prefix(told.told_for))


def _prefix(told_for: str | None) -> str:
    return f"told:{told_for or ''}:"
