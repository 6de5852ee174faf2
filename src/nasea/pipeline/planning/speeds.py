"""Measures the parts of a job on the user's own data before training.

No measurement may take long: slow steps are measured on fewer images and extrapolated.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nasea.backends import AttachedBackend
from nasea.backends.records import EvaluationSubset, Measurement, ReadSeconds, ScoreSeconds
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
    """The speed of training with the user's data.

    Attributes:
        tried: the training step alone, without data loading.
        pace: the training step with data loading.
        batches_per_epoch: batches of an epoch, over all devices.
        workers: loading processes; 0 loads in the main process, or in threads of the framework.
        save_seconds: seconds to write a checkpoint.
    """

    tried: TrialReport
    pace: Pace
    batches_per_epoch: int
    workers: int
    save_seconds: float = 0.0

    @property
    def epoch_seconds(self) -> float:
        """Seconds of an epoch, its checkpoint included."""
        batches = self.batches_per_epoch * self.pace.batch_seconds
        return self.pace.start_seconds + batches + self.save_seconds


@dataclass(frozen=True)
class ScoringSpeed:
    """The speed of scoring an architecture.

    Attributes:
        one: a score in the search, where architectures share the outputs of equal first layers.
        whole: the metric on all of val_dir.
        once: seconds spent once, for reading data and tracing every candidate.
        images: validation images of the measurement.
        scored: validation images of a score in the search.
        alone: a score without shared layers; ``None`` if it equals ``one``.
        rest: seconds of reading, once, the images that only the final front is scored on.
        reading: the part of ``one`` that reads images which the cache has no room for; other
            processes may do so meanwhile, then it is the slower one that counts.
    """

    one: ScoreSeconds
    whole: float
    once: float
    images: int
    scored: int
    alone: ScoreSeconds | None = None
    rest: float = 0.0
    reading: float = 0.0

    @property
    def unshared(self) -> ScoreSeconds:
        """A score without layers shared with others."""
        return self.alone or self.one

    @property
    def is_scaled(self) -> bool:
        """Whether it was extrapolated from fewer images."""
        return self.images < self.scored


def training_speed(
    backend: AttachedBackend,
    paths_per_update: int,
    path: Callable[[int], Genome],
    seconds: float,
    home: Path,
) -> TrainingSpeed:
    """Measure training, data loading included; then restore the weights.

    Args:
        backend: the backend; all its candidates have run.
        paths_per_update: paths per update in the training.
        path: returns the path of a training step, as in the training.
        seconds: approximate duration of the measurement.
        home: the directory of the checkpoints.
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
    """Return the :func:`training_speed` of the supernet of a run."""
    paths = pathfinder(prepared.costs, prepared.problem, prepared.scenario.seed)
    return training_speed(prepared.backend, prepared.paths_per_update, paths, seconds, home)


def scoring_speed(prepared: Prepared) -> tuple[ScoringSpeed, list[Measurement]]:
    """Measure scoring.

    Returns:
        The speed; and the first and last score of the network of median cost.
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

    # The first score reads data that later ones reuse. Another network comes in between, since a
    # metric that averages over all calls would return the same value twice.
    first, _, first_seconds = score(middle)
    _, _, new_seconds = score(cheapest)
    again, warm, again_seconds = score(middle)
    _, cheap, cheap_seconds = score(cheapest)
    # Tracing happens once per candidate, and a path traces one candidate of every layer.
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
    alone = ScoreSeconds(warm.statistics * statistic / max(draws, 1), warm.metric * scored / images)
    every = prepared.data.val_images
    read, read_all = map(prepared.backend.read_seconds, (scored, every))
    # The few images that are measured on were read before. Where all were, the times of scores
    # contain what is read again.
    reading, again_read = (reading, ReadSeconds()) if few is None else (read.once, read)
    return ScoringSpeed(
        with_reading(one, again_read),
        with_reading(ScoreSeconds(0.0, one.metric * every / scored), read_all).metric,
        reading + tracing * (max(prepared.space.choices) - 1),
        images,
        scored,
        with_reading(alone, again_read),
        max(read_all.once - read.once, 0.0),
        read.each,
    ), [first, again]


def with_reading(score: ScoreSeconds, read: ReadSeconds) -> ScoreSeconds:
    """Return the time of a score whose images are not all kept, from that with all of them kept."""
    metric = score.metric
    return replace(score, metric=max(metric, read.each) if read.aside else metric + read.each)


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
    # Any scores will do: here the accuracy rises with the cost, plus some noise.
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
    except Exception:  # a failed estimate must not stop the run
        return 0.0
    seconds = time.perf_counter() - start
    return seconds * total / max(len(asked), 1)


def scores_of(prepared: Prepared) -> int:
    """Return the largest number of architectures that the search scores."""
    searcher = prepared.scenario.searcher
    return min(searcher.generation_num * searcher.pop_size, prepared.space.n_architectures)


def _few_images(prepared: Prepared, genome: Genome, scored: int, statistic: int) -> int | None:
    """Return how many images to measure a score on; ``None`` for all if that is fast."""
    channels, height, width = prepared.scenario.supernet.input_chw
    if (scored + statistic) * channels * height * width < _LARGE or scored <= _FEW:
        return None
    seconds = 0.0
    few = min(_FEW, statistic)
    for _ in range(2):  # the first pass traces
        start = time.perf_counter()
        found, _ = prepared.backend.time_score(genome, EvaluationSubset(images=few), few)
        seconds = time.perf_counter() - start
    if found.metric is None:  # the metric may need more images
        return None
    if 4 * seconds * (scored + statistic) / (2 * few) <= _SCORING_SECONDS:
        return None
    return few


def _together(prepared: Prepared, genomes: Sequence[Genome], data: EvaluationSubset) -> float:
    """Return the seconds per score of several architectures that share first layers."""
    ordered = sorted(genomes, key=prepared.space.steps)
    jobs = [(genome, data) for genome in ordered]
    prepared.backend.measure_each(jobs, lambda _: None)  # trace before timing
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
    except OSError:  # reported when a checkpoint is written
        return 0.0
    return (time.perf_counter() - start) * size / len(content)
