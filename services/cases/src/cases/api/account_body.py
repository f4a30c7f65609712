"""The account as lenders write it, and how it becomes an `Account`."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, JsonValue, StringConstraints
from shared.http import AwareTime, Body, Day

from cases.api.fields import (
    CURRENCY_PATTERN,
    Amount,
    Country,
    LanguageTag,
    Line,
    Word,
)
from cases.domain import account as domain
from cases.domain.money import to_minor
from cases.domain.person import IdKind, IdNumber, id_number
from cases.domain.place import Address, PlaceKind, time_zone
from cases.domain.refusal import Fault, Refusal, Unacceptable

LARGEST_EXTRA: Final = 16 * 1024
_CITY: Final = 3  # letters of a UN/LOCODE behind the country


class BalanceBody(Body):
    """What is owed; decimal strings."""

    principal: Amount
    interest: Amount = "0"
    fees: Amount = "0"


class DebtorBody(Body):
    """The person who owes. The identity number is never shown again, only its ending."""

    name: Line
    id_number: Annotated[
        Word | None,
        Field(
            description="Recognises the same person across accounts, by a keyed hash. Leave it"
            " out where unknown: placeholders are refused."
        ),
    ] = None
    id_kind: IdKind = IdKind.NATIONAL
    id_country: Annotated[
        Country | None,
        Field(description="Who issued the number. Left out: the country of the home address."),
    ] = None
    born_on: Day | None = None
    language: LanguageTag | None = None


class ContactBody(Body):
    """A number or address at which the debtor can be reached."""

    channel: domain.ContactChannel
    value: Line


class AddressBody(Body):
    """Where the person may be visited."""

    kind: PlaceKind
    text: Line
    country: Country | None = None
    region: Annotated[
        str | None,
        StringConstraints(pattern=r"^([A-Z]{2}-)?[A-Z0-9]{1,3}$"),
        Field(description="ISO 3166-2, with or without the country: TPE or TW-TPE."),
    ] = None
    city: Annotated[
        str | None,
        StringConstraints(pattern=r"^([A-Z]{2} ?)?[A-Z0-9]{3}$"),
        Field(
            description="UN/LOCODE, with or without the country: NYC or US NYC. Some law is a"
            " city's; where a city has some and this is not known, visits are sent to review."
        ),
    ] = None
    latitude: Annotated[float | None, Field(ge=-90, le=90, allow_inf_nan=False)] = None
    longitude: Annotated[float | None, Field(ge=-180, le=180, allow_inf_nan=False)] = None
    timezone: Annotated[
        Word | None,
        Field(
            description="IANA name. May be left out where a country with one time or the"
            " coordinates settle it; if nothing does, visits there are sent to review."
        ),
    ] = None


class RelatedBody(Body):
    """Somebody named beside the account, such as a guarantor."""

    role: domain.Role
    name: Line
    id_number: Word | None = None
    id_kind: IdKind = IdKind.NATIONAL
    id_country: Country | None = None
    phone: Word | None = None
    born_on: Day | None = None


class StatementBody(Body):
    """One due date of the past."""

    due_on: Day
    due: Amount
    paid: Amount = "0"


class AccountBody(Body):
    """A debt as its lender states it at ``as_of``. A push replaces what was pushed before."""

    as_of: AwareTime
    product: domain.Product
    currency: Annotated[str, StringConstraints(pattern=CURRENCY_PATTERN)]
    balance: BalanceBody
    overdue: Amount = "0"
    due_since: Annotated[
        Day | None, Field(description="The oldest due date still unpaid; DPD is counted from it.")
    ] = None
    annual_rate: Annotated[
        str | None,
        StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,10})?$"),
        Field(description='Contractual interest a year as a fraction: "0.15" is 15 %.'),
    ] = None
    opened_on: Day | None = None
    debtor: DebtorBody
    contacts: list[ContactBody] = Field(default=[], max_length=50)
    addresses: list[AddressBody] = Field(default=[], max_length=20)
    related: list[RelatedBody] = Field(default=[], max_length=50)
    history: list[StatementBody] = Field(default=[], max_length=600)
    extra: dict[str, JsonValue] = Field(
        default={}, max_length=100, description="The lender's own fields, kept and given back."
    )


T = TypeVar("T")


class _Reading:
    """Collects what is wrong, so that a lender learns all of it at once."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def take(self, pointer: str, read: Callable[[], T], instead: T) -> T:
        try:
            return read()
        except Refusal as refusal:
            self.faults.append(Fault.of(pointer, refusal))
            return instead


