"""Breaches: contacts that took place and turned out to be unlawful."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from shared.db import transaction
from shared.http import Answer, AwareTime, Text
from shared.paging import Listing
from shared.problems import Language, Words, not_found

from contact_rules.api.check_answers import KeptCheckAnswer
from contact_rules.api.readers import Reader
from contact_rules.api.served import Part, Served, Spoken
from contact_rules.domain import Channel
from contact_rules.domain.breaches import Cause
from contact_rules.store import breaches
from contact_rules.store.breaches import Breach, Wanted

router = APIRouter(tags=["breaches"])

_LENDER = Words("lender", "机构")
_BREACH = Words("breach", "违规记录")


class BreachAnswer(Answer):
    """One rule that one contact broke. Nothing is ever changed in it."""

    id: UUID
    contact_id: UUID = Field(description="The visit, or another contact.")
    person_id: UUID
    lender: str
    channel: Channel
    starts_at: datetime = Field(description="When the contact began.")
    cause: Cause = Field(
        description="What was learned: of the contact itself, of an earlier one, that something"
        " told was wrong, or a fact."
    )
    rule: str
    pack: str
    check: KeptCheckAnswer = Field(description="What the rule found, by what is known now.")
    facts: dict[str, Any] = Field(
        description="The question, as `POST /v1/checks` takes it, without its history: what took"
        " place before, by the person's ledger up to `ledger_seq`; and what came of it (`outcome`)."
    )
    ledger_seq: int
    found_at: datetime

    @classmethod
    def of(cls, breach: Breach, language: Language) -> "BreachAnswer":
        return cls(
            id=breach.id,
            contact_id=breach.contact_id,
            person_id=breach.person_id,
            lender=breach.lender,
            channel=Channel(breach.channel),
            starts_at=breach.starts_at,
            cause=breach.cause,
            rule=breach.rule,
            pack=breach.pack,
            check=KeptCheckAnswer.of(breach.trace, None, language),
            facts=dict(breach.facts),
            ledger_seq=breach.ledger_seq,
            found_at=breach.found_at,
        )


@router.get("/v1/breaches")
def list_breaches(
    caller: Reader,
    service: Served,
    page: Part,
    spoken: Spoken,
    lender: Annotated[
        Text | None, Query(description="Of this lender only; needless with a lender's own token.")
    ] = None,
    person_id: UUID | None = None,
    contact_id: UUID | None = None,
    rule: Annotated[Text | None, Query(examples=["tw.hours"])] = None,
    cause: Cause | None = None,
    from_: Annotated[
        AwareTime | None, Query(alias="from", description="Found from then on.")
    ] = None,
    to: Annotated[AwareTime | None, Query(description="Found up to then.")] = None,
) -> Listing[BreachAnswer]:
    """Breaches, the last found first. A lender sees its own."""
    scope = caller.lender_scope()
    if scope is not None and lender not in (None, scope):
        raise not_found(_LENDER)
    wanted = Wanted(scope or lender, person_id, contact_id, rule, cause, from_, to)
    after = page.after(datetime, UUID)
    with transaction(service.engine) as session:
        found = breaches.newest(
            session,
            wanted,
            before=None if after is None else (after[0], after[1]),
            limit=page.fetch,
        )
    shown, following = page.cut(found, lambda one: (one.found_at, one.id))
    return Listing(items=[BreachAnswer.of(one, spoken) for one in shown], next=following)


@router.get("/v1/breaches/{breach_id}")
def get_breach(breach_id: UUID, caller: Reader, service: Served, spoken: Spoken) -> BreachAnswer:
    """One breach. A lender sees those of its own contacts."""
    with transaction(service.engine) as session:
        found = breaches.find(session, breach_id, lender=caller.lender_scope())
    if found is None:
        raise not_found(_BREACH)
    return BreachAnswer.of(found, spoken)
