"""`make race`: every kind of cap, 16 racers for each of 300 persons, 5 seeds; counts what is over.

Prints a line for each cap and seed and ends with 1 if a single place too many was given away.
"""

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "support")]


def main() -> int:
    """Run the races asked for; 0 if no cap was exceeded."""
    import postgres
    from cap_races import CAPS, RACERS, Race
    from credentials import Keys
    from databases import Databases
    from settable_clock import SettableClock

    parser = argparse.ArgumentParser(prog="make race", description=__doc__)
    parser.add_argument("--persons", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    over = 0
    with postgres.running() as server, tempfile.TemporaryDirectory() as directory:
        keys = Keys.make(Path(directory))
        for cap in CAPS:
            for seed in range(options.seeds):
                databases = Databases(server)
                packs = Path(directory) / f"{CAPS.index(cap)}-{seed}"
                packs.mkdir()
                engine = databases.engine("contact_rules", pool_size=RACERS)
                race = Race.of(cap, options.persons, engine, keys, SettableClock(), packs)
                race.decide_in_batches(8, seed=seed)
                found = race.over_approved()
                given = sum(map(len, race.reserved().values()))
                databases.close()
                over += found
                print(
                    f"{cap.name}, seed {seed}: {given} of {RACERS * options.persons} places given,"
                    f" {found} persons over the cap",
                    flush=True,
                )
    print(f"over-approvals: {over}")
    return 1 if over else 0


if __name__ == "__main__":
    raise SystemExit(main())
