"""What scoring gains from what architectures that begin alike have in common.

    python benchmarks/shared_beginnings.py PROJECT

PROJECT is the directory of a finished search. Candidates a minute, each scored as if it
were the only one, and a whole generation in the order of its genomes: for the first generation of
a search and for its last, in turns, five times. Both give the same scores, which is checked.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from nasea.backends.base import AttachedBackend
from nasea.backends.records import EvaluationSubset
from nasea.results.front import Front
from nasea.space import Genome
from projects import open_trained
from recording import record, table

TURNS = 5


def seconds(
    backend: AttachedBackend, genomes: Sequence[Genome], data: EvaluationSubset, together: bool
) -> tuple[float, list[float]]:
    """Time to score, and the metrics in the order of the genomes."""
    metrics: list[float] = []
    jobs = [(genome, data) for genome in sorted(genomes)]
    start = time.perf_counter()
    if together:
        backend.measure_each(jobs, lambda measured: metrics.append(measured.metric))
    else:
        metrics += [backend.measure(*job).metric for job in jobs]
    return time.perf_counter() - start, metrics


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    arguments = parser.parse_args()
    evaluated = Front.load(arguments.project / "results" / "front.json").evaluated
    prepared = open_trained(arguments.project)
    data = EvaluationSubset(images=prepared.eval_images)
    last = max(one.generation for one in evaluated)
    rows, results = [], {}
    for name, generation in (("first generation", 0), ("last generation", last)):
        genomes = [one.genome for one in evaluated if one.generation == generation]
        # Fills the image cache and gets the check of the prefix cache over with.
        seconds(prepared.backend, genomes, data, True)
        found: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(TURNS):
            took = {each: seconds(prepared.backend, genomes, data, each) for each in found}
            assert took[False][1] == took[True][1], "the scores must be the same"
            for together, (elapsed, _) in took.items():
                found[together].append(elapsed)
        ratio = statistics.median(a / b for a, b in zip(found[False], found[True], strict=True))
        a_minute = [60 * len(genomes) / statistics.median(found[each]) for each in found]
        rows.append([name, str(len(genomes)), *(f"{x:.0f}" for x in a_minute), f"{ratio:.2f}"])
        results[name] = {"architectures": len(genomes), "seconds": list(found.values())}
    head = ["", "architectures", "one by one / minute", "together / minute", "gain (median)"]
    print(table(head, rows))
    record(f"shared_beginnings_{arguments.project.resolve().name}", 0, results)


if __name__ == "__main__":
    main()
