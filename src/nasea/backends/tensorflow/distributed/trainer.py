"""A training step on several ranks: each computes its part of the batch, all apply one update.

Only gradients that exist are exchanged. The paths, the same on all ranks, say which slots are used;
which variables of PreNet and PostNet got a gradient is agreed on in the same small message that
says whether all ranks succeeded. So a rank that fails, or a loss that is not finite, stops all
ranks before any weight changes, and before they wait for each other in TensorFlow.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from nasea.backends.distributed.trainer import ParallelEpochs, Steps
from nasea.backends.tensorflow.data.sharding import Shard
from nasea.backends.tensorflow.distributed.ranks import TensorFlowRanks
from nasea.backends.tensorflow.training.trainer import Trainer, TrainerSettings
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.backends.training.trainer import Update
from nasea.space import Genome


class ParallelTrainer(ParallelEpochs, Trainer):
    """The trainer of one rank of several.

    Random draws depend on seed, epoch and batch on every rank, as in the training data, so a
    checkpoint need not hold any state of the other ranks.

    Args:
        ranks: this rank among the others.
        settings: the same on every rank.
    """

    def __init__(self, ranks: TensorFlowRanks, settings: TrainerSettings) -> None:
        super().__init__(settings, devices=ranks.size)
        self.ranks = ranks
        self.steps = Steps(ranks)

    def random_state(self) -> dict[str, Any]:
        """Return the state of the random generators."""
        return generator_state()

    def set_random_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`random_state` returned."""
        set_generator_state(state)

    def broadcast_weights(self) -> None:
        """Copy the weights and statistics of rank 0 to all ranks."""
        self.ranks.broadcast_in_place([*self.variables.values(), *self.kept().values()])

    def update_together(self, update: Update, stream: Iterator[Shard]) -> tuple[float, int]:
        """Do this rank's part of an update; see :class:`ParallelEpochs`."""
        first = self.first_batch(update.epoch, update.step)
        mean, images, gradients, failure = self._local_gradients(update.paths, stream, first)
        names = self._trainable_by(update.paths)
        has_gradient = [float(name in gradients) for name in names]
        mean, *counts = self.ranks.agree(failure, [mean, *has_gradient])
        self.require_finite(mean, update.rate)
        used = [name for name, count in zip(names, counts, strict=True) if count]
        totals = self.ranks.sum_over_ranks([self._gradient(name, gradients) for name in used])
        self.optimizer.apply(dict(zip(used, totals, strict=True)), update.rate)
        self.step_schedule()
        return mean, images

    def _local_gradients(
        self, paths: Sequence[Genome], stream: Iterator[Shard], first: int
    ) -> tuple[float, int, dict[str, Any], Exception | None]:
        """Return the loss, the images of all ranks, the gradients and the failure of this rank."""
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

    def _trainable_by(self, paths: Sequence[Genome]) -> list[str]:
        """Name all variables that may get a gradient, in the same order on all ranks."""
        slots = (name for path in paths for name in self.supernet.slots_of(path))
        others = (name for name in self.variables if name not in self.supernet.slots)
        return [*dict.fromkeys(slots), *others]

    def _gradient(self, name: str, gradients: dict[str, Any]) -> Any:
        """Return the gradient; zeros if only other ranks have one."""
        found = gradients.get(name)
        return tf.zeros_like(self.variables[name]) if found is None else found
