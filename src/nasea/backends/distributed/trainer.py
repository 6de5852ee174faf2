"""Epochs of several ranks: rank 0 leads, the others follow, all share each update."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nasea.backends.distributed.ranks import End, Ranks
from nasea.backends.records import UpdateReport
from nasea.backends.training.trainer import Trainer, Update
from nasea.errors import RankLostError
from nasea.space import Genome


class Steps:
    """The steps of one trainer.

    Args:
        ranks: who takes them together.

    Attributes:
        ended: why the last epoch that was followed went no further.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks
        self._in_step = True
        self.ended: End = "over"

    @contextmanager
    def leading(self) -> Iterator[None]:
        """An epoch on rank 0; the others are told when it ends, and how."""
        self._in_step = True
        is_over = False
        try:
            yield
            is_over = True
        finally:
            if self._in_step:  # else all have failed together, or cannot be reached
                self._ranks.send_step("over" if is_over else "called off")

    @contextmanager
    def step(self, paths: Sequence[Genome]) -> Iterator[None]:
        """One step, for rank 0."""
        self._in_step = False
        self._ranks.send_step(paths)
        yield
        self._in_step = True

    def following(self) -> Iterator[list[Genome]]:
        """The paths of step after step, for the others."""
        while not isinstance(told := self._ranks.receive_step(), str):
            yield told
        self.ended = told


class ParallelEpochs(Trainer):
    """Mixin before a framework's trainer, for one rank among several."""

    steps: Steps
    """The steps of all ranks."""

    @abstractmethod
    def update_together(self, update: Update, stream: Iterator[Any]) -> tuple[float, int]:
        """The part of this rank in an update; see :meth:`update`."""

    @abstractmethod
    def share_weights(self) -> None:
        """Give all ranks the weights and statistics of rank 0."""

    @abstractmethod
    def random_state(self) -> Any:
        """The state of the random generators."""

    @abstractmethod
    def set_random_state(self, state: Any) -> None:
        """Put back what :meth:`random_state` gave."""

    def begin_followed(self, epoch: int, step: int) -> None:
        """Called before each step that is followed."""

    def epoch(
        self,
        epoch: int,
        batches: Iterable[Any],
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int,
    ) -> None:
        """Lead an epoch: this rank chooses its paths and its end."""
        with self.steps.leading():
            super().epoch(epoch, batches, path, on_update, done)
        self.share_weights()

    def follow(self, epoch: int, batches: Iterable[Any], done: int) -> None:
        """Take part in an epoch that rank 0 leads."""
        stream = iter(batches)
        for step, paths in enumerate(self.steps.following(), done):
            self.begin_followed(epoch, step)
            self.update_together(self.planned(epoch, step, paths), stream)
        if self.steps.ended == "over":
            self.share_weights()

    def update(self, update: Update, stream: Iterator[Any]) -> tuple[float, int]:
        """One update, led from here."""
        before = self.random_state()
        try:
            with self.steps.step(update.paths):
                return self.update_together(update, stream)
        except RankLostError:  # nothing of this update was done: a checkpoint may be written
            self.set_random_state(before)
            raise
