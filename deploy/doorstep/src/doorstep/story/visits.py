"""The visits of the story: who is asked for, when, and what the law must say to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from doorstep.story.callers import Callers
from doorstep.story.debtors import Debtor
from doorstep.story.edge import Json
from doorstep.story.otherwise import StoryWentOtherwise

MINUTES: Final = 30

_DECIDED: Final = frozenset({"scheduled", "denied", "needs_review"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit to be asked for and what must come of it.

    `status` is the visit's; `because` is a pack and a kind of rule, one of which must be among
    those that fail or can't be answered. A denial names the next lawful times exactly where
    `later` says so: none cures a team, a party, or what had to be done before.
    """

    title: str
    debtor: Debtor
    starts_at: datetime
    team: Sequence[str]
    status: str
    because: tuple[str, str] | None = None
    party: str = "debtor"
    later: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A visit that was asked for and what came."""

    wanted: Wanted
    visit: Json

    @property
    def id(self) -> str:
        return str(self.visit["id"])

    @property
    def verdict(self) -> str:
        """allow, deny or needs_review."""
        denial = self.visit.get("denial")
        return str(denial["verdict"]) if denial else "allow"

    @property
    def reasons(self) -> list[Json]:
        """The checks that failed, or that could not be answered."""
        denial = self.visit.get("denial")
        return [
            check
            for check in (denial["checks"] if denial else [])
            if check["result"] in ("fail", "unknown")
        ]

    @property
    def next_lawful(self) -> list[Json]:
        denial = self.visit.get("denial")
        return list(denial["next_lawful"]) if denial else []


def ask(callers: Callers, wanted: Wanted) -> Told:
    """Asks for the visit, waits for the decision and holds it against what must come.

    Raises StoryWentOtherwise.
    """
    lender = callers.lender
    asked = callers.ops.post(
        f"/cases/v1/cases/{wanted.debtor.case_id}/visits",
        {
            "address_id": wanted.debtor.address_id,
            "starts_at": wanted.starts_at.isoformat(),
            "duration_minutes": MINUTES,
            "party": {"role": wanted.party},
            "purpose": "collect",
            "team": list(wanted.team),
        },
        expect=202,
    )
    visit = lender.until(
        lambda: lender.get(f"/cases/v1/visits/{asked['id']}"),
        lambda answer: answer["status"] in _DECIDED,
        f"“{wanted.title}” to be decided",
    )
    told = Told(wanted, visit)
    _hold_against(told)
    return told


def _hold_against(told: Told) -> None:
    wanted, came = told.wanted, told.visit["status"]
    rules = ", ".join(check["rule"] for check in told.reasons)
    said = f"{came}, because of {rules or 'nothing'}"
    if came != wanted.status:
        raise StoryWentOtherwise(f"“{wanted.title}” to be {wanted.status}", said)
    kinds = {(check["pack"].partition("@")[0], check["kind"]) for check in told.reasons}
    if wanted.because and wanted.because not in kinds:
        pack, kind = wanted.because
        raise StoryWentOtherwise(
            f"“{wanted.title}” to be {wanted.status} by a rule of kind {kind} in {pack}", said
        )
    if came == "denied" and wanted.later and not told.next_lawful:
        raise StoryWentOtherwise(f"“{wanted.title}” to be told when it may be", "no time")
    if came == "denied" and not wanted.later and told.next_lawful:
        raise StoryWentOtherwise(f"“{wanted.title}” to be no better at another time", said)
    if came == "denied" and not all(check["citation"] for check in told.reasons):
        raise StoryWentOtherwise(f"every reason of “{wanted.title}” to name its law", rules)
    if came == "scheduled" and not told.visit.get("approval"):
        raise StoryWentOtherwise(f"“{wanted.title}” to be scheduled with an approval", "none")
