"""Something was learned: contacts that took place are judged anew, and breaches are reported."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from shared.ids import new_id
from shared.messages import Event
from sqlmodel import Session

from contact_rules import events
from contact_rules.domain import Channel, Check, Contact, Direction, Residence
from contact_rules.domain.breaches import (
    NOWHERE,
    Cause,
    Made,
    as_approved,
    as_told,
    broken,
    certain,
    known_by_then,
    made,
    whereabouts_of,
)
from contact_rules.domain.known import Known, with_known
from contact_rules.domain.ledger import Line
from contact_rules.domain.moved_account import origin_of_contact
from contact_rules.domain.question_data import facts_of, question_of
from contact_rules.handlers.ask_rules import Asked, zone_of
from contact_rules.handlers.deciding import Desk
from contact_rules.store import breaches, decisions, ledger, persons
from contact_rules.store.breaches import Breach
from contact_rules.store.facts import once_held
from shared import outbox

_log = structlog.get_logger(__name__)

FAR: Final = timedelta(days=400)
"""No shipped rule looks further back than a year; so far behind what was learned contacts are
judged anew."""
MOST_JUDGED: Final = 60
"""How many of one person's contacts are judged anew at once, beside those told of: a call bears a
few checks for each of hundreds of persons, not thousands."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A contact that was made, as its person's ledger has it and as a question to the rules."""

    person_id: UUID
    line: Line
    contact: Contact
    residence: Residence | None
    team_known: bool


def report_breaches(
    session: Session,
    people: Collection[UUID],
    now: datetime,
    *,
    desk: Desk,
    cause: Cause,
    since: Mapping[UUID, datetime] | None = None,
    told: Collection[UUID] = (),
) -> list[Breach]:
    """Judge what these persons' contacts have turned out to be, and report the unlawful ones.

    Each outbound contact that took place is asked about at its own time, with all that took place
    before it, and with the facts that held then, as is known now: also with those that have ended
    since, and without those that were told by mistake. A rule that surely says no is a breach:
    saved once for the contact and the rule, and announced. Decisions stay as they were.

    ``since``: from when on what was learned matters, for each person: then the `MOST_JUDGED`
    contacts that follow within `FAR`; without it the latest ones of the time before ``now``. Those
    in ``told`` (ids of contacts) are judged in any case, and with a cause of their own where it is
    that something was told. What was learned must be written already. Locks the persons, if the
    caller did not; a few statements for all of them, most only where there is something to judge.
    """
    if not people:
        return []
    persons.lock(session, people)
    lines = ledger.lines(session, list(people))
    names = {str(each) for each in told}
    since = since or {}
    chosen = {
        person_id: picked
        for person_id, theirs in lines.items()
        if (picked := _chosen(made(theirs), since.get(person_id), names, now))
    }
    if not chosen:
        return []
    questions = _Questions(session, chosen)
    told_of = once_held(session, list(chosen))
    found = [
        each
        for person_id, picked in chosen.items()
        for one in picked
        for each in _unlawful(questions.about(person_id, one, told_of[person_id]), desk)
    ]
    causes: dict[str, Cause] = {
        one.line.contact_id: "contact"
        if cause == "late_contact" and one.line.contact_id in names
        else cause
        for picked in chosen.values()
        for one in picked
    }
    return _report(session, found, lines, causes, questions.origins, now)


def _chosen(
    all_made: Sequence[Made], since: datetime | None, told: Collection[str], now: datetime
) -> list[Made]:
    """Of a person's contacts those to judge."""
    outbound = [one for one in all_made if one.line.direction == Direction.OUTBOUND]
    themselves = [one for one in outbound if one.line.contact_id in told]
    others = [one for one in outbound if one.line.contact_id not in told]
    if since is None:
        near = [one for one in others if _begun(one) >= now - FAR][-MOST_JUDGED:]
    else:
        near = [one for one in others if since <= _begun(one) <= since + FAR][:MOST_JUDGED]
    return [*themselves, *near]


def _begun(one: Made) -> datetime:
    assert one.line.starts_at is not None
    return one.line.starts_at


