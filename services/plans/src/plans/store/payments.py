"""Payments with their allocations, and the statements they meet in an account's ledger."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import insert, tuple_
from sqlmodel import Session, col, select

from plans.domain.account import Account
from plans.domain.allocation import Allocated, Allocation
from plans.domain.ledger import Receipt, Statement
from plans.domain.money import Money
from plans.domain.payment import Payment, Report
from plans.store.rows import AllocationRow, PaymentRow, StatementRow


def add(session: Session, payments: Sequence[Payment]) -> None:
    """Insert payments, whose accounts are locked, with their allocations.

    The same external id for two accounts at the same moment is an IntegrityError: the transaction
    fails, and done again it finds the first one recorded.
    """
    if not payments:
        return
    session.execute(insert(PaymentRow), [_values(each) for each in payments])
    allocations = [
        {
            "payment_id": payment.id,
            "plan_id": payment.plan_id,
            "no": part.no,
            "interest_minor": part.interest.minor,
            "principal_minor": part.principal.minor,
        }
        for payment in payments
        for part in payment.allocated.parts
    ]
    if allocations:
        session.execute(insert(AllocationRow), allocations)


def recorded(
    session: Session, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Payment]:
    """Those payments that are recorded already, by (lender, external id)."""
    if not names:
        return {}
    rows = (
        session.execute(
            select(PaymentRow).where(
                tuple_(col(PaymentRow.lender), col(PaymentRow.external_id)).in_(sorted(names))
            )
        )
        .scalars()
        .all()
    )
    parts = _parts_of(session, rows)
    return {(row.lender, row.external_id): _payment(row, parts[row.id]) for row in rows}


def add_statements(session: Session, stated: Sequence[tuple[Account, Statement]]) -> None:
    """Append lenders' statements of their accounts."""
    if stated:
        session.execute(
            insert(StatementRow),
            [
                {
                    "id": statement.id,
                    "account_id": account.id,
                    "currency": statement.balance.currency,
                    "balance_minor": statement.balance.minor,
                    "as_of": statement.as_of,
                    "recorded_at": statement.recorded_at,
                }
                for account, statement in stated
            ],
        )


def ledger_of(session: Session, account: Account) -> tuple[list[Statement], list[Receipt]]:
    """All statements and payments of an account in its present currency, in no order."""
    currency = account.balance.currency
    statements = session.execute(
        select(StatementRow).where(
            StatementRow.account_id == account.id, StatementRow.currency == currency
        )
    ).scalars()
    payments = session.execute(
        select(PaymentRow).where(PaymentRow.account_id == account.id)
    ).scalars()
    return (
        [
            Statement(row.id, Money(row.balance_minor, currency), row.as_of, row.recorded_at)
            for row in statements
        ],
        [
            Receipt(
                row.id,
                row.external_id,
                Money(row.amount_minor, currency),
                Money(row.interest_minor, currency),
                row.paid_at,
                row.recorded_at,
                row.plan_id,
            )
            for row in payments
        ],
    )


def _values(payment: Payment) -> dict[str, object]:
    report, allocated = payment.report, payment.allocated
    return {
        "id": payment.id,
        "lender": report.lender,
        "external_id": report.external_id,
        "account_id": payment.account_id,
        "account": report.account,
        "currency": report.amount.currency,
        "amount_minor": report.amount.minor,
        "paid_at": report.paid_at,
        "method": report.method,
        "recorded_at": payment.recorded_at,
        "recorded_by": payment.recorded_by,
        "plan_id": payment.plan_id,
        "interest_minor": allocated.interest.minor,
        "principal_minor": allocated.principal.minor,
        "credit_minor": allocated.credit.minor,
        "balance_after_minor": payment.balance_after.minor,
    }


def _parts_of(session: Session, rows: Sequence[PaymentRow]) -> dict[UUID, list[Allocation]]:
    currencies = {row.id: row.currency for row in rows}
    parts: dict[UUID, list[Allocation]] = {row.id: [] for row in rows}
    if not any(row.plan_id for row in rows):
        return parts
    found = session.execute(
        select(AllocationRow)
        .where(col(AllocationRow.payment_id).in_(parts))
        .order_by(col(AllocationRow.payment_id), col(AllocationRow.no))
    ).scalars()
    for row in found:
        currency = currencies[row.payment_id]
        parts[row.payment_id].append(
            Allocation(
                row.no, Money(row.interest_minor, currency), Money(row.principal_minor, currency)
            )
        )
    return parts


def _payment(row: PaymentRow, parts: Sequence[Allocation]) -> Payment:
    return Payment(
        id=row.id,
        report=Report(
            lender=row.lender,
            external_id=row.external_id,
            account=row.account,
            amount=Money(row.amount_minor, row.currency),
            paid_at=row.paid_at,
            method=row.method,
        ),
        account_id=row.account_id,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        plan_id=row.plan_id,
        allocated=Allocated(tuple(parts), Money(row.credit_minor, row.currency)),
        balance_after=Money(row.balance_after_minor, row.currency),
    )
