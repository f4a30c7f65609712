"""A person's ledger: every line in the order it was written, and what stands for each contact."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from shared.db import transaction
from shared.http import Answer, AwareTime
from shared.paging import Listing, Page, page
from shared.problems import Words, not_found

from contact_rules.api.readers import Reader
from contact_rules.api.served import Served
from contact_rules.domain import Channel, Direction, Outcome, PlaceKind, Purpose, Role
from contact_rules.domain.ledger import Entry, EntryKind
from contact_rules.domain.standing_contacts import (
    ContactStatus,
    StandingContact,
    standing_contacts,
)
from contact_rules.store import ledger

router = APIRouter(tags=["ledger"])

_PERSON = Words("person with a ledger", "有联系记录的人")


class _Told(Answer):
    """What is said of a contact, in a line of its own or by all of them. Unsaid is null."""

    contact_id: UUID = Field(description="The visit, or another contact.")
    lender: str
    external_id: str | None = Field(description="The id of whoever told of it.")
    channel: Channel | None
    direction: Direction | None
    starts_at: datetime | None
    ends_at: datetime | None
    purpose: Purpose | None
    place: PlaceKind | None
    party_id: str | None
    party_role: Role | None
    debts: Sequence[str]
    collector: str | None
    point: str | None = Field(description="The number or address reached.")
    decision_id: UUID | None


def _told(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _Told.model_fields}


class EntryAnswer(_Told):
    """One line. Nothing is ever changed in it: a later line about the same contact stands."""

    id: UUID
    kind: EntryKind
    outcome: Outcome | None
    reason: str | None
    occurred_at: datetime = Field(description="When it became so.")
    recorded_at: datetime = Field(description="When it was learned.")

    @classmethod
    def of(cls, entry: Entry) -> "EntryAnswer":
        return cls(
            **_told(entry),
            id=entry.id,
            kind=entry.kind,
            outcome=entry.outcome,
            reason=entry.reason,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
        )


class ContactAnswer(_Told):
    """One contact as it stands: its lines folded. What nobody said is null."""

    status: ContactStatus
    counts: bool = Field(description="Do rules count it? Plans do, as if they were made.")
    corrected: bool = Field(description="Was it told otherwise before?")
    outcome: Outcome | None
    first_recorded_at: datetime = Field(description="When it was first learned of.")
    recorded_at: datetime = Field(description="When what stands was learned.")

    @classmethod
    def of(cls, one: StandingContact) -> "ContactAnswer":
        return cls(
            **_told(one.described),
            status=one.status,
            counts=one.counts,
            corrected=one.corrected,
            outcome=one.stands.outcome,
            first_recorded_at=one.first_recorded_at,
            recorded_at=one.stands.recorded_at,
        )


AsOf = Annotated[
    AwareTime | None,
    Query(description="Only what was known then: lines recorded up to this moment."),
]


@router.get("/v1/persons/{person_id}/ledger")
def get_ledger(
    person_id: UUID,
    caller: Reader,
    service: Served,
    page: Annotated[Page, Depends(page)],
    as_of: AsOf = None,
) -> Listing[EntryAnswer]:
    """The lines about one person, oldest first. A lender sees its own.

    404 where there is nothing to see: nobody learns that another lender knows a person.
    """
    after = page.after(int)
    with transaction(service.engine) as session:
        entries = ledger.page(
            session,
            person_id,
            lender=caller.lender_scope(),
            after=0 if after is None else after[0],
            limit=page.fetch,
            as_of=as_of,
        )
    if not entries and after is None:
        raise not_found(_PERSON)
    shown, following = page.cut(entries, lambda entry: (entry.seq,))
    return Listing(items=[EntryAnswer.of(entry) for entry in shown], next=following)


@router.get("/v1/persons/{person_id}/contacts")
def list_contacts(
    person_id: UUID,
    caller: Reader,
    service: Served,
    page: Annotated[Page, Depends(page)],
    as_of: AsOf = None,
) -> Listing[ContactAnswer]:
    """What stands for each contact with one person, in the order they were first recorded.

    With `as_of`, as it stood then. A lender sees its own; 404 where there is nothing to see.
    """
    after = page.after(int)
    with transaction(service.engine) as session:
        entries = ledger.page(
            session, person_id, lender=caller.lender_scope(), after=0, limit=None, as_of=as_of
        )
    if not entries:
        raise not_found(_PERSON)
    contacts = standing_contacts(entries)
    begins = 0 if after is None else after[0]
    behind = [one for one in contacts if one.first_seq > begins]
    shown, following = page.cut(behind[: page.fetch], lambda one: (one.first_seq,))
    return Listing(items=[ContactAnswer.of(one) for one in shown], next=following)
