"""Agents: who goes to the door, and which credentials they hold on that day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from cases.domain.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Credential:
    """A paper an agent can show, such as ``work_id``; ``expires_on`` is its last valid day."""

    kind: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Agent:
    """A field agent. ``lender`` None = of the house; ``employer`` is who they work for."""

    id: UUID
    lender: str | None
    name: str
    employer: str
    credentials: Sequence[Credential]

    def valid_on(self, day: date) -> list[str]:
        """The kinds of credentials still valid on ``day``, each once, in order."""
        return sorted(
            {
                each.kind
                for each in self.credentials
                if each.expires_on is None or each.expires_on >= day
            }
        )


HOUSE: str = "house"
"""The employer of agents that belong to no lender and name no other."""


class CollectorClass(StrEnum):
    """In whose name a debt is collected."""

    CREDITOR = "creditor"
    AGENCY = "agency"


class MixedTeam(Refusal):
    """The team's agents work for different employers; the law asks who the collector is."""

    code: ClassVar[str] = "mixed_team"
    pointer: ClassVar[str] = "/team"

    def __init__(self) -> None:
        super().__init__(
            "The agents of a team must have the same employer: that is who collects.",
            "同一外访小组的外访员必须属于同一雇主，即催收主体。",
        )


class AgentPlannedMeanwhile(Refusal):
    """A visit was planned with the agent at this very moment. Send it again."""

    code: ClassVar[str] = "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(
            "A visit was planned with this agent at the same moment; send it again.",
            "此刻正有外访安排给该外访员，请重新提交。",
        )


def collector(team: Sequence[Agent], lender: str) -> tuple[str, CollectorClass]:
    """Who collects with this team for ``lender``: its employer. Raises `MixedTeam`."""
    employers = {agent.employer for agent in team}
    if len(employers) != 1:
        raise MixedTeam
    (employer,) = employers
    return employer, CollectorClass.CREDITOR if employer == lender else CollectorClass.AGENCY
