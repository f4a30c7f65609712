"""Routes by which teams go: dispatched, then checked in at the door.

Each asks contact-rules once more, outside of any transaction; without an answer nobody goes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import Field
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.etags import IfMatch, if_match
from shared.http import AwareTime, Body
from shared.problems import Language, Problem, Words

from cases.api.served import WRITERS, FirstTime, Served, Spoken, fields_named, sees
from cases.api.visit_answers import (
    DecidedVisitAnswer,
    changed_answer,
    in_words,
    row_of,
    visit_etag,
)
from cases.api.visits import VisitId
from cases.clients import RulesUnreachable
from cases.domain.presence import NotAtThePlace, OutsideHours, Position
from cases.domain.recheck import Recheck, Rechecked
from cases.handlers.check_in_visit import Arrival, check_in_visit, question_of_check_in
from cases.handlers.dispatch_visit import dispatch_visit, question_of_dispatch
from cases.handlers.end_visits import lock_visit

router = APIRouter(tags=["visits"])

_Goer = Annotated[Caller, Depends(allow(*WRITERS, Role.AGENT))]
_Condition = Annotated[IfMatch, Depends(if_match)]


class DispatchBody(Body):
    """Nothing has to be said."""


class PositionBody(Body):
    """Where a device says it is, in WGS 84 as GPS gives it."""

    latitude: Annotated[float, Field(strict=True, ge=-90, le=90)]
    longitude: Annotated[float, Field(strict=True, ge=-180, le=180)]
    accuracy_m: Annotated[
        float | None,
        Field(
            strict=True,
            ge=0,
            le=1_000_000,
            description="Metres it may be wrong by; at most 300 count.",
        ),
    ] = None


class CheckInBody(Body):
    """The team is at the door."""

    position: Annotated[
        PositionBody | None,
        Field(
            description="Null where the device does not know: taken, and noted as `unknown`. One"
            " that is given must be at the address."
        ),
    ] = None
    at: Annotated[
        AwareTime | None,
        Field(
            description="When the team arrived, if it had no network then: within the last 24"
            " hours, after it was dispatched. Left out: now."
        ),
    ] = None


@router.post("/v1/visits/{visit_id}/dispatch", response_model=DecidedVisitAnswer)
def dispatch(
    service: Served,
    caller: _Goer,
    spoken: Spoken,
    once: FirstTime,
    unchanged: _Condition,
    visit_id: VisitId,
    body: DispatchBody,
) -> Response:
    """Send the team of a scheduled visit. Contact-rules is asked whether it may still go.

    409 `not_lawful_now` says why not in `checks`, and what to do in `instead`: `wait`,
    `reschedule`, `leave` or `cancel`. 503 `rules_unreachable`: nobody could be asked, nothing
    changed, try again. 409 `reschedule_open` while the visit is about to be moved.
    """
    now, seen = service.clock(), sees(caller)
    with _explained(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        question = question_of_dispatch(session, visit_id, now, sees=seen)
    _allowed(service.rules.recheck, question)
    now = service.clock()
    with _explained(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        lock_visit(session, visit_id, seen)
        unchanged.check(visit_etag(row_of(session, visit_id)))
        dispatch_visit(
            session, visit_id, now, asked=question.approval_id, sees=seen, by=caller.subject
        )
        return once.answer(session, 200, *changed_answer(session, visit_id, spoken))


@router.post("/v1/visits/{visit_id}/check-in", response_model=DecidedVisitAnswer)
def check_in(
    service: Served,
    caller: _Goer,
    spoken: Spoken,
    once: FirstTime,
    unchanged: _Condition,
    visit_id: VisitId,
    body: CheckInBody,
) -> Response:
    """The team of a dispatched visit is at the door. Contact-rules is asked once more.

    Refused as `dispatch` is, and 409 `not_at_the_place` (`distance_m`, `allowed_m`) or
    `outside_hours` (`hours`: from a quarter of an hour before the planned start until the approval
    ends). A visit that took place all the same is told by `complete`.
    """
    position = None
    if body.position is not None:
        position = Position(
            body.position.latitude, body.position.longitude, body.position.accuracy_m
        )
    arrival = Arrival(position, body.at, service.check_in_within_m)
    now, seen = service.clock(), sees(caller)
    with _explained(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        question = question_of_check_in(session, visit_id, arrival, now, sees=seen)
    _allowed(service.rules.recheck, question)
    now = service.clock()
    with _explained(), transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        lock_visit(session, visit_id, seen)
        unchanged.check(visit_etag(row_of(session, visit_id)))
        check_in_visit(
            session,
            visit_id,
            arrival,
            now,
            asked=question.approval_id,
            sees=seen,
            by=caller.subject,
        )
        return once.answer(session, 200, *changed_answer(session, visit_id, spoken))


class Explained(Problem):
    """A 409 that says more than words can: what, depends on the reader's language."""

    def __init__(
        self, code: str, detail: Words, more: Callable[[Language], dict[str, Any]]
    ) -> None:
        super().__init__(409, code, detail, title=_TITLES[code])
        self._more = more

    def document(self, language: Language = "en", **extra: Any) -> dict[str, Any]:
        return super().document(language, **self._more(language), **extra)


