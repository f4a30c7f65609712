"""The people of a year: each has deeds of their own, and chance says who does what next."""

from __future__ import annotations

from collections.abc import Callable

from year.debtors import Debtors
from year.everybody import LENDERS, Debt
from year.planners import Planners
from year.teams import Teams


class People(Planners, Teams, Debtors):
    """Everybody who acts in one year."""

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
            (12, self._ask_for_a_visit),
            (2, self._call_a_visit_off),
            (4, self._move_a_visit),
            (8, self._make_a_visit),
            (4, self._send_a_team),
            (4, self._stand_at_the_door),
            (4, self._tell_how_it_went),
            (3, self._call_the_debtor),
            (2, self._tell_a_fact),
            (2, self._take_a_fact_back),
            (1, self._push_again),
            (1, self._hold),
            (1, self._lift_a_hold),
            (1, self._recall),
        ]
        weights = [weight for weight, _ in deeds]
        (deed,) = self.house.random.choices([each for _, each in deeds], weights)
        deed()
