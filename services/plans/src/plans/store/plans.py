"""Plans with their instalments and history: load and save."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from shared.ids import new_id
from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from plans.domain.allocation import Progress
from plans.domain.money import Money
from plans.domain.plan import LIVE, Actor, Change, Consent, ConsentForm, Plan, State
from plans.domain.quote import Instalment, Kind, Quote, Terms
from plans.domain.schedule import Frequency
from plans.store.rows import HistoryRow, InstalmentRow, PlanRow


def add(session: Session, plan: Plan, quote: Quote, offered: Change) -> None:
    """Insert a new plan with its schedule and the first line of its history."""
    session.execute(insert(PlanRow), [_values(plan)])
    session.execute(
        insert(InstalmentRow),
        [
            {
                "plan_id": plan.id,
                "no": each.no,
                "due_on": each.due_on,
                "principal_minor": each.principal.minor,
                "interest_minor": each.interest.minor,
                "balance_after_minor": each.balance_after.minor,
                "paid_principal_minor": 0,
                "paid_interest_minor": 0,
            }
            for each in quote.instalments
        ],
    )
    add_history(session, [(plan.id, offered)])


def save(session: Session, moved: Sequence[tuple[Plan, Sequence[Change]]]) -> None:
    """Write plans that took a step, with their new lines of history. Their accounts are locked."""
    if not moved:
        return
    session.execute(
        update(PlanRow),
        [
            {
                "id": plan.id,
                "state": plan.state,
                "consent_form": plan.consent and plan.consent.form,
                "consent_evidence": plan.consent and plan.consent.evidence,
                "consented_at": plan.consent and plan.consent.given_at,
                "activated_at": plan.activated_at,
                "basis_as_of": plan.basis_as_of,
                "ended_at": plan.ended_at,
            }
            for plan, _ in moved
        ],
    )
    add_history(session, [(plan.id, change) for plan, changes in moved for change in changes])


def add_history(session: Session, changes: Sequence[tuple[UUID, Change]]) -> None:
    """Append lines to plans' histories, in order."""
    session.execute(
        insert(HistoryRow),
        [
            {
                "id": new_id(),
                "plan_id": plan_id,
                "before": change.before,
                "after": change.after,
                "at": change.at,
                "by": change.by.subject,
                "by_role": change.by.role,
                "why": change.why,
            }
            for plan_id, change in changes
        ],
    )


def find(session: Session, plan_id: UUID, *, lender: str | None) -> Plan | None:
    """One plan, if it is of ``lender`` or that is None. Read anew; locks nothing."""
    asked = select(PlanRow).where(PlanRow.id == plan_id)
    if lender is not None:
        asked = asked.where(PlanRow.lender == lender)
    row = session.execute(asked.execution_options(populate_existing=True)).scalar_one_or_none()
    return None if row is None else plan_of(row)


_LIVE: Final = sorted(LIVE)


def live_of_accounts(session: Session, account_ids: Collection[UUID]) -> dict[UUID, Plan]:
    """The live plan of each account that has one (perhaps an offer that nobody wrote off yet)."""
    rows = session.execute(
        select(PlanRow)
        .where(col(PlanRow.account_id).in_(account_ids), col(PlanRow.state).in_(_LIVE))
        .execution_options(populate_existing=True)
    ).scalars()
    return {row.account_id: plan_of(row) for row in rows}


def live_accounts_of_cases(session: Session, case_ids: Collection[UUID]) -> set[UUID]:
    """The accounts that have a live plan made for one of these cases. Locks nothing."""
    return set(
        session.execute(
            select(PlanRow.account_id).where(
                col(PlanRow.case_id).in_(case_ids), col(PlanRow.state).in_(_LIVE)
            )
        ).scalars()
    )


