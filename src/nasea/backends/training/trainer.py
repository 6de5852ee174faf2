"""Training a supernet in either framework: order of updates, progress reports, state.

A framework's trainer supplies the update: gradients of paths, optimiser, schedule, and the tensors
of a training state.
"""

from __future__ import annotations

import itertools
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from nasea.backends.records import UpdateReport
from nasea.config import Scenario
from nasea.errors import CheckpointError, TrainingError, UserCodeError
from nasea.space import Genome


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """What every trainer needs; a framework adds what it trains.

    Attributes:
        scenario: optimiser settings.
        batches_per_epoch: batches of one pass over the training images.
        paths_per_update: paths whose gradients make one update, a batch each.
    """

    scenario: Scenario
    batches_per_epoch: int
    paths_per_update: int


@dataclass(frozen=True)
class Update:
    """One update that is to be made.

    Attributes:
        paths: what it trains, a batch each.
        rate: the learning rate.
        epoch: from 0.
        step: its number in the epoch, from 0.
    """

    paths: Sequence[Genome]
    rate: float
    epoch: int = 0
    step: int = 0


class Trainer(ABC):
    """Optimiser, schedule and the epochs.

    Args:
        settings: what it needs.
        batches_per_epoch: batches, of all devices at once, of one pass over the training images.
        update_size: what one update takes of all devices, in the unit of :attr:`size_name`.
    """

    loss_name: ClassVar[str]
    """The user's loss, for messages."""

    size_name: ClassVar[str]
    """What a training state calls the size of an update."""

    def __init__(self, settings: TrainerSettings, batches_per_epoch: int, update_size: int) -> None:
        self.scenario = settings.scenario
        self.paths_per_update = settings.paths_per_update
        self.batches_per_epoch = batches_per_epoch
        self.steps_per_epoch = -(-batches_per_epoch // settings.paths_per_update)
        self.update_size = update_size
        self.global_step = 0

    # --- what a framework gives ---

    @abstractmethod
    def begin_epoch(self, epoch: int) -> None:
        """Called before an epoch that is trained from its first update on."""

    @abstractmethod
    def rate(self, epoch: int, step: int) -> float:
        """The learning rate of an update, which is the next one."""

    @abstractmethod
    def learn(self, update: Update, batches: Sequence[Any]) -> float:
        """Change the weights by one batch a path, the schedule left alone.

        Returns:
            The mean loss.

        Raises:
            TrainingError: memory is short, or the loss is not finite.
        """

    @abstractmethod
    def not_finite(self) -> str | None:
        """The name of a weight that is not finite; ``None`` where all are."""

    @abstractmethod
    def packed(self) -> bytes:
        """What :meth:`unpacked` reads."""

    @abstractmethod
    def unpacked(self, state: bytes) -> Any:
        """The content of a training state; runs no code that the bytes might carry.

        Raises:
            CheckpointError: the bytes are something else.
        """

    @abstractmethod
    def put(self, stored: Any, done: int) -> int:
        """Take over the content of a state; see :meth:`restore`."""

    def step_schedule(self) -> None:
        """Count an update, of which the schedule is a function."""
        self.global_step += 1

    # --- what is the same in all ---

    def epoch(
        self,
        epoch: int,
        batches: Iterable[Any],
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int,
    ) -> None:
        """One epoch; see :meth:`nasea.backends.base.TrainingBackend.train_epoch`."""
        if not done:
            self.begin_epoch(epoch)
        stream = iter(batches)
        start = time.perf_counter()
        for step in range(done, self.steps_per_epoch):
            first = step * self.paths_per_update
            last = min(first + self.paths_per_update, self.batches_per_epoch)
            paths = [path(epoch * self.batches_per_epoch + i) for i in range(first, last)]
            update = self.planned(epoch, step, paths)
            loss, images = self.update(update, stream)
            now = time.perf_counter()
            report = (self.global_step, step + 1, loss, update.rate, images, now - start)
            on_update(UpdateReport(*report))
            start = now

    def planned(self, epoch: int, step: int, paths: Sequence[Genome]) -> Update:
        """The update of a step, which is the next one."""
        return Update(paths, self.rate(epoch, step), epoch, step)

    def update(self, update: Update, stream: Iterator[Any]) -> tuple[float, int]:
        """One update and one step of the schedule.

        Args:
            update: what to train.
            stream: gives a batch for each path.

        Returns:
            The mean loss, and how many images went into it.
        """
        batches = list(itertools.islice(stream, len(update.paths)))
        mean = self.learn(update, batches)
        self.step_schedule()
        return mean, sum(len(images) for images, _ in batches)

    def require_finite(self, mean: float, rate: float) -> None:
        """Raise TrainingError where a loss is not a number."""
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss became {mean} at update {self.global_step + 1} (learning rate {rate:g})",
                fix="lower optimizer.weights_optimizer.learning_rate, or check "
                f"{self.loss_name} and the labels; the last checkpoint is intact",
            )

    def state(self) -> bytes:
        """All that training needs to go on, as one file image.

        Raises:
            TrainingError: a weight is not finite, so that the last good state is the one to keep.
        """
        name = self.not_finite()
        if name is not None:
            raise TrainingError(
                f"{name} is not finite after update {self.global_step}",
                fix="lower optimizer.weights_optimizer.learning_rate; the last checkpoint is "
                "intact",
            )
        return self.packed()

    def progress(self) -> dict[str, int]:
        """The counts that belong in a state."""
        return {
            "global_step": self.global_step,
            "steps_per_epoch": self.steps_per_epoch,
            self.size_name: self.update_size,
        }

    def restore(self, state: bytes, done: int = 0) -> int:
        """See :meth:`nasea.backends.base.TrainingBackend.restore`; refuses all but plain values."""
        stored = self.unpacked(state)
        try:
            return self.put(stored, done)
        except UserCodeError:
            raise
        except Exception as error:
            raise CheckpointError(
                f"the training state in the checkpoint does not fit this run: {error}",
                fix="start anew with --restart",
            ) from error

    def same_share(self, progress: Mapping[str, Any], done: int) -> tuple[int, int]:
        """Convert the progress of a trainer whose updates have another size.

        Images of the present epoch that do not fill an update are read again.

        Args:
            progress: counts of another trainer.
            done: its updates of the present epoch.

        Returns:
            The updates of this trainer: all of them, and those of the present epoch.
        """
        epochs = (int(progress["global_step"]) - done) // int(progress["steps_per_epoch"])
        done = done * int(progress[self.size_name]) // self.update_size
        done = min(done, self.steps_per_epoch)
        return epochs * self.steps_per_epoch + done, done
