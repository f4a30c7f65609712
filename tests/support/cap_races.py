"""Sixteen ask at once for places that a cap has too few of; how many windows hold too many is
counted plainly, by days and groups, with nothing of the engine.
"""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from contact_rules.consumers import VisitRequested, request_of
from contact_rules.domain import load
from contact_rules.handlers.decide_visits import Desk, VisitRequest, decide_visits
from credentials import Keys
from rules_house import TUESDAY, Debtor
from settable_clock import SettableClock
from shared.db import transaction
from sqlalchemy import Engine, text

RACERS: Final = 16
TAIPEI: Final = ZoneInfo("Asia/Taipei")

PACK: Final = """
id: cap
version: 2026-01-01
title: {{en: A cap, zh: 上限}}
applies: always
rules:
  - id: cap.visits
    kind: {kind}
    severity: policy
    on_fail: deny
    params: {params}
    citation: made up
    source_quality: text
    message: {{en: "{{measured}}", zh: "{{measured}}"}}
"""

Line = dict[str, Any]
Windows = Callable[[date], Sequence[tuple[date, date]]]
"""Of a day: the windows that contain it and must be looked at, first and last day of each."""


def rolling(days: int) -> Windows:
    """Any so many days in a row."""
    return lambda day: [
        (day - timedelta(days=back), day + timedelta(days=days - 1 - back)) for back in range(days)
    ]


def week(day: date) -> Sequence[tuple[date, date]]:
    """Monday to Sunday."""
    first = day - timedelta(days=day.weekday())
    return [(first, first + timedelta(days=6))]


def month(day: date) -> Sequence[tuple[date, date]]:
    """The first to the last of the month."""
    first = day.replace(day=1)
    return [(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))]


def everybody(_line: Line) -> Sequence[object]:
    """All visits count together."""
    return ["all"]


