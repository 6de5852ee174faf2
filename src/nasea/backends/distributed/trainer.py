"""Training epochs on several ranks: rank 0 leads, the others follow, all share each update."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nasea.backends.distributed.ranks import EpochEnd, Ranks
from nasea.backends.records import UpdateReport
from nasea.backends.training.trainer import Trainer, Update
from nasea.errors import RankLostError
from nasea.space import Genome


class Steps:
    """The training steps that the ranks take together, for one trainer.

    Args:
        ranks: the ranks that take them.

    Attributes:
        ended: why the last followed epoch ended.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks
        self._in_step = True
        self.ended: EpochEnd = "over"

    @contextmanager
    def lead_epoch(self) -> Iterator[None]:
        """Lead an epoch on rank 0; when the context exits, tell the other ranks how it ended."""
        self._in_step = True
        is_over = False
        try:
            yield
            is_over = True
        finally:
            if self._in_step:  # otherwise all ranks failed together, or cannot be reached
                self._ranks.send_step("over" if is_over else "called off")

    @contextmanager
    def lead_step(self, paths: Sequence[Genome]) -> Iterator[None]:
        """Lead one step on rank 0: send its paths to the other ranks."""
        self._in_step = False
        self._ranks.send_step(paths)
        yield
        self._in_step = True

    def follow_steps(self) -> Iterator[list[Genome]]:
        """Yield the paths of each step as rank 0 sends them; called by the other ranks."""
        while not isinstance(step := self._ranks.receive_step(), str):
            yield step
        self.ended = step


class ParallelEpochs(Trainer):
    """Mixin for a framework's trainer on one rank of several; it comes first in the bases."""

    steps: Steps
    """The steps of all ranks."""

    @abstractmethod
    def update_together(self, update: Update, stream: Iterator[Any]) -> tuple[float, int]:
        """Do this rank's part of an update; see :meth:`update`."""

    @abstractmethod
    def broadcast_weights(self) -> None:
        """Copy the weights and statistics of rank 0 to all ranks."""

    @abstractmethod
    def random_state(self) -> Any:
        """Return the state of the random generators."""

    @abstractmethod
    def set_random_state(self, state: Any) -> None:
        """Restore what :meth:`random_state` returned."""

    def before_followed_step(self, epoch: int, step: int) -> None:
        """Run before each followed step; does nothing by default."""

    def epoch(
        self,
        epoch: int,
        batches: Iterable[Any],
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int,
    ) -> None:
        """Lead an epoch: this rank chooses the paths and when it ends."""
        with self.steps.lead_epoch():
            super().epoch(epoch, batches, path, on_update, done)
        self.broadcast_weights()

    def follow(self, epoch: int, batches: Iterable[Any], done: int) -> None:
        """Take part in an epoch that rank 0 leads."""
        stream = iter(batches)
        for step, paths in enumerate(self.steps.follow_steps(), done):
            self.before_followed_step(epoch, step)
            self.update_together(self.plan_update(epoch, step, paths), stream)
        if self.steps.ended == "over":
            self.broadcast_weights()

    def update(self, update: Update, stream: Iterator[Any]) -> tuple[float, int]:
        """Lead one update."""
        before = self.random_state()
        try:
            with self.steps.lead_step(update.paths):
                return self.update_together(update, stream)
        except RankLostError:  # the weights are unchanged, so a checkpoint may be written
            self.set_random_state(before)
            raise
