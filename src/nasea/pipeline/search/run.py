"""Runs a search from the scenario to the results, or resumes it."""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from nasea.backends.distributed.launch import launched_rank
from nasea.backends.records import Measurement
from nasea.config import LoadedScenario, ScenarioSource, load_scenario
from nasea.errors import CheckpointError, NaseaError, Notice
from nasea.pipeline.diagnosis.check import few_epochs_notice
from nasea.pipeline.planning.clock import Clock, as_planned, plan_store, stored_plan
from nasea.pipeline.planning.time_plan import span
from nasea.pipeline.probe import EarlierTrial, Prepared, prepare
from nasea.pipeline.search.background import Background
from nasea.pipeline.search.direction import Direction, decide
from nasea.pipeline.search.finishing import finish
from nasea.pipeline.search.following import follow_run
from nasea.pipeline.search.front_so_far import FrontSoFar
from nasea.pipeline.search.scores import ScoreBook
from nasea.pipeline.search.searching import Searching, last_search
from nasea.pipeline.search.separation import N_ARCHITECTURES, Separation, measure_separation
from nasea.pipeline.search.timed import TimedSearch, now
from nasea.pipeline.search.within_time import WithinTime
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Listener, Listeners, Progress
from nasea.pipeline.session.identity import require_same_supernet
from nasea.pipeline.session.session import Session, session
from nasea.pipeline.supernet.pre_training import check_source, pre_train, supernet_identity
from nasea.pipeline.supernet.trained import begun_training, trial_of
from nasea.pipeline.supernet.training import OtherPace, Training, measure_all
from nasea.results.front import Front
from nasea.strategy import Strategy, require_strategy, strategy_for
from nasea.version import __version__


def search(
    config: ScenarioSource,
    *,
    directory: Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    strategy: Strategy | None = None,
    time_budget: float | None = None,
    finish: bool = False,
) -> Front:
    """Search the networks of a scenario.

    A repeated call with the same files resumes where the last one stopped. Once the search is
    finished, the call returns its front. With another budget or more generations, it searches again
    on the same supernet.

    Under ``torchrun`` or ``mpirun`` every process calls it. Rank 0 searches and writes; the others
    compute for it.

    Args:
        config: the scenario: a file, a dict or an object.
        directory: where ``user_module.py`` is and ``checkpoint/``, ``results/`` and the log go;
            the current directory by default.
        restart: discard the checkpoints and start over.
        listener: receives progress.
        finish: end the search after the last complete generation, and write its results. A call
            without it continues the search.
        strategy: proposes the architectures, instead of ``searcher.mode``.
        time_budget: seconds for the whole job, instead of ``strategy.time_budget``; the best
            network near the constraint is retrained in the time that remains after the search.

    Returns:
        The Pareto front, as written to ``results/front.json``.

    Raises:
        NaseaError: any fault that the user can fix; everything done so far is kept.
    """
    if finish and restart:
        raise NaseaError(
            "--finish writes what a stopped search found, and --restart discards it",
            fix="leave one of them out",
        )
    if strategy is not None:
        require_strategy(strategy)
    if launched_rank() > 0:
        return Front.from_dict(follow_run(config))
    loaded = load_scenario(config)
    home = (directory or Path.cwd()).resolve()
    log = home / f"log_{loaded.scenario.task}"
    budget = time_budget or loaded.scenario.time_budget
    clock = None if budget is None else Clock(budget, home, restart)
    with session(home, home / "results", log, listener, loaded.scenario, restart=restart) as ready:
        run = _Run(loaded, home, log, restart, ready, strategy, clock, finish)
        front = run.front()
        ready.group.outcome = front.to_dict()
    if run.timed is not None:
        run.timed.retrain(config, restart, listener)
    return front


