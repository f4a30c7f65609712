"""A draft of a pack is tried: on decisions as they were asked, and on the visits planned now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.ids import new_id
from sqlmodel import Session

from contact_rules.domain import Contact, Library, Pack, Residence, Verdict
from contact_rules.domain import check as check_by
from contact_rules.domain import pack_version as lives
from contact_rules.domain.decision import combined
from contact_rules.domain.known import with_known
from contact_rules.domain.ledger import Line, effective_history
from contact_rules.domain.pack_version import Step, VersionRefusal, VersionState, WrongState
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.succession import guarded_library, in_place_of
from contact_rules.domain.question_data import question_of
from contact_rules.domain.simulation import (
    Judged,
    Tally,
    difference,
    objections,
    region_of,
)
from contact_rules.handlers.ask_rules import Asked
from contact_rules.handlers.deciding import Standing, look_up, request_again
from contact_rules.handlers.reconsider_visits import PlannedVisit, planned_visits
from contact_rules.handlers.schedule_packs import NoSuchVersion
from contact_rules.store import ledger, pack_versions, simulations
from contact_rules.store.simulations import PastDecision, Simulation, SimulationState


class NoSuchSimulation(VersionRefusal):
    """There is no simulation with this id."""

    code: ClassVar[str] = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such simulation.", "没有此模拟。")


class SimulationIsOver(VersionRefusal):
    """What is over can't be cancelled."""

    code: ClassVar[str] = "simulation_is_over"

    def __init__(self) -> None:
        super().__init__("This simulation is over already.", "该模拟已经结束。")


def ask_for_simulation(
    session: Session,
    version_id: UUID,
    from_at: datetime,
    to_at: datetime,
    now: datetime,
    *,
    planned: bool,
    by: str,
) -> Simulation:
    """Have a version tried on the decisions of a period; in the background. Raises a
    `VersionRefusal`."""
    version = pack_versions.find(session, version_id)
    if version is None:
        raise NoSuchVersion
    if version.state is VersionState.WITHDRAWN:
        raise WrongState(version.state, "not withdrawn")
    simulation = Simulation(
        id=new_id(),
        version_id=version_id,
        from_at=from_at,
        to_at=to_at,
        planned=planned,
        state=SimulationState.QUEUED,
        asked_by=by,
        asked_at=now,
        total=simulations.count_decisions(session, from_at, to_at)
        + (simulations.count_planned(session) if planned else 0),
    )
    simulations.add(session, simulation)
    return simulation


def cancel_simulation(session: Session, simulation_id: UUID, now: datetime) -> Simulation:
    """Nobody wants it any more: its runner stops at its next sign of life."""
    cancelled = simulations.cancel(session, simulation_id, now)
    simulation = simulations.find(session, simulation_id)
    if simulation is None:
        raise NoSuchSimulation
    if not cancelled:
        raise SimulationIsOver
    return simulation


def note_simulated(session: Session, simulation: Simulation, now: datetime) -> None:
    """Write down that the version was tried; a draft is `simulated` from now on."""
    version = pack_versions.find(session, simulation.version_id, lock=True)
    if version is None or version.state is VersionState.WITHDRAWN:
        return
    pack_versions.save(session, lives.simulated(version, now))
    told = {"simulation_id": str(simulation.id)}
    step = Step(new_id(), version.id, "simulated", simulation.asked_by, now, None, told)
    pack_versions.note(session, step)


@dataclass(frozen=True, slots=True)
class Question:
    """A decision to be asked again, and the packs it is asked by without the draft and with it."""

    past: PastDecision
    contact: Contact
    residence: Residence | None
    before: Sequence[Pack]
    after: Sequence[Pack]


