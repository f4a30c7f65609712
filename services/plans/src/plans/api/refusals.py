"""Turns the domain's refusals into problems that point at the field at fault."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from shared.problems import FieldError, Problem, Words, conflict, invalid_fields, not_found

from plans.domain.account import UnknownAccount, UnknownCase
from plans.domain.payment import OtherPaymentOfThatId
from plans.domain.plan import UnknownPlan
from plans.domain.refusals import Refusal

# Fields beside the terms, in whichever body; all others are terms of a quote.
_BESIDE_TERMS: Final = frozenset({"case_id", "account", "external_id", "paid_at", "consented_at"})


def problem_of(refusal: Refusal, *, terms_at: str = "") -> Problem:
    """404 for what does not exist for this caller, 422 where a field is at fault, else 409.

    ``terms_at`` is the pointer to the terms inside the body.
    """
    errors = [error_of(refusal, terms_at=terms_at)] if refusal.about else []
    if isinstance(refusal, UnknownPlan):
        return not_found("plan")
    if isinstance(refusal, UnknownAccount | UnknownCase):
        return Problem(404, "not_found", _words(refusal), errors=errors)
    if isinstance(refusal, OtherPaymentOfThatId):
        return Problem(409, refusal.code, _words(refusal), errors=errors)
    return invalid_fields(errors) if errors else conflict(refusal.code, _words(refusal))


def problem_of_all(refusals: Sequence[Refusal], *, terms_at: str = "") -> Problem:
    """422 for several fields at once."""
    return invalid_fields([error_of(each, terms_at=terms_at) for each in refusals])


def error_of(refusal: Refusal, *, terms_at: str = "") -> FieldError:
    """The field a refusal is about, and what it says."""
    under = "" if refusal.about in _BESIDE_TERMS else terms_at
    return FieldError(f"{under}/{refusal.about}", refusal.code, _words(refusal))


@contextmanager
def pointing(*, terms_at: str = "") -> Iterator[None]:
    """Within the block a `Refusal` becomes the problem that says where it is."""
    try:
        yield
    except Refusal as refusal:
        raise problem_of(refusal, terms_at=terms_at) from None


def _words(refusal: Refusal) -> Words:
    return Words(str(refusal), refusal.zh)
