"""A plan goes the ways its table names, and every other way is refused by name."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from plans.domain.account import (
    Account,
    CaseDoesNotOwnAccount,
    ExceedsBalance,
    check_may_be_offered,
)
from plans.domain.money import AbsurdAmount, CurrencyMismatch, Money, NotPositive
from plans.domain.payment import (
    OtherPaymentOfThatId,
    PaidInFuture,
    Report,
    check_fits,
    check_report,
    check_same,
)
from plans.domain.plan import (
    LIVE,
    TRANSITIONS,
    Actor,
    AgreedTooFarAway,
    AlreadyConsented,
    BalanceBelowPlan,
    Consent,
    ConsentBeforeTerms,
    ConsentForm,
    ConsentInFuture,
    NotConsented,
    Plan,
    PlanEnded,
    PlanExpired,
    State,
    Step,
    check_agreed_on,
    consent,
    step,
)
from plans.domain.quote import Kind, Terms
from plans.domain.schedule import Frequency

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
AH_LING = Actor("ah-ling of collections", "ops")
CASE = UUID(int=3)


def plan(**changed: Any) -> Plan:
    usual: dict[str, Any] = {
        "id": UUID(int=1),
        "lender": "northbank",
        "account_id": UUID(int=2),
        "account": "NB-1",
        "case_id": CASE,
        "person_id": UUID(int=4),
        "terms": Terms(
            Kind.EQUAL_INSTALMENTS,
            Money(1_000_000, "CNY"),
            12,
            Decimal("0.12"),
            date(2026, 11, 15),
            date(2026, 12, 15),
            Frequency.MONTHLY,
        ),
        "total": Money(1_066_186, "CNY"),
        "effective_annual_rate": Decimal("0.126826"),
        "state": State.OFFERED,
        "offered_at": NOW,
        "expires_at": NOW + timedelta(days=14),
    }
    return Plan(**(usual | changed))


def agree(offered: Plan, *, balance: int = 1_000_000, now: datetime = NOW, **given: Any) -> Plan:
    yes = Consent(ConsentForm.WRITTEN, given.get("given_at", now), "scan 17")
    return consent(
        offered, yes, balance=Money(balance, "CNY"), basis_as_of=NOW, now=now, by=AH_LING
    )[0]


REFUSED = {
    State.OFFERED: NotConsented,
    State.CONSENTED: AlreadyConsented,
    State.ACTIVE: AlreadyConsented,
    State.COMPLETED: PlanEnded,
    State.CANCELLED: PlanEnded,
    State.EXPIRED: PlanExpired,
}


@pytest.mark.parametrize(("state", "taken"), list(product(State, Step)))
def test_every_step_from_every_state_is_in_the_table_or_refused(state: State, taken: Step) -> None:
    before = plan(state=state)
    if (state, taken) in TRANSITIONS:
        after, change = step(before, taken, now=NOW, by=AH_LING, why="because")
        assert (change.before, change.after) == (state, after.state)
        assert (change.by, change.why, change.at) == (AH_LING, "because", NOW)
        assert (after.ended_at is None) == (after.state in LIVE)
    else:
        with pytest.raises(REFUSED[state]):
            step(before, taken, now=NOW, by=AH_LING)


def test_consent_makes_a_plan_active_in_two_lines_of_history() -> None:
    active, changes = consent(
        plan(),
        Consent(ConsentForm.ORAL_RECORDED, NOW),
        balance=Money(1_000_000, "CNY"),
        basis_as_of=NOW - timedelta(days=2),
        now=NOW,
        by=AH_LING,
    )
    assert active.state is State.ACTIVE
    assert [change.after for change in changes] == [State.CONSENTED, State.ACTIVE]
    assert active.activated_at == NOW
    assert active.basis_as_of == NOW - timedelta(days=2)


def test_an_offer_stands_until_it_expires_and_not_a_moment_longer() -> None:
    offered = plan()
    just_before = offered.expires_at - timedelta(microseconds=1)
    assert offered.state_at(just_before) is State.OFFERED
    assert agree(offered, now=just_before).state is State.ACTIVE
    assert offered.state_at(offered.expires_at) is State.EXPIRED
    with pytest.raises(PlanExpired):
        agree(offered, now=offered.expires_at)
    with pytest.raises(PlanExpired):
        step(offered, Step.CANCEL, now=offered.expires_at, by=AH_LING)
    assert step(offered, Step.EXPIRE, now=offered.expires_at, by=AH_LING)[0].state is State.EXPIRED


def test_an_active_plan_does_not_expire() -> None:
    active = agree(plan())
    assert active.state_at(NOW + timedelta(days=1000)) is State.ACTIVE


def test_nobody_is_held_to_more_than_he_owes_by_now() -> None:
    assert agree(plan(), balance=1_000_000).state is State.ACTIVE
    with pytest.raises(BalanceBelowPlan):
        agree(plan(), balance=999_999)


def test_consent_is_given_after_the_terms_and_before_now() -> None:
    assert agree(plan(), given_at=NOW + timedelta(minutes=5)).state is State.ACTIVE
    with pytest.raises(ConsentInFuture):
        agree(plan(), given_at=NOW + timedelta(minutes=5, seconds=1))
    # Agreed on 15 November, local time unknown: the 14th in UTC is early enough.
    assert agree(plan(), given_at=datetime(2026, 11, 14, tzinfo=UTC)).state is State.ACTIVE
    with pytest.raises(ConsentBeforeTerms):
        agree(plan(), given_at=datetime(2026, 11, 13, 23, 59, tzinfo=UTC))


def test_a_second_consent_is_refused() -> None:
    with pytest.raises(AlreadyConsented):
        agree(agree(plan()))


def test_a_plan_takes_what_was_paid_since_the_balance_it_was_made_from() -> None:
    active = replace(agree(plan()), basis_as_of=NOW)
    assert active.takes_payment_of(NOW)
    assert not active.takes_payment_of(NOW - timedelta(seconds=1))
    assert not plan().takes_payment_of(NOW)


@pytest.mark.parametrize("days", [-366, 0, 366])
def test_the_agreement_is_within_a_year_of_today(days: int) -> None:
    terms = replace(plan().terms, agreed_on=NOW.date() + timedelta(days=days))
    check_agreed_on(terms, NOW)
    beyond = timedelta(days=1 if days >= 0 else -1)
    if days:
        with pytest.raises(AgreedTooFarAway):
            check_agreed_on(replace(terms, agreed_on=terms.agreed_on + beyond), NOW)


ACCOUNT = Account(UUID(int=2), "northbank", "NB-1", CASE, UUID(int=4), Money(1_000_000, "CNY"), NOW)


def test_a_plan_is_over_what_is_owed_at_most_in_the_accounts_currency_and_case() -> None:
    check_may_be_offered(ACCOUNT, case_id=CASE, amount=Money(1_000_000, "CNY"))
    with pytest.raises(ExceedsBalance):
        check_may_be_offered(ACCOUNT, case_id=CASE, amount=Money(1_000_001, "CNY"))
    with pytest.raises(CurrencyMismatch):
        check_may_be_offered(ACCOUNT, case_id=CASE, amount=Money(1, "TWD"))
    with pytest.raises(CaseDoesNotOwnAccount):
        check_may_be_offered(ACCOUNT, case_id=UUID(int=9), amount=Money(1, "CNY"))
    with pytest.raises(CaseDoesNotOwnAccount):
        check_may_be_offered(replace(ACCOUNT, case_id=None), case_id=CASE, amount=Money(1, "CNY"))


def report(**changed: Any) -> Report:
    usual: dict[str, Any] = {
        "lender": "northbank",
        "external_id": "slip-1",
        "account": "NB-1",
        "amount": Money(100, "CNY"),
        "paid_at": NOW,
        "method": "cash",
    }
    return Report(**(usual | changed))


def test_a_payment_is_not_from_the_future_give_or_take_a_clock() -> None:
    check_report(report(paid_at=NOW + timedelta(minutes=5)), NOW)
    with pytest.raises(PaidInFuture):
        check_report(report(paid_at=NOW + timedelta(minutes=5, seconds=1)), NOW)
    with pytest.raises(NotPositive):
        check_report(report(amount=Money(0, "CNY")), NOW)


def test_overpaying_is_a_fact_and_overpaying_absurdly_is_not() -> None:
    check_fits(report(amount=Money(2_000_000, "CNY")), ACCOUNT)
    with pytest.raises(CurrencyMismatch):
        check_fits(report(amount=Money(100, "TWD")), ACCOUNT)
    poor = replace(ACCOUNT, balance=Money(-(10**15) + 99, "CNY"))
    check_fits(report(amount=Money(99, "CNY")), poor)
    with pytest.raises(AbsurdAmount):
        check_fits(report(amount=Money(100, "CNY")), poor)


@pytest.mark.parametrize(
    "changed",
    [
        {"account": "NB-2"},
        {"amount": Money(101, "CNY")},
        {"amount": Money(100, "TWD")},
        {"paid_at": NOW - timedelta(seconds=1)},
        {"method": None},
    ],
)
def test_the_same_id_names_the_same_payment(changed: dict[str, Any]) -> None:
    check_same(report(), report(paid_at=NOW.astimezone()))
    with pytest.raises(OtherPaymentOfThatId):
        check_same(report(**changed), report())


def test_a_statement_contains_what_was_paid_before_it() -> None:
    paid, interest = Money(110, "CNY"), Money(10, "CNY")
    unchanged = ACCOUNT.after(paid=paid, interest=interest, paid_at=NOW - timedelta(seconds=1))
    assert unchanged == ACCOUNT
    assert ACCOUNT.after(paid=paid, interest=interest, paid_at=NOW).balance.minor == 999_900
