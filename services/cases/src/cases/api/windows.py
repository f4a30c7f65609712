"""Route of planners: when could these visits be made?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field
from shared.auth import Caller, allow
from shared.db import transaction
from shared.http import Answer, AwareTime, Body, Whole
from shared.problems import FieldError, Language, Problem, Words, invalid_fields

from cases.api.served import WRITERS, Served, Spoken, fields_named
from cases.api.visits import PartyBody
from cases.clients import RulesUnreachable
from cases.domain.account import Role as PartyRole
from cases.domain.planning import Lawful, joined
from cases.domain.refusal import Refusal
from cases.domain.visit import Party, Purpose
from cases.domain.visit_times import FURTHEST_AHEAD, LARGEST_TEAM, LONGEST
from cases.handlers.plan_windows import Inquiry, Wanted, inquire

router = APIRouter(tags=["visits"])

MOST_VISITS: Final = 100
_SECOND: Final = timedelta(seconds=1)


class WantedBody(Body):
    """A visit to be planned (`case_id`), or a scheduled one that might be moved (`visit_id`)."""

    case_id: UUID | None = None
    visit_id: Annotated[
        UUID | None,
        Field(description="In place of `case_id`, `party` and `purpose`: its own time is free."),
    ] = None
    address_id: Annotated[
        UUID | None, Field(description="Left out: the home, or where the visit is planned.")
    ] = None
    duration_minutes: Annotated[
        Whole | None,
        Field(
            ge=1,
            le=int(LONGEST.total_seconds() // 60),
            description="Needless with `visit_id`.",
        ),
    ] = None
    party: Annotated[PartyBody | None, Field(description="Left out: the debtor.")] = None
    purpose: Annotated[Purpose | None, Field(description="Left out: `collect`.")] = None
    team: Annotated[
        list[UUID] | None,
        Field(
            min_length=1,
            max_length=LARGEST_TEAM,
            description="Left out: as planned; of a visit still to be asked for, it is not known"
            " yet, and what the rules ask of a team is not asked.",
        ),
    ] = None


class WindowsBody(Body):
    """When could these visits begin?"""

    from_: Annotated[AwareTime, Field(alias="from")]
    to: Annotated[AwareTime, Field(description="At most 90 days after `from`.")]
    visits: Annotated[list[WantedBody], Field(min_length=1, max_length=MOST_VISITS)]


class LawfulWindow(Answer):
    """Every whole second from the one to the other, both included, is a lawful start."""

    from_: datetime = Field(serialization_alias="from")
    to: datetime


class WhyNot(Answer):
    """A rule that says no, or can't tell. `cases.…`: the case needs or allows no visit at all."""

    rule: str
    result: str
    citation: str | None
    message: str

    @classmethod
    def of(cls, check: Mapping[str, Any]) -> Self:
        return cls(
            rule=str(check.get("rule")),
            result=str(check.get("result")),
            citation=None if check.get("citation") is None else str(check["citation"]),
            message=str(check.get("message") or ""),
        )

    @classmethod
    def barred(cls, refusal: Refusal, language: Language) -> Self:
        return cls(
            rule=f"cases.{refusal.code}",
            result="fail",
            citation=None,
            message=refusal.zh if language == "zh" else refusal.en,
        )


class VisitWindowsAnswer(Answer):
    """When one of the visits could begin."""

    case_id: UUID
    visit_id: UUID | None
    address_id: UUID | None
    windows: Sequence[LawfulWindow]
    why_not: Sequence[WhyNot] = Field(
        description="Where there is no window: what stands against the first moment asked for."
    )

    @classmethod
    def of(cls, inquiry: Inquiry, found: Lawful, language: Language) -> Self:
        barred = inquiry.barred
        return cls(
            case_id=inquiry.case_id,
            visit_id=inquiry.visit_id,
            address_id=inquiry.address_id,
            windows=[LawfulWindow(from_=from_, to=to) for from_, to in found.windows],
            why_not=[WhyNot.of(check) for check in found.why_not]
            if barred is None
            else [WhyNot.barred(barred, language)],
        )


