"""Payments: one or many at once, each recorded once for each of the lender's ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi import Body as RequestBody
from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import Answer, AwareTime, Body, language
from shared.http.validation import errors_in
from shared.idempotency import REPLAYED, Once
from shared.problems import FieldError, Language, Problem, invalid_fields
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from starlette.responses import Response

from plans.api.fields import (
    WRITERS,
    Amount,
    Currency,
    ExternalId,
    Lender,
    Method,
    actor,
    lender_needed,
)
from plans.api.refusals import problem_of, problem_of_all
from plans.api.served import Served
from plans.domain.money import Money
from plans.domain.payment import Payment, Report
from plans.domain.refusals import Refusal
from plans.handlers.record_payments import Outcome, record_payments
from shared import idempotency

router = APIRouter(tags=["payments"])

MOST_AT_ONCE: Final = 1000


class PaymentBody(Body):
    """A payment as a lender knows it."""

    lender: Lender | None = Field(
        default=None, description="Whose ids these are; needed where the token names no lender."
    )
    external_id: ExternalId = Field(description="The lender's own id of the payment.")
    account: ExternalId = Field(description="The lender's own id of the account.")
    amount: Amount
    currency: Currency
    paid_at: AwareTime = Field(description="Not in the future, give or take five minutes.")
    method: Method | None = Field(default=None, examples=["bank_transfer"])

    def report(self, caller: Caller) -> Report:
        """The payment in the domain's words; raises Problem 422."""
        try:
            return Report(
                lender=lender_needed(caller, self.lender, pointer="/lender"),
                external_id=self.external_id,
                account=self.account,
                amount=Money.parse_positive(self.amount, self.currency),
                paid_at=self.paid_at.astimezone(UTC),
                method=self.method,
            )
        except Refusal as refusal:
            raise problem_of_all([refusal]) from None


@dataclass(frozen=True, slots=True)
class Faulty:
    """An entry of a batch that is no payment: it is reported, and the others go in."""

    errors: list[FieldError]


def _keep_faulty(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError as error:
        return Faulty(errors_in(error.errors(include_url=False), value))


def _shape(value: Any) -> str:
    # In parentheses: a pointer leaves these steps out unless the body has such a field.
    return "(payments)" if isinstance(value, list) else "(payment)"


PaymentOrBatch = Annotated[
    Annotated[PaymentBody, Tag("(payment)")]
    | Annotated[
        list[Annotated[PaymentBody, WrapValidator(_keep_faulty)]],
        Field(min_length=1, max_length=MOST_AT_ONCE),
        Tag("(payments)"),
    ],
    Discriminator(_shape),
]


class AllocationAnswer(Answer):
    """The part of a payment that pays one instalment."""

    no: int
    interest: str
    principal: str


class PaymentAnswer(Answer):
    """A recorded payment: the allocations and the credit add up to the amount."""

    id: UUID
    external_id: str
    lender: str
    account: str
    amount: str
    currency: str
    paid_at: datetime
    method: str | None
    recorded_at: datetime
    plan_id: UUID | None = Field(description="The plan it pays, if the account had one running.")
    allocations: Sequence[AllocationAnswer]
    credit: str = Field(description="What no instalment took: it pays the rest of the account.")
    balance_after: str = Field(
        description="What the account owed when it was recorded; negative if overpaid."
    )

    @classmethod
    def of(cls, payment: Payment) -> "PaymentAnswer":
        report = payment.report
        return cls(
            id=payment.id,
            external_id=report.external_id,
            lender=report.lender,
            account=report.account,
            amount=str(report.amount),
            currency=report.amount.currency,
            paid_at=report.paid_at,
            method=report.method,
            recorded_at=payment.recorded_at,
            plan_id=payment.plan_id,
            allocations=[
                AllocationAnswer(
                    no=part.no, interest=str(part.interest), principal=str(part.principal)
                )
                for part in payment.allocated.parts
            ],
            credit=str(payment.allocated.credit),
            balance_after=str(payment.balance_after),
        )


class BatchEntry(Answer):
    """What became of one entry of a batch."""

    status: int = Field(description="What it would have been answered with alone.")
    result: Literal["recorded", "already_recorded", "refused"]
    payment: PaymentAnswer | None
    problem: dict[str, Any] | None = Field(description="A problem of RFC 9457.")


class BatchAnswer(Answer):
    """One answer for each entry, in order."""

    items: Sequence[BatchEntry]


@router.post(
    "/v1/payments",
    status_code=201,
    response_model=PaymentAnswer | BatchAnswer,
    responses={207: {"model": BatchAnswer, "description": "Some entries of a batch were refused."}},
)
def receive_payments(
    body: Annotated[PaymentOrBatch, RequestBody()],
    caller: Annotated[Caller, Depends(allow(*WRITERS))],
    service: Served,
    once: Annotated[Once, Depends(idempotency.once)],
    language: Annotated[Language, Depends(language)],
) -> Response:
    """Record a payment, or up to 1000 in an array.

    A payment is known by its lender and `external_id`: the same again gives the same answer (with
    `Idempotency-Replayed: true`; in a batch `already_recorded`), another under that id is 409.
    In a batch good entries go in whatever the others are: 201 if all did, else 207 with the status
    and the problem of each.
    """
    now = service.clock()
    given = body if isinstance(body, list) else [body]
    read = [_read(entry, caller) for entry in given]
    if not isinstance(body, list) and isinstance(read[0], Problem):
        raise read[0]
    reports = [entry for entry in read if isinstance(entry, Report)]

    def record() -> Response:
        with transaction(service.engine) as session:
            if (stored := once.answered(session)) is not None:
                return stored
            outcomes = record_payments(session, reports, by=actor(caller), now=now)
            if not isinstance(body, list):
                return _answer_one(session, once, outcomes[0])
            following = iter(outcomes)
            whole = [next(following) if isinstance(each, Report) else each for each in read]
            return _answer_batch(session, once, whole, language)

    try:
        return record()
    except IntegrityError:
        # Another account got a payment under one of these ids at the same moment; now it is there
        # to be seen, and the answer says so.
        return record()


def _answer_one(session: Session, once: Once, outcome: Outcome) -> Response:
    if outcome.payment is None:
        raise _problem(outcome)
    headers = {REPLAYED: "true"} if outcome.repeated else None
    return once.answer(session, 201, PaymentAnswer.of(outcome.payment), headers)


def _answer_batch(
    session: Session, once: Once, outcomes: Sequence[Outcome | Problem], language: Language
) -> Response:
    items = [_entry(each, language) for each in outcomes]
    status = 201 if all(item.status == 201 for item in items) else 207
    return once.answer(session, status, BatchAnswer(items=items))


def _read(entry: PaymentBody | Faulty, caller: Caller) -> Report | Problem:
    if isinstance(entry, Faulty):
        return invalid_fields(entry.errors)
    try:
        return entry.report(caller)
    except Problem as problem:
        return problem


def _entry(outcome: Outcome | Problem, language: Language) -> BatchEntry:
    if isinstance(outcome, Outcome) and outcome.payment is not None:
        return BatchEntry(
            status=201,
            result="already_recorded" if outcome.repeated else "recorded",
            payment=PaymentAnswer.of(outcome.payment),
            problem=None,
        )
    problem = outcome if isinstance(outcome, Problem) else _problem(outcome)
    return BatchEntry(
        status=problem.status,
        result="refused",
        payment=None,
        problem=problem.document(language),
    )


def _problem(outcome: Outcome) -> Problem:
    assert outcome.refusal is not None
    return problem_of(outcome.refusal)
