"""One contact as diallers and message senders tell of it, read strictly."""

import json
from collections.abc import Callable
from datetime import UTC, timedelta
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError
from shared.http import AwareTime, Body, Code, Text
from shared.http.validation import errors_in
from shared.problems import FieldError, Words, field_error

from contact_rules.api.questions import CollectorBody, PlaceBody
from contact_rules.domain import (
    Channel,
    Collector,
    Direction,
    Outcome,
    Party,
    Place,
    Purpose,
    Role,
)
from contact_rules.domain.recording import ToldContact, Withdrawal, contact_id

MOST_ACCOUNTS: Final = 100
LONGEST: Final = timedelta(hours=24)


def _own_id(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise field_error(
            "not_an_id",
            "must be printable, without spaces around it",
            "必须为可打印字符，首尾无空格",
        )
    return value


OwnId = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_own_id)]
"""The sender's own id of a contact."""

AccountId = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_own_id)]
"""A lender's own id of an account."""

LenderId = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_own_id)]
"""A lender, as tokens name it."""


class CorrectionBody(Body):
    """Says that what was told of the contact before was wrong."""

    reason: Code = Field(description="Why, as a code of yours.", examples=["wrong_number"])


class ContactPartyBody(Body):
    """Who was reached, or was to be."""

    id: Text
    role: Role


class ContactBody(Body):
    """A contact that took place, or that is planned. Who sent it is not asked: your token says."""

    id: OwnId = Field(description="Your own id of it; the same id always means this contact.")
    lender: LenderId | None = Field(
        default=None, description="On whose behalf; needless with a lender's own token."
    )
    person_id: UUID | None = Field(default=None, description="With whom: this, or `account`.")
    account: AccountId | None = Field(
        default=None, description="The lender's own id of an account of the person."
    )
    channel: Channel = Field(
        description="A `visit` only if it took place: those to come are asked for at cases."
    )
    direction: Direction
    starts_at: AwareTime
    ends_at: AwareTime | None = None
    outcome: Outcome | None = Field(
        default=None,
        description="Left out of what is past, it is not known; of what is to come, it is planned.",
    )
    purpose: Purpose | None = Field(default=None, description="Left out, it is `collect`.")
    place: PlaceBody | None = Field(default=None, description="Needed at a door.")
    party: ContactPartyBody | None = Field(default=None, description="Default: the debtor.")
    accounts: Annotated[tuple[AccountId, ...], Field(max_length=MOST_ACCOUNTS)] | None = Field(
        default=None, description="Which debts it was about. Default: `account`; else not known."
    )
    collector: CollectorBody | None = Field(
        default=None, description="Who made it. Default: the lender itself."
    )
    point: Text | None = Field(default=None, description="The number or address reached.")
    correction: CorrectionBody | None = Field(
        default=None, description="This takes the place of what was told of the same `id`."
    )


class WithdrawalBody(Body):
    """A contact that was told never happened, or a plan is given up."""

    id: OwnId
    lender: LenderId | None = None
    withdrawn: Literal[True]
    correction: CorrectionBody


_CONTACT: Final[TypeAdapter[ContactBody]] = TypeAdapter(ContactBody)
_WITHDRAWAL: Final[TypeAdapter[WithdrawalBody]] = TypeAdapter(WithdrawalBody)

Owner = Callable[[str | None], str]
"""The lender a row is about, given the one it names. Raises `NotYours`."""


class NotYours(Exception):
    """The row names a lender that the caller may not, or none where one is needed."""

    def __init__(self, error: FieldError) -> None:
        super().__init__(error.code)
        self.error = error


def read(
    document: Any, *, owner: Owner, told_by: str
) -> ToldContact | Withdrawal | list[FieldError]:
    """The contact that a document tells of, or everything wrong with it."""
    given_up = isinstance(document, dict) and "withdrawn" in document
    try:
        if given_up:
            return _withdrawal(_WITHDRAWAL.validate_python(document), owner, told_by)
        return _contact(_CONTACT.validate_python(document), owner, told_by)
    except ValidationError as error:
        return errors_in(error.errors(include_url=False, include_input=False), document)
    except NotYours as error:
        return [error.error]
    except _Contradicts as error:
        return error.errors


