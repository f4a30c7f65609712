"""`make bench`: speed as ratios, bare and real side by side.  ARGS="P3 P5 --out bench.jsonl" """

import argparse
import platform
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

BENCHMARKS = {
    "P1": "p1_visits",
    "P2": "p1_visits",
    "P3": "p3_relay",
    "P5": "p5_hot_person",
    "P6": "p6_rules",
    "P7": "p7_share",
    "P8": "p6_rules",
    "P10": "p10_large_ledger",
    "P11": "p11_latency",
    "SIM": "p_simulation",
}


def main() -> int:
    """Measure what is asked for (default: all) and print a sentence and a JSON line for each."""
    import servers
    from measure import Ratio

    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("which", nargs="*", help=f"of {', '.join(BENCHMARKS)}; default all")
    parser.add_argument("--out", type=Path, help="append the JSON lines to this file")
    options = parser.parse_args()
    wanted = [name.upper() for name in options.which] or list(BENCHMARKS)
    if unknown := [name for name in wanted if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {', '.join(unknown)}")

    lines = []
    with servers.running() as running:
        print(
            f"Python {platform.python_version()}; PostgreSQL is {running.postgres.backing.phrase},"
            f" RabbitMQ {running.rabbit.backing.phrase}",
            flush=True,
        )
        for module in dict.fromkeys(BENCHMARKS[name] for name in wanted):
            print(f"measuring {module} …", flush=True)
            measured = import_module(module).run(running)
            results: list[Ratio] = measured if isinstance(measured, list) else [measured]
            for result in results:
                if result.id in wanted:
                    print(result.sentence(), flush=True)
                    lines.append(result.line())
    print()
    print("\n".join(lines))
    if options.out:
        with options.out.open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
