"""The protocol by which the pipeline exports a network in either framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nasea.backends.export.formats import Format
from nasea.backends.records import Measurement

Array = npt.NDArray[Any]
Run = Callable[[Array], list[Array]]
"""Images, in the network's layout, to a flat list of its output tensors, in a fixed order."""


@dataclass(frozen=True)
class Written:
    """Information about a file that was written.

    Attributes:
        log: messages of a library that failed to write the file, if another one succeeded; else
            empty.
        in_float32: operators of an int8 file that still compute in float32.
    """

    log: str = ""
    in_float32: tuple[str, ...] = ()


class Exporter(Protocol):
    """The network of one weights file, ready to be run and exported."""

    @property
    def parameters(self) -> int:
        """Number of weights, as the framework counts them."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output tensors: ``output``, or e.g. ``output.aux.0`` of a nested output."""

    @property
    def needs_batch(self) -> bool:
        """Whether a file needs a fixed batch size, because PreNet or PostNet reads it."""

    @property
    def run(self) -> Run:
        """The network as a function."""

    def images(self) -> Iterator[Array]:
        """Yield the validation images in batches."""

    def training_images(self, count: int) -> Array:
        """Return ``count`` training images, or all if there are fewer; the same in every call."""

    def measure(self, run: Run) -> Measurement:
        """Return the user's metric on all of val_dir, given a function for the outputs."""

    def write(
        self, format: Format, path: Path, batch: int | None, calibration: Array | None
    ) -> Written:
        """Write the network to a file.

        Args:
            format: the file format.
            path: path of the new file.
            batch: batch size of the file; ``None`` for any.
            calibration: images that calibrate activation ranges; for int8 only.

        Raises:
            ExportError: the format cannot express the network.
        """

    def load(self, format: Format, path: Path) -> Run:
        """Return a function that runs the file in its own runtime, for the file's batch size."""

    def seconds(self, format: Format, path: Path, images: int) -> float:
        """Return the median time of a run on ``images`` images, on one thread of the CPU."""


Axis = tuple[int, int] | None
"""Batch axis of an output: (axis, entries per image); ``None`` if the output has none."""


def image_axes(run: Run, images: Array) -> list[Axis]:
    """Find the batch axis of each output, e.g. 1 for (time, N, classes).

    Args:
        run: the network; takes any number of images.
        images: at least one.
    """
    two, three = (run(np.concatenate([images[:1]] * count)) for count in (2, 3))
    return [image_axis(a.shape, b.shape) for a, b in zip(two, three, strict=True)]


def image_axis(two: Sequence[int], three: Sequence[int]) -> Axis:
    """Return the batch axis of an output, given its shapes for two and for three images."""
    for axis, (less, more) in enumerate(zip(two, three, strict=False)):
        if less != more:
            return axis, more - less
    return None


def in_batches(run: Run, batch: int, axes: Sequence[Axis]) -> Run:
    """Return a function of any number of images, given one with the fixed batch size ``batch``.

    The last batch is padded with copies, whose outputs are dropped.

    Args:
        run: takes ``batch`` images.
        batch: the batch size.
        axes: the batch axis of each output; for an output without one, the first result is used.
    """

    def whole(images: Array) -> list[Array]:
        parts = []
        for first in range(0, len(images), batch):
            part = images[first : first + batch]
            filling = np.repeat(part[-1:], batch - len(part), axis=0)
            outputs = run(np.concatenate([part, filling]) if len(filling) else part)
            pairs = zip(outputs, axes, strict=True)
            parts.append([_first(output, axis, len(part)) for output, axis in pairs])
        return [_joined(tensors, axis) for *tensors, axis in zip(*parts, axes, strict=True)]

    return whole


def _first(output: Array, axis: Axis, images: int) -> Array:
    return output if axis is None else output.take(range(images * axis[1]), axis[0])


def _joined(parts: list[Array], axis: Axis) -> Array:
    return parts[0] if axis is None else np.concatenate(parts, axis[0])
