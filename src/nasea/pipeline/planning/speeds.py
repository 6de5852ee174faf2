"""What the parts of a job take, measured on the user's own data before anything is trained.

Nothing here may take long in any project: slow steps are measured on fewer images, and
scaled.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nasea.backends import AttachedBackend
from nasea.backends.records import EvaluationSubset, Measurement, ScoreSeconds
from nasea.backends.training.trial import Pace, TrialReport
from nasea.pipeline.probe import Prepared, describe_costs
from nasea.pipeline.search.direction import N_REFERENCES
from nasea.pipeline.supernet.paths import pathfinder
from nasea.space import Genome
from nasea.strategy import Archive, Score, Strategy, Study
from nasea.strategy.archive import records_of

PACE_SECONDS = 4.0
"""How long training is tried with the user's own data."""

_SCORING_SECONDS = 10.0
"""Scores that take longer together are measured on fewer images."""

_LARGE = 10_000_000
"""Values in the images of a score below which it is measured without further thought."""

_FEW = 16
"""Images that a slow score is measured on."""

_FITTED = 300
"""Scores that the choosing of candidates is timed with, at most."""


@dataclass(frozen=True)
class TrainingSpeed:
    """Training with the user's data.

    Attributes:
        tried: the step alone, without loading.
        pace: with loading.
        batches_per_epoch: of all devices.
        workers: loading processes; 0 loads in the main process, or in threads of the framework.
        save_seconds: of writing a checkpoint.
    """

    tried: TrialReport
    pace: Pace
    batches_per_epoch: int
    workers: int
    save_seconds: float = 0.0

    @property
    def epoch_seconds(self) -> float:
        """One epoch, with its checkpoint."""
        batches = self.batches_per_epoch * self.pace.batch_seconds
        return self.pace.start_seconds + batches + self.save_seconds


@dataclass(frozen=True)
class ScoringSpeed:
    """Scoring an architecture.

    Attributes:
        one: a score of the search, in which architectures share their beginnings.
        whole: the metric on the whole of val_dir.
        once: seconds that are spent once: reading, and tracing of every candidate.
        images: validation images that it was measured on, and
        scored: those that the search scores on.
        alone: a score that shares nothing; ``None`` for ``one``.
    """

    one: ScoreSeconds
    whole: float
    once: float
    images: int
    scored: int
    alone: ScoreSeconds | None = None

    @property
    def unshared(self) -> ScoreSeconds:
        """A score that shares nothing with others."""
        return self.alone or self.one

    @property
    def is_scaled(self) -> bool:
        """Whether it was worked out from fewer images."""
        return self.images < self.scored


def training_speed(
    backend: AttachedBackend,
    paths_per_update: int,
    path: Callable[[int], Genome],
    seconds: float,
    home: Path,
) -> TrainingSpeed:
    """Measure training, data included; undone.

    Args:
        backend: its candidates were tried.
        paths_per_update: as the training will have.
        path: likewise.
        seconds: how long to try, about.
        home: where checkpoints will go.
    """
    assert backend.tried is not None, "every candidate is tried first"
    pace = backend.pace(paths_per_update, path, seconds, backend.tried.seconds)
    return TrainingSpeed(
        backend.tried,
        pace,
        backend.data_report.batches_per_epoch,
        backend.workers,
        pace.state_seconds + _writing_seconds(home, pace.state_bytes),
    )


def supernet_speed(prepared: Prepared, home: Path, seconds: float = PACE_SECONDS) -> TrainingSpeed:
    """:func:`training_speed` of the supernet of a run."""
    paths = pathfinder(prepared.costs, prepared.problem, prepared.scenario.seed)
    return training_speed(prepared.backend, prepared.paths_per_update, paths, seconds, home)