class WindowsAnswer(Answer):
    """The answers, in the order of the visits."""

    answers: Sequence[VisitWindowsAnswer]


_Planner = Annotated[Caller, Depends(allow(*WRITERS))]


@router.post("/v1/windows")
def list_windows(
    service: Served, caller: _Planner, spoken: Spoken, body: WindowsBody
) -> WindowsAnswer:
    """When could these visits begin, up to 100 at once: by the rules at each door, and by all that
    took place, is planned by whomever, or is known of each person.

    Nothing is reserved: a visit has to be asked for, and somebody else may be first. What has
    passed is left out. 503 `rules_unreachable` when contact-rules gives no answer.
    """
    now = service.clock()
    from_ = max(body.from_, now.replace(microsecond=0) + _SECOND)
    wanted = [_wanted(each) for each in body.visits]
    if errors := [*_span(body, now), *_half_said(body.visits)]:
        raise invalid_fields(errors)
    with fields_named(), transaction(service.engine) as session:
        inquiries = inquire(session, wanted, from_, body.to, now, scope=caller.lender_scope())
    questions = [question for each in inquiries for question in each.questions]
    try:
        found = service.rules.windows(from_, body.to, questions, language=spoken)
    except RulesUnreachable:
        raise Problem(
            503, "rules_unreachable", _NO_ANSWER, title=_TITLE, headers={"Retry-After": "2"}
        ) from None
    return WindowsAnswer(
        answers=[
            VisitWindowsAnswer.of(
                each, joined([found[question["id"]] for question in each.questions]), spoken
            )
            for each in inquiries
        ]
    )


def _wanted(body: WantedBody) -> Wanted:
    new = body.visit_id is None
    party = None if body.party is None else Party(body.party.role, body.party.id)
    return Wanted(
        case_id=body.case_id,
        visit_id=body.visit_id,
        address_id=body.address_id,
        duration=None
        if body.duration_minutes is None
        else timedelta(minutes=body.duration_minutes),
        party=party or Party(PartyRole.DEBTOR, None) if new else None,
        purpose=body.purpose or Purpose.COLLECT if new else None,
        team=body.team,
    )


def _span(body: WindowsBody, now: datetime) -> Iterable[FieldError]:
    if body.to < body.from_:
        yield FieldError("/to", "before_the_beginning", _BACKWARDS)
    elif body.to - body.from_ > FURTHEST_AHEAD:
        yield FieldError("/to", "too_far", _TOO_FAR)
    elif body.to <= now:
        yield FieldError("/to", "in_the_past", _PAST)


def _half_said(visits: Sequence[WantedBody]) -> Iterable[FieldError]:
    for at, each in enumerate(visits):
        if each.visit_id is None:
            needed = {"case_id": each.case_id, "duration_minutes": each.duration_minutes}
            for name, said in needed.items():
                if said is None:
                    yield FieldError(f"/visits/{at}/{name}", "missing", _MISSING)
        else:
            settled = {"case_id": each.case_id, "party": each.party, "purpose": each.purpose}
            for name, given in settled.items():
                if given is not None:
                    yield FieldError(f"/visits/{at}/{name}", "said_twice", _SETTLED)


_BACKWARDS: Final = Words("must not be before `from`", "不得早于 `from`")
_TOO_FAR: Final = Words("must be at most 90 days after `from`", "不得晚于 `from` 之后 90 天")
_PAST: Final = Words("has passed", "已过")
_MISSING: Final = Words(
    "is missing: name a case, or a visit to move", "缺少该字段：请指明案件或待改期的外访"
)
_SETTLED: Final = Words("must be left out beside visit_id", "已指明 visit_id，不得再填写")
_TITLE: Final = Words("Nobody could be asked", "无法核查规则")
_NO_ANSWER: Final = Words(
    "Contact-rules gave no answer in time; try again.", "合规规则服务未及时答复，请稍后重试。"
)