class _Run:
    """One start of a search."""

    def __init__(
        self,
        loaded: LoadedScenario,
        home: Path,
        log: Path,
        restart: bool,
        session: Session,
        strategy: Strategy | None,
        clock: Clock | None,
        finish: bool,
    ) -> None:
        self.loaded = loaded
        self.finish = finish
        self.scenario = loaded.scenario
        self.home = home
        self.log = log
        self.timed: TimedSearch | None = None
        if clock is not None:
            session.forecast.deadline = lambda: clock.left
            session = replace(session, listener=Listeners([session.listener, clock]))
            self.timed = TimedSearch(clock, home, session)
        self.session = session
        self.listener = session.listener
        self.journal = session.journal
        self.stop = session.stop
        self.trained = CheckpointStore(home / "checkpoint", "train")
        self.searched = CheckpointStore(home / "checkpoint", "search")
        self.restart = restart
        self.strategy = strategy
        self.metric_changed = False

    def front(self) -> Front:
        """Run all stages and return the front."""
        self.listener.line(f"nasea {__version__}, scenario {self.loaded.path}")
        if "tensorboard" in self.scenario.report_to:
            self.listener.line(f"curves: tensorboard --logdir {_shown(self.log)}")
        for notice in self.loaded.notices:
            self.listener.notice(notice)
        self._settle_epochs()
        while True:
            prepared = self._prepare()
            try:
                self.stop.check()
                return self._search(prepared)
            except OtherPace as found:
                assert self.timed is not None, "only then the pace matters"
                self.timed.follow(found.plan, prepared)
                self.trained.clear()
                self.scenario = as_planned(self.scenario, self.home)
            finally:
                prepared.backend.close()

    def _settle_epochs(self) -> None:
        """Plan the epochs if a time is given; otherwise use those of an earlier plan."""
        if self.timed is None:
            if not self.restart and (earlier := stored_plan(self.home)) is not None:
                self.scenario = as_planned(self.scenario, self.home)
                kept = f"{earlier[0].epochs} epochs, as planned for {span(earlier[0].budget)}"
                self.listener.line(f"the supernet keeps its {kept}")
            return
        if self.timed.clock.plan is not None:
            self.timed.report_resumed()
        else:
            stored = None if self.restart else self.trained.load([])
            warning = check_source(self.scenario, self.home) if stored is None else None
            if warning is not None:
                self.listener.notice(warning)
            workers = None if stored is None else int(stored.meta["workers"])
            began = now()
            prepared = prepare(self.scenario, self.home, self.listener, workers, self.session.group)
            try:
                begun = (
                    None if stored is None else begun_training(stored.meta, self.scenario.epochs)
                )
                self.timed.make(prepared, now() - began, begun)
            finally:
                prepared.backend.close()
        self.scenario = as_planned(self.scenario, self.home)

    def _prepare(self) -> Prepared:
        stored = None if self.restart else self.trained.load([])
        workers = None if stored is None else int(stored.meta["workers"])
        if stored is None:  # a supernet in training has what pre-training gave
            warning = check_source(self.scenario, self.home)
            if warning is not None and self.timed is None:  # else it was reported before planning
                self.listener.notice(warning)
        tried = None
        if self.timed is not None and self.timed.tried is not None:
            tried = EarlierTrial(self.timed.tried)
        elif stored is not None:
            tried = trial_of(stored.meta, self.scenario.epochs)
        began = now()
        prepared = prepare(
            self.scenario, self.home, self.listener, workers, self.session.group, tried
        )
        if self.timed is not None:
            self.timed.reopened(now() - began)
        self.identity = supernet_identity(prepared, self.home)
        if self.restart:  # after all checks: errors must not delete the earlier run
            FrontSoFar(self.searched.directory).remove()
            self.searched.clear()
            self.trained.clear()
            if self.timed is None:
                plan_store(self.home).clear()
            self.restart = False
        elif stored is not None:
            self.metric_changed = require_same_supernet(stored.meta["identity"], self.identity)
        elif self.searched.files():
            raise CheckpointError(
                "checkpoint/ holds a search but not the supernet it used",
                fix="put the train-*.ckpt files back, or start over with --restart",
            )
        else:  # of a search whose checkpoints were deleted by hand
            FrontSoFar(self.searched.directory).remove()
        return prepared

    def _search(self, prepared: Prepared) -> Front:
        environment = ", ".join(f"{k} {v}" for k, v in prepared.backend.environment.items())
        self.listener.line(
            f"{environment}; {prepared.data.train_images} training images, "
            f"{prepared.data.val_images} validation images; "
            f"{prepared.space.n_architectures:,} architectures"
        )
        self.listener.line(f"learning rate: {prepared.schedule}")
        notes: list[Notice] = []
        warning = few_epochs_notice(prepared)
        if warning is not None:
            self.listener.notice(warning)
            notes.append(warning)
        if not self.trained.files():
            pre_train(prepared, self.home, self.session)
        clock = None if self.timed is None else self.timed.clock
        training = Training(
            prepared, self.trained, self.identity, self.session, self.metric_changed, clock
        )
        training.run()
        other = training.other_budget_notice()
        if other is not None:
            self.listener.notice(other)
            notes.append(other)
        version = training.weights_version
        if self.metric_changed:  # do not mix values of two metrics
            version += f":{self.identity['metric_code'][:16]}"
            self.listener.line("the metric was changed: the trained supernet is measured again")
        book = ScoreBook(version, prepared.condition, prepared.scenario.searcher.score_as)
        earlier = last_search(self.searched, version, self.listener)
        if earlier is not None:
            book.update(earlier["book"])
        direction = self._direction(prepared, training, book)
        mode = prepared.scenario.searcher.proposer
        strategy = self.strategy or strategy_for(mode, prepared.problem)
        if clock is not None:
            strategy = WithinTime(strategy, clock)
        searching = Searching(
            prepared, strategy, direction, self.searched, book, self.listener, self.journal,
            self.stop,
        )  # fmt: skip
        if earlier is not None:
            searching.resume(earlier)
            if clock is not None and not searching.scored:
                clock.another_search()
        else:
            searching.so_far.remove()
        warning = self._separation(prepared, searching)
        if warning is not None:
            self.listener.notice(warning)
            notes.append(warning)
        searching.background = Background(
            tuple(map(str, notes)),
            tuple(training.losses),
            searching.separation,
            training.weights_version,
        )
        scored = searching.scored
        outcome = searching.run(finish=self.finish)
        if clock is not None and searching.scored > scored:
            clock.update(retrained=None)  # other networks may be the candidates
        try:
            front = finish(
                prepared,
                strategy.name,
                direction,
                outcome,
                book,
                searching.background,
                self.home,
                self.listener,
                self.stop,
            )
        except BaseException:
            with suppress(CheckpointError):  # report the first error
                searching.save()
            raise
        searching.save()  # keep the scores of the results
        searching.so_far.remove()
        if self.timed is not None:
            self.timed.plan_retraining(prepared, front)
        return front

    def _direction(self, prepared: Prepared, training: Training, book: ScoreBook) -> Direction:
        unknown = [genome for genome in training.references if book.get(genome) is None]
        fresh = measure_all(prepared, unknown, self.stop)
        for genome, measured in zip(unknown, fresh, strict=True):
            book.put(genome, measured)
        after = [book.get(genome) or Measurement(None) for genome in training.references]
        direction = decide(prepared.scenario.searcher.metric_mode, training.before, after)
        if prepared.scenario.searcher.score_as == "int8":
            self.listener.line(
                "scores are those of files in int8, whose rounding is imitated "
                "(searcher.score_as); ranges of activations: those on the statistics images"
            )
        better = "larger" if direction.mode == "max" else "smaller"
        self.listener.line(f"metric: {better} is better ({direction.evidence})")
        return direction

    def _separation(self, prepared: Prepared, searching: Searching) -> Notice | None:
        """Measure, once per search, whether the supernet can tell architectures apart."""
        reasons: list[str] = []
        if searching.separation is None:
            self.listener.begin("separation", "can the supernet tell architectures apart?")
            genomes = prepared.sample(N_ARCHITECTURES)

            def on_measured(done: int) -> None:
                progress = Progress("separation", done, len(genomes), "architecture")
                self.listener.progress(progress)
                self.stop.check()

            found = measure_separation(
                genomes,
                prepared.backend.measure_each,
                prepared.eval_images,
                on_measured,
                reasons.append,
            )
            searching.separation = found
            searching.save()
        separation: Separation | None = searching.separation
        if separation is None:
            why = f": {reasons[0]}" if reasons and reasons[0] else ""
            return Notice("separation", f"too few architectures could be measured to tell{why}")
        self.listener.line(separation.describe())
        return separation.notice()


def _shown(path: Path) -> str:
    """Return a path as a command takes it, relative to the current directory if it is there."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
