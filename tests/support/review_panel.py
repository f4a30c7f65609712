"""Those who decide what rules leave open, as tests of contact-rules meet them."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from httpx import Response
from rules_house import Debtor, House, VisitRequested

REASON: Final = "The second colleague waits downstairs."
ZH: Final = "同事在楼下等候，两人均持证上岗。"


class Panel:
    """People with votes, and the reviews of a house."""

    def __init__(self, house: House) -> None:
        self.house = house

    def open(self, debtor: Debtor, **changed: Any) -> tuple[VisitRequested, str]:
        """Ask for a visit that one goes to alone, which is left to people: it and its review."""
        visit = debtor.visit(**({"team": 1} | changed))
        (answer,) = self.house.ask(visit)
        assert answer["type"] == "needs-review", answer
        return visit, self.of(visit)

    def of(self, visit: VisitRequested) -> str:
        """The newest review of a visit."""
        rows = [row for row in self.house.rows("review", "id") if row.visit_id == visit.visit_id]
        return str(rows[-1].id)

    def headers(self, subject: str, role: str = "compliance", **claims: Any) -> dict[str, str]:
        """The header with a token of this person."""
        token = self.house.token(role, subject=subject, **claims)
        return {"Authorization": f"Bearer {token}"}

    def vote(
        self,
        review: str,
        subject: str,
        verdict: str = "approve",
        *,
        reason: str = REASON,
        role: str = "compliance",
        lender: str | None = None,
        agent: UUID | None = None,
        **headers: str,
    ) -> Response:
        """This person votes; headers by name with underscores."""
        claims = {"lender": lender, "agent": agent}
        return self.house.client.post(
            f"/v1/reviews/{review}/votes",
            json={"verdict": verdict, "reason": reason},
            headers=self.headers(
                subject, role, **{name: each for name, each in claims.items() if each is not None}
            )
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def approve(self, review: str, *subjects: str) -> Response:
        """These vote for it, one after another; the last answer."""
        for subject in subjects:
            answer = self.vote(review, subject)
        return answer

    def state(self, review: str) -> str:
        """What became of a review."""
        (row,) = [row for row in self.house.rows("review") if str(row.id) == review]
        return str(row.state)
