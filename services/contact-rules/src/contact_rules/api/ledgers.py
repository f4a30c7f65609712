"""A person's ledger: every contact reserved, released and made, in the order it was written."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field
from shared.db import transaction
from shared.http import Answer
from shared.paging import Listing, Page, page
from shared.problems import Words, not_found

from contact_rules.api.readers import Reader
from contact_rules.api.served import Served
from contact_rules.domain import Channel, Direction, Outcome, PlaceKind, Purpose, Role
from contact_rules.domain.ledger import Entry, EntryKind
from contact_rules.store import ledger

router = APIRouter(tags=["ledger"])


class EntryAnswer(Answer):
    """One line. Nothing is ever changed in it: a later line about the same contact stands."""

    id: UUID
    kind: EntryKind
    contact_id: UUID = Field(description="The visit, or another contact.")
    lender: str
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
    outcome: Outcome | None
    reason: str | None
    decision_id: UUID | None
    occurred_at: datetime = Field(description="When it became so.")
    recorded_at: datetime = Field(description="When it was learned.")

    @classmethod
    def of(cls, entry: Entry) -> "EntryAnswer":
        return cls(
            id=entry.id,
            kind=entry.kind,
            contact_id=entry.contact_id,
            lender=entry.lender,
            channel=entry.channel,
            direction=entry.direction,
            starts_at=entry.starts_at,
            ends_at=entry.ends_at,
            purpose=entry.purpose,
            place=entry.place,
            party_id=entry.party_id,
            party_role=entry.party_role,
            debts=entry.debts,
            collector=entry.collector,
            point=entry.point,
            outcome=entry.outcome,
            reason=entry.reason,
            decision_id=entry.decision_id,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
        )


@router.get("/v1/persons/{person_id}/ledger")
def get_ledger(
    person_id: UUID,
    caller: Reader,
    service: Served,
    page: Annotated[Page, Depends(page)],
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
        )
    if not entries and after is None:
        raise not_found(Words("person with a ledger", "有联系记录的人"))
    shown, following = page.cut(entries, lambda entry: (entry.seq,))
    return Listing(items=[EntryAnswer.of(entry) for entry in shown], next=following)