class _Questions:
    """What there is to ask about contacts of many persons: three statements for all."""

    def __init__(self, session: Session, chosen: Mapping[UUID, Iterable[Made]]) -> None:
        every = [one.line for picked in chosen.values() for one in picked]
        visits = [UUID(line.contact_id) for line in every if line.channel == Channel.VISIT]
        self._decided = decisions.behind(session, visits) if visits else {}
        self._details = ledger.details(session, [UUID(line.contact_id) for line in every])
        self.origins = {
            UUID(line.contact_id): origin
            for line in every
            if (origin := origin_of_contact(self._details.get(line.seq, {}))) is not None
        }
        """Of contacts that tell of others, of whom it was told at first."""
        self._whereabouts = {
            person_id: whereabouts_of(*question_of(facts), str(person_id))
            for person_id, facts in breaches.latest_questions(session, list(chosen)).items()
        }

    def about(self, person_id: UUID, one: Made, known: Iterable[Known]) -> _Judged:
        record = self._decided.get(UUID(one.line.contact_id))
        if record is not None:
            question, residence = question_of(record.facts)
            contact = as_approved(question, one)
        else:
            here = self._whereabouts.get(person_id, NOWHERE)
            residence = here.residence
            contact = as_told(one, self._details.get(one.line.seq, {}), here)
        contact = with_known(contact, known_by_then(known, _begun(one), zone_of(contact)))
        return _Judged(person_id, one.line, contact, residence, record is not None)


def _unlawful(one: _Judged, desk: Desk) -> Iterator[tuple[_Judged, Check, dict[str, Any]]]:
    asked = Asked(one.contact, desk.library, one.residence).packs()
    packs = certain(asked, one.contact, one.residence)
    checks = broken(one.contact, packs, team_known=one.team_known)
    if checks:
        facts = facts_of(one.contact, one.residence, packs)
        if one.contact.outcome is not None:
            facts["outcome"] = one.contact.outcome.value
        for check in checks:
            yield one, check, facts


def _report(
    session: Session,
    found: Sequence[tuple[_Judged, Check, dict[str, Any]]],
    lines: Mapping[UUID, Sequence[Line]],
    causes: Mapping[str, Cause],
    origins: Mapping[UUID, UUID],
    now: datetime,
) -> list[Breach]:
    """Save and announce those of what was found that nobody found before, also not of another
    person of whom the same contact was told."""
    contacts = {UUID(one.line.contact_id) for one, _, _ in found}
    asked = list(contacts.union(origins[each] for each in contacts & origins.keys()))
    known = breaches.known(session, asked) if asked else set()
    reported = []
    announced: list[tuple[UUID | str, Event]] = []
    for one, check, facts in found:
        line, contact_id = one.line, UUID(one.line.contact_id)
        first_told = origins.get(contact_id, contact_id)
        if not known.isdisjoint({(contact_id, check.rule), (first_told, check.rule)}):
            continue
        known.add((contact_id, check.rule))
        trace = events.check_data(check)
        breach = Breach(
            id=new_id(),
            contact_id=contact_id,
            person_id=one.person_id,
            lender=line.lender,
            rule=check.rule,
            pack=check.pack,
            cause=causes[line.contact_id],
            starts_at=one.contact.starts_at,
            channel=one.contact.channel,
            trace=trace,
            facts=facts,
            ledger_seq=lines[one.person_id][-1].seq,
            found_at=now,
        )
        reported.append(breach)
        announced.append((one.person_id, _announcement(breach, trace)))
    if reported:
        rules = Counter(breach.rule for breach in reported)
        _log.warning("breaches_found", number=len(reported), rules=dict(rules.most_common(10)))
    breaches.add(session, reported)
    outbox.add_many(session, announced, now=now)
    return reported


def _announcement(breach: Breach, check: events.CheckData) -> events.BreachFound:
    return events.BreachFound(
        breach_id=breach.id,
        contact_id=breach.contact_id,
        person_id=breach.person_id,
        lender=breach.lender,
        channel=breach.channel,
        starts_at=breach.starts_at,
        cause=breach.cause,
        check=check,
        found_at=breach.found_at,
    )