def account_of(body: AccountBody, now: datetime) -> domain.Account:
    """The account a body states. Raises `Unacceptable` with every fault found.

    Faults are those a shape can't see: amounts against their currency, time zones, placeholder
    numbers, dates against each other and against ``now``.
    """
    reading = _Reading()
    currency = body.currency
    # An unknown currency is one fault, not one for every amount.
    reading.take("/currency", lambda: to_minor("0", currency), 0)
    known = not reading.faults

    def minor(pointer: str, amount: str) -> int:
        return reading.take(pointer, lambda: to_minor(amount, currency), 0) if known else 0

    balance = domain.Balance(
        minor("/balance/principal", body.balance.principal),
        minor("/balance/interest", body.balance.interest),
        minor("/balance/fees", body.balance.fees),
    )
    overdue = minor("/overdue", body.overdue)
    history = tuple(
        domain.Statement(
            line.due_on,
            minor(f"/history/{at}/due", line.due),
            minor(f"/history/{at}/paid", line.paid),
        )
        for at, line in enumerate(body.history)
    )
    addresses = tuple(_address(reading, at, address) for at, address in enumerate(body.addresses))
    country = _home_country(addresses)
    rate = None if body.annual_rate is None else Decimal(body.annual_rate)
    if rate is not None and rate > domain.HIGHEST_RATE:
        reading.faults.append(
            Fault(
                "/annual_rate",
                "absurd_rate",
                "The rate is a fraction: 0.15 means 15 %.",
                "利率应为小数：0.15 表示 15%。",
            )
        )
    for at, each in enumerate(body.related):
        if each.role is domain.Role.DEBTOR:
            reading.faults.append(
                Fault(
                    f"/related/{at}/role",
                    "debtor_twice",
                    "The debtor stands in `debtor`; others have other roles.",
                    "债务人应填写在 debtor 中，此处应为其他身份。",
                )
            )
    _check_extra(reading, body.extra)
    account = domain.Account(
        as_of=body.as_of,
        product=body.product,
        currency=currency,
        balance=balance,
        overdue=overdue,
        due_since=body.due_since,
        annual_rate=rate,
        opened_on=body.opened_on,
        debtor=domain.Debtor(
            name=body.debtor.name,
            number=_number(reading, "/debtor", body.debtor, country),
            born_on=body.debtor.born_on,
            language=body.debtor.language,
        ),
        contacts=tuple(domain.Contact(each.channel, each.value) for each in body.contacts),
        addresses=addresses,
        related=tuple(
            domain.Related(
                role=each.role,
                name=each.name,
                number=_number(reading, f"/related/{at}", each, country),
                phone=each.phone,
                born_on=each.born_on,
            )
            for at, each in enumerate(body.related)
        ),
        history=history,
        extra=body.extra,
    )
    if not reading.faults:
        domain.check(account, now)
    else:
        raise Unacceptable(reading.faults)
    return account


def _number(
    reading: _Reading, pointer: str, body: DebtorBody | RelatedBody, country: str
) -> IdNumber | None:
    number = body.id_number
    if number is None:
        return None
    return reading.take(
        f"{pointer}/id_number",
        lambda: id_number(body.id_kind, body.id_country or country, number),
        None,
    )


def _address(reading: _Reading, at: int, body: AddressBody) -> Address:
    region = body.region
    if region is not None and "-" in region:
        of, _, region = region.partition("-")
        if of != body.country:
            reading.faults.append(
                Fault(
                    f"/addresses/{at}/region",
                    "region_elsewhere",
                    "The region belongs to another country than the address.",
                    "地区代码与地址所在国家或地区不符。",
                )
            )
    city = body.city
    if city is not None and len(city) > _CITY:
        if city[:2] != body.country:
            reading.faults.append(
                Fault(
                    f"/addresses/{at}/city",
                    "city_elsewhere",
                    "The city belongs to another country than the address.",
                    "城市代码与地址所在国家或地区不符。",
                )
            )
        city = city[-_CITY:]
    if (body.latitude is None) != (body.longitude is None):
        missing = "latitude" if body.latitude is None else "longitude"
        reading.faults.append(
            Fault(
                f"/addresses/{at}/{missing}",
                "missing",
                "Latitude and longitude come together.",
                "纬度和经度必须同时提供。",
            )
        )
    zone = reading.take(
        f"/addresses/{at}/timezone",
        lambda: time_zone(
            given=body.timezone,
            country=body.country,
            latitude=body.latitude,
            longitude=body.longitude,
        ),
        None,
    )
    return Address(
        body.kind, body.text, body.country, region, body.latitude, body.longitude, zone, city
    )


def _home_country(addresses: tuple[Address, ...]) -> str:
    homes = [each for each in addresses if each.kind is PlaceKind.HOME]
    return next((each.country for each in [*homes, *addresses] if each.country is not None), "")


def _check_extra(reading: _Reading, extra: dict[str, Any]) -> None:
    if not extra:
        return
    try:
        text = json.dumps(extra, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        text = "\x00"
    if "\x00" in text or "\\u0000" in text:
        reading.faults.append(
            Fault(
                "/extra",
                "not_json",
                "Text without NUL characters and finite numbers only.",
                "只允许不含 NUL 字符的文本和有限数值。",
            )
        )
    elif len(text) > LARGEST_EXTRA:
        reading.faults.append(Fault("/extra", "too_large", "At most 16 KiB.", "最大 16 KiB。"))
