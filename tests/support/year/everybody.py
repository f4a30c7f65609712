"""Whom a year is about: debts, teams, visits; and how those who act look and do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from cases.domain.agent import Credential
from cases.domain.outcome import Outcome
from cases.domain.refusal import Refusal
from cases.handlers.agents import register_agent
from cases.handlers.end_visits import Sees
from sqlalchemy import text
from sqlmodel import Session

from year.house import House

TAIPEI: Final = ZoneInfo("Asia/Taipei")
LENDERS: Final = ("northbank", "hill-leasing")
ALL: Final = Sees(None, None)

OUTCOMES: Final = (Outcome.NOT_HOME, Outcome.PROMISE, Outcome.ASKED_OTHER_TIME, Outcome.MOVED)


@dataclass
class Debt:
    """One account of one debtor at one lender."""

    lender: str
    external_id: str
    person: int
    case_id: UUID | None = None
    person_id: UUID | None = None
    home: UUID | None = None


@dataclass
class Everybody:
    """What is there in one year. `deeds` is what people did, for whoever wants to follow it."""

    house: House
    seed: int
    debts: list[Debt] = field(default_factory=list)
    teams: dict[str, list[UUID]] = field(default_factory=dict)
    visits: list[UUID] = field(default_factory=list)
    holds: list[UUID] = field(default_factory=list)
    facts: list[UUID] = field(default_factory=list)
    calls: int = 0
    deeds: list[str] = field(default_factory=list)

    def _some_visit(self) -> list[UUID]:
        return [self.house.random.choice(self.visits[-6:])] if self.visits else []

    def _due(
        self, *statuses: str, ahead: timedelta = timedelta(0)
    ) -> list[tuple[UUID, datetime, datetime]]:
        """One of the visits in one of these states that begin by then, the earliest."""
        query = text(
            "SELECT id, starts_at, ends_at FROM visit WHERE id = ANY(CAST(:ids AS uuid[]))"
            " AND starts_at < :until AND status = ANY(:statuses) ORDER BY starts_at, id LIMIT 1"
        )
        until = self.house.now + ahead
        rows = self._look(query, ids=self.visits, until=until, statuses=list(statuses))
        return [tuple(row) for row in rows]

    def _look(self, query: Any, **values: Any) -> list[Any]:
        with self.house.cases.engine.connect() as connection:
            return list(connection.execute(query, values))

    def _some_start(self) -> datetime:
        """Some moment of the next three weeks, most often by day; also nights, also Sundays."""
        random = self.house.random
        day = self.house.now.astimezone(TAIPEI).date() + timedelta(days=random.randint(0, 20))
        hour = random.choice((8, 9, 10, 11, 14, 15, 17, 19, 21, 23))
        start = datetime(day.year, day.month, day.day, hour, random.choice((0, 30)), tzinfo=TAIPEI)
        return max(start, (self.house.now + timedelta(minutes=1)).replace(microsecond=0))

    def _hire(self, session: Session, lender: str, name: str) -> None:
        papers = [Credential(kind, None) for kind in ("work_id", "authorisation_letter")]
        agent = register_agent(
            session,
            lender=lender,
            name=name,
            employer=None,
            credentials=papers,
            by="year",
            now=self.house.now,
        )
        self.teams[lender].append(agent.id)

    def _find_homes(self) -> None:
        query = text(
            "SELECT lender, external_id, person_id, address_ids[1] AS home FROM account"
            " WHERE external_id = ANY(:ids)"
        )
        found = {
            (row.lender, row.external_id): row
            for row in self._look(query, ids=[debt.external_id for debt in self.debts])
        }
        for debt in self.debts:
            row = found[debt.lender, debt.external_id]
            debt.person_id, debt.home = row.person_id, row.home

    def _cases(self, deed: Callable[[Session], None], *, may_die: bool = False) -> None:
        try:
            self.house.does(self.house.cases, deed, may_die=may_die)
        except Refusal as refusal:
            self._note(f"  refused: {refusal.code}")

    def _note(self, what: str) -> None:
        self.deeds.append(f"{self.house.now:%Y-%m-%d %H:%M:%S} {what}")


def account(seed: int, debt: Debt, now: datetime, overdue: bool) -> dict[str, Any]:
    due = {"overdue": "9300", "due_since": str(date(2026, 8, 15))} if overdue else {"overdue": "0"}
    return {
        "as_of": now.isoformat(),
        "product": "credit_card",
        "currency": "TWD",
        "balance": {"principal": "42000", "interest": "1830", "fees": "600"},
        **due,
        "annual_rate": "0.15",
        "debtor": {
            "name": "王慢慢",
            "id_number": f"Y{seed}P{debt.person}",
            "born_on": "1988-05-04",
            "language": "zh-TW",
        },
        "addresses": [
            {"kind": "home", "text": "臺北市大安區忘帳路 1 段 7 號", "country": "TW",
             "region": "TPE", "latitude": 25.026, "longitude": 121.543}
        ],
    }  # fmt: skip
