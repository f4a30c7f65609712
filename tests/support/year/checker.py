"""Reads what a year left behind, with rules of its own: nothing here comes from the services.

It knows three numbers (one visit a day, two in seven days, four in thirty, over all lenders) and
what each word of the two databases promises. Every promise broken is one sentence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

TAIPEI: Final = ZoneInfo("Asia/Taipei")
CAPS: Final = ((1, 1), (7, 2), (30, 4))
"""Days, and how many visits any so many of them may hold."""

_MADE: Final = {"attempted", "reached", "conversed", "corrected", "consumed"}
_GOING: Final = {"scheduled", "dispatched", "checked_in"}


def complaints(cases: Engine, rules: Engine, persons: Collection[UUID]) -> list[str]:
    """Everything that is wrong about these persons, in plain sentences; none if all is well."""
    year = _Year(cases, rules, list(persons))
    return [
        sentence
        for find in (
            year.caps_exceeded,
            year.places_without_approval,
            year.approvals_without_place,
            year.visits_without_approval,
            year.visits_without_answer,
            year.visits_made_and_not_counted,
            year.approvals_without_visit,
            year.left_lying,
        )
        for sentence in find()
    ]


class _Year:
    """The rows of these persons, read once."""

    def __init__(self, cases: Engine, rules: Engine, persons: list[UUID]) -> None:
        of = {"persons": persons}
        mine = "WHERE person_id = ANY(CAST(:persons AS uuid[]))"
        self.ledger = _rows(rules, f"SELECT * FROM ledger {mine} ORDER BY person_id, seq", of)
        self.approvals = _rows(rules, f"SELECT * FROM approval {mine} ORDER BY issued_at, id", of)
        self.decisions = _rows(rules, f"SELECT * FROM decision {mine} ORDER BY decided_at, id", of)
        self.visits = _rows(cases, f"SELECT * FROM visit {mine} ORDER BY requested_at, id", of)
        self.steps = _rows(
            cases,
            "SELECT h.*, v.person_id FROM visit_history h JOIN visit v ON v.id = h.visit_id"
            " WHERE v.person_id = ANY(CAST(:persons AS uuid[])) ORDER BY h.at, h.id",
            of,
        )
        self.signed = _rows(
            cases,
            "SELECT a.* FROM approval a JOIN visit v ON v.id = a.visit_id"
            " WHERE v.person_id = ANY(CAST(:persons AS uuid[]))",
            of,
        )
        keys = {"keys": [str(person) for person in persons]}
        self.lying = {
            f"{name}: {what}": _rows(engine, f"{query} AND key = ANY(:keys)", keys)
            for name, engine in (("cases", cases), ("contact-rules", rules))
            for what, query in (
                ("never published", "SELECT type FROM outbox WHERE published_at IS NULL"),
                ("parked", "SELECT type, error FROM parked WHERE attempts > 0"),
            )
        }
        self.standing: dict[UUID, Any] = {}
        for line in self.ledger:
            self._fold(self.standing, line)

    @staticmethod
    def _fold(standing: dict[UUID, Any], line: Any) -> None:
        """What was made stays; a place may move or be given back; given back is for good."""
        before = standing.get(line.contact_id)
        if before is None or line.kind in _MADE or before.kind in {"reserved", "planned"}:
            standing[line.contact_id] = line

    def caps_exceeded(self) -> Iterator[str]:
        """At the moment of each reservation, no window that holds it holds too many."""
        standing: dict[UUID, dict[UUID, Any]] = defaultdict(dict)
        for line in self.ledger:
            of_person = standing[line.person_id]
            self._fold(of_person, line)
            if line.kind != "reserved" or of_person[line.contact_id] is not line:
                continue
            days = [_day(each) for each in of_person.values() if _is_visit(each)]
            for length, most in CAPS:
                for first in (_day(line) - timedelta(days=back) for back in range(length)):
                    held = sum(first <= day < first + timedelta(days=length) for day in days)
                    if held > most:
                        yield (
                            f"{held} visits to {line.person_id} in {length} days from {first}"
                            f" when {line.contact_id} was reserved"
                        )

    def places_without_approval(self) -> Iterator[str]:
        """Each place that is held is held by one approval for that very time."""
        for line in self.standing.values():
            if line.kind != "reserved":
                continue
            held = [
                each
                for each in self.approvals
                if each.visit_id == line.contact_id and each.state == "reserved"
            ]
            if [(each.starts_at, each.ends_at) for each in held] != [
                (line.starts_at, line.ends_at)
            ]:
                yield f"the place of visit {line.contact_id} is held by {len(held)} approvals"

    def approvals_without_place(self) -> Iterator[str]:
        """Each approval that stands has its place; each that took place was made."""
        for approval in self.approvals:
            line = self.standing.get(approval.visit_id)
            kind = None if line is None else line.kind
            if approval.state == "reserved":
                at_the_door = approval.checked_in_at is not None
                if kind not in (_MADE if at_the_door else {"reserved"}):
                    yield f"approval {approval.id} is reserved and its place is {kind}"
            elif approval.state == "consumed" and kind not in _MADE:
                yield f"approval {approval.id} is consumed and its visit is {kind}"

    def visits_without_approval(self) -> Iterator[str]:
        """Whoever was ever scheduled had an approval, signed before, for that very visit."""
        issued = {each.id: each for each in self.approvals}
        known = {each.id: each for each in self.signed}
        for visit in self.visits:
            if visit.status not in _GOING:
                continue
            approval = issued.get(visit.approval_id)
            if approval is None or approval.visit_id != visit.id:
                yield f"visit {visit.id} is {visit.status} without an approval"
            elif (approval.starts_at, approval.ends_at) != (visit.starts_at, visit.ends_at):
                yield f"visit {visit.id} is {visit.status} for another time than approved"
            elif approval.state != "reserved" and not (
                visit.must_leave_at or _was_there_in_time(visit, approval)
            ):
                yield f"visit {visit.id} is {visit.status}, its approval is {approval.state}"
        by_visit = defaultdict(list)
        for each in known.values():
            by_visit[each.visit_id].append(each)
        for step in self.steps:
            if step.to_status == "scheduled" and not any(
                each.id in issued and issued[each.id].issued_at <= step.at
                for each in by_visit[step.visit_id]
            ):
                yield f"visit {step.visit_id} was scheduled at {step.at} without an approval"

    def visits_without_answer(self) -> Iterator[str]:
        """Nothing was lost on the way: every visit that was asked for has its answer."""
        answered = {decision.visit_id for decision in self.decisions}
        for visit in self.visits:
            if visit.status == "requested":
                yield f"visit {visit.id} is still waiting for its answer"
            if visit.status != "cancelled" and visit.id not in answered:
                yield f"visit {visit.id} is {visit.status} and was never decided"

    def visits_made_and_not_counted(self) -> Iterator[str]:
        """What happened counts, also where nobody said yet what came of it."""
        for visit in self.visits:
            line = self.standing.get(visit.id)
            begun = visit.status in {"checked_in", "completed"}
            if begun and (line is None or line.kind not in _MADE):
                yield f"visit {visit.id} was made and is not in the ledger"

    def approvals_without_visit(self) -> Iterator[str]:
        """A visit that is over holds no place; each yes has one approval, each no has none."""
        status = {visit.id: visit.status for visit in self.visits}
        for approval in self.approvals:
            now = status.get(approval.visit_id)
            if approval.state == "reserved" and now not in _GOING:
                yield f"approval {approval.id} is held for a visit that is {now}"
        yes = {each.id for each in self.decisions if each.verdict == "allow"}
        given = [approval.decision_id for approval in self.approvals]
        if sorted(yes, key=str) != sorted(given, key=str):
            yield f"{len(yes)} decisions said yes and {len(given)} approvals were given"

    def left_lying(self) -> Iterator[str]:
        """Every message went its way."""
        for where, rows in self.lying.items():
            for row in rows:
                yield f"{where}: {tuple(row)}"


def _was_there_in_time(visit: Any, approval: Any) -> bool:
    """Was the team there while the approval stood? Its time went by before the news of that came,
    or before anybody said what came of it. Nobody has to go home for that."""
    ended_by_itself = approval.state == "expired" or approval.ended_why == "never_completed"
    return bool(
        ended_by_itself and visit.checked_in_at and visit.checked_in_at <= approval.expires_at
    )


def _is_visit(line: Any) -> bool:
    happens = line.kind not in {"released"} and (line.kind != "corrected" or line.outcome)
    return bool(happens and line.channel == "visit" and line.direction == "outbound")


def _day(line: Any) -> date:
    day: date = line.starts_at.astimezone(TAIPEI).date()
    return day


def _rows(engine: Engine, query: str, values: dict[str, Any]) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(query), values))
