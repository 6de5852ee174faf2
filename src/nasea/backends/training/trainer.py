"""Trains a supernet in either framework: order of updates, progress reports, state.

A framework's trainer implements the update (gradients of paths, optimiser, schedule) and the
tensors of a training state.
"""

from __future__ import annotations

import itertools
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from nasea.backends.records import UpdateReport
from nasea.config import Scenario
from nasea.errors import CheckpointError, TrainingError, UserCodeError
from nasea.space import Genome

_Settings = TypeVar("_Settings", bound="TrainerSettings")


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """The settings of every trainer; a framework adds what it trains.

    Attributes:
        scenario: optimiser settings.
        batches_per_epoch: batches of one pass over the training images.
        paths_per_update: paths whose gradients make one update, one batch for each.
        int8_from: the first epoch in which activations and weights are rounded to int8 in the
            forward pass, from 0; ``None`` for none.
    """

    scenario: Scenario
    batches_per_epoch: int
    paths_per_update: int
    int8_from: int | None = None

    def throughout(self: _Settings) -> _Settings:
        """The settings with every epoch rounded to int8, if any is: a trial must see all of it."""
        return self if self.int8_from is None else replace(self, int8_from=0)


@dataclass(frozen=True)
class Update:
    """One update to make.

    Attributes:
        paths: the paths to train, one batch for each.
        rate: the learning rate.
        epoch: the epoch, from 0.
        step: the number of the update in the epoch, from 0.
    """

    paths: Sequence[Genome]
    rate: float
    epoch: int = 0
    step: int = 0


class Trainer(ABC):
    """Trains epochs with an optimiser and a schedule.

    Args:
        settings: scenario and sizes.
        batches_per_epoch: batches in one pass over the training images, where a batch is that of
            all devices together.
        update_size: size of one update over all devices, in the unit of :attr:`size_name`.
    """

    loss_name: ClassVar[str]
    """Name of the user's loss method, for messages."""

    size_name: ClassVar[str]
    """Key of the update size in a training state."""

    def __init__(self, settings: TrainerSettings, batches_per_epoch: int, update_size: int) -> None:
        self.scenario = settings.scenario
        self.int8_from = settings.int8_from
        self.int8 = self.int8_from == 0
        self.paths_per_update = settings.paths_per_update
        self.batches_per_epoch = batches_per_epoch
        self.steps_per_epoch = -(-batches_per_epoch // settings.paths_per_update)
        self.update_size = update_size
        self.global_step = 0

    # --- implemented by a framework ---

    @abstractmethod
    def begin_epoch(self, epoch: int) -> None:
        """Prepare an epoch that begins with its first update."""

    @abstractmethod
    def rate(self, epoch: int, step: int) -> float:
        """Return the learning rate of the next update."""

    @abstractmethod
    def learn(self, update: Update, batches: Sequence[Any]) -> float:
        """Update the weights with one batch for each path, without stepping the schedule.

        Returns:
            The mean loss.

        Raises:
            TrainingError: memory ran out, or the loss is not finite.
        """

    @abstractmethod
    def find_non_finite(self) -> str | None:
        """Return the name of a weight that is not finite; ``None`` if all are finite."""

    @abstractmethod
    def pack_state(self) -> bytes:
        """Serialise the training state."""

    @abstractmethod
    def unpack_state(self, state: bytes) -> Any:
        """Invert :meth:`pack_state`; runs no code that the bytes might contain.

        Raises:
            CheckpointError: the bytes are not a training state.
        """

    @abstractmethod
    def load_state(self, stored: Any, done: int) -> int:
        """Load the content of a training state; see :meth:`restore`."""

    def step_schedule(self) -> None:
        """Count an update and step the schedule."""
        self.global_step += 1

    # --- the same in all frameworks ---

    def epoch(
        self,
        epoch: int,
        batches: Iterable[Any],
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int,
    ) -> None:
        """Train one epoch; see :meth:`nasea.backends.base.TrainingBackend.train_epoch`."""
        if not done:
            self.begin_epoch(epoch)
        stream = iter(batches)
        start = time.perf_counter()
        for step in range(done, self.steps_per_epoch):
            first = step * self.paths_per_update
            last = min(first + self.paths_per_update, self.batches_per_epoch)
            paths = [path(epoch * self.batches_per_epoch + i) for i in range(first, last)]
            update = self.plan_update(epoch, step, paths)
            loss, images = self.update(update, stream)
            now = time.perf_counter()
            report = (self.global_step, step + 1, loss, update.rate, images, now - start)
            on_update(UpdateReport(*report))
            start = now

    def plan_update(self, epoch: int, step: int, paths: Sequence[Genome]) -> Update:
        """Return the next update, and round to int8 from now on if its epoch is rounded.

        That depends on the epoch only, so a training that is resumed goes on the same.
        """
        self.int8 = self.int8_from is not None and epoch >= self.int8_from
        return Update(paths, self.rate(epoch, step), epoch, step)

    def update(self, update: Update, stream: Iterator[Any]) -> tuple[float, int]:
        """Make one update and step the schedule.

        Args:
            update: what to train.
            stream: yields a batch for each path.

        Returns:
            The mean loss, and the number of images used.
        """
        batches = list(itertools.islice(stream, len(update.paths)))
        mean = self.learn(update, batches)
        self.step_schedule()
        return mean, sum(len(images) for images, _ in batches)

    def require_finite(self, mean: float, rate: float) -> None:
        """Raise TrainingError if a loss is not finite."""
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss became {mean} at update {self.global_step + 1} (learning rate {rate:g})",
                fix="lower optimizer.weights_optimizer.learning_rate, or check "
                f"{self.loss_name} and the labels; the last checkpoint is intact",
            )

    def state(self) -> bytes:
        """Return everything that training needs to resume, as bytes.

        Raises:
            TrainingError: a weight is not finite, so the last good state must be kept.
        """
        name = self.find_non_finite()
        if name is not None:
            raise TrainingError(
                f"{name} is not finite after update {self.global_step}",
                fix="lower optimizer.weights_optimizer.learning_rate; the last checkpoint is "
                "intact",
            )
        return self.pack_state()

    def progress(self) -> dict[str, int]:
        """Return the counts that a training state holds."""
        return {
            "global_step": self.global_step,
            "steps_per_epoch": self.steps_per_epoch,
            self.size_name: self.update_size,
        }

    def restore(self, state: bytes, done: int = 0) -> int:
        """See :meth:`nasea.backends.base.TrainingBackend.restore`; runs no code in the bytes."""
        stored = self.unpack_state(state)
        try:
            return self.load_state(stored, done)
        except UserCodeError:
            raise
        except Exception as error:
            raise CheckpointError(
                f"the training state in the checkpoint does not fit this run: {error}",
                fix="start over with --restart",
            ) from error

    def convert_progress(self, progress: Mapping[str, Any], done: int) -> tuple[int, int]:
        """Convert the progress of a trainer with another update size.

        Images of the current epoch that do not fill an update are read again.

        Args:
            progress: counts of the other trainer.
            done: its updates in the current epoch.

        Returns:
            The equivalent updates of this trainer: in all, and in the current epoch.
        """
        epochs = (int(progress["global_step"]) - done) // int(progress["steps_per_epoch"])
        done = done * int(progress[self.size_name]) // self.update_size
        done = min(done, self.steps_per_epoch)
        return epochs * self.steps_per_epoch + done, done
