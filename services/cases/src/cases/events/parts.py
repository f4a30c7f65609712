"""What several events have in common: the ids of their examples, and the parts of a visit."""

from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

ACCOUNT: Final = "0199ffb4-4d00-7000-8000-000000000001"
PERSON: Final = "0199ffb4-4d00-7000-8000-000000000002"
CASE: Final = "0199ffb4-4d00-7000-8000-000000000003"
VISIT: Final = "0199ffb4-4d00-7000-8000-000000000004"
ADDRESS: Final = "0199ffb4-4d00-7000-8000-000000000005"
AGENT: Final = "0199ffb4-4d00-7000-8000-000000000006"
PARTNER: Final = "0199ffb4-4d00-7000-8000-000000000007"
APPROVAL: Final = "0199ffb4-4d00-7000-8000-000000000008"
HOLD: Final = "0199ffb4-4d00-7000-8000-00000000000a"
COMPLAINT: Final = "0199ffb4-4d00-7000-8000-00000000000b"
RESCHEDULE: Final = "0199ffb4-4d00-7000-8000-000000000009"


class Part(BaseModel):
    """Part of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Balance(Part):
    """What is owed, decimal strings in the account's currency."""

    principal: str
    interest: str
    fees: str


class Place(Part):
    """Where the visit goes: what rules ask of it, not what is written on the door.

    ``city`` is the part of UN/LOCODE behind the country.
    """

    address_id: UUID
    kind: str
    country: str | None
    region: str | None
    timezone: str | None
    city: str | None = None


class Residence(Part):
    """Where the person lives."""

    country: str | None
    region: str | None
    timezone: str | None
    city: str | None = None


class Party(Part):
    """Who is to be met. Somebody not known by name has one ``id`` for a case and role."""

    id: UUID
    role: str
    age: int | None


class Debt(Part):
    """A debt the visit is about; days past due on the day of the visit, contractual."""

    id: UUID
    product: str
    days_past_due: int
    annual_rate: str | None


class Collector(Part):
    """In whose name it is collected."""

    id: str
    class_: Literal["creditor", "agency"]

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.rstrip("_"),
        populate_by_name=True,
        serialize_by_alias=True,
    )


class Member(Part):
    """One of the team, with the credentials valid on the day of the visit."""

    id: UUID
    credentials: list[str]
