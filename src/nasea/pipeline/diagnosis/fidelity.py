"""``nasea fidelity``: tests whether the supernet ranks architectures as stand-alone training does.

Random feasible architectures are scored with the supernet's weights. Then each is trained from
scratch with the user's loss, schedule and data, all for the same number of epochs (Yu et al. 2020,
*Evaluating the Search Phase of Neural Architecture Search*, section 3). Results are saved after
every architecture, and an unfinished training in its own checkpoints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nasea.backends.distributed.launch import launched_rank
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.config import Scenario, ScenarioSource, load_scenario
from nasea.cost import format_cost
from nasea.errors import NaseaError, NotAvailableError, Notice, ResultsError
from nasea.pipeline.diagnosis.slices import of_equal_cost
from nasea.pipeline.opening import only
from nasea.pipeline.probe import Prepared
from nasea.pipeline.retraining.standalone import Counter, Job, StandaloneTrainer
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Listener, Progress
from nasea.pipeline.session.identity import identity, require_same
from nasea.pipeline.session.session import Session, session
from nasea.pipeline.supernet.trained import Trained, open_trained
from nasea.results.fidelity import FIDELITY_FILE, Compared, Fidelity
from nasea.results.figures.fidelity_plot import save_fidelity_png
from nasea.space import Genome
from nasea.version import __version__

FIDELITY_PNG = "fidelity.png"
LEAST, MOST = 4, 200
"""Range of ``architectures``. Fewer cannot be ranked. The compared ones are the first of ``MOST``
random ones, so a larger study contains the smaller one."""


@dataclass(frozen=True)
class Study:
    """The options of a fidelity study.

    Attributes:
        architectures: number of architectures, 4 to 200.
        epochs: epochs of stand-alone training; ``None`` for those of the scenario.
        seeds: stand-alone trainings of each, at least 1; with two or more, their agreement is the
            best that a supernet could reach.
        cost: the cost that all must have within 5 %, in the constraint's unit; ``None`` for any
            within the budget.
    """

    architectures: int = 20
    epochs: int | None = None
    seeds: int = 2
    cost: float | None = None

    def require_sensible(self) -> None:
        """Raise NaseaError if a number is out of range."""
        for option, value, least, most in (
            ("--architectures", self.architectures, LEAST, MOST),
            ("--epochs", self.epochs, 1, math.inf),
            ("--seeds", self.seeds, 1, math.inf),
        ):
            if value is not None and not least <= value <= most:
                upper = f" and at most {most}" * math.isfinite(most)
                raise NaseaError(
                    f"{option} must be at least {least}{upper}, found {value}",
                    fix="give another value",
                )


def fidelity(
    config: ScenarioSource,
    study: Study,
    *,
    directory: Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
) -> Fidelity:
    """Compare the ranking of a finished search's supernet with that of stand-alone training.

    A repeated call resumes; more architectures or seeds extend the earlier results. Writes
    ``results/fidelity.json`` and ``results/fidelity.png``.

    Args:
        config: the scenario of the search.
        study: what to compare.
        directory: the directory of the search; the current one by default.
        restart: discard earlier measurements.
        listener: receives progress and notices.

    Raises:
        NaseaError: a mistake that the user can fix; everything measured so far is kept.
    """
    study.require_sensible()
    if launched_rank() > 0:
        raise NotAvailableError(
            "nasea fidelity was started as one of several processes",
            fix="start it once; with several ids in resource.gpu_id it starts the others itself",
        )
    loaded = load_scenario(config)
    scenario = loaded.scenario
    home = (directory or Path.cwd()).resolve()
    results = home / "results"
    direction = Direction.of_search(results)
    log = home / f"log_{scenario.task}" / "fidelity"
    with session(home, results, log, listener, scenario, restart=restart) as ready:
        ready.listener.line(f"nasea {__version__}, scenario {loaded.path}, its supernet's fidelity")
        found = _Comparison(scenario, home, study, direction, ready).compare(restart)
        found.save(results / FIDELITY_FILE)
        save_fidelity_png(found, results / FIDELITY_PNG)
    return found


class _Comparison:
    """One run of a comparison."""

    def __init__(
        self,
        scenario: Scenario,
        home: Path,
        study: Study,
        direction: Direction,
        ready: Session,
    ) -> None:
        self.scenario = scenario
        self.home = home
        self.study = study
        self.epochs = study.epochs or scenario.epochs
        self.direction = direction
        self.session = ready
        self.folder = home / "checkpoint" / "fidelity"
        self.store = CheckpointStore(self.folder, "fidelity")
        self.metrics: dict[str, float] = {}
        self.weights_version = ""

    def compare(self, restart: bool) -> Fidelity:
        """Measure the missing values and return the comparison."""
        trained = open_trained(self.scenario, self.home, self.session.listener, self.session.group)
        try:
            prepared = trained.prepared
            self._load_earlier(trained, restart)
            genomes = self._draw(prepared)
            self._score(trained, genomes)
        finally:
            trained.prepared.backend.close()
        self._train_standalone(genomes)
        costs = prepared.costs(np.array(genomes))
        rows = []
        for genome, cost in zip(genomes, costs, strict=True):
            keys = self._keys(genome)
            values = [self.metrics[key] for key in keys if key in self.metrics]
            accuracies = [self.direction.accuracy(value) for value in values]
            if len(accuracies) == len(keys):
                blocks = tuple(block.name for block in prepared.space.decode(genome))
                rows.append(
                    Compared(genome, blocks, float(cost), accuracies[0], tuple(accuracies[1:]))
                )
        if len(rows) < LEAST:
            raise ResultsError(
                f"the metric failed on {len(genomes) - len(rows)} of {len(genomes)} architectures",
                fix="see log.txt for why, or compare more of them: --architectures",
            )
        rows.sort(key=lambda row: row.cost)
        quantity = self.scenario.constraint.type
        failed = len(genomes) - len(rows)
        return Fidelity(quantity, self.epochs, tuple(rows), failed, self.study.cost)

    def _draw(self, prepared: Prepared) -> list[Genome]:
        """Draw the architectures to compare."""
        count, cost = self.study.architectures, self.study.cost
        if cost is None:
            genomes = prepared.sample(MOST)[:count]
            where, fix = "within the budget", "raise the budget or add blocks to supernet.blocks"
        else:
            genomes = of_equal_cost(prepared, cost, count)
            where = f"within 5 % of {format_cost(cost, self.scenario.constraint.type)}"
            fix = "name another cost, one that more architectures have: nasea check tells the range"
        if len(genomes) < LEAST:
            raise ResultsError(
                f"only {len(genomes)} architectures are {where}, which makes no order worth "
                "comparing",
                fix=fix,
            )
        return genomes

    def _keys(self, genome: Genome) -> list[str]:
        """Return the keys of its metrics: on the supernet, then one for each stand-alone seed.

        A key names everything that may change between studies of a project, since a metric measured
        under other conditions is a different one.
        """
        name = "-".join(map(str, genome))
        scenario = self.scenario
        images = f"{scenario.searcher.bn_images} statistics images"
        if scenario.searcher.score_as == "int8":
            images += ", in int8"
        training = f"{self.epochs} epochs, {len(scenario.resource.gpu_ids)} devices, {images}"
        seeds = range(scenario.seed, scenario.seed + self.study.seeds)
        supernet = f"{name}, supernet {self.weights_version[:12]}, {images}"
        return [supernet, *(f"{name}, from scratch, {training}, seed {seed}" for seed in seeds)]

    def _load_earlier(self, trained: Trained, restart: bool) -> None:
        self.weights_version = trained.weights_version
        prepared = trained.prepared
        # Settings that affect the supernet only may change between two studies.
        supernet = self.scenario.supernet.model_copy(update={"paths_per_update": None})
        neutral = self.scenario.model_copy(update={"epochs": 1, "supernet": supernet})
        self.identity = identity(neutral, prepared.data, prepared.space, self.home)
        notices: list[Notice] = []
        stored = None if restart else self.store.load(notices)
        for notice in notices:
            self.session.listener.notice(notice)
        if stored is not None:
            require_same(stored.meta["identity"], self.identity, "checkpoint/fidelity/")
            self.metrics = dict(stored.meta["metrics"])
        else:
            self.store.clear()
            CheckpointStore(self.folder, "train").clear()

    def _keep(self, key: str, measured: Measurement) -> None:
        """Save a metric; report a failure, which the next run will try again."""
        if measured.metric is None:
            text = f"no metric, {key}: {measured.failure}"
            self.session.listener.notice(Notice("fidelity", text))
        else:
            self.metrics[key] = measured.metric
            self.store.save({"identity": self.identity, "metrics": self.metrics})
        self.session.stop.check()

    def _score(self, trained: Trained, genomes: list[Genome]) -> None:
        """Measure metrics with the supernet's weights, on all of val_dir."""
        listener = self.session.listener
        listener.begin("fidelity", f"scoring {len(genomes)} architectures on the supernet")
        unknown = sorted(
            (g for g in genomes if self._keys(g)[0] not in self.metrics),
            key=trained.prepared.space.steps,
        )
        coming = iter(unknown)
        done = len(genomes) - len(unknown)

        def on_measured(measured: Measurement) -> None:
            nonlocal done
            done += 1
            self._keep(self._keys(next(coming))[0], measured)
            listener.progress(Progress("fidelity", done, len(genomes), "architecture"))

        backend = trained.prepared.backend
        backend.measure_each([(genome, EvaluationSubset()) for genome in unknown], on_measured)

    def _train_standalone(self, genomes: list[Genome]) -> None:
        """Measure metrics after stand-alone training, one seed after the other."""
        listener = self.session.listener
        jobs = [
            (self._keys(genome)[1 + turn], genome, self.scenario.seed + turn)
            for turn in range(self.study.seeds)
            for genome in genomes
        ]
        epochs = f"{self.epochs} epoch{'s' * (self.epochs != 1)}"
        listener.begin(
            "fidelity", f"training them stand-alone, {epochs} each, {len(jobs)} trainings"
        )
        self.session.forecast.expect({})
        missing = [job for job in jobs if job[0] not in self.metrics]
        counter = Counter(listener, "fidelity", len(jobs) - len(missing), len(jobs))
        trainer = StandaloneTrainer(
            self.scenario, self.epochs, self.home, self.folder, self.identity, self.session
        )
        for key, genome, seed in missing:
            job = Job(key, partial(only, genome), seed)
            measured, _ = trainer.train(job, counter)
            self._keep(key, measured)
            counter.one_more()
            if measured.metric is not None:
                accuracy = f"{self.direction.accuracy(measured.metric):.4f}"
                listener.line(f"training {counter.done}/{len(jobs)}: accuracy {accuracy}, {key}")
