"""``nasea compare``: compare results of a search with hand-picked networks, all trained alike.

The known families and uniform choices are scaled to the budget (:mod:`nasea.space.hand_picks`),
then every network is trained from initial values with the user's module and recipe. The chosen
results are also trained from the search's weights. Before a search, hand picks are trained alone.
The metric is measured with the weights of the last epoch; no epoch is selected. Finished trainings
are stored, and an unfinished one has its own checkpoints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from nasea.backends import AttachedBackend
from nasea.backends.distributed.launch import launched_rank
from nasea.backends.records import Measurement
from nasea.config import Scenario, ScenarioSource, load_scenario
from nasea.errors import NaseaError, NotAvailableError, Notice, ResultsError
from nasea.pipeline.hand_picks.contenders import (
    ContenderSelection,
    ContenderSpec,
    PlannedComparison,
    finished_search,
    plan_comparison,
)
from nasea.pipeline.hand_picks.files import write_hand_pick
from nasea.pipeline.probe import Built
from nasea.pipeline.retraining.standalone import Counter, Job, StandaloneTrainer
from nasea.pipeline.run_info import run_info
from nasea.pipeline.search.direction import Direction, decide
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Listener
from nasea.pipeline.session.identity import digest_of, identity, require_same
from nasea.pipeline.session.session import Session, session
from nasea.results.figures.standings_plot import save_standings_png
from nasea.results.front import Front
from nasea.results.recommend import amount
from nasea.results.report.html import save_report
from nasea.results.standings import (
    COMPARE_FILE,
    FOLDERS,
    Contender,
    Excluded,
    Images,
    Standings,
    save_standings_csv,
)
from nasea.results.units import ACCURACY_TITLES
from nasea.space import Space
from nasea.version import __version__

COMPARE_PNG = "compare.png"
COMPARE_CSV = "compare.csv"


@dataclass(frozen=True)
class CompareOptions:
    """The options of a comparison.

    Attributes:
        selection: the networks to compare.
        epochs: epochs of each training; ``None`` for those of the scenario.
        seeds: number of seeds with which each network is trained.
    """

    selection: ContenderSelection = field(default_factory=ContenderSelection)
    epochs: int | None = None
    seeds: int = 3

    def require_sensible(self) -> None:
        """Raise NaseaError when a number is out of its range."""
        for option, value in (("--epochs", self.epochs), ("--seeds", self.seeds)):
            if value is not None and value < 1:
                raise NaseaError(
                    f"{option} must be a whole number greater than 0, found {value}",
                    fix="give another value",
                )


def planned_comparison(
    config: ScenarioSource, selection: ContenderSelection, *, directory: Path | None = None
) -> PlannedComparison:
    """Return the networks that would be compared, without training any.

    Args:
        config: the scenario of the search.
        selection: the networks to compare.
        directory: directory of the search; the current one by default.

    Raises:
        NaseaError: any fault that the user can fix.
    """
    _require_one_process()
    scenario = load_scenario(config).scenario
    home = (directory or Path.cwd()).resolve()
    with session(home, home / "results", _log(home, scenario), None, scenario) as ready:
        found = plan_comparison(scenario, home, selection, ready)
        found.opened.backend.close()
    return found


def compare(
    config: ScenarioSource,
    options: CompareOptions,
    *,
    directory: Path | None = None,
    more: Callable[[Built], Sequence[ContenderSpec]] | None = None,
    restart: bool = False,
    listener: Listener | None = None,
) -> Standings:
    """Train results of a search and hand picks of the same cost, and compare their accuracies.

    A repeated call resumes where the last one stopped. Further seeds or networks are added to the
    earlier ones. All networks are measured on ``test_dir`` if there is one, else on ``val_dir``.
    Writes ``compare.json``, ``.csv`` and ``.png`` and the hand picks' model files into a folder of
    ``results/`` named after the budget, and a section into ``results/report.html``.

    Args:
        config: the scenario of the search.
        options: the options.
        directory: directory of the search; the current one by default.
        more: returns further networks to compare, given the opened scenario.
        restart: discard earlier trainings.
        listener: receives progress.

    Raises:
        NaseaError: any fault that the user can fix; everything done so far is kept.
    """
    options.require_sensible()
    _require_one_process()
    loaded = load_scenario(config)
    scenario = loaded.scenario.on_test_images or loaded.scenario
    home = (directory or Path.cwd()).resolve()
    results = home / "results"
    front = finished_search(results)
    direction = _direction(results, scenario, front)
    log = _log(home, scenario)
    with session(home, results, log, listener, scenario, restart=restart) as ready:
        ready.listener.line(f"nasea {__version__}, scenario {loaded.path}, beside hand picks")
        images: Images = "test_dir" if loaded.scenario.on_test_images else "val_dir"
        run = _Run(scenario, home, options, direction, front, images, ready)
        found = run.compared(restart, more)
        folder = run.folder
        found.save(folder / COMPARE_FILE)
        save_standings_csv(found, folder / COMPARE_CSV)
        save_standings_png(found, folder / COMPARE_PNG)
        if front is not None:
            save_report(front, results / "report.html")
    return found


def folder_of(quantity: str, budget: float) -> str:
    """Return the name of the folder in ``results/`` for a budget: ``compare_3.2M_flops``."""
    return FOLDERS.replace("*", f"{amount(budget)}_{'ms' if quantity == 'latency' else quantity}")


def _direction(results: Path, scenario: Scenario, front: Front | None) -> Direction:
    """Return the direction that a search determined, or before a search that of the scenario.

    Raises:
        ResultsError: there was no search, and the scenario does not say.
    """
    if front is not None:
        return Direction.of_result(front.info.metric_mode, front.best)
    mode = scenario.searcher.metric_mode
    if mode == "auto":
        raise ResultsError(
            f"{results} holds no results of a search, which finds out whether a larger metric is "
            "better",
            fix="to compare hand picks alone, write searcher.metric_mode: max (an accuracy) or min "
            "(an error); to compare results too, run nasea search there to its end first",
        )
    return decide(mode, (), ())


def _log(home: Path, scenario: Scenario) -> Path:
    return home / f"log_{scenario.task}" / "compare"


def _require_one_process() -> None:
    if launched_rank() > 0:
        raise NotAvailableError(
            "nasea compare was started as one of several processes",
            fix="start it once; with several ids in resource.gpu_id it starts the others itself",
        )


class _Run:
    """One start of a comparison."""

    def __init__(
        self,
        scenario: Scenario,
        home: Path,
        options: CompareOptions,
        direction: Direction,
        front: Front | None,
        images: Images,
        ready: Session,
    ) -> None:
        self.scenario = scenario
        self.home = home
        self.options = options
        self.images = images
        self.epochs = options.epochs or scenario.epochs
        self.direction = direction
        self.front = front
        self.session = ready
        self.checkpoints = home / "checkpoint" / "compare"
        self.store = CheckpointStore(self.checkpoints, "compare")
        self.known: dict[str, tuple[float, float]] = {}
        """(metric, seconds) by key."""

    @property
    def folder(self) -> Path:
        """The folder of the results."""
        return self.home / "results" / folder_of(self.scenario.constraint.type, self.field.budget)

    def compared(
        self, restart: bool, more: Callable[[Built], Sequence[ContenderSpec]] | None
    ) -> Standings:
        """Train the missing networks."""
        listener = self.session.listener
        listener.begin("compare", "scaling hand picks to the budget")
        self.field = plan_comparison(self.scenario, self.home, self.options.selection, self.session)
        try:
            if more is not None:
                specs = (*self.field.specs, *more(self.field.opened))
                self.field = replace(self.field, specs=specs)
            self._take_over_earlier(restart)
        finally:
            self.field.opened.backend.close()
        if self.front is None:
            listener.line("no search has ended here: hand picks alone")
        for spec in self.field.specs:
            listener.line(f"{spec.name}: {spec.in_words(self.field.unit)}")
        for one in self.field.excluded:
            listener.line(f"{one.name} is not there: {one.reason}")
        self._train()
        return self._standings()

    def _take_over_earlier(self, restart: bool) -> None:
        # Settings that only affect the supernet may change between two comparisons.
        supernet = self.scenario.supernet.model_copy(update={"paths_per_update": None})
        neutral = self.scenario.model_copy(update={"epochs": 1, "supernet": supernet})
        opened = self.field.opened
        self.identity = identity(neutral, opened.data, opened.space, self.home)
        notices: list[Notice] = []
        stored = None if restart else self.store.load(notices)
        for notice in notices:
            self.session.listener.notice(notice)
        if stored is not None:
            require_same(stored.meta["identity"], self.identity, "checkpoint/compare/")
            self.known = {k: (v[0], v[1]) for k, v in stored.meta["known"].items()}
        else:
            self.store.clear()
            CheckpointStore(self.checkpoints, "train").clear()

    def _train(self) -> None:
        listener = self.session.listener
        specs, seeds = self.field.specs, self._seeds
        jobs = [(spec, seed) for seed in seeds for spec in specs]
        missing = [job for job in jobs if self._key(*job) not in self.known]
        title = (
            f"training {len(specs)} networks stand-alone, {self._epochs_in_words} each, {len(jobs)}"
        )
        listener.begin("compare", f"{title} trainings")
        self.session.forecast.expect({})
        counter = Counter(listener, "compare", len(jobs) - len(missing), len(jobs))
        trainer = StandaloneTrainer(
            self.scenario, self.epochs, self.home, self.checkpoints, self.identity, self.session
        )
        for spec, seed in missing:
            at_end = self._writer(spec, seed) if seed == seeds[0] else None
            key = self._key(spec, seed)
            job = Job(key, spec.space, seed, spec.weights, spec.teacher, at_end)
            measured, seconds = trainer.train(job, counter)
            counter.one_more()
            label = f"training {counter.done}/{len(jobs)}: {spec.name}, seed {seed}"
            if measured.metric is None:
                text = f"{label}: no metric: {measured.failure}"
                listener.notice(Notice("compare", text))
            else:
                self.known[key] = (measured.metric, seconds)
                self.store.save({"identity": self.identity, "known": self.known})
                accuracy = self.direction.accuracy(measured.metric)
                listener.line(f"{label}: {self._accuracy_title} {accuracy:.4f}, {seconds:.0f} s")
            self.session.stop.check()

    @property
    def _accuracy_title(self) -> str:
        """The name of the accuracy."""
        return ACCURACY_TITLES[self.scenario.searcher.score_as]

    @property
    def _epochs_in_words(self) -> str:
        return f"{self.epochs} epoch{'s' * (self.epochs != 1)}"

    @property
    def _seeds(self) -> range:
        first = self.scenario.seed
        return range(first, first + self.options.seeds)

    def _key(self, spec: ContenderSpec, seed: int) -> str:
        """Return the key of a training: everything that may change between comparisons."""
        scenario = self.scenario
        images = f"{scenario.searcher.bn_images} statistics images"
        if scenario.searcher.score_as == "int8":
            images += ", in int8"
        start = "initial values" if spec.weights is None else digest_of([spec.weights])
        if spec.teacher is not None:
            teacher, share = spec.teacher
            start += f", {share:g} of the loss by {digest_of([teacher.weights])}"
        training = f"{self.epochs} epochs, {len(scenario.resource.gpu_ids)} devices, {images}"
        return f"{spec.identity}, {start}, {training}, seed {seed}"

    def _writer(
        self, spec: ContenderSpec, seed: int
    ) -> Callable[[AttachedBackend, Space, Measurement], None] | None:
        if spec.kind not in ("hand pick", "uniform"):
            return None
        words = f"hand pick, {self._epochs_in_words} from scratch, seed {seed}, on {self.images}"
        mode = self.direction.mode
        info = run_info(self.scenario, mode) if self.front is None else self.front.info
        return partial(
            write_hand_pick,
            self.scenario,
            self.direction,
            replace(info, score_as=self.scenario.searcher.score_as),
            spec,
            words,
            self.folder,
            self.home,
        )

    def _standings(self) -> Standings:
        rows, excluded = [], list(self.field.excluded)
        for spec in self.field.specs:
            keys = [self._key(spec, seed) for seed in self._seeds]
            found = [self.known[key] for key in keys if key in self.known]
            if found:
                rows.append(self._contender(spec, found))
            else:
                reason = "it gave no metric, see log.txt"
                excluded.append(Excluded(spec.name, spec.title, reason))
        if not rows:
            raise ResultsError(
                "no network gave a metric",
                fix="see log.txt for the reasons, fix them and run again",
            )
        rows.sort(key=lambda row: -row.mean)
        return Standings(
            self.scenario.constraint.type,
            self.field.budget,
            self.epochs,
            self.options.seeds,
            tuple(rows),
            tuple(excluded),
            self.images,
            self.scenario.searcher.score_as,
        )

    def _contender(self, spec: ContenderSpec, found: Sequence[tuple[float, float]]) -> Contender:
        metrics = tuple(metric for metric, _ in found)
        latency = spec.costs.latency_ms
        return Contender(
            spec.name,
            spec.kind,
            spec.title,
            spec.costs.parameters,
            spec.costs.flops,
            latency if latency is not None and math.isfinite(latency) else None,
            spec.filters,
            spec.strides,
            spec.blocks,
            tuple(self.direction.accuracy(metric) for metric in metrics),
            metrics,
            tuple(seconds for _, seconds in found),
        )
