"""The people of a year: lenders, debtors, planners, teams at doors. Each deed is chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from cases.api.account_body import AccountBody, account_of
from cases.domain.account import Role
from cases.domain.agent import Credential
from cases.domain.outcome import Outcome
from cases.domain.refusal import Refusal
from cases.domain.visit import Party, Purpose
from cases.handlers.accounts import receive_accounts
from cases.handlers.agents import register_agent
from cases.handlers.end_visits import Done, Sees, cancel_visit, complete_visit
from cases.handlers.request_visit import Asked, request_visit
from sqlalchemy import text
from sqlmodel import Session

from year.house import House

TAIPEI: Final = ZoneInfo("Asia/Taipei")
LENDERS: Final = ("northbank", "hill-leasing")
ALL: Final = Sees(None, None)

_OUTCOMES: Final = (Outcome.NOT_HOME, Outcome.PROMISE, Outcome.ASKED_OTHER_TIME, Outcome.MOVED)


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
class People:
    """Everybody of one year. `deeds` is what they did, for whoever wants to follow it."""

    house: House
    seed: int
    debts: list[Debt] = field(default_factory=list)
    teams: dict[str, list[UUID]] = field(default_factory=dict)
    visits: list[UUID] = field(default_factory=list)
    deeds: list[str] = field(default_factory=list)

    def arrive(self) -> None:
        """The debtors are pushed, the teams are hired; nobody dies of that yet."""
        random = self.house.random
        for lender in LENDERS:
            self.teams[lender] = []
            for name in ("Chen", "Lin"):
                self._cases(lambda s, lender=lender, name=name: self._hire(s, lender, name))
        for person in range(random.randint(1, 2)):
            for lender in LENDERS[: random.randint(1, 2)]:
                debt = Debt(lender, f"{self.seed}-{person}", person)
                self._cases(lambda s, debt=debt: self._push(s, debt, overdue=True))
                self.debts.append(debt)
        self._find_homes()

    def do_something(self) -> None:
        """One deed of one of them, by chance."""
        deeds: list[tuple[int, Callable[[], None]]] = [
            (10, self._ask_for_a_visit),
            (2, self._call_a_visit_off),
            (6, self._tell_how_it_went),
            (1, self._push_again),
        ]
        weights = [weight for weight, _ in deeds]
        (deed,) = self.house.random.choices([each for _, each in deeds], weights)
        deed()

    # --- lenders

    def _push(self, session: Session, debt: Debt, *, overdue: bool) -> None:
        body = AccountBody.model_validate(_account(self.seed, debt, self.house.now, overdue))
        (received,) = receive_accounts(
            session,
            debt.lender,
            [(debt.external_id, account_of(body, self.house.now))],
            self.house.now,
            identities=self.house.cases.identities,
            by="year",
        )
        debt.case_id = received.case_id or debt.case_id

    def _push_again(self) -> None:
        debt = self.house.random.choice(self.debts)
        overdue = self.house.random.random() < 0.7
        self._note(f"push {debt.lender} {debt.external_id} overdue={overdue}")
        self._cases(lambda s: self._push(s, debt, overdue=overdue), may_die=True)

    # --- planners

    def _ask_for_a_visit(self) -> None:
        debt = self.house.random.choice(self.debts)
        starts_at = self._some_start()
        self._note(f"ask {debt.lender} {debt.external_id} for {starts_at}")

        def ask(session: Session) -> None:
            assert debt.case_id is not None
            assert debt.home is not None
            asked = Asked(
                address_id=debt.home,
                starts_at=starts_at,
                duration=timedelta(minutes=self.house.random.choice((10, 30, 60))),
                party=Party(Role.DEBTOR, None),
                purpose=Purpose.COLLECT,
                team=self.teams[debt.lender],
            )
            visit = request_visit(
                session, debt.case_id, asked, self.house.now, scope=debt.lender, by="planner"
            )
            self.visits.append(visit)

        self._cases(ask, may_die=True)

    def _call_a_visit_off(self) -> None:
        for visit in self._some_visit():
            self._note(f"cancel {visit}")
            self._cases(
                lambda s, visit=visit: cancel_visit(
                    s, visit, "debtor", self.house.now, sees=ALL, by="planner"
                ),
                may_die=True,
            )

    # --- teams

    def _tell_how_it_went(self) -> None:
        for visit, starts_at, ends_at in self._due():
            outcome = self.house.random.choice(_OUTCOMES)
            self._note(f"complete {visit} {outcome}")
            done = Done(outcome, starts_at, min(ends_at, self.house.now), None)
            self._cases(
                lambda s, visit=visit, done=done: complete_visit(
                    s, visit, done, self.house.now, sees=ALL, by="team"
                ),
                may_die=True,
            )

    # --- looking and doing

    def _some_visit(self) -> list[UUID]:
        return [self.house.random.choice(self.visits[-6:])] if self.visits else []

    def _due(self) -> list[tuple[UUID, datetime, datetime]]:
        """One of the visits that somebody may have made by now."""
        query = text(
            "SELECT id, starts_at, ends_at FROM visit WHERE id = ANY(CAST(:ids AS uuid[]))"
            " AND starts_at < :now AND status IN ('scheduled', 'dispatched', 'checked_in')"
            " ORDER BY starts_at, id"
        )
        rows = self._look(query, ids=self.visits, now=self.house.now)
        return [tuple(row) for row in rows[:1]]

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


def _account(seed: int, debt: Debt, now: datetime, overdue: bool) -> dict[str, Any]:
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
