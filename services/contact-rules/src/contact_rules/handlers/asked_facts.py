"""A question as it is kept with its decision: in the shape of the body of ``POST /v1/checks``."""

from collections.abc import Sequence
from typing import Any

from contact_rules.domain import Contact, Debt, Member, Pack, Residence
from contact_rules.domain.approval import rfc3339


def facts_of(
    contact: Contact, residence: Residence | None, packs: Sequence[Pack]
) -> dict[str, Any]:
    """Everything a decision rested on but the history, which the ledger holds.

    Posted to ``/v1/checks`` with that history, it gives the same answer. What is not known is
    left out. A stored visit has no facts or consents of its own yet, so none are written. Packs
    are not named where one was asked in doubt: whoever names it asks it without.
    """
    named = None if any(pack.in_doubt for pack in packs) else [pack.name for pack in packs]
    place = contact.place
    party = contact.party
    facts: dict[str, Any] = _known(packs=named) | {
        "starts_at": rfc3339(contact.starts_at),
        "duration_minutes": int(contact.duration.total_seconds()) // 60,
        "channel": contact.channel.value,
        "direction": contact.direction.value,
        "purpose": contact.purpose.value,
        "party": _known(id=party.id, role=party.role.value, age=party.age)
        | ({"timezones": list(party.timezones)} if party.timezones else {}),
        "debts": [_debt(debt) for debt in contact.debts],
        "collector": {"id": contact.collector.id, "class": contact.collector.class_.value},
        "team": [_member(member) for member in contact.team],
    }
    if place is not None:
        facts["place"] = _known(
            kind=place.kind.value,
            timezone=place.timezone,
            country=place.country,
            region=place.region,
            city=place.city,
        )
    if residence is not None:
        facts["residence"] = _known(
            country=residence.country,
            region=residence.region,
            timezone=residence.timezone,
            city=residence.city,
        )
    return facts | _known(lender=contact.lender, point=contact.point)


def _member(member: Member) -> dict[str, Any]:
    announced_on = member.announced_on
    return _known(
        id=member.id,
        credentials=sorted(member.credentials),
        employer=member.employer,
        announced_on=None if announced_on is None else announced_on.isoformat(),
    )


def _debt(debt: Debt) -> dict[str, Any]:
    return _known(
        id=debt.id,
        product=None if debt.product is None else debt.product.value,
        days_past_due=debt.days_past_due,
        annual_rate=None if debt.annual_rate is None else str(debt.annual_rate),
    )


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
