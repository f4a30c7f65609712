"""Both services as they are composed for production, on this simulation's clock, bus and deaths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import inf
from random import Random
from typing import Final
from uuid import UUID

import shared.ids
from cases.api.served import CasesService
from cases.service import build as build_cases
from cases.settings import CasesSettings
from contact_rules.api.served import ContactRulesService
from contact_rules.service import build as build_rules
from contact_rules.settings import ContactRulesSettings
from credentials import Keys
from shared.db import transaction
from shared.inbox import Consumer
from shared.loops import Loop
from sqlmodel import Session

from year.bus import UnkindBus
from year.deaths import Death, Deaths

NOT_HERE: Final = ("housekeeping", "packs", "imports", "simulations", "rules turn")
"""Loops that have no part in the year: they look at files, forget, take in masses, or let the
rules change."""

MOST_ROUNDS: Final = 200
"""After so many rounds of work a house that is left alone must have come to rest."""


class House:
    """The two services and the time. One is enough for many years, one after the other."""

    def __init__(self, cases_url: str, rules_url: str, keys: Keys) -> None:
        self.deaths: Final = Deaths()
        self.bus: Final = UnkindBus(self.deaths)
        self.now = datetime.fromisoformat("2026-12-31T16:00:00+00:00")
        self.random = Random(0)
        self.cases: CasesService = build_cases(
            CasesSettings(
                database_url=cases_url,
                token_keys=str(keys.token_jwks),
                approval_keys=str(keys.approval_jwks),
                identity_key="an identity key that only a simulation may know",
                contact_rules_url="http://127.0.0.1:9",  # asked in process here: see `people`
                service_token_file=keys.service_token,
            ),
            self.bus,
            self.clock,
        )
        self.rules: ContactRulesService = build_rules(
            ContactRulesSettings(
                database_url=rules_url,
                token_keys=str(keys.token_jwks),
                approval_key=keys.approval_key,
            ),
            self.bus,
            self.clock,
        )
        self.loops: Final[list[Loop]] = [
            loop
            for service in (self.cases, self.rules)
            for loop in service.loops
            if not any(word in loop.name for word in NOT_HERE)
        ]
        for service in (self.cases, self.rules):
            self.deaths.watch(service.engine)
            for loop in service.loops:
                declare = getattr(loop, "declare", None)
                if declare is not None:
                    declare()
        self._by_no_other_clock()
        self.rules.desk()  # what a process does once is done before any year begins

    def clock(self) -> datetime:
        """The time in this house."""
        return self.now

    def begin(self, seed: int) -> None:
        """A new year: its own chance, its own ids, the first of January in Taipei."""
        self.random = Random(seed)
        self.now = datetime.fromisoformat("2026-12-31T16:00:00+00:00")
        self.bus.begin(Random(seed + 1))
        ids = Random(seed + 2)

        def uuid7() -> UUID:
            milliseconds = int(self.now.timestamp() * 1000)
            high = (milliseconds << 16) | 0x7000 | ids.getrandbits(12)
            return UUID(int=(high << 64) | (0b10 << 62) | ids.getrandbits(62))

        shared.ids.uuid7 = uuid7  # type: ignore[assignment]

    def passes(self, most: timedelta) -> None:
        """Some time goes by, whole seconds."""
        self.now += timedelta(seconds=self.random.randint(1, int(most.total_seconds())))

    def work(self, *, may_die: bool = True) -> None:
        """One loop of one process does a piece of work, or dies in the middle of it."""
        loop = self.random.choice(self.loops)
        if may_die:
            self.deaths.arm(self.random, 0.15)
        self._once(loop)

    def goes_round(self) -> None:
        """As on most days, what was said is heard at once: all that carry messages work in turn."""
        for loop in self.loops:
            if any(word in loop.name for word in ("relay", "consumer")):
                self.deaths.arm(self.random, 0.05)
                self._once(loop)

    def settle(self) -> None:
        """Everybody works, nobody dies, the bus is kind: until nothing is left to do."""
        self.deaths.disarm()
        self.bus.kind = True
        idle = 0
        for _ in range(MOST_ROUNDS):
            worked = [self._once(loop) for loop in self.loops]
            idle = 0 if any(worked) or self.bus.waiting else idle + 1
            if idle == 2:  # what a loop did last may be for one that came before it
                return
        raise AssertionError("the house does not come to rest")

    def does(self, service: CasesService | ContactRulesService, deed: Callable[[Session], None],
             *, may_die: bool = True) -> bool:  # fmt: skip
        """Somebody does something in one transaction; False if the process died of it."""
        if may_die:
            self.deaths.arm(self.random, 0.05, within=30)
        try:
            with transaction(service.engine) as session:
                deed(session)
        except Death:
            return False
        finally:
            self.deaths.disarm()
        return True

    def close(self) -> None:
        """The end of both services."""
        self.cases.close()
        self.rules.close()

    def _once(self, loop: Loop) -> bool:
        try:
            return loop.run_once()
        except Death:
            self.deaths.disarm()
            loop.close()  # a new process has nothing of the old one
            return True
        finally:
            self.deaths.disarm()

    def _by_no_other_clock(self) -> None:
        """Time here is the simulation's: nobody sleeps on the machine's, or looks at it."""
        for loop in self.loops:
            if isinstance(loop, Consumer):
                loop._pause = lambda _seconds: None
                loop._look_at_requeued = inf


@contextmanager
def opened(cases_url: str, rules_url: str, keys: Keys) -> Iterator[House]:
    """A house, closed in the end; ids are made as ever again then."""
    made = shared.ids.uuid7
    house = House(cases_url, rules_url, keys)
    try:
        yield house
    finally:
        shared.ids.uuid7 = made
        house.close()
