"""``nasea retrain``: train a result of a search in full."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nasea.backends import AttachedBackend
from nasea.backends.export.formats import Format, find_format, formats_of
from nasea.backends.records import EvaluationSubset
from nasea.config import Scenario, ScenarioSource, load_scenario
from nasea.errors import Notice, ResultsError
from nasea.pipeline.export.exported import ExportedFile
from nasea.pipeline.export.exporting import export_result
from nasea.pipeline.export.rendering import model_text
from nasea.pipeline.opening import Opened, genome_of, open_scenario, require_framework
from nasea.pipeline.probe import Built, describe_schedule
from nasea.pipeline.retraining.course import Course, Retraining
from nasea.pipeline.retraining.earlier import Length, length_of, plans_of
from nasea.pipeline.retraining.outcome import Outcome, Progressed
from nasea.pipeline.retraining.plan import (
    Request,
    is_better_from_scratch,
    plan_of,
    planned,
    retrained_name,
)
from nasea.pipeline.retraining.teaching import teacher_of
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.session.checkpoint import Checkpoint, CheckpointStore
from nasea.pipeline.session.events import Listener, Progress
from nasea.pipeline.session.identity import digest_of, identity, require_same
from nasea.pipeline.session.session import Session, session
from nasea.pipeline.supernet.late_weights import ensure_weights
from nasea.results.codegen import Origin
from nasea.results.picked import Result, is_retrained, pick_result
from nasea.results.retrained import RETRAINED_FILE, Retrained, TrainingPlan, write_retrained
from nasea.results.teachers import Teacher
from nasea.space import Space
from nasea.terms import Framework
from nasea.version import __version__

_UNTRAINED_TEACHER = (
    "--distill: the teacher has the weights of the search; a larger network that is retrained "
    "first (nasea retrain --budget COST) teaches more"
)

_LONG_FROM_SEARCH = (
    "a training this long mostly ends higher from initial values than from the weights of the "
    "search: --from-scratch"
)


def retrain(
    config: ScenarioSource,
    number: int,
    request: Request,
    *,
    formats: Sequence[str] | None = None,
    results: Path = Path("results"),
    directory: Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    decided: Collection[Length] = (),
) -> Outcome:
    """Train a result in full, keep weights as good as its best, write the model file and export it.

    A repeated call with the same arguments resumes where the last one stopped. Once the training is
    finished, the call returns its outcome.

    Args:
        config: the scenario of the search.
        number: N of ``model_arch_result_N.py``.
        request: the training options.
        formats: names of the export formats; ``None`` for the framework's default.
        results: results directory of the search; the retrained network gets a folder inside it.
        directory: where ``user_module.py`` is; the current directory by default.
        restart: discard the checkpoints of this retraining and start over.
        listener: receives progress.
        decided: lengths of retrainings that another one may replace, unfinished as they are, since
            a better candidate of theirs was finished.

    Raises:
        NaseaError: any fault that the user can fix; everything done so far is kept.
    """
    with _started(config, number, request, results, directory, listener, restart, decided) as run:
        wanted = wanted_formats(run.scenario.framework, formats)
        retrained, opened = run.retrained(restart)
        files: list[ExportedFile] = []
        try:
            if wanted:
                run.session.listener.begin("export", f"exporting {retrained.name}")
                made = pick_result(run.target, None)
                files = export_result(opened, made, wanted, None, run.session.listener)
        finally:
            opened.backend.close()
        retrained = run.on_test_images(retrained)
    return Outcome(retrained, run.target, tuple(files))


def wanted_formats(framework: Framework, formats: Sequence[str] | None) -> list[Format]:
    """Return the formats that a retrained network is exported to.

    Args:
        framework: framework of the scenario.
        formats: their names; ``None`` for the framework's default.

    Raises:
        NaseaError: there is no such format, or its package is missing.
    """
    usual = formats_of(framework)[:1]
    return [find_format(each, framework) for each in (usual if formats is None else formats)]


def train_until(
    config: ScenarioSource,
    number: int,
    request: Request,
    epoch: int,
    *,
    results: Path = Path("results"),
    directory: Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
    decided: Collection[Length] = (),
) -> Progressed:
    """Retrain a result up to an epoch; :func:`retrain` with the same request continues from it.

    Args:
        config: as for :func:`retrain`.
        number: as for :func:`retrain`.
        request: as for :func:`retrain`.
        epoch: the epoch after which to stop.
        results: as for :func:`retrain`.
        directory: as for :func:`retrain`.
        restart: as for :func:`retrain`.
        listener: as for :func:`retrain`.
        decided: as for :func:`retrain`.

    Raises:
        NaseaError: any fault that the user can fix; everything done so far is kept.
    """
    with _started(config, number, request, results, directory, listener, restart, decided) as run:
        course = run.until(epoch, restart)
        row = next(row for row in reversed(course.rows) if row.epoch <= epoch)
        accuracy = None if row.metric is None else run.direction.accuracy(row.metric)
    return Progressed(number, row.epoch, accuracy)


@contextmanager
def _started(
    config: ScenarioSource,
    number: int,
    request: Request,
    results: Path,
    directory: Path | None,
    listener: Listener | None,
    restart: bool,
    decided: Collection[Length],
) -> Iterator[_Run]:
    """Provide a retraining in its own session."""
    if is_retrained(results):
        raise ResultsError(
            f"{results} holds a network that was retrained already",
            fix=f"retrain a result of the search: nasea retrain {results.parent} --arch N",
        )
    result = pick_result(results, number)
    teacher = teacher_of(results, result) if request.distill else None
    loaded = load_scenario(config)
    require_framework(loaded.scenario, result)
    plan = plan_of(loaded.scenario, request, None if teacher is None else teacher.name)
    home = (directory or Path.cwd()).resolve()
    target = results / retrained_name(number, request)
    log = home / f"log_{loaded.scenario.task}" / _place(home, target)
    with session(home, target, log, listener, loaded.scenario, restart=restart) as ready:
        ready.listener.line(
            f"nasea {__version__}, scenario {loaded.path}, retraining {result.name}"
        )
        for notice in loaded.notices:
            ready.listener.notice(notice)
        needed = [] if request.from_scratch else [result]
        for each in needed if teacher is None else [*needed, teacher.network]:
            ensure_weights(each, loaded.scenario, home, ready.listener, ready.group)
        if teacher is not None and isinstance(teacher.name, int):
            ready.listener.notice(Notice("retrain", _UNTRAINED_TEACHER))
        scenario = planned(loaded.scenario, plan)
        yield _Run(scenario, home, result, teacher, plan, target, ready, decided)


def checkpoints_of(home: Path, target: Path) -> CheckpointStore:
    """Return the checkpoints of a retraining.

    Args:
        home: directory of the search, resolved.
        target: folder of the retrained network.
    """
    return CheckpointStore(home / "checkpoint" / _place(home, target), "train")


def _place(home: Path, target: Path) -> Path:
    """Return the folder of log and checkpoints; each folder numbers its own candidates."""
    inside = home / "results"
    target = target.resolve()
    return target.relative_to(inside) if target.is_relative_to(inside) else Path(target.name)


class _Run:
    """One start of a retraining."""

    def __init__(
        self,
        scenario: Scenario,
        home: Path,
        result: Result,
        teacher: Teacher | None,
        plan: TrainingPlan,
        target: Path,
        ready: Session,
        decided: Collection[Length],
    ) -> None:
        self.scenario = scenario
        self.home = home
        self.result = result
        self.teacher = teacher
        self.plan = plan
        self.target = target
        self.session = ready
        self.direction = Direction.of_result(result.info.metric_mode, result.member)
        self.store = checkpoints_of(home, target)
        self.folder = self.store.directory
        self.decided = decided

    def retrained(self, restart: bool) -> tuple[Retrained, Opened]:
        """Train and write the network; return it with the opened run over the whole space."""
        with self._open(restart) as (opened, stored):
            training, stored = self._prepared(opened, stored, restart)
            return self._write(training.run(stored), training.backend, opened.space), opened

    def until(self, epoch: int, restart: bool) -> Course:
        """Train up to an epoch; write nothing but checkpoints."""
        with self._open(restart) as (opened, stored):
            training, stored = self._prepared(opened, stored, restart)
            course = training.run(stored, epoch)
        opened.backend.close()
        return course

    def on_test_images(self, retrained: Retrained) -> Retrained:
        """Measure the network on test_dir, if the scenario has one, and store the metric."""
        scenario = self.scenario.on_test_images
        if scenario is None:
            return retrained
        self.session.listener.begin("retrain", "measuring on test_dir")
        opened = open_scenario(scenario, self.home, group=self.session.group)
        try:
            space = opened.space.only(genome_of(opened.space, self.result))
            genome = (0,) * len(space.layers)
            backend = opened.backend.attach(space, scenario.seed)
            backend.inherit(genome, self.target / retrained.weights_file)
            measured = backend.measure(genome, EvaluationSubset())
        finally:
            opened.backend.close()
        if measured.metric is None:
            text = f"the metric failed on test_dir: {measured.failure}"
            self.session.listener.notice(Notice("retrain", text))
            return retrained
        found = replace(retrained, test_metric=measured.metric)
        found.save(self.target / RETRAINED_FILE)
        return found

    @contextmanager
    def _open(self, restart: bool) -> Iterator[tuple[Opened, Checkpoint | None]]:
        """Open the network and its checkpoint; close the network on an error."""
        notices: list[Notice] = []
        stored = None if restart else self.store.load(notices)
        for notice in notices:
            self.session.listener.notice(notice)
        workers = None if stored is None else int(stored.meta["workers"])
        unseen = self.scenario.on_test_images
        if stored is None and unseen is not None:  # fail now, not after training
            open_scenario(unseen, self.home, group=self.session.group).backend.close()
        opened = open_scenario(self.scenario, self.home, workers, group=self.session.group)
        try:
            yield opened, stored
        except BaseException:
            opened.backend.close()
            raise

    def _prepared(
        self, opened: Opened, stored: Checkpoint | None, restart: bool
    ) -> tuple[Retraining, Checkpoint | None]:
        alone = self._put_together(opened, resumed=stored is not None)
        present = self._identity(alone)
        if restart:  # after all checks: errors must not delete the earlier run
            self.store.clear()
        elif stored is not None and self._is_finished(stored, present):
            self.session.listener.line("the earlier retraining is kept; beginning another")
            self.store.clear()
            stored = None
        elif stored is not None:
            require_same(
                stored.meta["identity"],
                present,
                f"checkpoint/{self.folder.relative_to(self.home / 'checkpoint')}/",
            )
        training = Retraining(alone, self.plan, self.direction, self.store, present, self.session)
        return training, stored

    def _put_together(self, opened: Opened, resumed: bool) -> Built:
        """Return the stand-alone network, checked on one batch before training."""
        space = opened.space.only(genome_of(opened.space, self.result))
        listener = self.session.listener
        listener.begin("probe", f"putting {self.result.name} together, trying one batch")
        backend = opened.backend.attach(space, self.scenario.seed)
        if not self.plan.from_scratch:
            backend.inherit((0,) * len(space.layers), self.result.weights)
        if self.teacher is not None:
            teacher, share = self.teacher.network, self.plan.teacher_share
            genome = genome_of(opened.space, teacher)
            backend.set_teacher(opened.space, genome, teacher.weights, share)
        if self.plan.quantisation_aware:
            backend.train_int8(self.plan.float_epochs)
        seconds = backend.try_candidates(
            lambda done, total: listener.progress(Progress("probe", done, total, "batch"))
        )
        if not resumed:
            backend.choose_workers(seconds)
        listener.line(f"learning rate: {describe_schedule(backend, 1)}")
        for notice in backend.notices:
            listener.notice(notice)
        data = opened.data
        is_long = is_better_from_scratch(self.scenario, data.train_images, self.plan.epochs)
        if is_long and not self.plan.from_scratch:
            listener.notice(Notice("retrain", _LONG_FROM_SEARCH))
        environment = ", ".join(f"{k} {v}" for k, v in backend.environment.items())
        listener.line(
            f"{environment}; {data.train_images} training images, "
            f"{data.val_images} validation images"
        )
        return Built(self.scenario, backend, space)

    def _identity(self, alone: Built) -> dict[str, str]:
        """Identify this training; the plan is separate so that messages can name it."""
        neutral = planned(self.scenario, replace(self.plan, epochs=1, learning_rate=0.5))
        plan = json.dumps(self.plan.said, sort_keys=True)
        return identity(neutral, alone.data, alone.space, self.home) | {
            "plan": hashlib.sha256(plan.encode()).hexdigest(),
            "weights": "" if self.plan.from_scratch else digest_of([self.result.weights]),
            "teacher": "" if self.teacher is None else digest_of([self.teacher.network.weights]),
        }

    def _is_finished(self, stored: Checkpoint, present: dict[str, str]) -> bool:
        """Return whether a different retraining was finished here and its result written."""
        if stored.meta["identity"] == present:
            return False
        plan = TrainingPlan(**stored.meta["plan"])
        if length_of(plan) in self.decided:
            return True
        ended = int(stored.meta["course"]["epoch"]) >= plan.epochs
        return ended and plan in plans_of(self.home, self.target)

    def _write(self, course: Course, backend: AttachedBackend, space: Space) -> Retrained:
        assert course.kept is not None
        kept = course.rows[course.kept]
        assert kept.metric is not None
        accuracy = self.direction.accuracy(kept.metric)
        in_float = kept.float_metric
        member = replace(
            self.result.member,
            accuracy=accuracy,
            metric=kept.metric,
            float_metric=in_float,
            float_accuracy=None if in_float is None else self.direction.accuracy(in_float),
        )
        info = replace(self.result.info, score_as=self.scenario.searcher.score_as)
        retrained = Retrained(
            info=info,
            member=member,
            searched_metric=self.result.member.metric,
            plan=self.plan,
            best_epoch=kept.epoch,
            epochs=course.rows,
            name=self.target.name,
            searched_as=self.result.info.score_as,
        )
        folder = self.target.resolve()
        inside = folder.relative_to(self.home) if folder.is_relative_to(self.home) else folder
        words = f"{self.plan.words}; weights of epoch {kept.epoch}"
        origin = Origin(retrained.name, inside.as_posix(), words)
        genome = genome_of(space, self.result)
        text = model_text(self.scenario, backend, space, genome, info, member, origin)
        aside = write_retrained(self.target, retrained, text, course.weights)
        if aside is not None:
            text = f"the earlier network is kept in {aside.name}/"
            self.session.listener.notice(Notice("retrain", text))
        return retrained
