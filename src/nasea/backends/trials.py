"""Trial trainings of an untrained supernet, which are undone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nasea.backends.phase import Phase
from nasea.backends.records import ReadSeconds
from nasea.backends.training.trial import Pace, TrialReport
from nasea.space import Genome


class Trials(Phase):
    """The part of :class:`nasea.backends.base.AttachedBackend` for trial trainings."""

    data: Any
    batch: Any
    supernet: Any
    teacher: Any = None
    tried: TrialReport | None = None

    def try_candidates(
        self, on_step: Callable[[int, int], None], also: Sequence[Genome] = ()
    ) -> float:
        """Train one batch through every candidate of every layer, then undo it.

        If that would take long on a CPU, only a few images of the batch are used; see
        :attr:`tried`.

        Args:
            on_step: called with (batches done, number of batches).
            also: further paths; the last one needs the most memory.

        Returns:
            Median seconds of training on a whole batch.
        """
        with self.followers.together("try_candidates", list(also)):
            self.framework.notices += self.data.data_notices()
            choices = self.supernet.space.choices
            paths = [tuple(turn % count for count in choices) for turn in range(max(choices))]
            trial = self.framework.open_trial(self.data, self.supernet, self.teacher)
            cut = partial(self.framework.first_images, self.batch)
            self.tried = trial.run([*paths, *also], self.batch, cut, on_step)
        return self.tried.seconds

    def pace(
        self,
        paths_per_update: int,
        path: Callable[[int], Genome],
        seconds: float,
        step_seconds: float,
    ) -> Pace:
        """Train on the user's data for some seconds on this device, then undo it.

        Args:
            paths_per_update: number of paths in an update.
            path: maps the number of paths trained so far to the next path.
            seconds: approximate duration; at least one batch is read.
            step_seconds: seconds of training on one batch, from :meth:`try_candidates`.
        """
        trial = self.framework.open_trial(self.data, self.supernet, self.teacher, paths_per_update)
        return trial.updates(self.data.epoch, path, seconds, step_seconds)

    def read_seconds(self, images: int) -> ReadSeconds:
        """Estimate the time of reading validation images, from those that were read so far.

        Args:
            images: how many an evaluation takes.
        """
        found: ReadSeconds = self.data.read_seconds(images)
        return found

    def rates(self, paths_per_update: int) -> tuple[Sequence[float], int]:
        """Simulate the user's learning-rate schedule without changing anything.

        Args:
            paths_per_update: number of paths in an update.

        Returns:
            Learning rates at evenly spread updates, the first and the last included; the number
            of updates of the training.

        Raises:
            TrainingError: the schedule ends before the training does.
        """
        return self.framework.rates(self.data, paths_per_update)

    def choose_workers(self, step_seconds: float) -> None:
        """Choose the number of data workers for the duration of a training step."""
        self.framework.choose_workers(self.data, step_seconds)
