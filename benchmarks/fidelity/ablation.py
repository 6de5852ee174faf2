"""What makes a supernet rank truly: one lever changed at a time, at equal training cost.

    python benchmarks/fidelity/ablation.py DIRECTORY [--seeds 2] [--only NAME ...]

DIRECTORY is that of a finished benchmarks/fidelity/run.py, whose trainings alone are the truth, or
of a finished benchmarks/nas_bench_macro/run.py, where the published ones are. Its scenario is the
first row. Every row trains supernets of its own, one a seed, on as many FLOPs
as the first (those of epochs apart, which are the lever there), scores the architectures of the
study with 0, 500 and 2,000 statistics images (as many as there are; --statistics), and prints
Kendall's tau with the trainings alone, the mean over the seeds. With 0 images each validation
batch is normalised by itself. Rows are kept in DIRECTORY/ablation.json as they come; run again, it
goes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasea.backends.opening import load_torch

load_torch()  # before anything else loads torch: it sets how threads wait

import torch  # noqa: E402

BENCHMARKS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCHMARKS))

from nasea.backends.records import EvaluationSubset, Measurement  # noqa: E402
from nasea.backends.torch.scoring.scorer import normalisations  # noqa: E402
from nasea.backends.torch.training.teacher import Teacher  # noqa: E402
from nasea.backends.torch.training.trainer import Trainer  # noqa: E402
from nasea.config import Scenario, load_scenario  # noqa: E402
from nasea.pipeline.probe import Prepared, prepare  # noqa: E402
from nasea.pipeline.session.events import NullListener  # noqa: E402
from nasea.space import Genome, fair_path  # noqa: E402
from nasea.strategy.ranking import kendall_tau  # noqa: E402
from recording import record, table  # noqa: E402 - found only now

STATISTICS_IMAGES = (0, 500, 2000)
TRUTHS = (Path("results", "fidelity.json"), Path("published.json"))
SANDWICH_PATHS = 4
"""The most expensive, the cheapest and two others: US-Nets' n = 4 (arXiv:1903.05134, §4.2)."""


@dataclass(frozen=True)
class Variant:
    """A way to train a supernet.

    Attributes:
        sharing: ``entangled`` or ``independent``.
        paths: an update.
        draw: ``strict``, ``uniform``, or ``sandwich``: the most expensive and the cheapest path
            in every update, the others strictly fair (Yu & Huang 2019, arXiv:1903.05134).
        taught: the share of the most expensive path's outputs in the loss of the others.
        longer: times the epochs of the scenario.
    """

    sharing: str = "entangled"
    paths: int = 2
    draw: str = "strict"
    taught: float = 0.0
    longer: float = 1.0


VARIANTS = {
    "as shipped: entangled, strict, 2 paths": Variant(),
    "independent weights": Variant(sharing="independent"),
    "uniform": Variant(draw="uniform"),
    "strict, 1 path": Variant(paths=1),
    "strict, 4 paths": Variant(paths=4),
    "strict, 8 paths": Variant(paths=8),
    "sandwich": Variant(paths=SANDWICH_PATHS, draw="sandwich"),
    "sandwich, half taught by the most expensive": Variant(
        paths=SANDWICH_PATHS, draw="sandwich", taught=0.5
    ),
    "sandwich, taught by the most expensive": Variant(
        paths=SANDWICH_PATHS, draw="sandwich", taught=1.0
    ),
    "half the epochs": Variant(longer=0.5),
    "twice the epochs": Variant(longer=2.0),
    "four times the epochs": Variant(longer=4.0),
}


def dealer(variant: Variant, prepared: Prepared, seed: int) -> Callable[[int], Genome]:
    """Which path is trained as the n-th."""
    choices = prepared.space.choices
    if variant.draw == "uniform":
        return lambda n: tuple(
            int(np.random.default_rng([seed, layer, n]).integers(count))
            for layer, count in enumerate(choices)
        )
    if variant.draw == "strict":
        return lambda n: fair_path(choices, seed, n)
    ends = prepared.costs.most_expensive, prepared.problem.cheapest

    def path(n: int) -> Genome:
        update, place = divmod(n, SANDWICH_PATHS)
        others = SANDWICH_PATHS - len(ends)
        if place < len(ends):
            return ends[place]
        return fair_path(choices, seed, update * others + place - len(ends))

    return path


class SandwichTrainer(Trainer):
    """Every path but the most expensive learns from the most expensive too, on its own batch."""

    def teach(self, most_expensive: Genome, share: float, example: torch.Tensor) -> None:
        """Set the teacher: the supernet's most expensive path, with statistics of the batch."""
        self.most_expensive = most_expensive

        def network(images: torch.Tensor) -> object:
            return self.supernet.run(images, most_expensive, self.supernet.bind(most_expensive))

        self.in_place: Teacher = Teacher(network, share, self.user, example)  # type: ignore[arg-type]

    def accumulate(
        self, path: Genome, images: torch.Tensor, labels: Any, weight: float
    ) -> torch.Tensor:
        """See :class:`Trainer`."""
        self.teacher = None if path == self.most_expensive else self.in_place
        return super().accumulate(path, images, labels, weight)


def flops_per_batch(variant: Variant, prepared: Prepared, path: Callable[[int], Genome]) -> float:
    """Mean FLOPs of training one image: three forward passes a path, and one of a teacher."""
    paths = [path(n) for n in range(840)]
    flops = prepared.costs.many("flops", np.array([*paths, prepared.costs.most_expensive]))
    taught = sum(p != prepared.costs.most_expensive for p in paths) if variant.taught else 0
    return float(3 * flops[:-1].sum() + taught * flops[-1]) / len(paths)


