"""Trial training, undone afterwards: does every candidate train, how fast, with how much memory?

On a CPU a whole batch of large images through every candidate takes many minutes. Then fewer images
are used, and time and memory of a whole batch are estimated from one path at two batch sizes,
since a part of a step (the optimiser, copies of weights) does not grow with the images.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nasea.backends.memory import peak_during
from nasea.backends.training.trainer import Trainer, Update
from nasea.errors import NaseaError
from nasea.space import Genome

TRIAL_SECONDS = 15.0
"""Maximum duration of trying every candidate; batches are cut if whole ones would take longer."""

_LARGE = 1_000_000
"""A batch with fewer values than this is always tried as a whole."""

_FEWEST, _MOST = 4, 16
"""Bounds of the number of images of a cut batch: fewer make poor statistics for batch
normalisation, more give no further information."""

_MORE = 12
"""Further images, on one path, that show how time and memory grow with the batch size."""

_STEADY_UPDATES = 16
"""Updates made at least before the pace is measured, unless they take more than"""

_PATIENCE = 3.0
"""this many times the requested seconds."""

FirstImages = Callable[[int], tuple[Any, Any] | None]
"""Returns the first images of a batch with their labels; ``None`` if labels cannot be split."""


@dataclass(frozen=True)
class TrialReport:
    """Result of trying every candidate.

    Attributes:
        seconds: of training on one whole batch, the median over the candidates.
        images: number of images that were used at a time.
        whole: number of images in a whole batch.
        peak_bytes: expected main memory of training with whole batches; ``None`` if whole
            batches were used.
    """

    seconds: float
    images: int
    whole: int
    peak_bytes: int | None = None

    @property
    def is_scaled(self) -> bool:
        """Whether it is estimated from fewer images."""
        return self.images < self.whole


@dataclass(frozen=True)
class Pace:
    """Speed of training with the user's own data, loading included.

    Attributes:
        start_seconds: from the beginning of an epoch to its first batch.
        batch_seconds: from one batch to the next after that.
        waiting_seconds: the part of these in which training waits for loading.
        loading_seconds: from one batch to the next if batches are only loaded.
        batches: number of batches measured.
        state_seconds: of serialising the training state; 0 if nothing was trained.
        state_bytes: size of that state.
    """

    start_seconds: float
    batch_seconds: float
    waiting_seconds: float
    loading_seconds: float
    batches: int
    state_seconds: float = 0.0
    state_bytes: int = 0


@dataclass(frozen=True)
class Trial:
    """A trial training.

    Attributes:
        trainer: trains one path an update.
        first: the first update, without a path.
        undo: restores everything that training changed.
        rounds: how often each path is trained; the last time counts.
        always_whole: whether to use whole batches in any case, as on a GPU, which is fast and
            short of memory.
    """

    trainer: Trainer
    first: Update
    undo: Callable[[], None]
    rounds: int = 1
    always_whole: bool = False

    def run(
        self,
        paths: Sequence[Genome],
        batch: tuple[Any, Any],
        first_images: FirstImages,
        on_step: Callable[[int, int], None],
    ) -> TrialReport:
        """Train a batch, or a part of it, through each path, then undo it all.

        Args:
            paths: the paths; the last one needs the most memory.
            batch: images and labels.
            first_images: cuts the batch.
            on_step: called with (paths done, number of paths).
        """
        part = self._affordable(paths, batch, first_images)
        seconds = []
        for number, path in enumerate(paths, start=1):
            seconds.append(self._seconds(path, part, self.rounds))
            on_step(number, len(paths))
        whole = len(batch[0])
        report = TrialReport(statistics.median(seconds), len(part[0]), whole)
        larger = first_images(min(whole, report.images + _MORE)) if report.is_scaled else None
        if larger is not None:
            report = self._scaled(report, paths[-1], part, larger)
        self.undo()
        return report

    def updates(
        self,
        epoch: Callable[[int], Iterable[Any]],
        path: Callable[[int], Genome],
        seconds: float,
        step_seconds: float,
    ) -> Pace:
        """Train on the user's own batches for some seconds, then undo it all.

        If an update takes too long for that, batches are only loaded.

        Args:
            epoch: returns the training batches of an epoch, given its number.
            path: maps the number of paths trained so far to the next path.
            seconds: approximate duration.
            step_seconds: seconds of the first training on a loaded batch.
        """
        size = self.trainer.paths_per_update
        # The seconds of a step are those of first updates, which take two or three times as long.
        trains = 2 * size * step_seconds <= _PATIENCE * seconds
        waits: list[float] = []
        works: list[float] = []
        starts: list[float] = []
        began, number = time.perf_counter(), 0

        def is_enough() -> bool:
            taken = time.perf_counter() - began
            # The first updates may trace functions.
            few = trains and len(works) < _STEADY_UPDATES
            return taken > (_PATIENCE * seconds if few else seconds)

        while not starts or (number > 0 and not is_enough()):
            last = time.perf_counter()
            batches = iter(epoch(len(starts)))
            seen: list[Any] = []
            for step, batch in enumerate(batches):
                now = time.perf_counter()
                (waits if step else starts).append(now - last)
                number += 1
                seen.append(batch)
                if trains and len(seen) == size:
                    paths = [path(number - size + i) for i in range(size)]
                    self.trainer.learn(self.trainer.plan_update(0, 0, paths), seen)
                    works.append((time.perf_counter() - now) / size)
                if len(seen) == size:
                    seen = []
                last = time.perf_counter()
                if step >= size and is_enough():
                    break
            close = getattr(batches, "close", None)
            if close is not None:
                close()
        start, wait = statistics.fmean(starts), statistics.fmean(waits or starts)
        if not works:
            self.undo()
            work = step_seconds
            return Pace(start, max(work, wait), max(wait - work, 0.0), wait, number)
        packing = time.perf_counter()
        state_bytes = len(self.trainer.state())
        packing = time.perf_counter() - packing
        self.undo()
        return Pace(start, _steady_mean(works) + wait, wait, wait, number, packing, state_bytes)

    def _scaled(
        self, report: TrialReport, path: Genome, part: tuple[Any, Any], larger: tuple[Any, Any]
    ) -> TrialReport:
        """Estimate the seconds and memory of a whole batch from two smaller ones.

        Args:
            report: result of the smaller batch.
            path: the path that needs the most memory.
            part: the smaller batch.
            larger: the larger batch.
        """
        taken: list[float] = []
        peaks: list[int | None] = []
        for images in (part, larger):
            seconds, peak = peak_during(partial(self._seconds, path, images, 1))
            taken.append(seconds)
            peaks.append(peak)
        further = len(larger[0]) - report.images
        # The share of a step that grows with the images is between 0 and 1.
        growing = (taken[1] - taken[0]) / further / (taken[0] / report.images)
        growing = min(max(growing, 0.0), 1.0)
        whole = report.seconds * (1 + growing * (report.whole - report.images) / report.images)
        if peaks[0] is None or peaks[1] is None:
            return replace(report, seconds=whole)
        image_bytes = max(peaks[1] - peaks[0], 0) / further
        expected = peaks[1] + image_bytes * (report.whole - len(larger[0]))
        return replace(report, seconds=whole, peak_bytes=round(expected))

    def _affordable(
        self, paths: Sequence[Genome], batch: tuple[Any, Any], first_images: FirstImages
    ) -> tuple[Any, Any]:
        """Return as much of a batch as can be tried on every path in time."""
        shape = [int(size) for size in batch[0].shape]
        values = 1
        for size in shape:
            values *= size
        few = None if self.always_whole or values < _LARGE else first_images(_FEWEST)
        if few is None or shape[0] <= 2 * _FEWEST:
            return batch
        try:
            some = {paths[0], paths[len(paths) // 2], paths[-1]}
            taken = statistics.fmean(self._seconds(path, few, 2) for path in some)
        except NaseaError:  # the user's code may require whole batches
            return batch
        affordable = TRIAL_SECONDS / (len(paths) * self.rounds * taken / _FEWEST)
        if affordable >= shape[0]:
            return batch
        return first_images(min(max(_FEWEST, int(affordable)), _MOST)) or batch

    def _seconds(self, path: Genome, batch: tuple[Any, Any], rounds: int) -> float:
        """Return the seconds of training a path on a batch, the last of several times."""
        taken = 0.0
        for _ in range(rounds):
            start = time.perf_counter()
            self.trainer.learn(replace(self.first, paths=[path]), [batch])
            taken = time.perf_counter() - start
        return taken


def _steady_mean(works: Sequence[float]) -> float:
    """Return the mean of the later half, with outliers clipped."""
    later = works[len(works) // 2 :]
    usual = statistics.median(later)
    return statistics.fmean(min(work, 2 * usual) for work in later)
