"""Does the front change when architectures are scored as their int8 files?

    python benchmarks/int8_front.py PROJECT [--evaluations 96] [--sample 40] [--name NAME]

PROJECT is a directory in which `nasea search` has trained a supernet; its `user_module.py`,
`checkpoint/` and data are read, nothing there is changed. On that one supernet: two searches, by
float and by int8 scores (`searcher.score_as`), with the same seed; Kendall's tau between both
scores over a random sample; and for every member of both fronts the accuracy of the file that ships
(ONNX int8 in ONNX Runtime for PyTorch, TFLite int8 in LiteRT for TensorFlow), on the whole of
val_dir, beside the score that promised it.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from nasea.backends.export.calibration import calibrating_images
from nasea.backends.export.formats import find_format
from nasea.backends.records import EvaluationSubset
from nasea.config import load_scenario
from nasea.pipeline.probe import Prepared
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.session.events import NullListener
from nasea.pipeline.supernet.trained import open_trained
from nasea.results.front import Front
from nasea.space import Genome
from nasea.strategy import Score, run_search, strategy_for
from recording import record, table

POP_SIZE = 16
FORMATS = {"pytorch": "onnx-int8", "tensorflow": "tflite-int8"}


class Scores:
    """Accuracies of one kind, each measured once.

    Attributes:
        seconds: that measuring took.
    """

    def __init__(self, prepared: Prepared, direction: Direction, data: EvaluationSubset) -> None:
        self.prepared = prepared
        self.direction = direction
        self.data = data
        self.known: dict[Genome, Score] = {}
        self.seconds = 0.0

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        """Scores, as a search asks for them."""
        unknown = sorted(set(genomes) - set(self.known), key=self.prepared.space.steps)
        coming = iter(unknown)
        began = time.perf_counter()

        def enter(measured: Any) -> None:
            self.known[next(coming)] = (
                Score.failed(measured.failure or "unknown")
                if measured.metric is None
                else Score(self.direction.accuracy(measured.metric), measured.metric)
            )

        self.prepared.backend.measure_each([(genome, self.data) for genome in unknown], enter)
        self.seconds += time.perf_counter() - began
        return [self.known[genome] for genome in genomes]

    def of(self, genomes: Sequence[Genome]) -> list[float]:
        """Accuracies."""
        return [score.quality or 0.0 for score in self(genomes)]


def front_of(prepared: Prepared, score: Callable[..., list[Score]], evaluations: int) -> list:
    """The feasible front that a search finds."""
    archive = run_search(
        prepared.problem,
        score,
        pop_size=POP_SIZE,
        generations=math.ceil(evaluations / POP_SIZE),
        seed=prepared.scenario.seed,
        strategy=strategy_for(prepared.scenario.searcher.proposer, prepared.problem),
    ).archive
    return [one.genome for one in archive.front(prepared.scenario.constraint.value)]


def shipped(prepared: Prepared, direction: Direction, genomes: Sequence[Genome]) -> list[float]:
    """The accuracies of the exported int8 files on the whole of val_dir."""
    framework = prepared.scenario.framework
    format = find_format(FORMATS[framework], framework)
    found, images = [], None
    with tempfile.TemporaryDirectory() as folder:
        for number, genome in enumerate(genomes):
            weights = Path(folder) / f"{number}{prepared.backend.weights_suffix}"
            prepared.backend.write_weights(genome, weights)
            exporter = prepared.backend.exporter(prepared.space, genome, weights)
            if images is None:
                count = prepared.scenario.searcher.bn_images
                images = calibrating_images(exporter.training_images, count, "")
            path = Path(folder) / f"{number}{format.suffix}"
            exporter.write(format, path, None, images)
            run = exporter.load(format, path)
            found.append(direction.accuracy(exporter.measure(run).metric))
    return found


def main() -> None:
    """Print and record the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--evaluations", type=int, default=96)
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--name", help="of the record; that of the project by default")
    arguments = parser.parse_args()
    scenario = load_scenario(arguments.project / "scen.yaml").scenario
    searcher = scenario.searcher.model_copy(update={"score_as": "int8"})
    scenario = scenario.model_copy(update={"searcher": searcher})
    prepared = open_trained(scenario, arguments.project.resolve(), NullListener()).prepared
    front = Front.load(arguments.project / "results" / "front.json")
    direction = Direction.of_result(front.info.metric_mode, front.best)
    whole = EvaluationSubset(), EvaluationSubset(in_float=True)
    part = prepared.eval_images
    by_int8, by_float = (Scores(prepared, direction, each) for each in whole)
    scores = by_int8, by_float
    if part is not None:
        scores = tuple(
            Scores(prepared, direction, EvaluationSubset(part, in_float=each)) for each in (0, 1)
        )
    sample = prepared.sample(arguments.sample)
    seconds = []
    for score in scores:  # what was traced and checked once is no part of the time
        score(sample[:4])
        score.seconds = 0.0
        score(sample)
        seconds.append(score.seconds / max(len(sample) - 4, 1))
    taus = kendalltau(scores[0].of(sample), scores[1].of(sample))
    differences = [b - a for a, b in zip(*(each.of(sample) for each in scores), strict=True)]
    fronts = {
        "int8": front_of(prepared, scores[0], arguments.evaluations),
        "float": front_of(prepared, scores[1], arguments.evaluations),
    }
    members = list({*fronts["int8"], *fronts["float"]})
    costs = dict(zip(members, prepared.costs(np.array(members)).tolist(), strict=True))
    members.sort(key=costs.__getitem__)
    true = dict(zip(members, shipped(prepared, direction, members), strict=True))
    int8 = dict(zip(members, by_int8.of(members), strict=True))
    floats = dict(zip(members, by_float.of(members), strict=True))
    rows = [
        [
            f"{costs[genome]:,.0f}",
            *("x" if genome in front else "" for front in fronts.values()),
            *(f"{each[genome]:.4f}" for each in (floats, int8, true)),
        ]
        for genome in members
    ]
    print(table(["cost", "int8 front", "float front", "float", "int8 score", "file"], rows))
    budgets = [costs[genome] for genome in members]
    best = {
        name: [max((true[g] for g in front if costs[g] <= cost), default=None) for cost in budgets]
        for name, front in fronts.items()
    }
    gains = [
        a - b
        for a, b in zip(best["int8"], best["float"], strict=True)
        if a is not None and b is not None
    ]
    errors = [abs(int8[genome] - true[genome]) for genome in members]
    naive = [abs(floats[genome] - true[genome]) for genome in members]
    results = {
        "sample": len(sample),
        "val_images": prepared.data.val_images,
        "tau_float_int8": float(taus.statistic),
        "mean_drop_of_int8_scores": statistics.mean(differences),
        "largest_drop_of_int8_scores": max(differences),
        "seconds_a_score": {"int8": seconds[0], "float": seconds[1]},
        "front_sizes": {name: len(front) for name, front in fronts.items()},
        "in_both": len({*fronts["int8"]} & {*fronts["float"]}),
        "mean_distance_of_int8_score_to_file": statistics.mean(errors),
        "largest_distance_of_int8_score_to_file": max(errors),
        "mean_distance_of_float_score_to_file": statistics.mean(naive),
        "mean_gain_of_the_int8_front": statistics.mean(gains) if gains else None,
        "mean_file_accuracy": {
            name: statistics.mean(true[genome] for genome in front)
            for name, front in fronts.items()
        },
        "members": [
            {
                "genome": list(genome),
                "cost": costs[genome],
                "fronts": [name for name, front in fronts.items() if genome in front],
                "float": floats[genome],
                "int8_score": int8[genome],
                "file": true[genome],
            }
            for genome in members
        ],
    }
    print("\n".join(f"{key}: {value}" for key, value in results.items() if key != "members"))
    record(f"int8_front_{arguments.name or arguments.project.name}", scenario.seed, results)


if __name__ == "__main__":
    main()
