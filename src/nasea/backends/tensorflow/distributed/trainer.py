"""A training step of several ranks: each its part of the batch, one update for all.

Only gradients that were made are exchanged. The paths say which slots are used, and they are the
same everywhere; which variables of the user's ends got a gradient is agreed on in the same small
message that says whether all went well. So a rank that fails, or a loss that is not finite, stops
all of them before a weight is moved, and before they wait for each other in TensorFlow.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from nasea.backends.distributed.trainer import ParallelEpochs, Steps
from nasea.backends.tensorflow.data.sharding import Share
from nasea.backends.tensorflow.distributed.ranks import TensorFlowRanks
from nasea.backends.tensorflow.training.trainer import Trainer, TrainerSettings
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.backends.training.trainer import Update
from nasea.space import Genome


class ParallelTrainer(ParallelEpochs, Trainer):
    """The trainer of one rank among several.

    What is drawn goes by seed, epoch and batch on every rank, as the training data was opened:
    there is nothing of another rank's that a checkpoint would have to hold.

    Args:
        ranks: the others.
        settings: of every rank.
    """

    def __init__(self, ranks: TensorFlowRanks, settings: TrainerSettings) -> None:
        super().__init__(settings, devices=ranks.size)
        self.ranks = ranks
        self.steps = Steps(ranks)

    def random_state(self) -> dict[str, Any]:
        """The state of the random generators."""
        return generator_state()

    def set_random_state(self, state: dict[str, Any]) -> None:
        """Put back what :meth:`random_state` gave."""
        set_generator_state(state)

    def share_weights(self) -> None:
        """Give all ranks the weights and statistics of rank 0."""
        self.ranks.take_from_first([*self.variables.values(), *self.kept().values()])

    def update_together(self, update: Update, stream: Iterator[Share]) -> tuple[float, int]:
        """The part of this rank in an update."""
        first = self.first_batch(update.epoch, update.step)
        mean, images, gradients, failure = self._gradients_here(update.paths, stream, first)
        names = self._trained_by(update.paths)
        has_gradient = [float(name in gradients) for name in names]
        mean, *counts = self.ranks.agree(failure, [mean, *has_gradient])
        self.require_finite(mean, update.rate)
        used = [name for name, count in zip(names, counts, strict=True) if count]
        totals = self.ranks.sums([self._gradient(name, gradients) for name in used])
        self.optimizer.apply(dict(zip(used, totals, strict=True)), update.rate)
        self.step_schedule()
        return mean, images

    def _gradients_here(
        self, paths: Sequence[Genome], stream: Iterator[Share], first: int
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

    def _trained_by(self, paths: Sequence[Genome]) -> list[str]:
        """Everything the paths may have a gradient for, in the same order on all ranks."""
        slots = (name for path in paths for name in self.supernet.slots_of(path))
        ends = (name for name in self.variables if name not in self.supernet.slots)
        return [*dict.fromkeys(slots), *ends]

    def _gradient(self, name: str, gradients: dict[str, Any]) -> Any:
        """The gradient, zeros where another rank alone has one."""
        found = gradients.get(name)
        return tf.zeros_like(self.variables[name]) if found is None else found
