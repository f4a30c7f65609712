"""What is known of a person: facts and consents told, listed, and taken back."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.http import AwareTime
from shared.ids import new_id
from shared.paging import Listing
from shared.problems import (
    FieldError,
    Words,
    conflict,
    forbidden,
    invalid,
    invalid_fields,
    not_found,
)
from sqlmodel import Session

from contact_rules.api.fact_body import (
    BACKWARDS,
    IN_THE_FUTURE,
    NEVER_WAS_SO,
    KnownConsentAnswer,
    KnownFactAnswer,
    ToldConsentBody,
    ToldFactBody,
    WithdrawBody,
    contradictions,
    kept_reference,
    known_answer,
    said_by,
)
from contact_rules.api.served import ContactRulesService, FirstTime, Part, Served
from contact_rules.domain.known import OF_THE_PERSON
from contact_rules.domain.told import Ended, Told
from contact_rules.handlers.record_facts import HasEnded, ToldOtherwise, record_fact, withdraw
from contact_rules.store import accounts, facts

TELLERS: Final = (Role.LENDER, Role.OPS, Role.COMPLIANCE, Role.SERVICE)
"""Agents tell what they find out as the outcome of their visit."""
READERS: Final = (*TELLERS, Role.AUDITOR)

router = APIRouter(tags=["facts"])

Teller = Annotated[Caller, Depends(allow(*TELLERS))]
PersonId = Annotated[UUID, Path(description="The person's id.")]

_PERSON: Final = Words("person", "人")
_KNOWN: Final = Words("fact or consent", "事实或同意")
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "It was told before: what is kept."},
    201: {"description": "It is known from now on."},
}


@router.post(
    "/v1/persons/{person_id}/facts",
    status_code=201,
    response_model=KnownFactAnswer,
    responses=_ANSWERS,
)
def tell_fact(
    person_id: PersonId, body: ToldFactBody, caller: Teller, service: Served, once: FirstTime
) -> Response:
    """Tell a fact about a person. Planned visits that it makes unlawful are revoked at once, and a
    contact that took place since it began and should not have is reported.

    A lender tells of persons it has an account of, of its own accounts. 404 for a person nobody
    knows. 409 `told_otherwise` where something else was told under this reference.
    """
    return _tell(person_id, body, caller, service, once)


@router.post(
    "/v1/persons/{person_id}/consents",
    status_code=201,
    response_model=KnownConsentAnswer,
    responses=_ANSWERS,
)
def tell_consent(
    person_id: PersonId, body: ToldConsentBody, caller: Teller, service: Served, once: FirstTime
) -> Response:
    """Tell a consent a person gave, as facts are told. It is taken back by `withdraw` at once."""
    return _tell(person_id, body, caller, service, once)


@router.get("/v1/persons/{person_id}/facts")
def get_facts(
    person_id: PersonId,
    caller: Annotated[Caller, Depends(allow(*READERS))],
    service: Served,
    page: Part,
    as_of: Annotated[
        AwareTime | None, Query(description="As it was known at that time; else now.")
    ] = None,
    standing: Annotated[
        bool | None, Query(description="`true`: what has not ended; `false`: what has.")
    ] = None,
) -> Listing[KnownFactAnswer | KnownConsentAnswer]:
    """The facts and consents told about a person, oldest first, with how they ended.

    A lender sees its own, and what holds whoever collects without who told it. One that stands
    may be of the past or the future all the same: see its `until` and `since`.
    """
    after: tuple[datetime, UUID] | None = page.after(datetime, UUID)
    scope = caller.lender_scope()
    with transaction(service.engine) as session:
        _refuse_strangers(session, person_id, scope)
        kept = facts.page(
            session,
            person_id,
            lender=scope,
            as_of=as_of,
            standing=standing,
            after=after,
            limit=page.fetch,
        )
    shown, following = page.cut(kept, lambda each: (each.told.recorded_at, each.told.id))
    return Listing(
        items=[known_answer(each.told, each.ended, scope=scope) for each in shown], next=following
    )


@router.post(
    "/v1/persons/{person_id}/facts/{fact_id}/withdraw",
    response_model=KnownFactAnswer | KnownConsentAnswer,
)
def withdraw_fact(
    person_id: PersonId,
    fact_id: Annotated[UUID, Path(description="Of the fact or the consent.")],
    body: WithdrawBody,
    caller: Teller,
    service: Served,
    once: FirstTime,
) -> Response:
    """Take a fact or a consent back: from now on nothing rests on it, and planned visits that did
    are revoked. What was decided by it stays as it is; contacts that took place are judged by what
    held when they were made, and one that nothing made lawful is reported.

    A lender takes back what it told itself. 409 `has_ended` if it ended already; what has ended may
    still be said never to have been so (`in_error`), once.
    """
    now, scope = service.clock(), caller.lender_scope()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        _refuse_strangers(session, person_id, scope)
        kept = facts.find(session, fact_id)
        if kept is None or kept.told.person_id != person_id:
            raise not_found(_KNOWN)
        if scope is not None and kept.told.told_for != scope:
            if kept.told.lender not in (None, scope):
                raise not_found(_KNOWN)
            raise forbidden(
                Words(
                    "Somebody else told it: ask the house to take it back.",
                    "该信息由他方提供，请联系平台撤回。",
                )
            )
        if body.at is not None and body.at > now:
            raise invalid("/at", "in_the_future", IN_THE_FUTURE)
        if body.at is not None and body.in_error:
            raise invalid("/at", "never_was_so", NEVER_WAS_SO)
        if body.at is not None and body.at < kept.told.occurred_at.replace(microsecond=0):
            raise invalid("/at", "before_the_beginning", BACKWARDS)
        end = Ended(
            id=new_id(),
            reason=body.reason,
            told_by=caller.subject,
            occurred_at=(body.at or now).astimezone(UTC),
            recorded_at=now,
            fact_id=fact_id,
            in_error=body.in_error,
        )
        try:
            kept = withdraw(session, kept, end, now, desk=service.desk())
        except HasEnded:
            raise conflict("has_ended", Words("It has ended already.", "该信息已终止。")) from None
        return once.answer(session, 200, known_answer(kept.told, kept.ended, scope=scope))


def _tell(
    person_id: UUID,
    body: ToldFactBody | ToldConsentBody,
    caller: Caller,
    service: ContactRulesService,
    once: FirstTime,
) -> Response:
    now, scope = service.clock(), caller.lender_scope()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        _refuse_strangers(session, person_id, scope)
        errors = list(contradictions(body, now))
        if errors:
            raise invalid_fields(errors)
        told = _told(session, person_id, body, caller, now)
        try:
            kept, new = record_fact(session, told, now, desk=service.desk())
        except ToldOtherwise:
            raise conflict(
                "told_otherwise",
                Words(
                    "Something else was told under this reference; nothing was changed.",
                    "该编号已用于其他内容，未作任何更改。",
                ),
            ) from None
        answer = known_answer(kept.told, kept.ended, scope=scope)
        return once.answer(session, 201 if new else 200, answer)


def _told(
    session: Session,
    person_id: UUID,
    body: ToldFactBody | ToldConsentBody,
    caller: Caller,
    now: datetime,
) -> Told:
    scope, lender = caller.lender_scope(), _lender_of(body, caller)
    of_the_person = isinstance(body, ToldFactBody) and body.kind in OF_THE_PERSON
    if lender is None and not of_the_person and caller.role is Role.SERVICE:
        raise invalid(
            "/lender", "missing", Words("is missing: say whose collecting it is about", "缺少机构")
        )
    return Told(
        id=new_id(),
        person_id=person_id,
        said=said_by(body),
        lender=None if of_the_person else lender,
        debts=_debts(session, person_id, body, lender),
        evidence=tuple(each.model_dump(mode="json", exclude_none=True) for each in body.evidence),
        reference=None if body.reference is None else kept_reference(scope, body.reference),
        told_by=caller.subject,
        told_for=scope,
        occurred_at=(body.told_at or now).astimezone(UTC),
        recorded_at=now,
    )


def _lender_of(body: ToldFactBody | ToldConsentBody, caller: Caller) -> str | None:
    """The lender whose collecting it is about: the token's own, else the one named."""
    scope = caller.lender_scope()
    if scope is not None and body.lender not in (None, scope):
        raise not_found(Words("lender", "机构"))
    return scope or body.lender


