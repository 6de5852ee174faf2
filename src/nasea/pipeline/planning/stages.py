"""The stages of a job, the time of each, and the bottleneck."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

from nasea.backends.records import ScoreSeconds
from nasea.pipeline.planning.speeds import ScoringSpeed, TrainingSpeed
from nasea.pipeline.search.direction import N_REFERENCES
from nasea.pipeline.search.separation import N_ARCHITECTURES
from nasea.terms import Framework

_CONDITIONS = 4
"""Each architecture of the separation check is scored so often, on a half each time."""

_WRITING_SECONDS = 3.0
"""Figures and the report."""

_WAITS = 0.1
"""Loading holds training up where this share of a batch is spent waiting for it."""


@dataclass(frozen=True)
class StageTime:
    """A stage of a job and its duration.

    Attributes:
        name: name of the stage.
        seconds: its duration.
        detail: a description of its parts.
    """

    name: str
    seconds: float
    detail: str


@dataclass(frozen=True)
class Counts:
    """The amount of work of a search.

    Attributes:
        epochs: of the supernet.
        scores: number of architectures that the search scores.
        subset: whether the search scores on a part of val_dir.
        int8: whether scores are those of int8 files; the front is then scored in float as well.
    """

    epochs: int
    scores: int
    subset: bool
    int8: bool = False

    @property
    def front(self) -> int:
        """Estimated number of members of the front after all scores."""
        return min(self.scores, 5 + round(math.sqrt(self.scores)))


def training_stage(name: str, epochs: int, speed: TrainingSpeed) -> StageTime:
    """Return the stage of training for some epochs."""
    detail = f"{epochs} epochs of {duration(speed.epoch_seconds)}"
    return StageTime(name, epochs * speed.epoch_seconds, detail)


def search_stages(counts: Counts, scoring: ScoringSpeed, choosing: float) -> list[StageTime]:
    """Return the stages from the trained supernet to the results.

    Args:
        counts: the amount of work.
        scoring: the speed of scoring.
        choosing: seconds to propose all candidates.
    """
    one = scoring.one
    members, scores = counts.front, counts.scores
    final = members * scoring.unshared.statistics + _WRITING_SECONDS
    if counts.subset:
        final += members * (scoring.unshared.statistics + scoring.whole) + scoring.rest
    if counts.int8:
        final += members * (scoring.unshared.statistics + scoring.whole)
    alone = scoring.unshared
    half = ScoreSeconds(alone.statistics, alone.metric / 2)
    return [
        StageTime(
            "direction of the metric",
            2 * N_REFERENCES * alone.total + scoring.once,
            f"{N_REFERENCES} architectures before and after training",
        ),
        StageTime(
            "separation check",
            N_ARCHITECTURES * _CONDITIONS * half.total,
            f"{N_ARCHITECTURES} architectures, {_CONDITIONS} times each",
        ),
        StageTime(
            "batch-norm statistics",
            scores * one.statistics,
            f"of {scores:,} architectures, {duration(one.statistics)} each",
        ),
        StageTime(
            "scoring",
            scores * one.metric,
            f"{scores:,} architectures at most, {duration(one.metric)} each",
        ),
        StageTime("choosing candidates", choosing, "by the search strategy"),
        StageTime(
            "final front",
            final,
            f"about {members} networks "
            + ("scored on the whole of val_dir, written" if counts.subset else "written"),
        ),
    ]


def table(stages: Sequence[StageTime]) -> list[tuple[str, str]]:
    """Return (name, text) of every stage with its share of the time, and the total last."""
    total = sum(stage.seconds for stage in stages)
    rows = [
        (stage.name, f"{duration(stage.seconds)}, {stage.seconds / max(total, 1e-9):.0%}: "
         f"{stage.detail}")
        for stage in stages
    ]  # fmt: skip
    return [*rows, ("in all", f"about {duration(total)}")]


def loading_notice(speed: TrainingSpeed, framework: Framework) -> str | None:
    """Return a suggestion if training waits for images; ``None`` if it does not."""
    pace = speed.pace
    if pace.waiting_seconds <= _WAITS * pace.batch_seconds:
        return None
    work = max(pace.batch_seconds - pace.waiting_seconds, 1e-9)
    share = pace.waiting_seconds / pace.batch_seconds
    head = f"loading: training waits for images {share:.0%} of the time"
    if framework == "tensorflow":
        faster = pace.batch_seconds / work
        return (
            f"{head}; reading would have to be {faster:.2g} times as fast: "
            "map(..., num_parallel_calls=tf.data.AUTOTUNE), cache(), smaller images on disk"
        )
    # Workers load in parallel: one of them takes this long for a batch.
    alone = pace.waiting_seconds if speed.workers == 0 else speed.workers * pace.batch_seconds
    wanted, cores = math.ceil(alone / work), usable_cores()
    needed = f"{wanted} worker{'s' * (wanted != 1)} would be needed"
    if wanted <= max(cores - 1, 1):
        return f"{head}; {needed}: resource.data_workers: {wanted}"
    return (
        f"{head}; {needed}, this machine has {cores} core{'s' * (cores != 1)}: store smaller "
        "images, or decoded ones; where loading waits for a disk or a network, "
        f"resource.data_workers: {wanted} helps all the same"
    )


def bottleneck(
    stages: Sequence[StageTime], speed: TrainingSpeed, scoring: ScoringSpeed, framework: Framework
) -> str:
    """Return the longest stage, and how to shorten it."""
    total = sum(stage.seconds for stage in stages)
    most = max(stages, key=lambda stage: stage.seconds)
    head = f"{most.name}, {most.seconds / max(total, 1e-9):.0%}"
    loading = loading_notice(speed, framework)
    if loading is not None and "training" in most.name:
        return f"{head}: {loading}"
    if most.name == "scoring" and scoring.reading > 0.5 * scoring.one.metric:
        return (
            f"{head}: reading images that are not kept, for every architecture: more "
            "resource.image_cache, or a smaller searcher.eval_images"
        )
    fixes = {
        "scoring": f"searcher.eval_images below {scoring.scored} would score on fewer images"
        if scoring.scored > 1000
        else "fewer generations, or a smaller pop_size",
        "batch-norm statistics": "a smaller searcher.bn_images, or fewer generations",
        "supernet training": "computing, not loading: a faster device, or fewer epochs",
        "pre-training": "fewer epochs in pre_train.yaml, or a checkpoint as pre_train_dir",
    }
    fix = fixes.get(most.name)
    return head if fix is None else f"{head}: {fix}"


def usable_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def duration(seconds: float) -> str:
    """Return a time span in readable form: ``48 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    if seconds < 0.95:
        return f"{seconds * 1000:.0f} ms" if 0.0005 <= seconds else "0 s"
    if seconds < 9.5:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
