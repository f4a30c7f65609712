"""Terms and instalments as they travel: the quote's request and the schedule in answers."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails
from shared.http import Answer, Body, Day, Whole
from shared.problems import field_error

from plans.api.fields import Amount, Currency, Rate
from plans.api.refusals import problem_of_all
from plans.domain.effective_rate import parse_rate
from plans.domain.money import Money
from plans.domain.quote import (
    MOST_INSTALMENTS,
    OFFERED,
    Instalment,
    Kind,
    KindNotOfferedYet,
    Quote,
    Terms,
)
from plans.domain.refusals import Refusal
from plans.domain.schedule import Frequency


class TermsBody(Body):
    """The terms of a quote or plan."""

    kind: Kind = Field(
        description="At present `equal_instalments` (等额本息) and `equal_principal` (等额本金);"
        " for the others 422 with the code `not_offered_yet`."
    )
    amount: Amount
    currency: Currency
    instalments: Whole = Field(ge=1, le=MOST_INSTALMENTS)
    annual_rate: Rate
    agreed_on: Day = Field(description="Interest runs from this day.")
    first_due_on: Day = Field(description="From `agreed_on` to 366 days later.")
    frequency: Frequency

    model_config = Body.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "kind": "equal_instalments",
                    "amount": "10000.00",
                    "currency": "CNY",
                    "instalments": 12,
                    "annual_rate": "0.12",
                    "agreed_on": "2026-11-15",
                    "first_due_on": "2026-12-15",
                    "frequency": "monthly",
                }
            ]
        }
    }

    @model_validator(mode="wrap")
    @classmethod
    def _kind_first(
        cls, value: Any, handler: ModelWrapValidatorHandler["TermsBody"]
    ) -> "TermsBody":
        # Another kind has other fields: what is wrong with those would only hide the reason.
        try:
            return handler(value)
        except ValidationError:
            kind = value.get("kind") if isinstance(value, dict) else None
            if kind not in {*Kind} - {*OFFERED}:
                raise
            refusal = KindNotOfferedYet()
            error = InitErrorDetails(
                type=field_error(refusal.code, str(refusal), refusal.zh), loc=("kind",), input=None
            )
            raise ValidationError.from_exception_data(cls.__name__, [error]) from None

    def read(self, *, at: str = "") -> Terms:
        """The terms in the domain's words; Problem 422 with every term that is none.

        ``at`` is the pointer to the terms inside the body.
        """
        refusals: list[Refusal] = []
        amount = rate = None
        try:
            amount = Money.parse_positive(self.amount, self.currency)
        except Refusal as refusal:
            refusals.append(refusal)
        try:
            rate = parse_rate(self.annual_rate)
        except Refusal as refusal:
            refusals.append(refusal)
        if amount is None or rate is None:
            raise problem_of_all(refusals, terms_at=at)
        return Terms(
            kind=self.kind,
            amount=amount,
            instalments=self.instalments,
            annual_rate=rate,
            agreed_on=self.agreed_on,
            first_due_on=self.first_due_on,
            frequency=self.frequency,
        )


class TermsAnswer(Answer):
    """The terms as they were asked for."""

    kind: Kind
    amount: str
    currency: str
    instalments: int
    annual_rate: str
    agreed_on: date
    first_due_on: date
    frequency: Frequency

    @classmethod
    def of(cls, terms: Terms) -> "TermsAnswer":
        return cls(
            kind=terms.kind,
            amount=str(terms.amount),
            currency=terms.amount.currency,
            instalments=terms.instalments,
            annual_rate=rate_text(terms),
            agreed_on=terms.agreed_on,
            first_due_on=terms.first_due_on,
            frequency=terms.frequency,
        )


def rate_text(terms: Terms) -> str:
    """The annual rate without trailing zeros or an exponent: ``0.12``."""
    text = f"{terms.annual_rate:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class InstalmentAnswer(Answer):
    """One instalment: `total` is `principal` plus `interest`."""

    no: int
    due_on: date
    principal: str
    interest: str
    total: str
    balance_after: str = Field(description="The principal that is left when it is paid.")


def instalment_values(instalment: Instalment) -> dict[str, Any]:
    """What answers say of an instalment as agreed."""
    return {
        "no": instalment.no,
        "due_on": instalment.due_on,
        "principal": str(instalment.principal),
        "interest": str(instalment.interest),
        "total": str(instalment.total),
        "balance_after": str(instalment.balance_after),
    }


class QuoteAnswer(Answer):
    """What the terms come to."""

    currency: str
    instalments: Sequence[InstalmentAnswer]
    total: str
    total_interest: str
    effective_annual_rate: str

    @classmethod
    def of(cls, quote: Quote) -> "QuoteAnswer":
        return cls(
            currency=quote.terms.amount.currency,
            instalments=[InstalmentAnswer(**instalment_values(each)) for each in quote.instalments],
            total=str(quote.total),
            total_interest=str(quote.total_interest),
            effective_annual_rate=str(quote.effective_annual_rate),
        )
