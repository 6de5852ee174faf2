"""Does a long search need more and more memory?

    python benchmarks/memory.py --candidates 1000

Scores so many different candidates of an untrained supernet over handwritten digits, and prints the
resident memory on the way. Flat: no more than 5 % from the first hundred to the last.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from nasea.backends.records import EvaluationSubset
from nasea.space import fair_path
from projects import open_project
from recording import record, table
from searches import write_project

_FLAT = 1.05


def main() -> None:
    """Score, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=1000)
    count = parser.parse_args().candidates
    marks = {max(1, count * tenth // 10): 0.0 for tenth in range(1, 11)}
    with tempfile.TemporaryDirectory() as scratch:
        home = write_project(Path(scratch) / "project")
        prepared = open_project(home)
        prepared.backend.begin_training(prepared.paths_per_update, 0)
        for number in range(1, count + 1):
            genome = fair_path(prepared.space.choices, 0, number)
            prepared.backend.measure(genome, EvaluationSubset())
            if number in marks:
                marks[number] = resident()
        prepared.backend.close()
    first, last = next(iter(marks.values())), list(marks.values())[-1]
    print(table(["scored", "resident MiB"], [[str(n), f"{m:.0f}"] for n, m in marks.items()]))
    print(f"from first to last: x {last / first:.3f}")
    record("memory", 0, {"resident_mib": marks, "growth": round(last / first, 4)})
    if last > _FLAT * first:
        sys.exit(1)


def resident() -> float:
    """MiB of main memory that this process has now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return kib / 1024


if __name__ == "__main__":
    main()
