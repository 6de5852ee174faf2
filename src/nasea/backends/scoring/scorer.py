"""Scores one architecture in either framework: prefix sharing, retries, failures.

A framework's scorer supplies the calibrated network and calls the user's metric.
"""

from __future__ import annotations

import gc
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from nasea.backends.export.calibration import require_finite
from nasea.backends.memory import ShortOfMemory
from nasea.backends.records import EvaluationSubset, Measurement, ScoreSeconds
from nasea.backends.scoring.prediction_images import PredictionImage, read_prediction_images
from nasea.backends.scoring.prefix_cache import (
    LIMIT,
    CachedPrefix,
    Digest,
    PathT,
    Sharing,
    outputs_within,
)
from nasea.backends.user.code import UserCode
from nasea.backends.user.metric import CandidateFailed
from nasea.config import Scenario
from nasea.errors import UserCodeError
from nasea.space import Genome, Space

METRIC_STREAM = 0x5C
STATISTICS_STREAM = 0x57

PrefixT = TypeVar("PrefixT", bound=CachedPrefix[Any])

Memory = Callable[[], AbstractContextManager[None]]
"""Makes a context that raises ShortOfMemory for whatever says that memory is short."""


class ScoringData(Protocol):
    """The images that scoring needs."""

    scenario: Scenario

    @property
    def val_images(self) -> int:
        """The number of images of ``val_dir``."""

    def statistics(self, draw: int) -> Any:
        """Return batches of training images for normalisation statistics."""

    def prepare(self, images: int | None, half: int | None) -> None:
        """Read the images of an evaluation, as far as they fit into the cache."""

    def evaluation(self, images: int | None, half: int | None) -> Iterable[Any]:
        """Return batches of validation images, with their labels."""


class Scorer(ABC, Generic[PathT, PrefixT]):
    """Measures architectures with the weights of a supernet, never changing the supernet.

    Args:
        space: the space of the supernet.
        data: statistics images and validation images.
        user: the user's metric.
        seed: statistics and metric start from the same random state for every candidate.
        processes: number of processes that share this machine's memory.
        int8: whether networks are scored as simulated int8 files.
    """

    always_again: ClassVar[bool]
    """Whether to retry after a lack of memory even if nothing was cached."""

    def __init__(
        self,
        space: Space,
        data: ScoringData,
        user: UserCode,
        seed: int,
        processes: int,
        int8: bool = False,
    ) -> None:
        self.space = space
        self.int8 = int8
        self.data = data
        self.user = user
        self.seed = seed
        self.limit = LIMIT // processes
        self.sharing: Sharing[PathT] = Sharing(space.steps)
        self._checked: set[int] = set()
        self._most: int | None = None
        self._seconds = ScoreSeconds(0.0, 0.0)

    # --- implemented by a framework ---

    @abstractmethod
    def memory(self) -> AbstractContextManager[None]:
        """Return a context that turns out-of-memory errors into :class:`ShortOfMemory`."""

    @abstractmethod
    def prefix(self, path: PathT | None, depth: int) -> PrefixT:
        """Return the prefix that an architecture shares with the cached path."""

    @abstractmethod
    def calibrated_path(
        self, genome: Genome, draw: int, prefix: PrefixT, keeps: bool, int8: bool
    ) -> AbstractContextManager[PathT]:
        """Provide an architecture with re-estimated statistics, reusing the outputs of a prefix.

        Args:
            genome: the architecture.
            draw: the draw of the statistics images.
            prefix: the prefix that it shares with the cached path.
            keeps: whether to keep outputs for the next architecture.
            int8: whether to simulate its int8 file, with activation ranges from the statistics
                images.
        """

    @abstractmethod
    def metric(
        self,
        path: PathT,
        data: EvaluationSubset,
        prefix: PrefixT,
        digest: Digest | None,
        keeps: bool,
    ) -> float:
        """Return the user's metric of a calibrated architecture; add the outputs to the digest."""

    @abstractmethod
    def evaluate(self, path: PathT) -> Callable[[Any], Any]:
        """Return a calibrated architecture: images -> outputs."""

    @abstractmethod
    def masks(self, images: Any, labels: Any, outputs: Any) -> tuple[PredictionImage, ...]:
        """Draw masks; return none if labels or outputs have another form."""

    def read(self, data: EvaluationSubset) -> None:
        """Read missing data before scoring, since unreadable data is not a candidate's failure."""
        batches = self.data.statistics(data.statistics)
        self.data.prepare(data.images, data.half)
        if self.int8 and data.statistics not in self._checked:
            require_finite([np.asarray(batch, np.float32) for batch in batches])
            self._checked.add(data.statistics)

    def release_memory(self) -> None:
        """Free memory that is no longer used."""
        gc.collect()

    # --- the same in all frameworks ---

    def measure(self, genome: Genome, data: EvaluationSubset) -> Measurement:
        """See :meth:`nasea.backends.base.AttachedBackend.measure`."""
        self.read(data)
        if self.always_again or self.sharing.cache is not None:
            try:
                return self._shared(genome, data)
            except ShortOfMemory:
                self.sharing.clear()  # the cache may have taken the missing memory
            self.release_memory()  # not earlier: the exception held the attempt's tensors
        try:
            return self._attempt(genome, data, self.prefix(None, 0), None, keeps=False)
        except ShortOfMemory as error:
            return _out_of_memory(error)

    def timed(
        self, genome: Genome, data: EvaluationSubset, statistics: int | None
    ) -> tuple[Measurement, ScoreSeconds]:
        """See :meth:`nasea.backends.base.AttachedBackend.time_score`."""
        self._most = statistics
        try:
            return self.measure(genome, data), self._seconds
        finally:
            self._most = None

    def statistics(self, draw: int) -> Any:
        """Return batches of training images for statistics; fewer if :meth:`timed` requests it."""
        batches = self.data.statistics(draw)
        if self._most is None:
            return batches
        left, few = self._most, []
        for batch in batches:
            few += [batch[:left]] if left > 0 else []
            left -= len(batch)
        return few

    def statistics_outputs(self, batches: Sequence[Any], int8: bool) -> int:
        """Return how many outputs for statistics images, PreNet's first, may be cached.

        Args:
            batches: the statistics images.
            int8: whether outputs are cached twice: with batch statistics, and with estimated ones.
        """
        images = sum(map(len, batches)) * (2 if int8 else 1)
        return outputs_within(self.space, images, self.limit)

    def prediction_images(self, genome: Genome, count: int) -> tuple[PredictionImage, ...]:
        """See :meth:`nasea.backends.base.AttachedBackend.prediction_images`."""
        task = self.data.scenario.task
        taken: tuple[PredictionImage, ...] = ()
        if task == "classification":
            return taken
        count = min(count, self.data.val_images)
        self.data.prepare(count, None)
        with self.calibrated_path(genome, 0, self.prefix(None, 0), False, self.int8) as path:
            evaluate = self.evaluate(path)
            for images, labels in self.data.evaluation(count, None):
                outputs = evaluate(images)
                if self.user.draws_pictures:
                    returned = self.user.pictures(images, labels, outputs)
                    taken += read_prediction_images(
                        returned, self.user.class_names, count - len(taken)
                    )
                elif task == "segmentation":
                    taken += self.masks(images, labels, outputs)[: count - len(taken)]
                if len(taken) >= count or not taken:
                    break
        return taken

    def _in_int8(self, data: EvaluationSubset) -> bool:
        return self.int8 and not data.in_float

    def _draw(self, data: EvaluationSubset) -> tuple[int, bool]:
        return data.statistics, self._in_int8(data)

    def _shared(self, genome: Genome, data: EvaluationSubset) -> Measurement:
        keeps = self.sharing.cache is not None

        def attempt(path: PathT | None, depth: int, digest: Digest | None) -> Measurement:
            return self._attempt(genome, data, self.prefix(path, depth), digest, keeps)

        return self.sharing.measured(genome, self._draw(data), attempt)

    def _attempt(
        self,
        genome: Genome,
        data: EvaluationSubset,
        prefix: PrefixT,
        digest: Digest | None,
        keeps: bool,
    ) -> Measurement:
        """Score once.

        Raises:
            ShortOfMemory: memory ran out.
        """

        def metric() -> float:
            start = time.perf_counter()
            int8 = self._in_int8(data)
            with self.calibrated_path(genome, data.statistics, prefix, keeps, int8) as path:
                ready = time.perf_counter()
                found = self.metric(path, data, prefix, digest, keeps)
            self._seconds = ScoreSeconds(ready - start, time.perf_counter() - ready)
            if keeps:
                self.sharing.store(path, self._draw(data))
            return found

        return _measured(self.memory, metric)