def _allowed(ask: Callable[[Recheck], Rechecked], question: Recheck) -> None:
    """Ask contact-rules. Raises Problem 409 for a no, 503 where there is no answer."""
    try:
        found = ask(question)
    except RulesUnreachable:
        raise Problem(
            503, "rules_unreachable", _NOBODY_GOES, title=_NO_ANSWER, headers={"Retry-After": "2"}
        ) from None
    if not found.go:
        raise Explained("not_lawful_now", _what_to_do(found), lambda spoken: _why(found, spoken))


def _why(found: Rechecked, language: Language) -> dict[str, Any]:
    instead = found.instead
    return {
        "checks": in_words(found.checks, language),
        "instead": None
        if instead is None
        else {
            "do": instead.do,
            "not_before": None if instead.not_before is None else _moment(instead.not_before),
            "next_lawful": [dict(each) for each in instead.next_lawful],
        },
    }


def _what_to_do(found: Rechecked) -> Words:
    return _INSTEAD["cancel" if found.instead is None else found.instead.do]


@contextmanager
def _explained() -> Iterator[None]:
    """Refusals of place and hours say how far and until when; those of one field point at it."""
    try:
        with fields_named():
            yield
    except NotAtThePlace as refusal:
        measured = {"distance_m": refusal.distance_m, "allowed_m": refusal.allowed_m}
        raise Explained(
            refusal.code, Words(refusal.en, refusal.zh), lambda spoken: measured
        ) from None
    except OutsideHours as refusal:
        hours = {"from": _moment(refusal.earliest), "to": _moment(refusal.latest)}
        raise Explained(
            refusal.code, Words(refusal.en, refusal.zh), lambda spoken: {"hours": hours}
        ) from None


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_TITLES: Final = {
    "not_lawful_now": Words("Not lawful now", "目前不得外访"),
    "not_at_the_place": Words("Not at the address", "不在该地址"),
    "outside_hours": Words("Outside the hours of the visit", "不在外访时段内"),
}
_NO_ANSWER: Final = Words("The rules can't be asked", "无法核查规则")
_NOBODY_GOES: Final = Words(
    "Contact-rules gave no answer in time, and without one nobody goes. Nothing was changed; try"
    " again in a moment.",
    "规则服务未及时答复，未经核查不得上门。未作任何更改，请稍后重试。",
)
_INSTEAD: Final = {
    "wait": Words(
        "The rules don't allow it yet. Wait until the time in `instead.not_before`.",
        "目前规则不允许。请等到 `instead.not_before` 所示时间。",
    ),
    "reschedule": Words(
        "The rules don't allow it at this time. Reschedule the visit: `instead.next_lawful` says"
        " when it would be lawful.",
        "规则不允许在此时外访。请改期，可行时段见 `instead.next_lawful`。",
    ),
    "leave": Words(
        "The rules don't allow it any more. Leave the place, and don't ring.",
        "规则已不允许此次外访。请离开该地点，不要敲门。",
    ),
    "cancel": Words(
        "The rules don't allow it any more. Don't go; cancel the visit if it still stands.",
        "规则已不允许此次外访。请勿前往；外访如仍有效，请取消。",
    ),
}
