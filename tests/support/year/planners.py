"""Lenders push, hold and recall; planners ask for visits, move and cancel them."""

from __future__ import annotations

from datetime import timedelta

from cases.api.account_body import AccountBody, account_of
from cases.domain.account import Role
from cases.domain.visit import Party, Purpose
from cases.handlers.accounts import receive_accounts
from cases.handlers.end_visits import cancel_visit
from cases.handlers.holds import lift_hold, place_hold
from cases.handlers.recall_accounts import recall_account
from cases.handlers.request_visit import Asked, request_visit
from cases.handlers.reschedule_visit import Wish, reschedule_visit
from sqlmodel import Session

from year.everybody import ALL, TAIPEI, Debt, Everybody, account


class Planners(Everybody):
    """Those who decide from a desk."""

    def _push(self, session: Session, debt: Debt, *, overdue: bool) -> None:
        body = AccountBody.model_validate(account(self.seed, debt, self.house.now, overdue))
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

    def _move_a_visit(self) -> None:
        for visit in self._some_visit():
            wish = Wish(self._some_start())
            self._note(f"move {visit} to {wish.starts_at}")
            self._cases(
                lambda s, visit=visit, wish=wish: reschedule_visit(
                    s, visit, wish, self.house.now, sees=ALL, by="planner"
                ),
                may_die=True,
            )

    def _hold(self) -> None:
        debt = self.house.random.choice(self.debts)
        today = self.house.now.astimezone(TAIPEI).date()
        until = today + timedelta(days=self.house.random.randint(0, 30))
        self._note(f"hold {debt.lender} {debt.external_id} until {until}")

        def hold(session: Session) -> None:
            assert debt.case_id is not None
            placed = place_hold(
                session,
                debt.case_id,
                reason="hospital",
                note=None,
                from_on=today,
                until_on=self.house.random.choice((None, until)),
                now=self.house.now,
                scope=debt.lender,
                by="planner",
            )
            self.holds.append(placed.id)

        self._cases(hold, may_die=True)

    def _lift_a_hold(self) -> None:
        if self.holds:
            hold = self.holds.pop()
            self._note(f"lift {hold}")
            self._cases(
                lambda s: lift_hold(s, hold, "over", self.house.now, scope=None, by="planner"),
                may_die=True,
            )

    def _recall(self) -> None:
        debt = self.house.random.choice(self.debts)
        self._note(f"recall {debt.lender} {debt.external_id}")
        self._cases(
            lambda s: recall_account(
                s, debt.lender, debt.external_id, "other", self.house.now, by=debt.lender
            ),
            may_die=True,
        )