@dataclass(frozen=True)
class Cap:
    """At most so many visits of a group in a window; sixteen ask for the days ``spread`` says.

    Racers take turns among ``kinds`` of visit (lenders, debts, addresses), so that the groups race
    beside each other. ``racer`` n asks for kind n modulo ``kinds``.
    """

    name: str
    params: str
    windows: Windows
    most: int = 1
    kind: str = "cap"
    spread: tuple[int, ...] = (0,)
    groups: Callable[[Line], Sequence[object]] = everybody
    kinds: int = 1
    changes: Callable[[Debtor, int], dict[str, Any]] = lambda _debtor, _kind: {}

    def visit(self, debtor: Debtor, racer: int) -> Any:
        """What one racer asks for."""
        days = self.spread[racer // self.kinds % len(self.spread)]
        starts_at = TUESDAY + timedelta(days=days, minutes=20 * (racer // len(self.spread)))
        changes = self.changes(debtor, racer % self.kinds)
        return debtor.visit(starts_at, minutes=10, **changes)


def _debt(debtor: Debtor, which: int) -> dict[str, Any]:
    """Debt 0, debt 1, or both at once."""
    ids = [[0], [1], [0, 1]][which]
    return {
        "debts": [
            {"id": str(uuid5(debtor.person_id, f"debt {each}")), "product": "credit_card",
             "days_past_due": 90, "annual_rate": "0.15"}
            for each in ids
        ]
    }  # fmt: skip


def _door(debtor: Debtor, which: int) -> dict[str, Any]:
    address = str(uuid5(debtor.person_id, f"door {which}"))
    return {
        "place": {"address_id": address, "kind": "home", "country": "TW", "region": "TPE",
                  "timezone": "Asia/Taipei"}
    }  # fmt: skip


def _lender(_debtor: Debtor, which: int) -> dict[str, Any]:
    """The lender itself, another, and the agency of the first."""
    lender = ["northbank", "hill-leasing", "northbank"][which]
    collector = [("northbank", "creditor"), ("hill-leasing", "creditor"), ("fair-agency", "agency")]
    name, class_ = collector[which]
    return {"lender": lender, "collector": {"id": name, "class": class_}}


CAPS: Final = (
    Cap("one a day", "{match: {channel: [visit]}, max: 1, window: calendar_day}", rolling(1)),
    Cap(
        "two in seven days",
        "{match: {channel: [visit]}, max: 2, window: {rolling_days: 7}}",
        rolling(7),
        most=2,
        spread=(0, 3, 6, 1, 5),
    ),
    Cap(
        "four in thirty days",
        "{match: {channel: [visit]}, max: 4, window: {rolling_days: 30}}",
        rolling(30),
        most=4,
        spread=(0, 29, 7, 14, 21, 3, 26),
    ),
    Cap(
        "two a calendar week",
        "{match: {channel: [visit]}, max: 2, window: {calendar_week: mon}}",
        week,
        most=2,
        spread=(0, 5, 1, 6, 3),
    ),
    Cap(
        "three a calendar month",
        "{match: {channel: [visit]}, max: 3, window: calendar_month}",
        month,
        most=3,
        spread=(0, 30, 12, 31, 20),
    ),
    Cap(
        "none within three days of another",
        "{match: {channel: [visit]}, days: 3}",
        rolling(4),
        kind="spacing",
        spread=(0, 2, 4, 8, 1, 3),
    ),
    Cap(
        "seven days of rest after one",
        "{after: {channel: [visit]}, days: 7}",
        rolling(7),
        kind="cooldown",
        spread=(0, 6, 3, 9),
    ),
    Cap(
        "one a week for each debt",
        "{match: {channel: [visit]}, max: 1, window: {rolling_days: 7}, group_by: [debt]}",
        rolling(7),
        spread=(0, 4),
        groups=lambda line: line["debts"],
        kinds=3,
        changes=_debt,
    ),
    Cap(
        "one a day for each door",
        "{match: {channel: [visit]}, max: 1, window: calendar_day, group_by: [contact_point]}",
        rolling(1),
        groups=lambda line: [line["point"]],
        kinds=2,
        changes=_door,
    ),
    Cap(
        "two a week for each lender and all its agencies",
        "{match: {channel: [visit]}, max: 2, window: {rolling_days: 7}, group_by: [creditor]}",
        rolling(7),
        most=2,
        spread=(0, 3, 5),
        groups=lambda line: [line["lender"]],
        kinds=3,
        changes=_lender,
    ),
    Cap(
        "one a week for each collector",
        "{match: {channel: [visit]}, max: 1, window: {rolling_days: 7}, group_by: [collector]}",
        rolling(7),
        spread=(0, 4),
        groups=lambda line: [line["collector"]],
        kinds=3,
        changes=_lender,
    ),
    Cap(
        "three in seven days over all lenders, agencies and debts",
        "{match: {channel: [visit]}, max: 3, window: {rolling_days: 7}, group_by: [person]}",
        rolling(7),
        most=3,
        spread=(0, 3, 6, 2),
        kinds=3,
        changes=_lender,
    ),
    Cap(
        "one ever",
        "{match: {channel: [visit]}, max: 1, window: ever}",
        rolling(60),
        spread=(0, 20, 40),
    ),
)


@dataclass(frozen=True)
class Race:
    """Sixteen visits to each of some persons, and a desk whose only rule is the cap."""

    cap: Cap
    engine: Engine
    desk: Desk
    clock: SettableClock
    requests: dict[UUID, list[VisitRequest]]

    @classmethod
    def of(
        cls, cap: Cap, people: int, engine: Engine, keys: Keys, clock: SettableClock, packs: Path
    ) -> Race:
        """A race on an empty database; ``packs`` is an empty directory for the cap's pack."""
        (packs / "cap.yaml").write_text(PACK.format(kind=cap.kind, params=cap.params))
        requests = {
            debtor.person_id: [
                request_of(
                    VisitRequested.model_validate(cap.visit(debtor, racer).model_dump(mode="json"))
                )
                for racer in range(RACERS)
            ]
            for debtor in (Debtor() for _ in range(people))
        }
        with engine.begin() as connection:
            known = text("INSERT INTO person (id) SELECT unnest(CAST(:ids AS uuid[]))")
            connection.execute(known, {"ids": list(requests)})
        return cls(cap, engine, Desk(load(packs), keys.approvals), clock, requests)

    def decide(self, requests: Sequence[VisitRequest]) -> None:
        """Decide these in one transaction."""
        with transaction(self.engine) as session:
            decide_visits(session, requests, self.clock(), desk=self.desk)

    def decide_all_at_once(self, decide: Callable[[VisitRequest], None]) -> None:
        """For each person, all sixteen at the same moment."""
        start = threading.Barrier(RACERS)

        def run(racer: int) -> None:
            for visits in self.requests.values():
                start.wait(timeout=60)
                decide(visits[racer])

        self._all_run(run)

    def decide_in_batches(self, size: int, seed: int) -> None:
        """Each racer goes through the persons in an order of its own, many in a call."""

        def run(racer: int) -> None:
            order = [visits[racer] for visits in self.requests.values()]
            random.Random(seed * RACERS + racer).shuffle(order)
            for first in range(0, len(order), size):
                self.decide(order[first : first + size])

        self._all_run(run)

    def reserved(self) -> dict[UUID, list[Line]]:
        """What was reserved for each person."""
        found: dict[UUID, list[Line]] = {person: [] for person in self.requests}
        query = text(
            "SELECT person_id, starts_at, debts, point, lender, collector FROM ledger"
            " WHERE kind = 'reserved'"
        )
        with self.engine.connect() as connection:
            for row in connection.execute(query):
                found[row.person_id].append(dict(row._mapping))
        return found

    def over_approved(self) -> int:
        """How many persons have a window that holds more visits of a group than the cap."""
        return sum(any(self._too_many(lines)) for lines in self.reserved().values())

    def _too_many(self, lines: Sequence[Line]) -> list[bool]:
        days: dict[object, list[date]] = defaultdict(list)
        for line in lines:
            at: datetime = line["starts_at"]
            for group in self.cap.groups(line):
                days[group].append(at.astimezone(TAIPEI).date())
        return [
            sum(first <= other <= last for other in of_group) > self.cap.most
            for of_group in days.values()
            for day in of_group
            for first, last in self.cap.windows(day)
        ]

    @staticmethod
    def _all_run(run: Callable[[int], None]) -> None:
        with ThreadPoolExecutor(RACERS) as pool:
            for done in [pool.submit(run, racer) for racer in range(RACERS)]:
                done.result()
