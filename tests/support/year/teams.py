"""Teams set out, stand at doors and tell how it went; or stay where they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from cases.domain.presence import Position
from cases.handlers.check_in_visit import Arrival, check_in_visit
from cases.handlers.dispatch_visit import dispatch_visit
from cases.handlers.end_visits import Done, complete_visit
from contact_rules.domain import Member
from contact_rules.handlers.recheck_approval import Going, Step, recheck_approval
from shared.db import transaction
from sqlalchemy import text

from year.everybody import ALL, OUTCOMES, Everybody


class Teams(Everybody):
    """Those who go."""

    def _make_a_visit(self) -> None:
        """The next visit in the plan, from setting out to what came of it, as far as it comes: what
        others do meanwhile may be first, and any step may be left out or come late."""
        random = self.house.random
        for _, starts_at, _ in self._due("scheduled", ahead=timedelta(days=21)):
            setting_out = starts_at - timedelta(minutes=random.randint(0, 600))
            self.house.now = max(self.house.now, setting_out)
        for step in (self._send_a_team, self._stand_at_the_door, self._tell_how_it_went):
            for _ in range(random.randint(0, 4)):
                self.house.work()
            if random.random() < 0.85:
                step()

    def _send_a_team(self) -> None:
        for visit, starts_at, _ in self._due("scheduled", ahead=timedelta(hours=12)):
            self._note(f"dispatch {visit}")
            asked = self._allowed(visit, Step.DISPATCH, starts_at)
            if asked is not None:
                self._cases(
                    lambda s, visit=visit, asked=asked: dispatch_visit(
                        s, visit, self.house.now, asked=asked, sees=ALL, by="team"
                    ),
                    may_die=True,
                )

    def _stand_at_the_door(self) -> None:
        """Most often in time: the clock goes on until the visit begins."""
        for visit, starts_at, _ in self._due("dispatched", ahead=timedelta(hours=12)):
            if self.house.now < starts_at and self.house.random.random() < 0.9:
                self.house.now = starts_at + timedelta(seconds=self.house.random.randint(0, 600))
            self._note(f"check in {visit}")
            asked = self._allowed(visit, Step.CHECK_IN, self.house.now)
            arrival = Arrival(Position(25.026, 121.543, 20.0), None, 200)
            if asked is not None:
                self._cases(
                    lambda s, visit=visit, asked=asked, arrival=arrival: check_in_visit(
                        s, visit, arrival, self.house.now, asked=asked, sees=ALL, by="team"
                    ),
                    may_die=True,
                )

    def _tell_how_it_went(self) -> None:
        for visit, starts_at, ends_at in self._due("scheduled", "dispatched", "checked_in"):
            outcome = self.house.random.choice(OUTCOMES)
            self._note(f"complete {visit} {outcome}")
            done = Done(outcome, starts_at, min(ends_at, self.house.now), None)
            self._cases(
                lambda s, visit=visit, done=done: complete_visit(
                    s, visit, done, self.house.now, sees=ALL, by="team"
                ),
                may_die=True,
            )

    def _allowed(self, visit: UUID, step: Step, at: datetime) -> UUID | None:
        """The approval that contact-rules says yes for, asked as over HTTP; None: no."""
        query = text("SELECT approval_id, lender FROM visit WHERE id = :visit")
        (row,) = self._look(query, visit=visit)
        papers = frozenset({"work_id", "authorisation_letter"})
        team = [Member(str(each), papers) for each in self.teams[row.lender]]
        at = min(at, self.house.now).replace(microsecond=0)
        going = Going(row.approval_id, visit, step, at, team)
        with transaction(self.house.rules.engine) as session:
            answer = recheck_approval(session, going, desk=self.house.rules.desk())
        if answer is None or not answer.go:
            self._note("  not lawful now")
            return None
        return UUID(str(row.approval_id))