def body_schema() -> dict[str, Any]:
    """The JSON Schema of a contact or a withdrawal, whole in itself."""
    schema: Any = TypeAdapter(ContactBody | WithdrawalBody).json_schema()
    return _inlined(schema, schema.pop("$defs"))  # type: ignore[no-any-return]


def _inlined(part: Any, named: dict[str, Any]) -> Any:
    """A part of a schema with what it refers to in its place."""
    if isinstance(part, list):
        return [_inlined(each, named) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        beside = {name: each for name, each in part.items() if name != "$ref"}
        return _inlined(named[part["$ref"].rpartition("/")[2]], named) | _inlined(beside, named)
    return {name: _inlined(each, named) for name, each in part.items()}


def shown_id(document: Any) -> str | None:
    """The id of a document that was refused, if it is one."""
    given = document.get("id") if isinstance(document, dict) else None
    if isinstance(given, str) and given.isprintable() and len(given) <= 100:
        return given
    return None


class _Contradicts(Exception):
    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("the fields contradict each other")
        self.errors = errors


def _contact(body: ContactBody, owner: Owner, told_by: str) -> ToldContact:
    if errors := _contradictions(body):
        raise _Contradicts(errors)
    lender = owner(body.lender)
    place, party, collector = body.place, body.party, body.collector
    accounts = None if body.accounts is None else tuple(sorted(set(body.accounts)))
    starts_at = body.starts_at.astimezone(UTC)
    ends_at = None if body.ends_at is None else body.ends_at.astimezone(UTC)
    said = _digest(
        body,
        starts_at=starts_at.isoformat(),
        ends_at=None if ends_at is None else ends_at.isoformat(),
        accounts=accounts,
    )
    return ToldContact(
        contact_id=contact_id(lender, body.id),
        external_id=body.id,
        lender=lender,
        said=said,
        told_by=told_by,
        channel=body.channel,
        direction=body.direction,
        starts_at=starts_at,
        person_id=body.person_id,
        account=body.account,
        ends_at=ends_at,
        outcome=body.outcome,
        purpose=body.purpose,
        place=None if place is None else Place(**dict(place)),
        party=None if party is None else Party(party.id, party.role),
        accounts=accounts,
        collector=None if collector is None else Collector(collector.id, collector.class_),
        point=body.point,
        correction=None if body.correction is None else body.correction.reason,
    )


def _withdrawal(body: WithdrawalBody, owner: Owner, told_by: str) -> Withdrawal:
    lender = owner(body.lender)
    return Withdrawal(
        contact_id=contact_id(lender, body.id),
        external_id=body.id,
        lender=lender,
        said=_digest(body),
        told_by=told_by,
        correction=body.correction.reason,
    )


def _digest(body: Body, **instead: Any) -> str:
    """Equal for bodies that tell the same of one contact, in whatever order and zone."""
    said = body.model_dump(mode="json", exclude_none=True, exclude={"id", "lender", *instead})
    said |= {name: value for name, value in instead.items() if value is not None}
    text = json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _contradictions(body: ContactBody) -> list[FieldError]:
    errors = []
    if (body.person_id is None) == (body.account is None):
        code = "missing" if body.account is None else "not_both"
        errors.append(FieldError("/account", code, _ONE_OF_TWO))
    if body.ends_at is not None:
        if body.ends_at < body.starts_at:
            errors.append(FieldError("/ends_at", "before_the_beginning", _BACKWARDS))
        elif body.ends_at - body.starts_at > LONGEST:
            errors.append(FieldError("/ends_at", "too_long", _TOO_LONG))
    if body.channel.at_the_door and body.place is None:
        errors.append(FieldError("/place", "missing", _SOMEBODY_WENT))
    return errors


_ONE_OF_TWO: Final = Words(
    "or `person_id` must be there, not both", "account 与 person_id 须且仅须填一项"
)
_BACKWARDS: Final = Words("must not be before the beginning", "不得早于起始")
_TOO_LONG: Final = Words("must be within 24 hours of the beginning", "须在开始后 24 小时之内")
_SOMEBODY_WENT: Final = Words("is missing: somebody goes there", "缺少该字段：有人到场")
