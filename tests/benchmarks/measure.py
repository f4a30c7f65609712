"""Two things measured in one run, as a ratio: the machine is shared, so nothing else means much.

Each round measures the bare limit and the real thing one after the other, or in turn in short
slices where both are short; the figure is the median of the rounds' ratios, the noise is the
largest ratio divided by the smallest. Above 2 the result is inconclusive and says so.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

ROUNDS = 3
INCONCLUSIVE_NOISE = 2.0


@dataclass
class Ratio:
    """One figure of `measuring.md`: rates per second, bare beside real."""

    id: str
    what: str
    goal: float
    unit: str
    bare: list[float] = field(default_factory=list)
    real: list[float] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    at_most: bool = False  # the goal is a share not to be passed, not a speed to be reached

    @property
    def ratios(self) -> list[float]:
        return [real / bare for real, bare in zip(self.real, self.bare, strict=True)]

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def noise(self) -> float:
        return max(self.ratios) / min(self.ratios)

    @property
    def verdict(self) -> str:
        if self.noise > INCONCLUSIVE_NOISE:
            return "inconclusive"
        reached = self.median <= self.goal if self.at_most else self.median >= self.goal
        return "reached" if reached else "missed"

    def sentence(self) -> str:
        """For people."""
        bare, real = statistics.median(self.bare), statistics.median(self.real)
        sign = "≤" if self.at_most else "≥"
        lines = [
            f"{self.id}  {self.what}",
            f"    real {real:>10,.0f} {self.unit}   bare {bare:>10,.0f} {self.unit}",
            f"    ratio {self.median:.2f}  (goal {sign} {self.goal:g}: {self.verdict};"
            f" noise {self.noise:.2f}; rounds {', '.join(f'{r:.2f}' for r in self.ratios)})",
            *(f"    {remark}" for remark in self.remarks),
        ]
        return "\n".join(lines)

    def line(self) -> str:
        """For machines: one JSON object."""
        return json.dumps(
            {
                **asdict(self),
                "ratio": round(self.median, 4),
                "noise": round(self.noise, 4),
                "verdict": self.verdict,
            },
            ensure_ascii=False,
        )


def compare(
    ratio: Ratio, *, bare: Callable[[], float], real: Callable[[], float], rounds: int = ROUNDS
) -> Ratio:
    """Measure both ``rounds`` times, in turn. Each callable returns a rate per second."""
    for _ in range(rounds):
        ratio.bare.append(bare())
        ratio.real.append(real())
    return ratio


def alternate(
    ratio: Ratio,
    *,
    bare: Callable[[], float],
    real: Callable[[], float],
    size: int,
    slices: int,
    rounds: int = ROUNDS,
) -> Ratio:
    """Measure both in many short slices, in turn, so that whatever else the machine does weighs on
    both alike.

    Each callable does ``size`` of what is counted and returns the seconds it took.
    """
    for _ in range(rounds):
        took = {bare: 0.0, real: 0.0}
        for number in range(slices):
            for work in (bare, real) if number % 2 else (real, bare):
                took[work] += work()
        ratio.bare.append(size * slices / took[bare])
        ratio.real.append(size * slices / took[real])
    return ratio


def rate(count: int, work: Callable[[], object]) -> float:
    """How many a second ``work`` does, when it does ``count`` in all."""
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)
