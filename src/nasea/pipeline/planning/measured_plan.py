"""Converts measured speeds to the inputs of a plan."""

from __future__ import annotations

from nasea.pipeline.planning.pre_training import PreTrainingSpeed
from nasea.pipeline.planning.speeds import ScoringSpeed, TrainingSpeed, choosing_seconds, scores_of
from nasea.pipeline.planning.stages import Counts, search_stages
from nasea.pipeline.planning.time_plan import Least, Speeds
from nasea.pipeline.probe import Prepared
from nasea.strategy import strategy_for

_FIXED = ("direction of the metric", "separation check", "final front")
_MOST_SCORES = 400
"""Most scores from which a plan estimates the size of the front, which hardly matters."""


def plan_speeds(
    prepared: Prepared,
    training: TrainingSpeed,
    scoring: ScoringSpeed,
    probing: float,
    pre: PreTrainingSpeed | None,
) -> Speeds:
    """Return the speeds from which a plan is made.

    Args:
        prepared: the run.
        training: speed of training the supernet.
        scoring: speed of scoring architectures.
        probing: seconds that preparing the run took.
        pre: speed of pre-training; ``None`` if none is due.
    """
    scores = scores_of(prepared)
    strategy = strategy_for(prepared.scenario.searcher.proposer, prepared.problem)
    choosing = choosing_seconds(prepared, strategy) / max(scores, 1)
    int8 = prepared.scenario.searcher.score_as == "int8"
    counts = Counts(1, min(scores, _MOST_SCORES), prepared.eval_images is not None, int8)
    stages = search_stages(counts, scoring, 0.0)
    return Speeds(
        probing=probing,
        epoch=training.epoch_seconds,
        pre_epoch=0.0 if pre is None else pre.speed.epoch_seconds,
        pre_epochs=None if pre is None or pre.follows_search else pre.epochs,
        fixed=sum(stage.seconds for stage in stages if stage.name in _FIXED),
        score=scoring.one.total + choosing,
        alone_epoch=training.epoch_seconds + scoring.one.statistics + scoring.whole,
    )


def least_of(prepared: Prepared) -> Least:
    """Return the minimum work of a plan."""
    choices, searcher = max(prepared.space.choices), prepared.scenario.searcher
    return Least.of(choices, searcher.pop_size, scores_of(prepared))
