"""Questions with all their facts inside: may I, and when may I. Nothing is stored or reserved."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from shared.auth import Role, allow
from shared.http import Answer, AwareTime, language
from shared.problems import FieldError, Language, Words, invalid_fields

from contact_rules.api.check_answers import (
    CheckAnswer,
    ObligationAnswer,
    WindowAnswer,
    local,
)
from contact_rules.api.questions import Question, contact_of, residence_of
from contact_rules.api.served import Served
from contact_rules.domain import Library, Pack, UnknownPack, Verdict
from contact_rules.handlers.ask_rules import HORIZON, Asked, zone_of

router = APIRouter(tags=["checks"], dependencies=[Depends(allow(*Role))])


class CheckBody(Question):
    """May this contact happen?"""

    starts_at: AwareTime


class WindowsBody(Question):
    """When may this contact happen?"""

    from_: AwareTime = Field(alias="from")
    to: AwareTime = Field(description="At most 90 days after `from`.")


class VerdictAnswer(Answer):
    """The verdict and the trace of every rule that is in force there on that day."""

    verdict: Verdict
    packs: Sequence[str] = Field(description="Those that were asked, with their versions.")
    checks: Sequence[CheckAnswer]
    obligations: Sequence[ObligationAnswer] = Field(
        description="What must be done if the contact takes place; none with `deny`."
    )
    must_end_by: datetime | None = Field(
        description="The latest lawful end for this start; null where no rule limits it."
    )
    earliest_allowed_at: datetime | None = Field(
        description="The first lawful start from `starts_at` on; null if none in 90 days."
    )


class WindowsAnswer(Answer):
    """Every start between the two at which `checks` would say `allow`."""

    packs: Sequence[str]
    windows: Sequence[WindowAnswer]


@router.post("/v1/checks")
def check_contact(
    body: CheckBody, service: Served, language: Annotated[Language, Depends(language)]
) -> VerdictAnswer:
    """May this contact happen, and if not, why not and when? All facts are in the body, nothing
    is looked up; the same body always gets the same answer. Times are in the zone of the place."""
    asked = _asked(body, body.starts_at, service.library)
    decision = asked.check()
    here = zone_of(asked.contact)
    # Check and calendar are one computation: what is allowed now need not be looked for.
    earliest = body.starts_at if decision.verdict is Verdict.ALLOW else asked.earliest()
    return VerdictAnswer(
        verdict=decision.verdict,
        packs=[pack.name for pack in asked.packs()],
        checks=[CheckAnswer.of(check, language) for check in decision.checks],
        obligations=[ObligationAnswer.of(each, language) for each in decision.obligations],
        must_end_by=None if decision.must_end_by is None else local(decision.must_end_by, here),
        earliest_allowed_at=None if earliest is None else local(earliest, here),
    )


@router.post("/v1/windows")
def list_windows(body: WindowsBody, service: Served) -> WindowsAnswer:
    """When may this contact begin? Windows hold their first and last lawful second, whole
    duration included; they are `checks` asked for every second."""
    length = body.to - body.from_
    if length.total_seconds() < 0:
        raise invalid_fields([FieldError("/to", "before_the_beginning", _BACKWARDS)])
    if length > HORIZON:
        raise invalid_fields([FieldError("/to", "too_far", _TOO_FAR)])
    asked = _asked(body, body.from_, service.library)
    here = zone_of(asked.contact)
    return WindowsAnswer(
        packs=[pack.name for pack in asked.packs()],
        windows=[WindowAnswer.of(window, here) for window in asked.windows(body.from_, body.to)],
    )


def _asked(body: Question, starts_at: datetime, library: Library) -> Asked:
    return Asked(
        contact_of(body, starts_at),
        library,
        residence_of(body),
        None if body.packs is None else _named(body.packs, library),
    )


def _named(ids: Sequence[str], library: Library) -> tuple[Pack, ...]:
    """Exactly these packs; Problem 422 that points at each there is not."""
    errors = []
    for place, each in enumerate(ids):
        try:
            library.named([each])
        except UnknownPack:
            errors.append(FieldError(f"/packs/{place}", "unknown_pack", _NO_PACK))
    if errors:
        raise invalid_fields(errors)
    return library.named(ids)


_BACKWARDS = Words("must not be before `from`", "不得早于 `from`")
_TOO_FAR = Words("must be at most 90 days after `from`", "不得晚于 `from` 之后 90 天")
_NO_PACK = Words("is no pack: see GET /v1/packs", "没有此规则包：请参见 GET /v1/packs")
