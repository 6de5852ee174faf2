"""A training step on several ranks: each computes its part of the batch, all apply one update.

Only gradients that exist are exchanged. The paths, the same on all ranks, say which slots are used;
which tensors of PreNet and PostNet got a gradient is agreed on in the same small message that says
whether all ranks succeeded. So the graph need not be searched for unused parameters, and a rank
that fails, or a loss that is not finite, stops all ranks before any weight changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from nasea.backends.distributed.trainer import ParallelEpochs, Steps
from nasea.backends.torch.data.datasets import Batch
from nasea.backends.torch.data.sharding import Sharding
from nasea.backends.torch.devices import seed_everything
from nasea.backends.torch.distributed.ranks import TorchRanks
from nasea.backends.torch.distributed.sync_norm import SyncNorm
from nasea.backends.torch.network.supernet import average_gradients
from nasea.backends.torch.training.state import random_state, set_random_state
from nasea.backends.torch.training.trainer import Trainer, TrainerSettings
from nasea.backends.training.trainer import Update
from nasea.errors import RankLostError
from nasea.space import Genome

_RANK_STREAM = 0xD9


class ParallelTrainer(ParallelEpochs, Trainer):
    """The trainer of one rank of several.

    Args:
        ranks: this rank among the others.
        sharding: how the images of an epoch are divided among the ranks.
        settings: the same on every rank.
    """

    def __init__(self, ranks: TorchRanks, sharding: Sharding, settings: TrainerSettings) -> None:
        super().__init__(settings, devices=ranks.size)
        self.ranks = ranks
        self.sharding = sharding
        self.steps = Steps(ranks)
        self._synchronised = self.scenario.resource.batch_norm == "synchronised"

    def before_followed_step(self, epoch: int, step: int) -> None:
        """Seed before every step, since a checkpoint holds the generators of rank 0 only."""
        seed_everything(self.scenario.seed, _RANK_STREAM, self.ranks.rank, epoch, step)

    def random_state(self) -> dict[str, Any]:
        """Return the state of the random generators."""
        return random_state()

    def set_random_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`random_state` returned."""
        set_random_state(state)

    def broadcast_weights(self) -> None:
        """Copy the weights and statistics of rank 0 to all ranks."""
        self.ranks.broadcast_in_place([*self.supernet.parameters(), *self.supernet.buffers()])

    def update_together(self, update: Update, stream: Iterator[Batch]) -> tuple[float, int]:
        """Do this rank's part of an update; see :class:`ParallelEpochs`."""
        paths = update.paths
        first = update.step * self.paths_per_update
        numbers = range(first, first + len(paths))
        weights = [self.sharding.weight(number) for number in numbers]
        if self._synchronised:
            mean, failure = self._synchronised_gradients(paths, stream, weights), None
        else:
            mean, failure = self._local_gradients(paths, stream, weights)
        tensors = self._trainable_by(paths)
        has_gradient = [float(tensor.grad is not None) for tensor in tensors]
        mean, *counts = self.ranks.agree(failure, [mean, *has_gradient])
        self.require_finite(mean, update.rate)
        average_gradients(self.supernet, paths)
        self.ranks.sum_in_place([_gradient(t) for t, n in zip(tensors, counts, strict=True) if n])
        self.step_optimizer()
        self.step_schedule()
        return mean, sum(self.sharding.total(number) for number in numbers)

    def _local_gradients(
        self, paths: Sequence[Genome], stream: Iterator[Batch], weights: list[float]
    ) -> tuple[float, Exception | None]:
        """Accumulate gradients without waiting for other ranks; return the loss and the failure."""
        try:
            batches = list(itertools.islice(stream, len(paths)))
            return self.gradients(paths, batches, weights), None
        except Exception as error:
            return 0.0, error

    def _synchronised_gradients(
        self, paths: Sequence[Genome], stream: Iterator[Batch], weights: list[float]
    ) -> float:
        """Accumulate gradients with synchronised normalisation; return the loss.

        Every normalisation waits for all ranks, so a failure here must reach them at once.
        """
        failure, batches = None, []
        try:
            batches = list(itertools.islice(stream, len(paths)))
        except Exception as error:
            failure = error
        self.ranks.agree(failure)
        try:
            with SyncNorm(self.ranks):
                return self.gradients(paths, batches, weights)
        except RankLostError:
            raise
        except Exception as error:
            self.ranks.abandon(error)
            raise

    def _trainable_by(self, paths: Sequence[Genome]) -> list[torch.Tensor]:
        """Return all tensors that may get a gradient, in the same order on all ranks."""
        names = dict.fromkeys(name for path in paths for name in self.supernet.slots_of(path))
        slots = [self.supernet.slot(name) for name in names]
        parts = (self.supernet.pre_net, self.supernet.post_net, self.supernet.held)
        others = [parameter for part in parts for parameter in part.parameters()]
        return [*slots, *(parameter for parameter in others if parameter.requires_grad)]


def _gradient(tensor: torch.Tensor) -> torch.Tensor:
    """Return the gradient; zeros if only other ranks have one."""
    if tensor.grad is None:
        tensor.grad = torch.zeros_like(tensor)
    return tensor.grad
