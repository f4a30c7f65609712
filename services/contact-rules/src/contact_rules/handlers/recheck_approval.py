"""Before a team is sent, and before it knocks: may this visit still take place, or what instead?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session

from contact_rules.domain import Check, Contact, Member, Verdict, Window
from contact_rules.domain.approval import Approval, may_begin
from contact_rules.domain.approval_checks import approved_team, approved_time, in_force
from contact_rules.domain.decision import combined
from contact_rules.handlers.ask_rules import Asked, zone_of
from contact_rules.handlers.deciding import (
    MOST_NEXT_LAWFUL,
    Desk,
    asked_of,
    look_up,
    objections,
    request_again,
    verdict_but_for,
)
from contact_rules.store import approvals, decisions


class Step(StrEnum):
    """What is about to happen."""

    DISPATCH = "dispatch"
    """The team sets out: the planned time is judged."""
    CHECK_IN = "check_in"
    """The team is about to knock: a start at that moment is judged."""


class Do(StrEnum):
    """What to do in place of it."""

    WAIT = "wait"
    """Stay near: at ``not_before`` the same visit is lawful."""
    RESCHEDULE = "reschedule"
    """Ask to move it: to one of ``next_lawful``, or to be made by this other team."""
    LEAVE = "leave"
    """Go away: there is no time at which it could take place."""
    CANCEL = "cancel"
    """Do not set out: there is no time at which it could take place."""


@dataclass(frozen=True, slots=True)
class Instead:
    do: Do
    not_before: datetime | None = None
    next_lawful: Sequence[Window] = ()


@dataclass(frozen=True, slots=True)
class Rechecked:
    """The answer. ``checks`` are those that stand against it; ``instead`` is there with a no."""

    approval: Approval
    verdict: Verdict
    checks: Sequence[Check]
    must_end_by: datetime | None
    instead: Instead | None

    @property
    def go(self) -> bool:
        return self.verdict is Verdict.ALLOW


@dataclass(frozen=True, slots=True)
class Going:
    """Somebody wants to make this step at that moment (a whole second), with this team."""

    approval_id: UUID
    visit_id: UUID
    step: Step
    at: datetime
    team: Sequence[Member]


def recheck_approval(
    session: Session, going: Going, *, desk: Desk, lender: str | None = None
) -> Rechecked | None:
    """Judge the visit as everything stands, its own place left out; nothing is written.

    None if there is no such approval of that visit, or not of ``lender`` where that is given. What
    people settled stays settled. The session reads one snapshot of the database and takes no lock:
    whatever is committed later finds the approval itself, and revokes it.
    """
    signed = approvals.find(session, going.approval_id)
    if signed is None or signed.approval.visit_id != going.visit_id:
        return None
    approval = signed.approval
    if lender is not None and approval.lender != lender:
        return None
    over = in_force(approval)
    if over is not None:
        return Rechecked(approval, Verdict.DENY, [over], None, Instead(_never(going.step)))
    record = decisions.behind(session, [approval.visit_id])[approval.visit_id]
    request = request_again(record)
    team = _as_they_come(request.contact, going.team)
    at = going.at if going.step is Step.CHECK_IN else approval.starts_at
    asked = asked_of(
        replace(request.contact, starts_at=at, team=team),
        request.residence,
        look_up(session, [approval.person_id])[approval.person_id],
        desk,
        without=approval.visit_id,
    )
    decision = asked.check()
    strangers = approved_team(
        [member.id for member in request.contact.team], [member.id for member in team]
    )
    late_or_early = approved_time(approval, _begins(approval, going))
    against = objections(decision, record.overridden)
    against += [each for each in (strangers, late_or_early) if each is not None]
    verdict = combined({each.verdict for each in against})
    instead = None
    if strangers is not None:
        instead = Instead(Do.LEAVE if going.step is Step.CHECK_IN else Do.RESCHEDULE)
    elif verdict is not Verdict.ALLOW:
        instead = _instead(approval, asked, record.overridden, going)
    return Rechecked(approval, verdict, against, decision.must_end_by, instead)


def _as_they_come(contact: Contact, team: Sequence[Member]) -> tuple[Member, ...]:
    """The team with what was known of its members and is not told again."""
    known = {member.id: member for member in contact.team}
    return tuple(
        replace(
            member,
            employer=member.employer or before.employer,
            announced_on=member.announced_on or before.announced_on,
        )
        if (before := known.get(member.id)) is not None
        else member
        for member in team
    )


def _begins(approval: Approval, going: Going) -> datetime:
    """When the visit would begin at the earliest; who sets out early is not early at the door."""
    if going.step is Step.CHECK_IN:
        return going.at
    return max(going.at, may_begin(approval)[0])


def _instead(
    approval: Approval, asked: Asked, overridden: Collection[str], going: Going
) -> Instead:
    first, last = may_begin(approval)
    if going.step is Step.CHECK_IN and going.at < first:
        # People may have settled what no calendar knows of: this very moment is asked about.
        then = replace(asked, contact=asked.contact.at(first)).check()
        if verdict_but_for(then, overridden) is Verdict.ALLOW:
            return Instead(Do.WAIT, first.astimezone(zone_of(asked.contact)))
    from_ = max(going.at, first, asked.contact.starts_at)
    lawful = asked.next_lawful(from_, most=MOST_NEXT_LAWFUL)
    if going.at >= last or not lawful:
        return Instead(_never(going.step), None, lawful)
    opens = lawful[0].from_
    if going.step is Step.CHECK_IN and opens < last:
        return Instead(Do.WAIT, opens, lawful)
    return Instead(Do.RESCHEDULE, None, lawful)


def _never(step: Step) -> Do:
    return Do.LEAVE if step is Step.CHECK_IN else Do.CANCEL