def instalments_of(
    session: Session, plan_ids: Collection[UUID], *, unpaid_only: bool = False
) -> dict[UUID, list[Progress]]:
    """The instalments of plans in their order, with what was paid of each."""
    if not plan_ids:
        return {}
    asked = (
        select(InstalmentRow, PlanRow.currency)
        .join(PlanRow, col(PlanRow.id) == col(InstalmentRow.plan_id))
        .where(col(InstalmentRow.plan_id).in_(plan_ids))
        .order_by(col(InstalmentRow.plan_id), col(InstalmentRow.no))
        .execution_options(populate_existing=True)
    )
    if unpaid_only:
        asked = asked.where(
            col(InstalmentRow.paid_principal_minor) < col(InstalmentRow.principal_minor)
        )
    found: dict[UUID, list[Progress]] = {plan_id: [] for plan_id in plan_ids}
    for row, currency in session.execute(asked):
        found[row.plan_id].append(_progress(row, currency))
    return found


def save_progress(session: Session, paid: Sequence[tuple[UUID, Progress]]) -> None:
    """Write what is paid of instalments: (plan, progress). Their accounts are locked."""
    if paid:
        session.execute(
            update(InstalmentRow),
            [
                {
                    "plan_id": plan_id,
                    "no": each.instalment.no,
                    "paid_principal_minor": each.paid_principal.minor,
                    "paid_interest_minor": each.paid_interest.minor,
                }
                for plan_id, each in paid
            ],
        )


def history_of(session: Session, plan_id: UUID) -> list[Change]:
    """A plan's history, oldest first."""
    rows = session.execute(
        select(HistoryRow).where(HistoryRow.plan_id == plan_id).order_by(col(HistoryRow.id))
    ).scalars()
    return [
        Change(
            before=State(row.before) if row.before else None,
            after=State(row.after),
            at=row.at,
            by=Actor(row.by, row.by_role),
            why=row.why,
        )
        for row in rows
    ]


def _values(plan: Plan) -> dict[str, Any]:
    terms = plan.terms
    return {
        "id": plan.id,
        "lender": plan.lender,
        "account_id": plan.account_id,
        "account": plan.account,
        "case_id": plan.case_id,
        "person_id": plan.person_id,
        "kind": terms.kind,
        "currency": terms.amount.currency,
        "amount_minor": terms.amount.minor,
        "instalments": terms.instalments,
        "annual_rate": terms.annual_rate,
        "agreed_on": terms.agreed_on,
        "first_due_on": terms.first_due_on,
        "frequency": terms.frequency,
        "total_minor": plan.total.minor,
        "effective_annual_rate": plan.effective_annual_rate,
        "state": plan.state,
        "offered_at": plan.offered_at,
        "expires_at": plan.expires_at,
    }


def plan_of(row: PlanRow) -> Plan:
    """The plan in a row."""
    return Plan(
        id=row.id,
        lender=row.lender,
        account_id=row.account_id,
        account=row.account,
        case_id=row.case_id,
        person_id=row.person_id,
        terms=Terms(
            kind=Kind(row.kind),
            amount=Money(row.amount_minor, row.currency),
            instalments=row.instalments,
            annual_rate=row.annual_rate,
            agreed_on=row.agreed_on,
            first_due_on=row.first_due_on,
            frequency=Frequency(row.frequency),
        ),
        total=Money(row.total_minor, row.currency),
        effective_annual_rate=row.effective_annual_rate,
        state=State(row.state),
        offered_at=row.offered_at,
        expires_at=row.expires_at,
        consent=_consent(row),
        activated_at=row.activated_at,
        basis_as_of=row.basis_as_of,
        ended_at=row.ended_at,
    )


def _consent(row: PlanRow) -> Consent | None:
    if row.consent_form is None or row.consented_at is None:
        return None
    return Consent(ConsentForm(row.consent_form), row.consented_at, row.consent_evidence)


def _progress(row: InstalmentRow, currency: str) -> Progress:
    return Progress(
        Instalment(
            no=row.no,
            due_on=row.due_on,
            principal=Money(row.principal_minor, currency),
            interest=Money(row.interest_minor, currency),
            balance_after=Money(row.balance_after_minor, currency),
        ),
        paid_interest=Money(row.paid_interest_minor, currency),
        paid_principal=Money(row.paid_principal_minor, currency),
    )