def no_range_error() -> CandidateFailed:
    """Return the failure of a candidate whose activations have no range."""
    return CandidateFailed(
        "activations that are not finite (NaN or infinite) have no range for int8"
    )


def measured(memory: Memory, metric: Callable[[], float]) -> Measurement:
    """Return the user's metric; report a failure instead of raising it.

    Args:
        memory: returns the framework's context that detects a lack of memory.
        metric: calls the user's metric.
    """
    try:
        return _measured(memory, metric)
    except ShortOfMemory as error:
        return _out_of_memory(error)


def _measured(memory: Memory, metric: Callable[[], float]) -> Measurement:
    try:
        with memory():
            return Measurement(metric())
    except CandidateFailed as error:
        return Measurement(None, str(error), error.raised)
    except UserCodeError as error:
        return Measurement(None, str(error), raised=True)


def _out_of_memory(error: ShortOfMemory) -> Measurement:
    return Measurement(None, f"out of memory: {error}")


class Evaluate(ABC, Generic[PathT, PrefixT]):
    """The network that is passed to the user's metric: images -> outputs.

    Args:
        scorer: the scorer.
        path: the network.
        prefix: the prefix that it shares with the cached path.
        kept: number of images whose outputs are kept.
        digest: receives the outputs; may be ``None``.
    """

    def __init__(
        self,
        scorer: Scorer[PathT, PrefixT],
        path: PathT,
        prefix: PrefixT,
        kept: int = 0,
        digest: Digest | None = None,
    ) -> None:
        self.scorer = scorer
        self.path = path
        self.prefix = prefix
        self._digest = digest
        self._images = self._left = kept  # a metric may evaluate an image more than once

    @abstractmethod
    def run(self, images: Any) -> Any:
        """Return the output of the network."""

    @staticmethod
    @abstractmethod
    def add_outputs(digest: Digest, outputs: object) -> None:
        """Add the outputs to a digest."""

    def __call__(self, images: Any) -> Any:
        """Return the output of the network; add it to the digest, if there is one."""
        output = self.run(images)
        if self._digest is not None:
            self.add_outputs(self._digest, output)
        return output
