"""The ledger adds up to the balance the account has, however late its news arrives."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from plans.domain.account import Account
from plans.domain.ledger import Entry, Line, Receipt, Statement, entries
from plans.domain.money import Money

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def on(day: int, hour: int = 0) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


def statement(minor: int, as_of: datetime, recorded_at: datetime | None = None) -> Statement:
    return Statement(uuid4(), Money(minor, "TWD"), as_of, recorded_at or as_of)


def receipt(
    minor: int, paid_at: datetime, *, interest: int = 0, recorded_at: datetime | None = None
) -> Receipt:
    return Receipt(
        uuid4(),
        "slip",
        Money(minor, "TWD"),
        Money(interest, "TWD"),
        paid_at,
        recorded_at or paid_at,
        None,
    )


def shown(found: list[Entry]) -> list[tuple[str, int, int]]:
    return [(each.line, each.change.minor, each.balance_after.minor) for each in found]


def test_a_statement_opens_and_payments_take_off() -> None:
    found = entries("TWD", [statement(1000, on(0))], [receipt(300, on(1)), receipt(200, on(2))])
    assert shown(found) == [
        ("statement", 1000, 1000),
        ("payment", -300, 700),
        ("payment", -200, 500),
    ]


def test_the_interest_of_a_plan_is_owed_as_it_is_paid() -> None:
    found = entries("TWD", [statement(1000, on(0))], [receipt(110, on(1), interest=10)])
    assert shown(found) == [
        ("statement", 1000, 1000),
        ("interest", 10, 1010),
        ("payment", -110, 900),
    ]


def test_a_newer_statement_contains_the_payments_before_it() -> None:
    # The lender's books agree: 1000 - 300 = 700, and 5 of new fees.
    found = entries("TWD", [statement(1000, on(0)), statement(705, on(2))], [receipt(300, on(1))])
    assert shown(found) == [
        ("statement", 1000, 1000),
        ("payment", -300, 700),
        ("statement", 5, 705),
    ]


def test_a_payment_heard_of_late_stands_where_it_happened() -> None:
    late = receipt(300, on(1), recorded_at=on(9))
    found = entries("TWD", [statement(1000, on(0)), statement(700, on(2))], [late])
    assert shown(found)[1:] == [("payment", -300, 700), ("statement", 0, 700)]


def test_a_payment_at_the_very_moment_of_a_statement_comes_after_it() -> None:
    found = entries("TWD", [statement(1000, on(0))], [receipt(300, on(0))])
    assert shown(found)[-1] == ("payment", -300, 700)


def test_a_payment_before_the_first_statement_is_shown_and_changes_nothing() -> None:
    found = entries("TWD", [statement(1000, on(0))], [receipt(300, on(-1), interest=7)])
    assert shown(found) == [
        ("interest", 0, 0),
        ("payment", 0, 0),
        ("statement", 1000, 1000),
    ]
    assert found[1].amount.minor == 300


def test_the_last_of_two_statements_of_one_moment_counts() -> None:
    corrected = [statement(900, on(0), recorded_at=on(2)), statement(1000, on(0))]
    assert shown(entries("TWD", corrected, []))[-1] == ("statement", -100, 900)


def test_an_overpaid_account_goes_below_zero() -> None:
    found = entries("TWD", [statement(100, on(0))], [receipt(130, on(1))])
    assert found[-1].balance_after.minor == -30


events = st.lists(
    st.one_of(
        st.tuples(st.just("stated"), st.integers(0, 10), st.integers(0, 10**9), st.just(0)),
        st.tuples(st.just("paid"), st.integers(0, 10), st.integers(1, 10**6), st.integers(0, 1000)),
    ),
    max_size=25,
)


@given(st.integers(0, 10**9), events)
def test_the_lines_add_up_to_the_balance_that_was_kept_along_the_way(
    opening: int, told: list[tuple[str, int, int, int]]
) -> None:
    """News comes in any order; the account is kept as handlers keep it, the ledger read off it."""
    statements, receipts = [statement(opening, on(5), recorded_at=on(20))], []
    account = Account(
        UUID(int=1), "northbank", "a", None, UUID(int=2), Money(opening, "TWD"), on(5)
    )
    for order, (kind, day, minor, interest) in enumerate(told, start=1):
        recorded_at = on(20, order)
        if kind == "paid":
            new = receipt(minor, on(day), interest=min(interest, minor), recorded_at=recorded_at)
            receipts.append(new)
            account = account.after(paid=new.amount, interest=new.interest, paid_at=new.paid_at)
        elif on(day) >= account.as_of:
            statements.append(statement(minor, on(day), recorded_at=recorded_at))
            since = sum(
                each.interest.minor - each.amount.minor
                for each in receipts
                if each.paid_at >= on(day)
            )
            account = Account(
                account.id, "northbank", "a", None, account.person_id,
                Money(minor + since, "TWD"), on(day),
            )  # fmt: skip
    found = entries("TWD", statements, receipts)
    assert found[-1].balance_after == account.balance
    assert sum(each.change.minor for each in found) == account.balance.minor
    running = 0
    for each in found:
        running += each.change.minor
        assert each.balance_after.minor == running
    assert sum(each.line is Line.PAYMENT for each in found) == len(receipts)