def train_and_score(
    scenario: Scenario,
    directory: Path,
    variant: Variant,
    blocks: Sequence[Sequence[str]],
    statistics_images: Sequence[int],
) -> dict[str, Any]:
    """Accuracies by the number of statistics images, and what the training took."""
    supernet = scenario.supernet.model_copy(
        update={"sharing": variant.sharing, "paths_per_update": variant.paths}
    )
    scenario = scenario.model_copy(update={"supernet": supernet})
    prepared = prepare(scenario, directory, NullListener())
    path = dealer(variant, prepared, scenario.seed)
    base = flops_per_batch(Variant(), prepared, dealer(Variant(), prepared, scenario.seed))
    relative = flops_per_batch(variant, prepared, path) / base
    epochs = max(1, round(scenario.epochs * variant.longer / relative))
    prepared.backend.close()
    scenario = scenario.model_copy(update={"epochs": epochs})
    prepared = prepare(scenario, directory, NullListener(), workers=0)
    backend = prepared.backend.begin_training(variant.paths, scenario.seed)
    if variant.taught:
        framework: Any = backend.framework
        settings = framework.settings(backend.data, backend.supernet, None, variant.paths)
        backend.trainer = trainer = SandwichTrainer(settings)
        trainer.teach(prepared.costs.most_expensive, variant.taught, backend.batch[0])
    began = time.perf_counter()
    losses: list[float] = []
    for epoch in range(epochs):
        losses.clear()
        backend.train_epoch(epoch, path, lambda report: losses.append(report.loss))
    seconds = time.perf_counter() - began
    genomes = [prepared.space.encode(names) for names in blocks]
    scores = {}
    for count in statistics_images:
        searcher = scenario.searcher.model_copy(update={"bn_images": max(2, count)})
        backend.data.scenario = scenario.model_copy(update={"searcher": searcher})
        backend.data._statistics.clear()
        measure = backend.measure if count else by_batch(backend)
        scores[str(count)] = [
            measure(genome, EvaluationSubset()).metric or 0.0 for genome in genomes
        ]
    backend.close()
    return {
        "epochs": epochs,
        "flops_per_image": relative,
        "seconds": seconds,
        "loss": statistics.fmean(losses),
        "scores": scores,
    }


def by_batch(backend: Any) -> Callable[[Genome, EvaluationSubset], Any]:
    """Measure with the statistics of each validation batch."""
    from nasea.backends.torch.scoring import scorer as score

    def measure(genome: Genome, data: EvaluationSubset) -> Any:
        network = backend.scorer.calibrated(genome)
        for layer in normalisations(network.eval()):
            layer.track_running_stats = False
            layer.running_mean = layer.running_var = None
        network.eval()
        loader = backend.data.evaluation(data.images, data.half)
        return Measurement(score.metric(backend.user, loader, network, backend.scenario.seed))

    return measure


def main() -> None:
    """Train, score, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="*", metavar="NAME", help="rows whose names begin so")
    parser.add_argument("--statistics", nargs="+", type=int, default=STATISTICS_IMAGES)
    asked = parser.parse_args()
    directory = asked.directory.resolve()
    truth = next((directory / one for one in TRUTHS if (directory / one).exists()), None)
    if truth is None:
        parser.error(f"{directory} holds none of {', '.join(map(str, TRUTHS))}")
    rows = json.loads(truth.read_text())["rows"]
    blocks = [row["blocks"] for row in rows]
    alone = [statistics.fmean(row["alone"]) for row in rows]
    scenario = load_scenario(directory / "scen.yaml").scenario
    kept = directory / "ablation.json"
    done: dict[str, list[dict[str, Any]]] = json.loads(kept.read_text()) if kept.exists() else {}
    counts = {str(count) for count in asked.statistics}
    if not all(counts <= set(run["scores"]) for runs in done.values() for run in runs):
        parser.error(f"{kept} holds rows without some of these --statistics: move it away first")
    for turn in range(asked.seeds):
        for name, variant in VARIANTS.items():
            if asked.only and not name.startswith(tuple(asked.only)):
                continue
            if len(done.get(name, [])) > turn:
                continue
            seeded = scenario.model_copy(update={"seed": scenario.seed + turn})
            found = train_and_score(seeded, directory, variant, blocks, asked.statistics)
            found["tau"] = {n: kendall_tau(s, alone) for n, s in found["scores"].items()}
            done.setdefault(name, []).append(found)
            kept.write_text(json.dumps(done))
            taus = ", ".join(f"{value:.3f}" for value in found["tau"].values())
            print(f"{name}: {taus}; {found['seconds']:.0f} s, loss {found['loss']:.3f}", flush=True)
    cells = []
    for name, runs in done.items():
        row = [name, str(round(statistics.fmean(run["epochs"] for run in runs)))]
        for count in map(str, asked.statistics):
            taus = [run["tau"][count] for run in runs]
            spread = f" ± {statistics.stdev(taus):.2f}" if len(taus) > 1 else ""
            row.append(f"{statistics.fmean(taus):.2f}{spread}")
        last = str(asked.statistics[-1])
        median = statistics.fmean(statistics.median(run["scores"][last]) for run in runs)
        cells.append([*row, f"{median:.2f}", str(len(runs))])
    head = ["supernet", "epochs", *(f"tau, {n} images" for n in asked.statistics)]
    print(table([*head, "median accuracy", "seeds"], cells))
    record(f"ablation_{directory.name.removeprefix('fidelity_run_')}", scenario.seed, done)


if __name__ == "__main__":
    main()
