"""When may stored persons be contacted: lawful windows for planners, many at once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.http import Answer, AwareTime, Body, Code, Day, Text, Whole
from shared.problems import FieldError, Language, Problem, Words, invalid_fields

from contact_rules.api.check_answers import CheckAnswer, WindowAnswer
from contact_rules.api.questions import (
    LONGEST_MINUTES,
    MOST_DEBTS,
    MOST_TEAM,
    CollectorBody,
    DebtBody,
    MemberBody,
    PartyBody,
    PlaceBody,
    Question,
    ResidenceBody,
    contact_of,
    residence_of,
)
from contact_rules.api.served import Served, Spoken
from contact_rules.domain import Channel, Direction, Purpose
from contact_rules.handlers.ask_rules import HORIZON, zone_of
from contact_rules.handlers.deciding import look_up
from contact_rules.handlers.windows_of_persons import Calendar, OfPerson, calendars
from contact_rules.store import accounts

router = APIRouter(tags=["checks"])

MOST_QUESTIONS: Final = 100


class StoredDebtBody(DebtBody):
    """A debt; with ``due_since`` its days past due are those of the day of each start."""

    due_since: Day | None = Field(
        default=None, description="Its oldest unpaid due date, in place of `days_past_due`."
    )


class PersonQuestion(Body):
    """A contact with a stored person, but for when it starts. What is not asked, because it is
    stored: history, facts and consents."""

    id: Code = Field(description="Yours, to find the answer by.")
    person_id: UUID
    visit_id: UUID | None = Field(
        default=None, description="The visit that would be moved: its own place is left out."
    )
    from_: AwareTime | None = Field(
        default=None, alias="from", description="Of this question only; else as for all."
    )
    to: AwareTime | None = None
    duration_minutes: Annotated[Whole, Field(ge=0, le=LONGEST_MINUTES)]
    channel: Channel
    direction: Direction
    purpose: Purpose
    place: PlaceBody | None = None
    residence: ResidenceBody | None = None
    party: PartyBody
    debts: Annotated[tuple[StoredDebtBody, ...], Field(min_length=1, max_length=MOST_DEBTS)]
    collector: CollectorBody
    lender: Text | None = Field(default=None, description="Needless with a lender's own token.")
    team: Annotated[tuple[MemberBody, ...], Field(max_length=MOST_TEAM)] | None = Field(
        default=None, description="Left out where it is not known yet: who comes is not asked."
    )
    point: Text | None = None


class PersonWindowsBody(Body):
    """When may these contacts happen?"""

    from_: AwareTime = Field(alias="from")
    to: AwareTime = Field(description="At most 90 days after `from`.")
    questions: Annotated[list[PersonQuestion], Field(min_length=1, max_length=MOST_QUESTIONS)]


class PersonWindowsAnswer(Answer):
    """The answer to one question."""

    id: str
    windows: Sequence[WindowAnswer] = Field(
        description="Every start at which it would be allowed as things stand."
    )
    why_not: Sequence[CheckAnswer] = Field(
        description="Where there is none: the rules that say no, or can't tell, at `from`."
    )

    @classmethod
    def of(cls, id_: str, asked: OfPerson, found: Calendar, language: Language) -> Self:
        here = zone_of(asked.contact)
        return cls(
            id=id_,
            windows=[WindowAnswer.of(window, here) for window in found.windows],
            why_not=[CheckAnswer.of(check, language) for check in found.why_not],
        )


class AllWindowsAnswer(Answer):
    """The answers, in the order of the questions."""

    answers: Sequence[PersonWindowsAnswer]


_Planner = Annotated[Caller, Depends(allow(Role.SERVICE, Role.OPS, Role.COMPLIANCE, Role.LENDER))]


@router.post("/v1/persons/windows")
def list_windows_of_persons(
    body: PersonWindowsBody, caller: _Planner, service: Served, spoken: Spoken
) -> AllWindowsAnswer:
    """When may each of these contacts begin, by all that is stored of the persons: what took
    place, what is planned for them by whomever, facts and consents. Up to 100 at once.

    Nothing is reserved: the visit has to be asked for, and another may be asked for first. A
    lender asks about persons it has an account of; 404 for others.
    """
    asked = _asked(body, caller.lender_scope())
    people = list({each.person_id for each in asked})
    desk = service.desk()
    with transaction(service.engine) as session:
        # All of it is read as of one moment, and nobody is waited for.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        if (lender := caller.lender_scope()) is not None:
            _refuse_strangers(asked, accounts.debtors(session, people), lender)
        standing = look_up(session, people)
    # Computed without a transaction: a calendar of a hundred persons takes its time.
    return AllWindowsAnswer(
        answers=[
            PersonWindowsAnswer.of(question.id, each, found, spoken)
            for question, each, found in zip(
                body.questions, asked, calendars(asked, standing, desk), strict=True
            )
        ]
    )


def _asked(body: PersonWindowsBody, scope: str | None) -> list[OfPerson]:
    """The questions; Problem 422 with everything wrong in any of them, 404 for another lender."""
    errors: list[FieldError] = list(_listed_twice(body))
    asked = []
    for at, question in enumerate(body.questions):
        pointer = f"/questions/{at}"
        if scope is not None and question.lender not in (None, scope):
            raise _no_such(f"{pointer}/lender", _LENDER)
        lender = scope or question.lender
        if lender is None:
            # Much of what is stored was told to one lender: without it a no may be missed.
            errors.append(FieldError(f"{pointer}/lender", "missing", _WHOSE))
        from_, to = question.from_ or body.from_, question.to or body.to
        # What is wrong for all is said once.
        place = pointer if question.from_ or question.to else ""
        wrong = [*_span(place, from_, to), *_said_twice(pointer, question)]
        errors += [each for each in wrong if each not in errors]
        try:
            contact = contact_of(_whole(question), from_)
        except Problem as problem:
            errors += [replace(each, pointer=pointer + each.pointer) for each in problem.errors]
            continue
        asked.append(
            OfPerson(
                person_id=question.person_id,
                contact=replace(contact, lender=lender),
                residence=residence_of(_whole(question)),
                from_=from_,
                to=to,
                visit=question.visit_id,
                due_since=_due_since(question),
                staffed=question.team is not None,
            )
        )
    if errors:
        raise invalid_fields(errors)
    return asked


def _whole(question: PersonQuestion) -> Question:
    """The question as a check asks it; each part of it was read already."""
    return Question.model_construct(
        duration_minutes=question.duration_minutes,
        channel=question.channel,
        direction=question.direction,
        purpose=question.purpose,
        place=question.place,
        residence=question.residence,
        party=question.party,
        debts=tuple(
            DebtBody.model_construct(
                id=debt.id,
                product=debt.product,
                days_past_due=debt.days_past_due,
                annual_rate=debt.annual_rate,
            )
            for debt in question.debts
        ),
        collector=question.collector,
        lender=question.lender,
        team=() if question.team is None else question.team,
        point=question.point,
    )


def _due_since(question: PersonQuestion) -> dict[str, date]:
    return {debt.id: debt.due_since for debt in question.debts if debt.due_since is not None}


def _listed_twice(body: PersonWindowsBody) -> Iterator[FieldError]:
    seen: set[str] = set()
    for at, question in enumerate(body.questions):
        if question.id in seen:
            yield FieldError(f"/questions/{at}/id", "listed_twice", _TWICE)
        seen.add(question.id)


def _said_twice(pointer: str, question: PersonQuestion) -> Iterator[FieldError]:
    for at, debt in enumerate(question.debts):
        if debt.due_since is not None and debt.days_past_due is not None:
            yield FieldError(f"{pointer}/debts/{at}/days_past_due", "said_twice", _SAID_TWICE)


def _span(pointer: str, from_: datetime, to: datetime) -> Iterator[FieldError]:
    if to < from_:
        yield FieldError(f"{pointer}/to", "before_the_beginning", _BACKWARDS)
    elif to - from_ > HORIZON:
        yield FieldError(f"{pointer}/to", "too_far", _TOO_FAR)


def _refuse_strangers(
    asked: Sequence[OfPerson], debtors: set[tuple[UUID, str]], lender: str
) -> None:
    for at, each in enumerate(asked):
        if (each.person_id, lender) not in debtors:
            raise _no_such(f"/questions/{at}/person_id", _PERSON)


def _no_such(pointer: str, what: Words) -> Problem:
    said = Words(f"There is no such {what.en}.", f"没有此{what.zh}。")
    return Problem(404, "not_found", said, errors=[FieldError(pointer, "not_found", said)])


_LENDER: Final = Words("lender", "机构")
_PERSON: Final = Words("person", "人")
_WHOSE: Final = Words("is missing: say who collects", "缺少该字段：请指明委托机构")
_TWICE: Final = Words("is listed twice", "重复")
_SAID_TWICE: Final = Words("must be left out beside due_since", "与 due_since 只能二选一")
_BACKWARDS: Final = Words("must not be before `from`", "不得早于 `from`")
_TOO_FAR: Final = Words("must be at most 90 days after `from`", "不得晚于 `from` 之后 90 天")
