"""What is tried with an untrained supernet, and undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nasea.backends.phase import Phase
from nasea.backends.training.trial import Pace, Tried
from nasea.space import Genome


class Trials(Phase):
    """The part of :class:`nasea.backends.base.AttachedBackend` that tries things."""

    data: Any
    batch: Any
    supernet: Any
    teacher: Any = None
    tried: Tried | None = None

    def try_candidates(
        self, on_step: Callable[[int, int], None], also: Sequence[Genome] = ()
    ) -> float:
        """Train one batch through every candidate of every layer, then undo it.

        Where that would take long on a CPU, a few images of the batch are trained on; see
        :attr:`tried`.

        Args:
            on_step: called with (batches done, batches in all).
            also: paths to try besides; the last is the one that takes the most memory.

        Returns:
            Median seconds of training one whole batch.
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
        """Train on the user's own data for a while, on this device alone, then undo it.

        Args:
            paths_per_update: paths that make one update.
            path: the path to train as a function of how many were trained before it.
            seconds: how long, about; one batch is read at least.
            step_seconds: of training one batch, as :meth:`try_candidates` found.
        """
        trial = self.framework.open_trial(self.data, self.supernet, self.teacher, paths_per_update)
        return trial.updates(self.data.epoch, path, seconds, step_seconds)

    def rates(self, paths_per_update: int) -> tuple[Sequence[float], int]:
        """Play the user's schedule through, from the first update to the last; changes nothing.

        Args:
            paths_per_update: paths that make one update.

        Returns:
            Learning rates of updates that are spread evenly over the training, the first and the
            last among them; and how many updates it has.

        Raises:
            TrainingError: it ends before the training does.
        """
        return self.framework.rates(self.data, paths_per_update)

    def choose_workers(self, step_seconds: float) -> None:
        """Decide how many processes load data, given what a training step takes."""
        self.framework.choose_workers(self.data, step_seconds)
