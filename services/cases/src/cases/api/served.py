"""What the routes are given: the service with its own parts, and what their callers may see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from shared.auth import Caller, Role
from shared.http import language
from shared.idempotency import Once, once
from shared.paging import Page, page
from shared.problems import FieldError, Language, Problem, Words, invalid, invalid_fields, not_found
from shared.service import Service, current_service

from cases.api.fields import Lender
from cases.clients import ContactRules
from cases.domain.account import Buckets
from cases.domain.hold import OnHold
from cases.domain.person import Identities
from cases.domain.refusal import Refusal, Unacceptable
from cases.handlers.end_visits import Sees


@dataclass(kw_only=True, eq=False)
class CasesService(Service):
    """The service with what its routes need beside the database."""

    identities: Identities
    buckets: Buckets
    rules: ContactRules
    """Whoever asks it waits for another machine: never inside a transaction."""
    check_in_within_m: int

    def close(self) -> None:
        self.rules.close()
        super().close()


Served = Annotated[CasesService, Depends(current_service)]
FirstTime = Annotated[Once, Depends(once)]
Spoken = Annotated[Language, Depends(language)]
Part = Annotated[Page, Depends(page)]
OfLender = Annotated[
    Lender | None, Query(description="Of this lender only; needless with a lender's own token.")
]

WRITERS: Final = (Role.LENDER, Role.OPS)
READERS: Final = (*WRITERS, Role.COMPLIANCE, Role.AUDITOR, Role.SERVICE)


def lender_named(caller: Caller, named: str | None) -> str:
    """The one lender a request is about: the token's own, else the one named.

    Raises Problem 404 where a token of one lender names another, 422 where nobody is named.
    """
    scope = caller.lender_scope()
    if scope is not None:
        if named not in (None, scope):
            raise not_found(Words("lender", "机构"))
        return scope
    if named is None:
        raise invalid(
            "?lender",
            "missing",
            Words("is missing: say whose account it is", "缺少该参数：请指明所属机构"),
        )
    return named


def lenders_seen(caller: Caller, named: str | None) -> str | None:
    """The lender a list is limited to, None = all. Raises Problem 404 for another's."""
    return lender_named(caller, named) if caller.lender_scope() or named else None


def sees(caller: Caller) -> Sees:
    """Whose visits a caller sees: an agent those of their own teams."""
    agent = caller.agent if caller.role is Role.AGENT else None
    return Sees(lender=caller.lender_scope(), agent=agent)


def place(request: Request, path: str) -> str:
    """``path`` of this service as its callers reach it."""
    return f"{request.scope.get('root_path', '')}{path}"


class Held(Problem):
    """409: collection is held on that day; ``until`` is the last such day, null: nobody knows."""

    def __init__(self, refusal: OnHold) -> None:
        super().__init__(
            409, refusal.code, Words(refusal.en, refusal.zh), title=Words("On hold", "停催中")
        )
        self._until = None if refusal.until_on is None else refusal.until_on.isoformat()

    def document(self, language: Language = "en", **extra: Any) -> dict[str, Any]:
        return super().document(language, until=self._until, **extra)


@contextmanager
def fields_named() -> Iterator[None]:
    """Refusals that are one field's fault, or several's, become a 422 that points at them.

    Others pass: the application knows their status. A hold also says until when.
    """
    try:
        yield
    except Unacceptable as refusal:
        raise invalid_fields(
            [
                FieldError(fault.pointer, fault.code, Words(fault.en, fault.zh))
                for fault in refusal.faults
            ]
        ) from None
    except OnHold as refusal:
        raise Held(refusal) from None
    except Refusal as refusal:
        if not refusal.pointer:
            raise
        raise invalid(refusal.pointer, refusal.code, Words(refusal.en, refusal.zh)) from None


def said(words: dict[str, Any], language: Language) -> str:
    """A message of contact-rules in the reader's language; English where it has no other."""
    return str(words.get(language) or words.get("en") or "")