class Trial:
    """What was decided, asked by the rules without the draft and by those with it."""

    def __init__(self, before: Library, after: Library) -> None:
        self._before, self._after = before, after

    @classmethod
    def of(cls, session: Session, files: Library, version_id: UUID) -> "Trial":
        """The version in place of all others of its pack, beside all others there are now.

        Raises BrokenPack where these can't be used together, and NoSuchVersion.
        """
        version = pack_versions.find(session, version_id)
        if version is None:
            raise NoSuchVersion
        file, content = pack_versions.text_of(session, version.digest)
        live = [
            parse_pack(each.file, each.text.encode()).limited(
                each.effective_from, each.effective_to
            )
            for each in pack_versions.in_force(session).versions
            if each.id != version_id
        ]
        before = guarded_library(files, live)
        return cls(before, in_place_of(before, parse_pack(file, content.encode())))

    @property
    def rules(self) -> list[str]:
        """The digests of both libraries: what a tally rests on."""
        return [self._before.digest, self._after.digest]

    def concerned(self, decisions: Sequence[PastDecision]) -> tuple[list["Question"], Tally]:
        """The decisions that are asked by other packs with the draft than without, and a tally of
        all the others: whatever those were, the draft changes nothing about them."""
        questions = []
        tally = Tally(decisions=len(decisions))
        for past in decisions:
            try:
                contact, residence = question_of(past.facts)
            except (KeyError, ValueError):
                tally.unreadable += 1
                continue
            packs = self._packs(contact, residence)
            if packs is None:
                tally.unconcerned += 1
            else:
                questions.append(Question(past, contact, residence, *packs))
        return questions, tally

    def decided(
        self, questions: Sequence["Question"], lines: Mapping[UUID, Sequence[Line]]
    ) -> Tally:
        """What becomes of decisions, asked with the ledger as it stood, without their own visits.

        ``lines`` are those of the persons' ledgers.
        """
        tally = Tally()
        for question in questions:
            past = question.past
            own = str(past.visit_id)
            stood = (
                line
                for line in lines[past.person_id]
                if line.seq <= past.ledger_seq and line.contact_id != own
            )
            contact = replace(question.contact, history=effective_history(stood))
            before, after = _both(contact, question.before, question.after, past.overridden)
            if past.verdict != before.verdict:
                tally.otherwise += 1
            found = difference(before, after)
            if found is not None:
                tally.note(
                    found,
                    lender=past.lender,
                    region=region_of(contact, question.residence),
                    example={
                        "decision_id": str(past.id),
                        "visit_id": str(past.visit_id),
                        "decided": past.verdict,
                        "starts_at": contact.starts_at.isoformat(),
                    },
                )
        return tally

    def planned(self, session: Session, persons: Sequence[UUID], now: datetime) -> Tally:
        """What becomes of these persons' planned visits, as they would be asked again.

        Nobody is locked: this is a look, and nothing is decided by it.
        """
        tally = Tally()
        found = planned_visits(session, persons, now)
        if not found:
            return tally
        standing = look_up(session, list(found))
        for person_id, visits in found.items():
            tally.planned += len(visits)
            asked = [request_again(visit.record) for visit in visits]
            if all(self._packs(each.contact, each.residence) is None for each in asked):
                tally.unconcerned += len(visits)
                continue
            before = _kept(visits, standing[person_id], self._before)
            after = _kept(visits, standing[person_id], self._after)
            for visit, request, was, is_ in zip(visits, asked, before, after, strict=True):
                change = difference(was, is_, planned=True)
                if change is not None:
                    tally.note(
                        change,
                        lender=visit.approval.lender,
                        region=region_of(request.contact, request.residence),
                        example={
                            "decision_id": str(visit.record.id),
                            "visit_id": str(visit.approval.visit_id),
                            "decided": Verdict.ALLOW.value,
                            "starts_at": visit.approval.starts_at.isoformat(),
                        },
                    )
        return tally

    def _packs(
        self, contact: Contact, residence: Residence | None
    ) -> tuple[Sequence[Pack], Sequence[Pack]] | None:
        """The packs that are asked without the draft and with it; None if they are the same."""
        before = Asked(contact, self._before, residence).packs()
        after = Asked(contact, self._after, residence).packs()
        return None if _same(before, after) else (before, after)


def _same(before: Sequence[Pack], after: Sequence[Pack]) -> bool:
    """One in doubt is made anew by each library."""
    return [(each.name, each.in_doubt) for each in before] == [
        (each.name, each.in_doubt) for each in after
    ]


def _both(
    contact: Contact, before: Sequence[Pack], after: Sequence[Pack], overridden: Sequence[str]
) -> tuple[Judged, Judged]:
    """The contact judged by either packs. What they have in common is asked once."""
    names = [{pack.name: pack for pack in packs} for packs in (before, after)]
    if any(names[1].get(name, pack) is not pack for name, pack in names[0].items()):
        return _judged(contact, before, overridden), _judged(contact, after, overridden)
    against = objections(check_by(contact, [*before, *after]).checks, overridden)
    first, second = (tuple(each for each in against if each.pack in of_these) for of_these in names)
    return (
        Judged(combined(each.verdict for each in first), first),
        Judged(combined(each.verdict for each in second), second),
    )


def _judged(contact: Contact, packs: Sequence[Pack], overridden: Sequence[str]) -> Judged:
    against = objections(check_by(contact, packs).checks, overridden)
    return Judged(combined(each.verdict for each in against), against)


def _kept(visits: Sequence[PlannedVisit], standing: Standing, library: Library) -> list[Judged]:
    """One person's planned visits in the order in which they are asked again: only what was kept
    counts against the next."""
    waiting = {str(visit.approval.visit_id) for visit in visits if not visit.at_the_door}
    lines = [line for line in standing.lines if line.contact_id not in waiting]
    found = []
    for visit in visits:
        own = str(visit.approval.visit_id)
        request = request_again(visit.record)
        history = effective_history(line for line in lines if line.contact_id != own)
        contact = with_known(replace(request.contact, history=history), standing.known)
        packs = Asked(contact, library, request.residence).packs()
        judged = _judged(contact, packs, visit.record.overridden)
        found.append(judged)
        if judged.verdict is Verdict.ALLOW and not visit.at_the_door:
            lines += [line for line in standing.lines if line.contact_id == own]
    return found


def lines_of(session: Session, questions: Sequence[Question]) -> dict[UUID, list[Line]]:
    """The ledgers of those whom these questions are about."""
    if not questions:
        return {}
    return ledger.lines(session, sorted({each.past.person_id for each in questions}))
