"""The prefix cache: shares equal first layers between architectures, and checks itself.

Normalisation statistics of a layer depend only on the layers before it. So two architectures with
the same first layers have the same calibrated first layers and, on the same images, the same
outputs of these layers. Only the remaining layers have to be computed. The cache holds the path
that was scored last, which is why candidates are scored in the order of their genomes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from nasea.backends.records import Measurement
from nasea.backends.user.metric_memory import same_metric, unequal
from nasea.space import Genome, Space

LIMIT = 1024**3
"""Bytes that a path may cache for statistics images, and as many for validation images, in all
processes of a machine together. While a path is scored, the previous one is in memory too."""


def outputs_within(space: Space, images: int, limit: int, image: int = 0) -> int:
    """Return how many outputs, PreNet's first, fit into ``limit`` bytes for ``images`` images.

    Args:
        space: determines the shapes.
        images: number of images.
        limit: bytes.
        image: number of values in an image, if images are cached as well.
    """
    shapes = [space.layers[0].in_shape, *(layer.out_shape for layer in space.layers)]
    total = 4 * images * image
    for number, shape in enumerate(shapes):
        total += 4 * images * math.prod(shape)
        if total > limit:
            return number
    return len(shapes)


class ScoredPath(Protocol):
    """An architecture that was scored, with the outputs of its first layers."""

    @property
    def genome(self) -> Genome:
        """The architecture."""

    @property
    def depth(self) -> int:
        """The number of outputs, PreNet's first, cached for every statistics batch."""


PathT = TypeVar("PathT", bound=ScoredPath)

Draw: TypeAlias = tuple[int, bool]
"""(draw of the statistics images, whether it computes as in int8)."""

Steps: TypeAlias = Callable[[Genome], Sequence[object]]
"""See :meth:`nasea.space.Space.steps`."""


class PrefixCache(Generic[PathT]):
    """A cache of the path that was scored last; valid until a weight changes.

    Args:
        steps: identifies the layers of an architecture; see :meth:`nasea.space.Space.steps`.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._path: PathT | None = None
        self._draw: Draw = 0, False

    @property
    def is_filled(self) -> bool:
        """Whether it holds a path."""
        return self._path is not None

    def lookup(self, genome: Genome, draw: Draw) -> tuple[PathT | None, int]:
        """Find the prefix that an architecture shares with the cached path; drop a useless path.

        Args:
            genome: the architecture.
            draw: the draw of its calibration images.

        Returns:
            The cached path and the number of its outputs, PreNet's first, that can be reused;
            ``None`` and 0 if there are none.
        """
        path = self._path
        if path is not None and draw == self._draw:
            steps = self._steps(genome)
            pairs = enumerate(zip(self._steps(path.genome), steps, strict=True))
            parted = next((layer for layer, (one, other) in pairs if one != other), len(steps))
            depth = min(1 + parted, path.depth)
            if depth:
                return path, depth
        self.clear()
        return None, 0

    def store(self, path: PathT, draw: Draw) -> None:
        """Replace the cached path."""
        self._path, self._draw = path, draw

    def clear(self) -> None:
        """Empty the cache."""
        self._path = None


class CacheCheck:
    """Checks on the first candidates that sharing does not change their scores.

    A PreNet may draw random numbers from a generator that PostNet or the metric uses too, or pass
    something to PostNet in a global variable. It must then run for every network. So the first
    candidates are scored both ways, and one difference in any output disables sharing for good.
    """

    WANTED = 3
    """Candidates that must agree."""

    def __init__(self) -> None:
        self._agreed = 0
        self.failed = False

    @property
    def is_complete(self) -> bool:
        """Whether enough candidates agreed."""
        return self._agreed >= self.WANTED

    def record(self, agreed: bool) -> None:
        """Record the result of one candidate."""
        self._agreed += agreed
        self.failed |= not agreed


class Digest:
    """A digest of all outputs of a scoring."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b()

    def add(self, name: str, kind: str, values: bytes) -> None:
        """Add a tensor.

        Args:
            name: its place in the output of PostNet.
            kind: type and shape.
            values: its bytes in memory.
        """
        self._hash.update(f"{name} {kind} {len(values)} ".encode())
        self._hash.update(values)

    @property
    def value(self) -> bytes:
        """The digest; equal for equal outputs in the same order."""
        return self._hash.digest()


@dataclass(frozen=True)
class CachedPrefix(Generic[PathT]):
    """The prefix that an architecture shares with the cached path.

    Attributes:
        path: the cached path; ``None`` if they share nothing.
        depth: number of shared outputs, PreNet's first.
    """

    path: PathT | None = None
    depth: int = 0


Attempt: TypeAlias = Callable[["PathT | None", int, "Digest | None"], Measurement]
"""(cached path or ``None``, number of shared outputs, digest or ``None``) -> a score."""


class Sharing(Generic[PathT]):
    """Sharing of prefixes between consecutively scored architectures, if scores stay equal.

    Args:
        steps: identifies the layers of an architecture; see :meth:`nasea.space.Space.steps`.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.cache: PrefixCache[PathT] | None = None
        self.check = CacheCheck()

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let architectures share prefixes while entered.

        Weights must not change in the meantime. If sharing would change scores because of the
        user's module, :class:`CacheCheck` detects it and sharing is disabled.
        """
        if self.cache is None and not self.check.failed:
            self.cache = PrefixCache(self._steps)
        try:
            yield
        finally:
            self.cache = None

    def measured(self, genome: Genome, draw: Draw, attempt: Attempt[PathT]) -> Measurement:
        """Return the score of an architecture; the first ones that share are scored both ways.

        Args:
            genome: the architecture.
            draw: what it was calibrated with.
            attempt: scores it once, starting from the shared outputs, and adds the outputs to the
                digest, if there is one.
        """
        shared = (None, 0) if self.cache is None else self.cache.lookup(genome, draw)
        if shared[0] is None or self.check.is_complete:
            return attempt(*shared, None)
        both = Digest(), Digest()
        shared_score = attempt(*shared, both[0])
        score = attempt(None, 0, both[1])
        if both[0].value == both[1].value and shared_score != score:
            # The metric may draw from the generators that PreNet draws from; called again in the
            # same way, a repeatable metric returns the same value.
            _require_same(score, attempt(None, 0, None))
        self.check.record(shared_score == score and both[0].value == both[1].value)
        if self.check.failed:
            self.cache = None
        return score

    def store(self, path: PathT, draw: Draw) -> None:
        """Cache a path for the next architecture, if sharing is allowed."""
        if self.cache is not None:
            self.cache.store(path, draw)

    def clear(self) -> None:
        """Empty the cache."""
        if self.cache is not None:
            self.cache.clear()


def _require_same(one: Measurement, other: Measurement) -> None:
    """Raise MetricError if the metric of the same outputs differs."""
    first, again = one.metric, other.metric
    if first is not None and again is not None and not same_metric(first, again):
        raise unequal(first, again)
