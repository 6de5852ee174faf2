"""A training that is undone: does every candidate train, how fast, and how much memory it takes.

On a CPU a whole batch of large images through every candidate takes many minutes. Fewer images are
tried then, and what a whole batch takes is worked out: by the same path at two numbers of images,
since a part of a step (the optimiser, copies of weights) does not grow with them.
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
"""What trying every candidate may take; with fewer images where a whole batch would take longer."""

_LARGE = 1_000_000
"""Values in a batch of images below which a whole one is tried without further thought."""

_FEWEST, _MOST = 4, 16
"""Images that are tried where a whole batch is not: fewer than the first make poor statistics for
batch normalisation, more than the second teach nothing new."""

_MORE = 12
"""So many more images, on one path, show what grows with them."""

_CALM_UPDATES = 16
"""So many updates are made before the pace is believed, as long as that takes no longer than"""

_PATIENCE = 3.0
"""so many times what was asked."""

Cut = Callable[[int], tuple[Any, Any] | None]
"""The first images of a batch with their labels; ``None`` where labels cannot be told apart."""


@dataclass(frozen=True)
class Tried:
    """What trying every candidate showed.

    Attributes:
        seconds: of training one whole batch, the median over the candidates.
        images: that were tried at a time.
        whole: images of a whole batch.
        peak_bytes: main memory that training with whole batches is expected to take; ``None``
            where they were tried themselves.
    """

    seconds: float
    images: int
    whole: int
    peak_bytes: int | None = None

    @property
    def is_scaled(self) -> bool:
        """Whether it was worked out from fewer images."""
        return self.images < self.whole


@dataclass(frozen=True)
class Pace:
    """How fast training is with the user's own data, loading included.

    Attributes:
        start_seconds: from the beginning of an epoch to its first batch.
        batch_seconds: a batch takes from there on, whatever it waits for.
        waiting_seconds: of these, what training waits for the batch to be loaded.
        loading_seconds: between two batches where nothing but loading is done.
        batches: that were looked at.
        state_seconds: of packing the state of the training; 0 where nothing was trained.
        state_bytes: of that state.
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
    """A training that is undone.

    Attributes:
        trainer: trains one path an update.
        first: the first update, without a path.
        undo: puts all back that it has changed.
        rounds: how often each path is trained; the last time counts.
        always_whole: whether the device is so fast, and its memory so short, that whole batches
            are tried in any case.
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
        cut: Cut,
        on_step: Callable[[int, int], None],
    ) -> Tried:
        """Train a batch, or a part of it, through each path, then undo it all.

        Args:
            paths: what is trained; the last is the one that takes the most memory.
            batch: on which images and labels.
            cut: the first images of it.
            on_step: called with (paths done, paths in all).
        """
        part = self._affordable(paths, batch, cut)
        seconds = []
        for number, path in enumerate(paths, start=1):
            seconds.append(self._seconds(path, part, self.rounds))
            on_step(number, len(paths))
        whole = len(batch[0])
        tried = Tried(statistics.median(seconds), len(part[0]), whole)
        larger = cut(min(whole, tried.images + _MORE)) if tried.is_scaled else None
        if larger is not None:
            tried = self._scaled(tried, paths[-1], part, larger)
        self.undo()
        return tried

    def updates(
        self,
        epoch: Callable[[int], Iterable[Any]],
        path: Callable[[int], Genome],
        seconds: float,
        step_seconds: float,
    ) -> Pace:
        """Train on the user's own batches for a while, then undo it all.

        Where an update takes too long for that, batches are only loaded.

        Args:
            epoch: the training batches of an epoch, by its number.
            path: the path to train as a function of how many were trained before it.
            seconds: how long, about.
            step_seconds: of training one batch that is there.
        """
        size = self.trainer.paths_per_update
        trains = 4 * size * step_seconds <= seconds
        waits: list[float] = []
        works: list[float] = []
        starts: list[float] = []
        began, number = time.perf_counter(), 0

        def is_enough() -> bool:
            taken = time.perf_counter() - began
            # The first updates may trace functions, which later ones find ready.
            few = trains and len(works) < _CALM_UPDATES
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
        return Pace(start, _calm(works) + wait, wait, wait, number, packing, state_bytes)

    def _scaled(
        self, tried: Tried, path: Genome, part: tuple[Any, Any], larger: tuple[Any, Any]
    ) -> Tried:
        """Estimate the seconds and memory of a whole batch from two smaller ones.

        Args:
            tried: what the smaller number showed.
            path: the one that takes the most memory.
            part: the smaller number of images,
            larger: and the larger one.
        """
        taken: list[float] = []
        peaks: list[int | None] = []
        for images in (part, larger):
            seconds, peak = peak_during(partial(self._seconds, path, images, 1))
            taken.append(seconds)
            peaks.append(peak)
        further = len(larger[0]) - tried.images
        # A share of the step is fixed: at most all of it, at least nothing.
        growing = (taken[1] - taken[0]) / further / (taken[0] / tried.images)
        growing = min(max(growing, 0.0), 1.0)
        whole = tried.seconds * (1 + growing * (tried.whole - tried.images) / tried.images)
        if peaks[0] is None or peaks[1] is None:
            return replace(tried, seconds=whole)
        image_bytes = max(peaks[1] - peaks[0], 0) / further
        expected = peaks[1] + image_bytes * (tried.whole - len(larger[0]))
        return replace(tried, seconds=whole, peak_bytes=round(expected))

    def _affordable(
        self, paths: Sequence[Genome], batch: tuple[Any, Any], cut: Cut
    ) -> tuple[Any, Any]:
        """Return as much of a batch as can be tried on every path in time."""
        shape = [int(size) for size in batch[0].shape]
        values = 1
        for size in shape:
            values *= size
        few = None if self.always_whole or values < _LARGE else cut(_FEWEST)
        if few is None or shape[0] <= 2 * _FEWEST:
            return batch
        try:
            some = {paths[0], paths[len(paths) // 2], paths[-1]}
            taken = statistics.fmean(self._seconds(path, few, 2) for path in some)
        except NaseaError:  # the user's code may count on whole batches
            return batch
        affordable = TRIAL_SECONDS / (len(paths) * self.rounds * taken / _FEWEST)
        if affordable >= shape[0]:
            return batch
        return cut(min(max(_FEWEST, int(affordable)), _MOST)) or batch

    def _seconds(self, path: Genome, batch: tuple[Any, Any], rounds: int) -> float:
        """Return the seconds of training a path on a batch, the last of several times."""
        taken = 0.0
        for _ in range(rounds):
            start = time.perf_counter()
            self.trainer.learn(replace(self.first, paths=[path]), [batch])
            taken = time.perf_counter() - start
        return taken


def _calm(works: Sequence[float]) -> float:
    """Return the mean of the later half, without what stands out."""
    later = works[len(works) // 2 :]
    usual = statistics.median(later)
    return statistics.fmean(min(work, 2 * usual) for work in later)
