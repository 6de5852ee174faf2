"""What do several supernets rank, when the trainings alone of all their records are the truth?

    python benchmarks/fidelity/pooled.py RECORD RECORD ...

RECORDs are of benchmarks/fidelity/run.py, of the same project and as many architectures. Two
trainings of a network may agree badly; the mean of four is a better truth.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nasea.strategy.ranking import kendall_tau
from recording import table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("records", type=Path, nargs="+", metavar="RECORD")
    paths = parser.parse_args().records
    # Rows are in order of cost, those of one cost as they were drawn: the same in every record.
    studies = [json.loads(path.read_text())["results"]["rows"] for path in paths]
    costs = [row[0] for row in studies[0]]
    if any([row[0] for row in study] != costs for study in studies):
        parser.error("the records are of different architectures")
    alone = [
        statistics.fmean(value for row in rows for value in row[2:])
        for rows in zip(*studies, strict=True)
    ]
    rows = [
        [path.stem, f"{kendall_tau([row[1] for row in study], alone):.2f}"]
        for path, study in zip(paths, studies, strict=True)
    ]
    rows.append(["cost alone", f"{kendall_tau(costs, alone):.2f}"])
    trainings = sum(len(study[0]) - 2 for study in studies)
    print(table([f"tau with the mean of {trainings} trainings alone", ""], rows))


if __name__ == "__main__":
    main()