def _debts(
    session: Session,
    person_id: UUID,
    body: ToldFactBody | ToldConsentBody,
    lender: str | None,
) -> tuple[str, ...]:
    """The ids of the accounts it is about, all of them this person's.

    One that nobody knows is refused: a fact about it would protect nobody.
    """
    if not (body.accounts or body.debts):
        return ()
    if body.accounts and lender is None:
        raise invalid(
            "/lender", "missing", Words("is missing: say whose accounts these are", "缺少机构")
        )
    theirs = facts.debts_of(session, person_id, lender)
    named = accounts.named(session, [(lender or "", each) for each in body.accounts])
    errors, found = [], []
    for place, each in enumerate(body.accounts):
        account = named.get((lender or "", each))
        if account is None or account.person_id != person_id:
            errors.append(_no_such(f"/accounts/{place}"))
        else:
            found.append(account.id)
    for place, debt in enumerate(body.debts):
        if debt not in theirs:
            errors.append(_no_such(f"/debts/{place}"))
        else:
            found.append(debt)
    if errors:
        raise invalid_fields(errors)
    return tuple(sorted({str(each) for each in found}))


def _refuse_strangers(session: Session, person_id: UUID, lender: str | None) -> None:
    """404 for a person nobody knows, or whom that lender has no account of.

    Nobody learns that another lender knows them.
    """
    if lender is not None:
        stranger = (person_id, lender) not in accounts.debtors(session, [person_id])
    else:
        stranger = not (
            accounts.known(session, [person_id]) or accounts.debtors(session, [person_id])
        )
    if stranger:
        raise not_found(_PERSON)


def _no_such(pointer: str) -> FieldError:
    return FieldError(
        pointer,
        "no_such_account",
        Words("is no account of this person with this lender", "不是此人在该机构的账户"),
    )
