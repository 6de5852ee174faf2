"""Estimates the stages after supernet training from the time of a score."""

from __future__ import annotations

from nasea.backends.records import ScoreSeconds
from nasea.pipeline.planning.speeds import ScoringSpeed, scores_of
from nasea.pipeline.planning.stages import Counts, search_stages
from nasea.pipeline.probe import Prepared
from nasea.pipeline.session.events import Stage


def later_stages(prepared: Prepared, score_seconds: float) -> dict[Stage, float]:
    """Return the expected seconds of separation check, search and results.

    Args:
        prepared: the run.
        score_seconds: seconds of a score on the images of the search.
    """
    whole = ScoreSeconds(score_seconds / 2, score_seconds / 2)
    subset = prepared.eval_images or prepared.data.val_images
    times_more = prepared.data.val_images / subset
    speed = ScoringSpeed(whole, whole.metric * times_more, 0.0, subset, subset)
    counts = Counts(prepared.scenario.epochs, scores_of(prepared), prepared.eval_images is not None)
    named = {stage.name: stage.seconds for stage in search_stages(counts, speed, 0.0)}
    return {
        "separation": named["separation check"],
        "search": named["scoring"] + named["batch-norm statistics"],
        "results": named["final front"],
    }