def scoring_speed(prepared: Prepared) -> tuple[ScoringSpeed, list[Measurement]]:
    """Measure scoring.

    Returns:
        What it takes; the scores of the network of median cost, the first and the last.
    """
    middle, cheapest = describe_costs(prepared)[1][2], prepared.costs.cheapest
    scored = prepared.eval_images or prepared.data.val_images
    statistic = min(prepared.scenario.searcher.bn_images, prepared.data.train_images)
    few = _few_images(prepared, cheapest, scored, statistic)
    images, draws = (scored, statistic) if few is None else (few, min(few, statistic))
    data = EvaluationSubset(images=prepared.eval_images if few is None else few)
    most = None if few is None else draws

    def score(genome: Genome) -> tuple[Measurement, ScoreSeconds, float]:
        start = time.perf_counter()
        found, seconds = prepared.backend.time_score(genome, data, most)
        return found, seconds, time.perf_counter() - start

    # The first reads what every later one profits from; one in between: a metric that averages
    # over all calls gives the same for the same twice.
    first, _, first_seconds = score(middle)
    _, _, new_seconds = score(cheapest)
    again, warm, again_seconds = score(middle)
    _, cheap, cheap_seconds = score(cheapest)
    # What is traced the first time is traced for every candidate once, a path of them at a time.
    tracing = max(new_seconds - cheap_seconds, 0.0)
    reading = max(first_seconds - again_seconds - tracing, 0.0)
    genomes = prepared.sample(N_REFERENCES)
    typical = statistics.fmean([warm.total, cheap.total])
    if few is None and len(genomes) * (typical + tracing) < _SCORING_SECONDS:
        typical = _together(prepared, genomes, data)
    share = warm.statistics / max(warm.total, 1e-9)
    one = ScoreSeconds(
        typical * share * statistic / max(draws, 1), typical * (1 - share) * scored / images
    )
    whole = one.metric * prepared.data.val_images / scored
    once = reading * scored / images + tracing * (max(prepared.space.choices) - 1)
    alone = ScoreSeconds(warm.statistics * statistic / max(draws, 1), warm.metric * scored / images)
    return ScoringSpeed(one, whole, once, images, scored, alone), [first, again]


def choosing_seconds(prepared: Prepared, strategy: Strategy) -> float:
    """Measure the seconds of proposing all candidates of a search, on made-up scores."""
    searcher = prepared.scenario.searcher
    total = scores_of(prepared)
    problem = prepared.problem
    genomes = prepared.sample(min(total // 2, _FITTED))
    known = len(genomes)
    if known < 2:
        return 0.0
    costs = problem.costs(genomes)
    # Any scores do: dearer is better, with some noise.
    noise = [((7919 * i) % 101) / 1010 for i in range(len(genomes))]
    made_up = [
        Score(0.5 + 0.3 * float(cost / costs.max()) + extra, None)
        for cost, extra in zip(costs, noise, strict=True)
    ]
    archive = Archive(tuple(records_of(problem, genomes, made_up, 0)))
    before = Study(problem, archive, 0, searcher.pop_size, prepared.scenario.seed, known)
    start = time.perf_counter()
    try:
        strategy.tell(before)
        asked = strategy.ask(Study(problem, archive, 1, searcher.pop_size, prepared.scenario.seed))
    except Exception:  # an estimate is no reason to stop
        return 0.0
    seconds = time.perf_counter() - start
    return seconds * total / max(len(asked), 1)


def scores_of(prepared: Prepared) -> int:
    """Architectures that the search scores, at most."""
    searcher = prepared.scenario.searcher
    return min(searcher.generation_num * searcher.pop_size, prepared.space.n_architectures)


def _few_images(prepared: Prepared, genome: Genome, scored: int, statistic: int) -> int | None:
    """Return images to measure a score on; ``None`` for all, where that does not take long."""
    channels, height, width = prepared.scenario.supernet.input_chw
    if (scored + statistic) * channels * height * width < _LARGE or scored <= _FEW:
        return None
    seconds = 0.0
    few = min(_FEW, statistic)
    for _ in range(2):  # the first one traces
        start = time.perf_counter()
        found, _ = prepared.backend.time_score(genome, EvaluationSubset(images=few), few)
        seconds = time.perf_counter() - start
    if found.metric is None:  # a metric may need more of them
        return None
    if 4 * seconds * (scored + statistic) / (2 * few) <= _SCORING_SECONDS:
        return None
    return few


def _together(prepared: Prepared, genomes: Sequence[Genome], data: EvaluationSubset) -> float:
    """Return seconds of a score among several, which share what they have in common."""
    ordered = sorted(genomes, key=prepared.space.steps)
    jobs = [(genome, data) for genome in ordered]
    prepared.backend.measure_each(jobs, lambda _: None)  # traced, where that takes time
    start = time.perf_counter()
    prepared.backend.measure_each(jobs, lambda _: None)
    return (time.perf_counter() - start) / len(jobs)


def _writing_seconds(home: Path, size: int) -> float:
    """Return the seconds of writing a checkpoint of this size."""
    if not size:
        return 0.0
    content = bytes(min(size, 64 * 2**20))
    start = time.perf_counter()
    hashlib.sha256(content)
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:  # reported when it is needed
        return 0.0
    return (time.perf_counter() - start) * size / len(content)
