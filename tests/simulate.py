"""`make simulate`: years at the door from their seeds; one that breaks a promise replays exactly.

    make simulate                                    10,000 years
    make simulate ARGS="--first 4711 --years 1 --tell"   one of them, with everything that was done

Prints what is wrong with a year as soon as it is found and ends with 1.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postgres import PostgresServer
    from year.house import House

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "support")]

SHARE = 10
"""Years that a process does in a row before it tells of them."""


@dataclass(frozen=True)
class Told:
    """One year, as the parent process hears of it."""

    seed: int
    complaints: list[str]
    deeds: list[str]
    decisions: int
    deaths: int


def main() -> int:
    """Simulate the years asked for; 0 if all kept every promise."""
    import postgres

    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--years", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tell", action="store_true", help="print what people did")
    options = parser.parse_args()
    last = options.first + options.years
    shares = [range(first, min(first + SHARE, last)) for first in range(options.first, last, SHARE)]
    begun, done, wrong, decisions, deaths = time.monotonic(), 0, 0, 0, 0
    with (
        postgres.running() as server,
        ProcessPoolExecutor(options.workers) as pool,
    ):
        for years in pool.map(simulated, shares, [server] * len(shares)):
            for year in years:
                done, decisions, deaths = done + 1, decisions + year.decisions, deaths + year.deaths
                wrong += bool(year.complaints)
                for sentence in year.complaints:
                    print(f"year {year.seed}: {sentence}", flush=True)
                if options.tell:
                    print("\n".join(year.deeds))
            pace = done / (time.monotonic() - begun)
            print(f"{done} of {options.years} years, {pace:.1f} a second", file=sys.stderr)
    print(f"{done} years, {decisions} decisions, {deaths} deaths; {wrong} years broke a promise")
    return 1 if wrong else 0


def simulated(seeds: range, server: "PostgresServer") -> list[Told]:
    """These years, one after the other, in this process's house."""
    from year.run import run_year

    house = _HOUSES.get(server.prefix) or _open_house(server)
    told = []
    for seed in seeds:
        year = run_year(house, seed)
        told.append(Told(seed, year.complaints, year.deeds, year.decisions, year.deaths))
    return told


_cleanup = ExitStack()


_HOUSES: "dict[str, House]" = {}


def _open_house(server: "PostgresServer") -> "House":
    """The one house of this process, on databases of its own; it ends with the process."""
    import structlog
    from credentials import Keys
    from databases import Databases
    from year.house import opened

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    # The parent drops whatever begins with its prefix.
    own = replace(server, prefix=f"{server.prefix}_{os.getpid()}", _roles={}, _templates={})
    databases = Databases(own)
    keys = Keys.make(Path(_cleanup.enter_context(tempfile.TemporaryDirectory())))
    urls = databases.url("cases"), databases.url("contact_rules")
    house = _HOUSES[server.prefix] = _cleanup.enter_context(opened(*urls, keys))
    return house


if __name__ == "__main__":
    raise SystemExit(main())
