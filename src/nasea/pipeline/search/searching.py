"""The search stage: scores architectures on the supernet, saves every generation."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nasea.backends.records import EvaluationSubset, Measurement
from nasea.config import Scenario
from nasea.cost import format_cost
from nasea.cost.profiles import Profile
from nasea.errors import CheckpointError, Notice, RankLostError
from nasea.pipeline.probe import Prepared
from nasea.pipeline.search.background import Background
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.search.finishing import preview
from nasea.pipeline.search.front_so_far import FrontSoFar
from nasea.pipeline.search.rescoring import (
    SCORED_FIRST,
    describe_images,
    other_images,
    remaining_noise,
)
from nasea.pipeline.search.scores import ScoreBook
from nasea.pipeline.search.separation import Separation
from nasea.pipeline.search.within_time import WithinTime
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Listener, Progress, Round
from nasea.pipeline.session.interrupt import StopRequest
from nasea.pipeline.session.journal import Journal
from nasea.pipeline.session.pace import Pace
from nasea.results.figures.plots import front_figure
from nasea.results.front import Front, Unfinished
from nasea.space import Genome
from nasea.strategy import (
    Archive,
    GenerationReport,
    Patience,
    Rescoring,
    Score,
    SearchOutcome,
    SearchState,
    Strategy,
    run_search,
)
from nasea.strategy.archive import records_of

SAVE_SECONDS = 60.0
"""A long generation is saved this often: what is scored stays scored."""

DRAW_SECONDS = 20.0
"""The front is drawn at most this often."""


class Searching:
    """Searches with the weights of a trained supernet.

    Args:
        prepared: the run.
        strategy: proposes the architectures.
        direction: converts a metric into an accuracy.
        store: checkpoints of kind ``search``.
        book: all metrics measured with these weights, shared with the other stages.
        listener: receives progress.
        journal: receives the curves.
        stop: the stop request, checked after every architecture.

    Attributes:
        separation: whether scores tell architectures apart; ``None`` before that is measured.
        background: what results tell about the run beside the search.
        so_far: the files of the front so far.
    """

    def __init__(
        self,
        prepared: Prepared,
        strategy: Strategy,
        direction: Direction,
        store: CheckpointStore,
        book: ScoreBook,
        listener: Listener,
        journal: Journal,
        stop: StopRequest,
    ) -> None:
        self.prepared = prepared
        self.strategy = strategy
        self.direction = direction
        self.store = store
        self.book = book
        self.listener = listener
        self.journal = journal
        self.stop = stop
        self.separation: Separation | None = None
        self.background = Background()
        self.so_far = FrontSoFar(store.directory)
        self._begun: dict[Genome, Score] = {}
        self._again: tuple[EvaluationSubset, ...] = ()
        self._archive = Archive()
        self._state = SearchState()
        searcher = prepared.scenario.searcher
        self._most = searcher.generation_num * searcher.pop_size
        self._pace = Pace()
        self._fresh = 0  # scores of the current generation
        self._so_far: dict[str, str] = {}
        self._saved_at = time.monotonic()
        self._drawn_at = float("-inf")

    def run(self, *, finish: bool = False) -> SearchOutcome:
        """Search until progress stops, the space is exhausted or all generations are done.

        Args:
            finish: end after the last complete generation; the first, if none is complete.
        """
        searcher = self.prepared.scenario.searcher
        generations = max(self._state.generation, 1) if finish else searcher.generation_num
        self.listener.begin(
            "search", f"searching, up to {generations} generations of {searcher.pop_size}"
        )
        self._most = generations * searcher.pop_size
        noise = None if self.separation is None else self.separation.noise
        self._again = other_images(
            self.prepared.eval_images, self.prepared.data.val_images, self.separation
        )
        self.listener.line(f"the front so far, at any time: nasea show, or {self.so_far.report}")
        if self._again:
            self.listener.line(describe_images(self._again))
        self._retry_failures()
        self._fresh = 0
        self._pace.seconds_left(len(self._archive), self._most)
        outcome = run_search(
            self.prepared.problem,
            self._evaluate,
            pop_size=searcher.pop_size,
            generations=generations,
            seed=self.prepared.scenario.seed,
            strategy=self.strategy,
            archive=self._archive,
            state=self._state,
            patience=Patience(
                searcher.stall_generations, remaining_noise(self._again, self.separation)
            ),
            rescoring=Rescoring(self._evaluate, 1 + len(self._again), noise or 0.0, SCORED_FIRST),
            on_generation=self._on_generation,
        )
        self._state = outcome.state
        if self.so_far.exists:  # scoring the results takes a while, and can be stopped
            self._write_front(last=True)
        if isinstance(self.strategy, WithinTime) and self.strategy.is_over:
            outcome = replace(outcome, reason="the time for the search is used up")
        elif generations < searcher.generation_num and outcome.stopped == "completed":
            reason = (
                f"it was asked to, after {generations} of {searcher.generation_num} generations"
            )
            outcome = replace(outcome, reason=reason)
        text = f"search ended: {outcome.reason}{_how_to_go_on(outcome)}"
        # Never the last of its kind: a display that keeps the last generation prints that first.
        self.listener.line(Round(text, 1, 2, "end"))
        return outcome

    @property
    def scored(self) -> int:
        """The number of architectures of all generations so far."""
        return len(self._archive)

    def _retry_failures(self) -> None:
        """Score earlier failures again: their cause may have been fixed since."""
        failed = [record.genome for record in self._archive.failures]
        if failed:
            self.listener.line(f"{len(failed)} scores failed before: measuring them again")
            scores = self._evaluate(failed)
            self._archive = self._archive.rescored(dict(zip(failed, scores, strict=True)))

    def _evaluate(self, genomes: Sequence[Genome], turn: int = 0) -> list[Score]:
        """Score architectures; ``turn`` is the number of earlier scores of each."""
        searcher = self.prepared.scenario.searcher
        data = self._again[turn - 1] if turn else EvaluationSubset(self.prepared.eval_images)
        # Sorted, so that architectures with equal first layers follow each other and share them.
        unknown = sorted(
            {genome for genome in genomes if self.book.get(genome, turn=turn) is None},
            key=self.prepared.space.steps,
        )
        if not turn:
            found = {genome: self.book.get(genome) for genome in genomes}
            self._begun |= {g: self._score(one) for g, one in found.items() if one is not None}
        known = len(genomes) - len(unknown)
        done = 0
        figures = {
            "generation": f"{self._state.generation + 1}/{searcher.generation_num}",
            **self._so_far,
        }

        def on_measured(measured: Measurement) -> None:
            nonlocal done
            genome, done = unknown[done], done + 1
            self.book.put(genome, measured, turn=turn)
            if not turn:
                self._begun[genome] = self._score(measured)
            if measured.failure is not None:
                blocks = ", ".join(self.prepared.space.blocks(genome))
                text = f"{blocks}: not scored: {measured.failure}"
                self.listener.notice(Notice("search", text))
            self._fresh += turn == 0 and genome not in self._archive
            left = self._pace.seconds_left(len(self._archive) + self._fresh, self._most)
            self.listener.progress(
                Progress("search", known + done, len(genomes), "architecture", left, figures)
            )
            if self.stop.requested or time.monotonic() - self._saved_at > SAVE_SECONDS:
                self.save()
            self._write_front(last=self.stop.requested)
            self.stop.check()

        try:
            self.prepared.backend.measure_each([(genome, data) for genome in unknown], on_measured)
        except RankLostError:
            self.save()  # keep the scores
            self._write_front(last=True)
            raise
        scores = (self.book.get(genome, turn=turn) for genome in genomes)
        return [self._score(measured) for measured in scores if measured is not None]

    def _score(self, measured: Measurement) -> Score:
        if measured.metric is None:
            return Score.failed(measured.failure or "unknown")
        return Score(self.direction.accuracy(measured.metric), measured.metric)

    def _on_generation(self, report: GenerationReport) -> None:
        self._archive, self._state, self._fresh = report.archive, report.state, 0
        self.save()
        self._write_front()
        self._begun.clear()
        self.journal.events.scalar("hypervolume", report.hypervolume, report.generation)
        self._draw(report)
        best = max(record.score.quality or 0.0 for record in report.front)
        kind = self.prepared.scenario.constraint.type
        costs = [record.cost for record in report.front]
        again = f" and {report.scored_again} of the front again" if report.scored_again else ""
        self._so_far = {"front": str(len(report.front)), "best accuracy": f"{best:.4f}"}
        number, total = report.generation + 1, self.prepared.scenario.searcher.generation_num
        text = (
            f"generation {number}/{total}: "
            f"{report.scored} scored{again}, front of {len(report.front)} "
            f"({format_cost(costs[0], kind)} to {format_cost(costs[-1], kind)}), "
            f"best accuracy {best:.4f}, hypervolume {report.hypervolume:.4f}"
        )
        self.listener.line(Round(text, number, total, "generation"))
        if report.note is not None:
            text = f"{report.note}; {report.proposal_seconds:.2f} s"
            self.listener.line(Round(text, number, total, "strategy"))

    def _draw(self, report: GenerationReport) -> None:
        """Draw the front for TensorBoard, less often if generations are very fast."""
        last = report.generation + 1 == self.prepared.scenario.searcher.generation_num
        if not last and time.monotonic() - self._drawn_at < DRAW_SECONDS:
            return
        self._drawn_at = time.monotonic()
        self.journal.events.figure("pareto", front_figure(self._front()), report.generation)

    def _front(self) -> Front:
        """Return the front so far, with the scores of the generation that is under way."""
        archive, prepared = self._archive, self.prepared
        begun = {genome: one for genome, one in self._begun.items() if genome not in archive}
        scored = records_of(
            prepared.problem, list(begun), list(begun.values()), self._state.generation
        )
        return preview(
            prepared,
            self.strategy.name,
            self.direction,
            archive.extended(scored) if scored else archive,
            self._state.hypervolumes,
            self.background,
            Unfinished(
                self._state.generation, prepared.scenario.searcher.generation_num, len(scored)
            ),
        )

    def _write_front(self, last: bool = False) -> None:
        """Write the files of the front so far; ``last`` when the run is about to end."""
        self.so_far.write(self._front, last=last)

    def resume(self, meta: Mapping[str, Any]) -> None:
        """Resume from the checkpoint of :meth:`save`, if it belongs to this search."""
        before = meta["problem"]
        now = self._problem_key()
        if before != now:
            names = dict.fromkeys((*now, *before))
            changed = [_SHOWN[n] for n in names if n in _SHOWN and before.get(n) != now.get(n)]
            self.listener.line(
                f"another search on the same supernet, with another {', '.join(changed)}: "
                f"{len(self.book)} scores are known already"
            )
            self.so_far.remove()
            return
        if meta["separation"] is not None:
            self.separation = Separation(**meta["separation"])
        self._archive = Archive.from_dict(meta["archive"])
        self._state = SearchState.from_dict(meta["state"])
        self.listener.line(
            f"going on after generation {self._state.generation}, {len(self._archive)} scored"
        )

    def _problem_key(self) -> dict[str, Any]:
        prepared = self.prepared
        return problem_key(prepared.scenario, self.strategy.name, self.direction, prepared.profile)

    def save(self) -> None:
        """Write a checkpoint."""
        meta: dict[str, Any] = {
            "weights_version": self.book.weights_version,
            "problem": self._problem_key(),
            "archive": self._archive.to_dict(),
            "state": self._state.to_dict(),
            "book": self.book.to_list(),
            "separation": None if self.separation is None else self.separation.to_dict(),
        }
        self.store.save(meta)
        self._saved_at = time.monotonic()


def _how_to_go_on(outcome: SearchOutcome) -> str:
    if outcome.stopped != "stalled":
        return ""
    return "; searcher.stall_generations: 0, or a larger generation_num, goes on"


def last_search(
    store: CheckpointStore, weights_version: str, listener: Listener
) -> dict[str, Any] | None:
    """Return the state of the last search on these weights; ``None`` if there is none.

    Training the supernet takes most of the time, so an unreadable search is simply repeated.
    """
    notices: list[Notice] = []
    try:
        stored = store.load(notices)
    except CheckpointError as error:
        notices.append(Notice("checkpoint", f"{error.message}\n  starting a new search"))
        stored = None
    for notice in notices:
        listener.notice(notice)
    if stored is None:
        return None
    if stored.meta["weights_version"] != weights_version:
        listener.line("the earlier search was made with other weights: starting a new search")
        return None
    return stored.meta


def problem_key(
    scenario: Scenario, strategy: str, direction: Direction, profile: Profile | None = None
) -> dict[str, Any]:
    """Return what identifies a search; further generations extend the same search."""
    initial = list(scenario.searcher.initial)
    return {
        "constraint": scenario.constraint.model_dump(mode="json"),
        "profile": None if profile is None else profile.digest,
        "pop_size": scenario.searcher.pop_size,
        "searcher": strategy,
        "objectives": list(scenario.searcher.objectives),
        "mode": direction.mode,
        "in_unit_interval": direction.in_unit_interval,
        "eval_images": scenario.searcher.eval_images,
        "bn_images": scenario.searcher.bn_images,
        **({"initial": initial} if initial else {}),
        **({"score_as": "int8"} if scenario.searcher.score_as == "int8" else {}),
    }


_SHOWN = {
    "constraint": "constraint",
    "profile": "latency profile",
    "pop_size": "searcher.pop_size",
    "searcher": "searcher.mode",
    "objectives": "searcher.objectives",
    "mode": "searcher.metric_mode",
    "in_unit_interval": "range of the metric",
    "eval_images": "searcher.eval_images",
    "bn_images": "searcher.bn_images",
    "initial": "searcher.initial",
    "score_as": "searcher.score_as",
}
"""How messages call what :func:`problem_key` holds."""
