"""Plans a job within a given time, from measured speeds.

The epochs of the supernet must be fixed before training, since the user's schedule depends on them.
The remaining time is divided between scoring and retraining; both can use any amount.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nasea.config.schema.spans import SPAN_WORDS, read_span, span_advice
from nasea.errors import NaseaError, TimeBudgetError
from nasea.pipeline.planning.stages import StageTime, duration

SLACK = 0.03
"""Share of the time that is kept free."""

_SEARCH, _RETRAINING = 0.1, 0.7
"""Shares of what is left beside the fixed parts; the supernet gets the rest."""

_LEAST_GENERATIONS = 2


@dataclass(frozen=True)
class Speeds:
    """The durations of the parts of a job, in seconds.

    Attributes:
        probing: opening data and building a supernet; repeated with the plan's epochs and for
            retraining.
        epoch: an epoch of the supernet.
        pre_epoch: an epoch of pre-training; 0 without pre-training.
        pre_epochs: number of epochs of pre-training; ``None`` for as many as the supernet has.
        fixed: direction, separation check, writing.
        score: a score in the search, including the proposal of the architecture.
        alone_epoch: an epoch of retraining, including the metric on all of val_dir.
    """

    probing: float
    epoch: float
    pre_epoch: float
    pre_epochs: int | None
    fixed: float
    score: float
    alone_epoch: float

    def training(self, epochs: int) -> float:
        """Return the seconds of training the supernet, pre-training included."""
        return epochs * self.epoch + self.pre_training(epochs)

    def pre_training(self, epochs: int) -> float:
        """Return the seconds of pre-training, given the epochs of the supernet."""
        return self.pre_epoch * (epochs if self.pre_epochs is None else self.pre_epochs)


@dataclass(frozen=True)
class Least:
    """The minimum work of a useful job.

    Attributes:
        epochs: epochs of the supernet: each candidate of a layer sees every image once.
        scores: number of architectures to score.
        retraining: epochs of retraining.
        most_scores: largest number of architectures that the search scores.
    """

    epochs: int
    scores: int
    retraining: int
    most_scores: int

    @classmethod
    def of(cls, choices: int, pop_size: int, most_scores: int) -> Least:
        """Return the minimum for a space with ``choices`` candidates per layer."""
        scores = min(_LEAST_GENERATIONS * pop_size, most_scores)
        return cls(choices, scores, max(1, choices // 2), most_scores)


@dataclass(frozen=True)
class Begun:
    """A supernet whose training was begun, so that its epochs are set.

    Attributes:
        epochs: all of them.
        trained: those that are done.
    """

    epochs: int
    trained: int


@dataclass(frozen=True)
class TimePlan:
    """A plan of how a job uses its time.

    Attributes:
        budget: seconds of the whole job.
        spent: seconds spent before planning.
        epochs: epochs of the supernet.
        scores: approximate number of architectures to score.
        retraining: approximate epochs of retraining, of all candidates together.
        speeds: the speeds on which the plan is based.
        search_until: seconds of the job after which the search ends; set when the search starts.
        measured: whether the plan uses the measured duration of an epoch.
        retrained: epochs of the network whose retraining is finished, once they are set.
        candidates: number of networks near the budget whose retraining begins.
        from_scratch: whether they begin with initial values, not with the weights of the search.
        trained: epochs of the supernet that were trained before planning.
    """

    budget: float
    spent: float
    epochs: int
    scores: int
    retraining: int
    speeds: Speeds
    search_until: float | None = None
    measured: bool = False
    retrained: int | None = None
    candidates: int = 1
    from_scratch: bool = False
    trained: int = 0

    @property
    def stages(self) -> list[StageTime]:
        """The stages of the job with their durations."""
        speeds = self.speeds
        pre = speeds.pre_training(self.epochs)
        epochs = self.epochs - self.trained
        training = epochs * speeds.epoch
        search = self.scores * speeds.score
        retraining = speeds.probing + self.retraining * speeds.alone_epoch
        rows = [
            StageTime("so far", self.spent, "probing and measuring"),
            StageTime("pre-training", pre, f"{duration(speeds.pre_epoch)} an epoch"),
            StageTime("supernet training", training, f"{epochs} epochs of "
                      f"{duration(speeds.epoch)}"),
            StageTime("search", search, f"about {self.scores:,} scores of "
                      f"{duration(speeds.score)}"),
            StageTime("direction, separation check, results", speeds.fixed + speeds.probing,
                      "fixed"),
            StageTime("retraining", retraining, f"about {self.retraining} epochs of "
                      f"{duration(speeds.alone_epoch)}, of networks near the budget"),
        ]  # fmt: skip
        return [row for row in rows if row.seconds > 0]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TimePlan:
        """Return the inverse of :meth:`to_dict`."""
        retrained = stored["retrained"]
        if isinstance(retrained, list):  # of an earlier version: planned again
            retrained = None
        return cls(**{**stored, "speeds": Speeds(**stored["speeds"]), "retrained": retrained})


def make_plan(
    budget: float, spent: float, speeds: Speeds, least: Least, begun: Begun | None = None
) -> TimePlan:
    """Divide the time between the stages.

    Args:
        budget: seconds of the whole job.
        spent: seconds already spent.
        speeds: durations of the parts.
        least: the minimum work.
        begun: the supernet, if its epochs are set; they are part of the minimum work.

    Raises:
        TimeBudgetError: the budget is too small for the minimum work.
    """
    fixed = spent + speeds.fixed + 2 * speeds.probing
    rest = least.epochs if begun is None else begun.epochs - begun.trained
    training = speeds.training(rest)
    needed = training + least.scores * speeds.score + least.retraining * speeds.alone_epoch
    free = budget * (1 - SLACK) - fixed
    if free < needed:
        smallest = (fixed + needed) / (1 - SLACK)
        raise TimeBudgetError(
            f"the time of {span(budget)} is too short: {rest} epochs of the supernet "
            f"({duration(training)}), {least.scores} scores "
            f"({duration(least.scores * speeds.score)}), {least.retraining} epochs of retraining "
            f"({duration(least.retraining * speeds.alone_epoch)}) and the rest "
            f"({duration(fixed)}) take at least {duration(smallest)}",
            fix=f"give at least {span(1.1 * smallest)}, use a smaller data set, fewer "
            "supernet.blocks or smaller supernet.filters"
            if begun is None
            else f"give at least {span(1.1 * smallest)}, or start over with --restart, which plans "
            "the epochs anew",
        )
    least_search = least.scores * speeds.score
    least_alone = least.retraining * speeds.alone_epoch
    search = min(max(_SEARCH * free, least_search), least.most_scores * speeds.score)
    alone = max(_RETRAINING * free, least_alone)
    if begun is None:
        room = free - search - alone - speeds.training(0)
        an_epoch = max(speeds.training(1) - speeds.training(0), 1e-9)
        epochs, trained = max(least.epochs, math.floor(room / an_epoch)), 0
    else:
        epochs, trained = begun.epochs, begun.trained
    left = free - speeds.training(epochs - trained)
    search = max(least_search, min(search, left - least_alone))
    alone = max(left - search, least_alone)
    scores = min(math.floor(search / max(speeds.score, 1e-9) + 1e-6), least.most_scores)
    retraining = max(least.retraining, math.floor(alone / max(speeds.alone_epoch, 1e-9)))
    scores = max(scores, least.scores)
    return TimePlan(budget, spent, epochs, scores, retraining, speeds, trained=trained)


def span(seconds: float) -> str:
    """Return a time in the syntax of ``--time``, rounded up: ``45s``, ``12m``, ``1h30m``."""
    if seconds < 120:
        return f"{math.ceil(seconds)}s"
    minutes = math.ceil(seconds / 60)
    if minutes < 120:
        return f"{minutes}m"
    hours, rest = divmod(minutes, 60)
    return f"{hours}h" + (f"{rest}m" if rest else "")


def parse_time(text: str, name: str) -> float:
    """Parse a time and return it in seconds.

    Args:
        text: such as ``90m`` or ``1h30m``.
        name: name of the option, for the error message.

    Raises:
        NaseaError: the text is not a time.
    """
    seconds = read_span(text)
    if seconds is None or seconds <= 0:
        fix = span_advice(text) or "write a number and s, m, h or d"
        raise NaseaError(f"{name} must be {SPAN_WORDS}, found {text}", fix=fix)
    return seconds
