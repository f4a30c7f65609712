"""An account: one debt of one lender as of one moment, and how late it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from cases.domain.person import IdNumber
from cases.domain.place import Address, PlaceKind
from cases.domain.refusal import Fault, Unacceptable


class Product(StrEnum):
    """What kind of debt it is."""

    CREDIT_CARD = "credit_card"
    CONSUMER_LOAN = "consumer_loan"
    MICROCREDIT = "microcredit"
    MORTGAGE = "mortgage"
    AUTO = "auto"
    BUSINESS_LOAN = "business_loan"
    PRIVATE_LOAN = "private_loan"
    OTHER = "other"


class ContactChannel(StrEnum):
    """How a person can be reached from afar."""

    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    IM = "im"


class Role(StrEnum):
    """Who somebody is to a debt. The first three are liable; anyone else is a third party."""

    DEBTOR = "debtor"
    CO_DEBTOR = "co_debtor"
    GUARANTOR = "guarantor"
    SPOUSE = "spouse"
    DEBT_RELATED = "debt_related"
    FAMILY = "family"
    HOUSEHOLD = "household"
    MINOR = "minor"
    EMPLOYER = "employer"
    COLLEAGUE = "colleague"
    NEIGHBOUR = "neighbour"
    REFERENCE = "reference"
    ATTORNEY = "attorney"
    REPRESENTATIVE = "representative"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Balance:
    """What is owed, in minor units of the account's currency."""

    principal: int
    interest: int
    fees: int

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.fees


@dataclass(frozen=True, slots=True)
class Debtor:
    """The person who owes, as this lender knows them."""

    name: str
    number: IdNumber | None
    born_on: date | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Contact:
    """A number or address at which the debtor can be reached."""

    channel: ContactChannel
    value: str


@dataclass(frozen=True, slots=True)
class Related:
    """Somebody named beside the account."""

    role: Role
    name: str
    number: IdNumber | None
    phone: str | None
    born_on: date | None


@dataclass(frozen=True, slots=True)
class Statement:
    """One due date of the past: what was due and what was paid, in minor units."""

    due_on: date
    due: int
    paid: int


@dataclass(frozen=True, slots=True)
class Account:
    """A debt as its lender states it at ``as_of``. Amounts are minor units of ``currency``."""

    as_of: datetime
    product: Product
    currency: str
    balance: Balance
    overdue: int
    due_since: date | None
    annual_rate: Decimal | None
    opened_on: date | None
    debtor: Debtor
    contacts: Sequence[Contact] = ()
    addresses: Sequence[Address] = ()
    related: Sequence[Related] = ()
    history: Sequence[Statement] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> Address | None:
        """The first home address, or the first address at all."""
        homes = [each for each in self.addresses if each.kind is PlaceKind.HOME]
        return next(iter([*homes, *self.addresses]), None)

    @property
    def calendar(self) -> str:
        """The time zone whose dates count for this account: the home's, else UTC."""
        home = self.home
        return home.timezone if home is not None and home.timezone is not None else "UTC"


# Lenders close a day before it is over, and clocks differ; but an `as_of` far ahead would make
# every later push stale.
AS_OF_AHEAD: Final = timedelta(days=1)
OLDEST_BIRTH: Final = timedelta(days=366 * 130)
HIGHEST_RATE: Final = Decimal(100)


def check(account: Account, now: datetime) -> None:
    """Raise `Unacceptable` with everything about ``account`` that contradicts itself or ``now``.

    A date is compared with the day after ``as_of``: it is already tomorrow somewhere.
    """
    faults: list[Fault] = []

    def wrong(pointer: str, code: str, en: str, zh: str) -> None:
        faults.append(Fault(pointer, code, en, zh))

    if account.as_of > now + AS_OF_AHEAD:
        wrong(
            "/as_of",
            "in_the_future",
            "as_of lies more than a day in the future.",
            "as_of 比当前时间晚一天以上。",
        )
    latest = (account.as_of + timedelta(days=1)).date()
    if account.overdue > account.balance.total:
        wrong(
            "/overdue", "above_balance", "More is overdue than is owed.", "逾期金额大于欠款总额。"
        )
    if account.overdue > 0 and account.due_since is None:
        wrong(
            "/due_since",
            "missing",
            "Something is overdue: say since when.",
            "存在逾期金额，须说明逾期起始日。",
        )
    if account.overdue == 0 and account.due_since is not None:
        wrong(
            "/due_since",
            "not_overdue",
            "Nothing is overdue, so there is no day since when.",
            "没有逾期金额，不应有逾期起始日。",
        )
    for pointer, day in (("/due_since", account.due_since), ("/opened_on", account.opened_on)):
        if day is not None and day > latest:
            wrong(pointer, "in_the_future", "The day lies after as_of.", "日期晚于 as_of。")
    if account.due_since and account.opened_on and account.due_since < account.opened_on:
        wrong(
            "/due_since",
            "before_opening",
            "Nothing can be due before the account was opened.",
            "逾期起始日早于开户日。",
        )
    births = [("/debtor/born_on", account.debtor.born_on)]
    births += [(f"/related/{at}/born_on", each.born_on) for at, each in enumerate(account.related)]
    for pointer, day in births:
        if day is not None and not latest - OLDEST_BIRTH <= day <= latest:
            wrong(
                pointer,
                "impossible_date",
                "Nobody alive was born on that day.",
                "没有在世的人出生于该日。",
            )
    if faults:
        raise Unacceptable(faults)


def local_day(now: datetime, calendar: str) -> date:
    """The date it is ``now`` in a time zone."""
    return now.astimezone(ZoneInfo(calendar)).date()


def days_past_due(due_since: date | None, on: date) -> int:
    """Contractual DPD on a day: whole days since the oldest unpaid due date.

    No grace is granted and no pause is taken out. 0 on the due date itself and when nothing is
    due. ``on`` is a date in the account's calendar (`Account.calendar`).
    """
    return max(0, (on - due_since).days) if due_since is not None else 0


@dataclass(frozen=True, slots=True)
class Bucket:
    """A range of DPD with a name; ``last`` None = no end."""

    name: str
    first: int
    last: int | None


class Buckets:
    """DPD ranges that follow one another without gap or overlap, from 0 without end."""

    def __init__(self, later: Sequence[tuple[str, int]], *, current: str = "M0") -> None:
        """``later`` lists (name, first day) ascending; below the first of them is ``current``.

        Raises `ValueError` when names repeat or days don't ascend from 1 or more.
        """
        starts = [(current, 0), *later]
        firsts = [first for _, first in starts]
        names = [name for name, _ in starts]
        if firsts != sorted(set(firsts)) or len(set(names)) != len(names) or not all(names):
            msg = "buckets need different names and ascending first days, from 1"
            raise ValueError(msg)
        ends: list[int | None] = [first - 1 for first in firsts[1:]]
        self.all: Final = tuple(
            Bucket(name, first, last)
            for (name, first), last in zip(starts, [*ends, None], strict=True)
        )
        self._by_name: Final = {bucket.name: bucket for bucket in self.all}

    def of(self, dpd: int) -> Bucket:
        """The bucket ``dpd`` (0 or more) falls in."""
        return next(bucket for bucket in reversed(self.all) if dpd >= bucket.first)

    def named(self, name: str) -> Bucket | None:
        """The bucket called ``name``."""
        return self._by_name.get(name)


MONTHLY: Final = Buckets(
    [("M1", 1), ("M2", 31), ("M3", 61), ("M4", 91), ("M5", 121), ("M6", 151), ("M7+", 181)]
)
