"""A training step of several ranks: each its part of the batch, one update for all.

Only gradients that were made are exchanged. The paths say which slots are used, and they are the
same everywhere; which variables of the user's ends got a gradient is agreed on in the same small
message that says whether all went well. So a rank that fails, or a loss that is not finite, stops
all of them before a weight is moved, and before they wait for each other in TensorFlow.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from nasea.backends.distributed.steps import Steps
from nasea.backends.records import UpdateReport
from nasea.backends.tensorflow.data.sharding import Share
from nasea.backends.tensorflow.distributed.ranks import TensorFlowRanks
from nasea.backends.tensorflow.training.trainer import Trainer
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.errors import RankLostError
from nasea.space import Genome


class ParallelTrainer(Trainer):
    """The trainer of one rank among several.

    Args:
        ranks: the others.
        settings: as of :class:`Trainer`, but for ``devices``.
    """

    def __init__(self, ranks: TensorFlowRanks, *settings: Any) -> None:
        super().__init__(*settings, devices=ranks.size)
        self.ranks = ranks
        self._steps = Steps(ranks)

    def epoch(
        self,
        epoch: int,
        batches: Iterable[Share],
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int,
    ) -> None:
        """Lead an epoch: the paths and the end of it come from here."""
        with self._steps.leading():
            super().epoch(epoch, batches, path, on_update, done)
        self.share_weights()

    def follow(self, epoch: int, batches: Iterable[Share], done: int) -> None:
        """Take part in an epoch that rank 0 leads.

        What is drawn goes by seed, epoch and batch on every rank, as the training data was opened:
        there is nothing of this rank's that a checkpoint would have to hold.
        """
        stream = iter(batches)
        for step, paths in enumerate(self._steps.following(), done):
            first = self.first_batch(epoch, step)
            self._update_together(paths, stream, self.rate(first), first)
        if self._steps.ended == "over":
            self.share_weights()

    def update(
        self, paths: list[Genome], stream: Iterator[Share], rate: float, first: int
    ) -> tuple[float, int]:
        """One update, led from here."""
        before = generator_state()
        try:
            with self._steps.step(paths):
                return self._update_together(paths, stream, rate, first)
        except RankLostError:  # nothing of this update was done: a checkpoint may be written
            set_generator_state(before)
            raise

    def share_weights(self) -> None:
        """Give all ranks the weights and statistics of rank 0."""
        self.ranks.take_from_first([*self.variables.values(), *self.kept().values()])

    def _update_together(
        self, paths: list[Genome], stream: Iterator[Share], rate: float, first: int
    ) -> tuple[float, int]:
        mean, images, gradients, failure = self._gradients_here(paths, stream, first)
        names = self._trained_by(paths)
        has_gradient = [float(name in gradients) for name in names]
        mean, *counts = self.ranks.agree(failure, [mean, *has_gradient])
        self.require_finite(mean, rate)
        used = [name for name, count in zip(names, counts, strict=True) if count]
        totals = self.ranks.sums([self._gradient(name, gradients) for name in used])
        self.optimizer.apply(dict(zip(used, totals, strict=True)), rate)
        return mean, images

    def _gradients_here(
        self, paths: list[Genome], stream: Iterator[Share], first: int
    ) -> tuple[float, int, dict[str, Any], Exception | None]:
        """Loss, images of all ranks, gradients, and what went wrong."""
        size, rank = self.ranks.size, self.ranks.rank
        try:
            shares = list(itertools.islice(stream, len(paths)))
            mean, gradients = self.gradients(
                paths,
                [share.batch for share in shares],
                [first + place * size + rank for place in range(len(paths))],
                [share.weight for share in shares],
            )
            return mean, sum(share.images for share in shares), gradients, None
        except Exception as error:
            return 0.0, 0, {}, error

    def _trained_by(self, paths: list[Genome]) -> list[str]:
        """Everything the paths may have a gradient for, in the same order on all ranks."""
        slots = (name for path in paths for name in self.supernet.slots_of(path))
        ends = (name for name in self.variables if name not in self.supernet.slots)
        return [*dict.fromkeys(slots), *ends]

    def _gradient(self, name: str, gradients: dict[str, Any]) -> Any:
        """The gradient, zeros where another rank alone has one."""
        found = gradients.get(name)
        return tf.zeros_like(self.variables[name]) if found is None else found
