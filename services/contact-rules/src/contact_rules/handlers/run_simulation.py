"""Works off one simulation, page by page, from wherever it stands, and slowly enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from shared.clock import Clock, monotonic
from shared.db import is_transient, transaction
from sqlalchemy import Engine

from contact_rules.domain import BrokenPack, Library
from contact_rules.domain.packs import guarded, load
from contact_rules.domain.simulation import Tally
from contact_rules.handlers.schedule_packs import NoSuchVersion
from contact_rules.handlers.simulate import Trial, lines_of, note_simulated
from contact_rules.store import simulations
from contact_rules.store.simulations import (
    NOBODY,
    PastDecision,
    Simulation,
    SimulationState,
)

PAGE: Final = 1000
"""Decisions between two savings."""
STEP: Final = 25
"""Decisions between two rests; the ledgers of so many persons are in memory at once."""
_PERSONS: Final = 100
_BEAT_SECONDS: Final = 5.0
_FASTEST_TOLD: Final = 0.3
"""How much the last page counts in the speed that is told."""

Rest = Callable[[float], None]
"""Called after each step with the seconds it took: rests as long as it takes to be no burden."""


class Lost(Exception):
    """It was cancelled, or another runner has it."""


@dataclass(slots=True)
class _Progress:
    """Where it stands."""

    rules: list[str]
    tally: Tally = field(default_factory=Tally)
    total: int = 0
    done: int = 0
    after: tuple[datetime, UUID] | None = None
    """The last decision that was asked."""
    person: UUID = NOBODY
    """The last person whose planned visits were asked."""
    decisions_done: bool = False
    rate: float | None = None

    def position(self) -> dict[str, Any]:
        return {
            "rules": self.rules,
            "after": None
            if self.after is None
            else [self.after[0].isoformat(), str(self.after[1])],
            "person": str(self.person),
            "decisions_done": self.decisions_done,
            "rate": self.rate,
        }

    @classmethod
    def of(cls, simulation: Simulation, rules: list[str]) -> "_Progress":
        """Where an earlier runner came to; from the beginning if the rules are others by now."""
        position = simulation.position
        if position is None or position["rules"] != rules:
            return cls(rules)
        after = position["after"]
        return cls(
            rules,
            Tally.of(simulation.result or {}),
            simulation.total,
            simulation.done,
            None if after is None else (datetime.fromisoformat(after[0]), UUID(after[1])),
            UUID(position["person"]),
            position["decisions_done"],
            position["rate"],
        )


class Run:
    """One runner at one simulation. Memory does not grow with the number of decisions."""

    def __init__(
        self, engine: Engine, clock: Clock, simulation_id: UUID, runner: UUID, *, rest: Rest
    ) -> None:
        self._engine, self._clock, self._rest = engine, clock, rest
        self._id, self._runner = simulation_id, runner
        self._beaten = self._saved = monotonic()

    def to_the_end(self, directory: Path) -> None:
        """Try the draft beside the packs in ``directory`` and those in force, and save the result.

        What can't be tried has failed, with the reason. Whoever finds that it was cancelled, or
        is another runner's by now, just stops. Raises what the database raises.
        """
        try:
            files = guarded(load(directory))
            self._try(files)
        except Lost:
            return
        except (BrokenPack, NoSuchVersion) as error:
            said = error.complaints[0] if isinstance(error, BrokenPack) else error
            self._fail(f"the packs can't be used together: {said}")
        except Exception as error:
            if is_transient(error):
                raise
            self._fail(f"unforeseen: {type(error).__name__}")
            raise

    def _try(self, files: Library) -> None:
        with transaction(self._engine) as session:
            simulation = simulations.find(session, self._id)
            if simulation is None:
                raise Lost
            trial = Trial.of(session, files, simulation.version_id)
        progress = _Progress.of(simulation, trial.rules)
        if progress.after is None and not progress.decisions_done:
            progress.after = (simulation.from_at, NOBODY)
            progress.total = self._count(simulation)
        while not progress.decisions_done:
            self._decisions(trial, simulation, progress)
        while simulation.planned and self._planned(trial, progress):
            pass
        now = self._clock()
        with transaction(self._engine) as session:
            if not simulations.finish(session, self._id, self._runner, SimulationState.DONE, now):
                raise Lost
            note_simulated(session, simulation, now)

    def _decisions(self, trial: Trial, simulation: Simulation, progress: _Progress) -> None:
        """One page of decisions."""
        assert progress.after is not None
        with transaction(self._engine) as session:
            page = simulations.decisions(session, progress.after, simulation.to_at, limit=PAGE)
        for first in range(0, len(page), STEP):
            begun = monotonic()
            progress.tally.add(self._step(trial, page[first : first + STEP]))
            self._beat()
            self._rest(monotonic() - begun)
        if page:
            progress.after = (page[-1].decided_at, page[-1].id)
        progress.decisions_done = len(page) < PAGE
        self._save(progress, len(page))

    def _step(self, trial: Trial, decisions: Sequence[PastDecision]) -> Tally:
        questions, tally = trial.concerned(decisions)
        with transaction(self._engine) as session:
            lines = lines_of(session, questions)
        tally.add(trial.decided(questions, lines))
        return tally

    def _planned(self, trial: Trial, progress: _Progress) -> bool:
        """The planned visits of a page of persons; False if there was nobody left."""
        begun = monotonic()
        with transaction(self._engine) as session:
            persons = simulations.persons_with_plans(session, progress.person, limit=_PERSONS)
            if not persons:
                return False
            tally = trial.planned(session, persons, self._clock())
        progress.tally.add(tally)
        progress.person = persons[-1]
        self._rest(monotonic() - begun)
        self._save(progress, tally.planned)
        return True

    def _count(self, simulation: Simulation) -> int:
        with transaction(self._engine) as session:
            total = simulations.count_decisions(session, simulation.from_at, simulation.to_at)
            return total + (simulations.count_planned(session) if simulation.planned else 0)

    def _save(self, progress: _Progress, asked: int) -> None:
        now = monotonic()
        speed = asked / max(now - self._saved, 0.001)
        self._saved = self._beaten = now
        if progress.rate is None:
            progress.rate = speed
        elif asked:
            progress.rate += _FASTEST_TOLD * (speed - progress.rate)
        progress.done += asked
        progress.total = max(progress.total, progress.done)
        with transaction(self._engine) as session:
            if not simulations.save(
                session,
                self._id,
                self._runner,
                self._clock(),
                total=progress.total,
                done=progress.done,
                position=progress.position(),
                result=progress.tally.data(),
            ):
                raise Lost

    def _beat(self) -> None:
        """Now and then, so that a slow page is not taken for a dead runner."""
        if monotonic() - self._beaten < _BEAT_SECONDS:
            return
        self._beaten = monotonic()
        with transaction(self._engine) as session:
            if not simulations.beat(session, self._id, self._runner, self._clock()):
                raise Lost

    def _fail(self, why: str) -> None:
        with transaction(self._engine) as session:
            simulations.finish(
                session, self._id, self._runner, SimulationState.FAILED, self._clock(), error=why
            )
