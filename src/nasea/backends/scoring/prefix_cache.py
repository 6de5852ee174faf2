"""Sharing of common prefixes between architectures: when, how much, and its check.

Normalisation statistics of a layer depend only on the layers before it. So two architectures with
the same first layers have the same calibrated first layers and, on the same images, the same
outputs of them; only from where they part on is there anything to compute. Kept is the path that
was scored last, which is why candidates are scored in the order of their genomes.
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
"""Bytes that a path keeps for statistics and for validation images each, in all processes of a
machine together. While a path is scored, the one before it is there as well."""


def outputs_within(space: Space, images: int, limit: int, image: int = 0) -> int:
    """How many outputs, PreNet's first, fit into memory for so many images.

    Args:
        space: knows their shapes.
        images: how many.
        limit: bytes.
        image: values of an image, where images are kept as well.
    """
    shapes = [space.layers[0].in_shape, *(layer.out_shape for layer in space.layers)]
    total = 4 * images * image
    for number, shape in enumerate(shapes):
        total += 4 * images * math.prod(shape)
        if total > limit:
            return number
    return len(shapes)


class Scored(Protocol):
    """An architecture that was scored, with what its first layers gave."""

    @property
    def genome(self) -> Genome:
        """The architecture."""

    @property
    def depth(self) -> int:
        """Of how many of PreNet and its layers the outputs are kept for every statistics batch."""


Path = TypeVar("Path", bound=Scored)

Draw: TypeAlias = tuple[int, bool]
"""(draw of the statistics images, whether it computes as in int8)."""

Steps: TypeAlias = Callable[[Genome], Sequence[object]]
"""See :meth:`nasea.space.Space.steps`."""


class LastPath(Generic[Path]):
    """The architecture that was scored last; valid until a weight changes.

    Args:
        steps: of an architecture, one a layer; where two differ, so do the layers.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._path: Path | None = None
        self._draw: Draw = 0, False

    @property
    def is_kept(self) -> bool:
        """Whether there is one."""
        return self._path is not None

    def shared_with(self, genome: Genome, draw: Draw) -> tuple[Path | None, int]:
        """The prefix that another architecture has in common with it; without one, forget it.

        Args:
            genome: the other one.
            draw: what it was calibrated with.

        Returns:
            The one that was scored last, and how many of PreNet and its layers are shared; or
            ``None`` and 0.
        """
        path = self._path
        if path is not None and draw == self._draw:
            steps = self._steps(genome)
            pairs = enumerate(zip(self._steps(path.genome), steps, strict=True))
            parted = next((layer for layer, (one, other) in pairs if one != other), len(steps))
            depth = min(1 + parted, path.depth)
            if depth:
                return path, depth
        self.forget()
        return None, 0

    def become(self, path: Path, draw: Draw) -> None:
        """Keep another one instead."""
        self._path, self._draw = path, draw

    def forget(self) -> None:
        """Keep none."""
        self._path = None


class CacheCheck:
    """Checks on the first candidates that sharing does not change their scores.

    A PreNet might draw random numbers, of which PostNet or the metric draw the next ones; or leave
    something for PostNet in a global variable: then it must run for every network. Such a
    candidate is scored both ways, and one difference in any output ends sharing for good.
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

    def enter(self, agreed: bool) -> None:
        """Enter what one candidate showed."""
        self._agreed += agreed
        self.failed |= not agreed


class Digest:
    """What distinguishes the outputs of one scoring from those of another."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b()

    def add(self, name: str, kind: str, values: bytes) -> None:
        """Take in a tensor.

        Args:
            name: its place in what PostNet returned.
            kind: type and shape.
            values: as they lie in memory.
        """
        self._hash.update(f"{name} {kind} {len(values)} ".encode())
        self._hash.update(values)

    @property
    def value(self) -> bytes:
        """The same for the same outputs in the same order."""
        return self._hash.digest()


@dataclass(frozen=True)
class Beginning(Generic[Path]):
    """The prefix that an architecture has in common with another one.

    Attributes:
        path: the other one; ``None`` where there is nothing in common.
        depth: how many of PreNet and its layers are.
    """

    path: Path | None = None
    depth: int = 0


Attempt: TypeAlias = Callable[["Path | None", int, "Digest | None"], Measurement]
"""(the architecture that begins alike or none, how far, a digest or none) -> a score."""


class Sharing(Generic[Path]):
    """Shares prefixes between architectures that are scored in a row, if scores stay the same.

    Args:
        steps: of an architecture, one a layer; where two differ, so do the layers.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.last: LastPath[Path] | None = None
        self.proof = CacheCheck()

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Within it architectures share with the one before how they begin.

        Weights must not change there. The scores are the same; where a user's module would make
        them others, :class:`CacheCheck` finds out and ends it.
        """
        if self.last is None and not self.proof.failed:
            self.last = LastPath(self._steps)
        try:
            yield
        finally:
            self.last = None

    def measured(self, genome: Genome, draw: Draw, attempt: Attempt[Path]) -> Measurement:
        """The score of an architecture; the first ones that share are scored both ways.

        Args:
            genome: the architecture.
            draw: what it was calibrated with.
            attempt: scores it once, from where another architecture ends to be the same, and
                enters the outputs into the digest, if there is one.
        """
        shared = (None, 0) if self.last is None else self.last.shared_with(genome, draw)
        if shared[0] is None or self.proof.is_complete:
            return attempt(*shared, None)
        both = Digest(), Digest()
        together = attempt(*shared, both[0])
        alone = attempt(None, 0, both[1])
        if both[0].value == both[1].value and together != alone:
            # It may draw from the generators that PreNet draws from: asked in the same way, an
            # honest metric gives the same.
            _require_same(alone, attempt(None, 0, None))
        self.proof.enter(together == alone and both[0].value == both[1].value)
        if self.proof.failed:
            self.last = None
        return alone

    def become(self, path: Path, draw: Draw) -> None:
        """Keep an architecture for the next one, where sharing is allowed."""
        if self.last is not None:
            self.last.become(path, draw)

    def forget(self) -> None:
        """Keep none."""
        if self.last is not None:
            self.last.forget()


def _require_same(one: Measurement, other: Measurement) -> None:
    """Raise MetricError where the metric of the same outputs is not the same."""
    first, again = one.metric, other.metric
    if first is not None and again is not None and not same_metric(first, again):
        raise unequal(first, again)
