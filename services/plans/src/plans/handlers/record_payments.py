"""Records what was paid: once for each of the lender's ids, taken apart over the active plan."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.ids import new_id
from shared.messages import Event
from sqlmodel import Session

from plans.domain.account import Account, UnknownAccount
from plans.domain.allocation import Allocated, Progress, allocate, is_completed
from plans.domain.payment import Payment, Report, check_fits, check_report, check_same
from plans.domain.plan import Actor, Change, Plan, Step, step
from plans.domain.refusals import Refusal
from plans.events import AccountPaid, PaymentReceived, PlanCompleted
from plans.store import accounts, payments, plans
from shared import outbox


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one report. ``repeated``: it was recorded before, in this very content."""

    payment: Payment | None = None
    refusal: Refusal | None = None
    repeated: bool = False


@dataclass(slots=True)
class _Books:
    """What the transaction has locked and read, and what it will write."""

    accounts: dict[tuple[str, str], Account]
    recorded: dict[tuple[str, str], Payment]
    plans: dict[UUID, Plan]
    unpaid: dict[UUID, list[Progress]]
    new: list[Payment] = field(default_factory=list)
    paid: dict[tuple[UUID, int], Progress] = field(default_factory=dict)
    completed: list[tuple[Plan, Change]] = field(default_factory=list)
    announced: list[tuple[UUID, Event]] = field(default_factory=list)


def record_payments(
    session: Session, reports: Sequence[Report], *, by: Actor, now: datetime
) -> list[Outcome]:
    """One outcome for each report, in order; a refused one changes nothing and stops no other.

    All accounts are locked first, in sorted order, so concurrent payments on one account wait for
    each other and add up exactly. Announces ``payment-received`` for each new payment, then
    ``plan-completed`` and ``account-paid`` where it was the last one missing.
    """
    names = {(each.lender, each.account) for each in reports}
    ids = accounts.ids_by_name(session, names)
    locked = accounts.lock(session, set(ids.values()))
    live = plans.live_of_accounts(session, set(locked))
    books = _Books(
        accounts={name: locked[id_] for name, id_ in ids.items()},
        recorded=payments.recorded(session, {(each.lender, each.external_id) for each in reports}),
        plans=live,
        unpaid=plans.instalments_of(session, {plan.id for plan in live.values()}, unpaid_only=True),
    )
    outcomes = [_record(books, each, by=by, now=now) for each in reports]
    payments.add(session, books.new)
    plans.save_progress(session, [(plan_id, paid) for (plan_id, _), paid in books.paid.items()])
    plans.save(session, [(plan, [change]) for plan, change in books.completed])
    touched = {payment.account_id for payment in books.new}
    changed = [each for each in books.accounts.values() if each.id in touched]
    accounts.save(session, changed, now=now)
    outbox.add_many(session, books.announced, now=now)
    return outcomes


def _record(books: _Books, report: Report, *, by: Actor, now: datetime) -> Outcome:
    try:
        earlier = books.recorded.get((report.lender, report.external_id))
        if earlier is not None:
            check_same(report, earlier.report)
            return Outcome(payment=earlier, repeated=True)
        account = books.accounts.get((report.lender, report.account))
        if account is None:
            raise UnknownAccount
        check_report(report, now)
        check_fits(report, account)
    except Refusal as refusal:
        return Outcome(refusal=refusal)
    return Outcome(payment=_take(books, report, account, by=by, now=now))


def _take(books: _Books, report: Report, account: Account, *, by: Actor, now: datetime) -> Payment:
    plan = books.plans.get(account.id)
    if plan is not None and not plan.takes_payment_of(report.paid_at):
        plan = None
    unpaid = books.unpaid[plan.id] if plan else []
    allocated = allocate(report.amount, unpaid)
    after = account.after(paid=report.amount, interest=allocated.interest, paid_at=report.paid_at)
    payment = Payment(
        id=new_id(),
        report=report,
        account_id=account.id,
        recorded_at=now,
        recorded_by=by.subject,
        plan_id=plan.id if plan else None,
        allocated=allocated,
        balance_after=after.balance,
    )
    books.new.append(payment)
    books.recorded[report.lender, report.external_id] = payment
    books.accounts[report.lender, report.account] = after
    _announce_payment(books, payment, account)
    if plan is not None:
        _pay(books, plan, allocated, by=by, now=now)
    if after.is_paid() and not account.is_paid():
        books.announced.append(
            (
                account.person_id,
                AccountPaid(
                    lender=account.lender,
                    account=account.external_id,
                    case_id=account.case_id,
                    person_id=account.person_id,
                    paid_at=report.paid_at,
                ),
            )
        )
    return payment


def _pay(books: _Books, plan: Plan, allocated: Allocated, *, by: Actor, now: datetime) -> None:
    parts = {part.no: part for part in allocated.parts}
    unpaid = [
        each.with_paid(parts[each.instalment.no]) if each.instalment.no in parts else each
        for each in books.unpaid[plan.id]
    ]
    for each in unpaid:
        if each.instalment.no in parts:
            books.paid[plan.id, each.instalment.no] = each
    books.unpaid[plan.id] = [each for each in unpaid if not each.is_paid]
    if not is_completed(unpaid):
        return
    completed, change = step(plan, Step.COMPLETE, now=now, by=by, why="every instalment is paid")
    books.completed.append((completed, change))
    # The next payment of the batch finds no plan: all of it is credit.
    del books.plans[plan.account_id]
    books.announced.append(
        (
            plan.person_id,
            PlanCompleted(
                plan_id=plan.id,
                case_id=plan.case_id,
                person_id=plan.person_id,
                lender=plan.lender,
                account=plan.account,
                completed_at=now,
            ),
        )
    )


def _announce_payment(books: _Books, payment: Payment, account: Account) -> None:
    report = payment.report
    books.announced.append(
        (
            account.person_id,
            PaymentReceived(
                payment_id=payment.id,
                external_id=report.external_id,
                lender=report.lender,
                account=report.account,
                case_id=account.case_id,
                person_id=account.person_id,
                amount=str(report.amount),
                currency=report.amount.currency,
                paid_at=report.paid_at,
                balance_after=str(payment.balance_after),
            ),
        )
    )
