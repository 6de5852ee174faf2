"""A training step of several ranks: each its part of the batch, one update for all.

Only gradients that were made are exchanged. The paths say which slots are used, and they are the
same everywhere; which tensors of the user's ends got a gradient is agreed on in the same small
message that says whether all went well. So there is no graph to be searched for unused parameters,
and a rank that fails, or a loss that is not finite, stops all of them before a weight is moved.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from nasea.backends.distributed.trainer import ParallelEpochs, Steps
from nasea.backends.torch.data.datasets import Batch
from nasea.backends.torch.data.sharding import Deal
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
    """The trainer of one rank among several.

    Args:
        ranks: the others.
        deal: how the images of an epoch are shared.
        settings: of every rank.
    """

    def __init__(self, ranks: TorchRanks, deal: Deal, settings: TrainerSettings) -> None:
        super().__init__(settings, devices=ranks.size)
        self.ranks = ranks
        self.deal = deal
        self.steps = Steps(ranks)
        self._synchronised = self.scenario.resource.batch_norm == "synchronised"

    def begin_followed(self, epoch: int, step: int) -> None:
        """Seed anew every time, since a checkpoint holds the generators of rank 0 alone."""
        seed_everything(self.scenario.seed, _RANK_STREAM, self.ranks.rank, epoch, step)

    def random_state(self) -> dict[str, Any]:
        """The state of the random generators."""
        return random_state()

    def set_random_state(self, state: dict[str, Any]) -> None:
        """Put back what :meth:`random_state` gave."""
        set_random_state(state)

    def share_weights(self) -> None:
        """Give all ranks the weights and statistics of rank 0."""
        self.ranks.take_from_first([*self.supernet.parameters(), *self.supernet.buffers()])

    def update_together(self, update: Update, stream: Iterator[Batch]) -> tuple[float, int]:
        """The part of this rank in an update."""
        paths = update.paths
        first = update.step * self.paths_per_update
        numbers = range(first, first + len(paths))
        weights = [self.deal.weight(number) for number in numbers]
        if self._synchronised:
            mean, failure = self._gradients_in_step(paths, stream, weights), None
        else:
            mean, failure = self._gradients_apart(paths, stream, weights)
        tensors = self._trained_by(paths)
        has_gradient = [float(tensor.grad is not None) for tensor in tensors]
        mean, *counts = self.ranks.agree(failure, [mean, *has_gradient])
        self.require_finite(mean, update.rate)
        average_gradients(self.supernet, paths)
        self.ranks.sum_in_place([_gradient(t) for t, n in zip(tensors, counts, strict=True) if n])
        self.step_optimizer()
        self.step_schedule()
        return mean, sum(self.deal.total(number) for number in numbers)

    def _gradients_apart(
        self, paths: Sequence[Genome], stream: Iterator[Batch], weights: list[float]
    ) -> tuple[float, Exception | None]:
        """The loss on this rank, and its failure."""
        try:
            batches = list(itertools.islice(stream, len(paths)))
            return self.gradients(paths, batches, weights), None
        except Exception as error:
            return 0.0, error

    def _gradients_in_step(
        self, paths: Sequence[Genome], stream: Iterator[Batch], weights: list[float]
    ) -> float:
        """The same where every normalisation waits for all ranks: a failure must not stay here."""
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

    def _trained_by(self, paths: Sequence[Genome]) -> list[torch.Tensor]:
        """Everything the paths may have a gradient for, in the same order on all ranks."""
        names = dict.fromkeys(name for path in paths for name in self.supernet.slots_of(path))
        slots = [self.supernet.slot(name) for name in names]
        parts = (self.supernet.pre_net, self.supernet.post_net, self.supernet.held)
        ends = [parameter for part in parts for parameter in part.parameters()]
        return [*slots, *(parameter for parameter in ends if parameter.requires_grad)]


def _gradient(tensor: torch.Tensor) -> torch.Tensor:
    """The gradient, zeros where another rank alone has one."""
    if tensor.grad is None:
        tensor.grad = torch.zeros_like(tensor)
    return tensor.grad
