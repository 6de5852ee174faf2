"""What does it bring to score members of the front again?

    python benchmarks/search_quality/again.py DATA [--layers 27] [--seeds 6] [--marks 200 400 800]

The spaces of long.py. `searcher.mode: assisted` with one, two and three measurements of an
architecture at most; hypervolume seen and true, as there, means over the seeds and the standard
error of the true one, after so many scores, those made again included.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from landscapes import Landscape, landscapes

from nasea.pipeline.search.rescoring import SCORED_FIRST
from nasea.strategy import GenerationReport, Rescoring, Score, run_search, strategy_for
from nasea.strategy.problem import Genome
from recording import table

POP_SIZE = 40
MEASUREMENTS = (1, 2, 3)


def volumes(of: Landscape, seed: int, most: int, marks: list[int]) -> list[tuple[float, float]]:
    """Hypervolumes seen and true at each mark."""
    found: list[tuple[float, float]] = []

    def again(genomes: list[Genome], turn: int) -> list[Score]:
        return of.evaluate(seed, turn)(genomes)

    def on_generation(report: GenerationReport) -> None:
        records = report.archive.records
        paid = sum(record.score.tried for record in records)
        if len(found) < len(marks) and paid >= marks[len(found)]:
            qualities = [record.score.quality for record in records]
            genomes = [record.genome for record in records]
            found.append(of.volumes(genomes, np.array(qualities, dtype=np.float64)))

    run_search(
        of.problem,
        of.evaluate(seed),
        pop_size=POP_SIZE,
        # The first generations may owe what later ones make up for.
        generations=-(-marks[-1] // POP_SIZE) + 1,
        seed=seed,
        strategy=strategy_for("assisted", of.problem),
        rescoring=Rescoring(again, most, of.noise, SCORED_FIRST),  # type: ignore[arg-type]
        on_generation=on_generation,
    )
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--layers", type=int, choices=(8, 27, 50), default=27)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--marks", type=int, nargs="+", default=[200, 400, 800])
    arguments = parser.parse_args()
    of = landscapes(arguments.data)[arguments.layers]
    rows = []
    for most in MEASUREMENTS:
        run = partial(volumes, of, most=most, marks=arguments.marks)
        runs = [run(seed) for seed in range(arguments.seeds)]
        cells = []
        for points in zip(*runs, strict=True):
            seen, true = zip(*points, strict=True)
            error = statistics.stdev(true) / len(true) ** 0.5 if len(true) > 1 else 0.0
            cells.append(f"{statistics.mean(seen):.2f}, {statistics.mean(true):.2f} ± {error:.2f}")
        rows.append([str(most), *cells])
    print(f"{of.name}, {arguments.layers} layers: seen, true")
    print(table(["measurements", *(f"{mark:,}" for mark in arguments.marks)], rows))


if __name__ == "__main__":
    main()
