"""When a visit could be made: lawful windows, and what stands against it where there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from cases.domain.agent import Agent
from cases.domain.refusal import Refusal

Window = tuple[datetime, datetime]
"""The first and the last lawful second to begin in."""

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lawful:
    """Every lawful start; where there is none, the rules that say no, as contact-rules tells."""

    windows: Sequence[Window]
    why_not: Sequence[Mapping[str, Any]] = field(default=())


class NoHome(Refusal):
    """No home is listed, so it has to be said where."""

    code: ClassVar[str] = "missing"
    pointer: ClassVar[str] = "/address_id"

    def __init__(self) -> None:
        super().__init__(
            "No home is listed for the accounts of this case: name an address.",
            "本案账户未列出住所，请指明地址。",
        )


class NoSuchCase(Refusal):
    """The case a wanted visit names does not exist, or not for whoever asks."""

    code: ClassVar[str] = "no_such_case"
    pointer: ClassVar[str] = "/case_id"

    def __init__(self) -> None:
        super().__init__("There is no such case.", "没有此案件。")


class NoSuchVisit(Refusal):
    """The visit that would be moved does not exist, or not for whoever asks."""

    code: ClassVar[str] = "no_such_visit"
    pointer: ClassVar[str] = "/visit_id"

    def __init__(self) -> None:
        super().__init__("There is no such visit.", "没有此外访。")


def joined(parts: Sequence[Lawful]) -> Lawful:
    """One calendar of several that follow one another; windows that touch become one."""
    windows: list[Window] = []
    for part in parts:
        for from_, to in part.windows:
            if windows and windows[-1][1] + _SECOND == from_:
                windows[-1] = (windows[-1][0], to)
            else:
                windows.append((from_, to))
    if windows:
        return Lawful(windows)
    return Lawful((), next((part.why_not for part in parts if part.why_not), ()))


def alike(
    first: date, last: date, team: Sequence[Agent], born_on: date | None
) -> list[tuple[date, date]]:
    """The days from ``first`` to ``last``, cut where a paper lapses or somebody grows older.

    On the days of one part the team has the same papers, and who is to be met the same age.
    """
    turns = {
        paper.expires_on + _DAY
        for agent in team
        for paper in agent.credentials
        if paper.expires_on is not None
    }
    if born_on is not None:
        turns |= {_birthday(born_on, year) for year in range(first.year, last.year + 1)}
    begins = [first, *sorted(turn for turn in turns if first < turn <= last)]
    ends = [turn - _DAY for turn in begins[1:]]
    return list(zip(begins, [*ends, last], strict=True))


def _birthday(born_on: date, year: int) -> date:
    """Born on 29 February, one is older on 1 March, as `cases.domain.visit.age_on` has it."""
    try:
        return born_on.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
