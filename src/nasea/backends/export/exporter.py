"""What the pipeline asks of a framework to export one network."""

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
"""Images, as the network gets them, to the tensors of its output, flat, in a fixed order."""


@dataclass(frozen=True)
class Written:
    """What there is to say about a file that was written.

    Attributes:
        log: what a library said that could not write it, where another one could; else empty.
        in_float32: operators of a file in int8 that compute in float32 all the same.
    """

    log: str = ""
    in_float32: tuple[str, ...] = ()


class Exporter(Protocol):
    """The network of one weights file, ready to run and to be written for other runtimes."""

    @property
    def parameters(self) -> int:
        """The framework's own count of the weights."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the tensors of the output: ``output``, or ``output.aux.0`` of a nested one."""

    @property
    def needs_batch(self) -> bool:
        """Whether a file takes a fixed batch size, since PreNet or PostNet reads the batch size."""

    @property
    def run(self) -> Run:
        """The network itself."""

    def images(self) -> Iterator[Array]:
        """Return the validation images, a batch at a time."""

    def training_images(self, count: int) -> Array:
        """Return ``count`` training images, or all if there are fewer; always the same ones."""

    def measure(self, run: Run) -> Measurement:
        """Return the user's metric on the whole of val_dir, given a function for the outputs."""

    def write(
        self, format: Format, path: Path, batch: int | None, calibration: Array | None
    ) -> Written:
        """Write the network.

        Args:
            format: how.
            path: of the new file.
            batch: images that the file takes at a time; ``None`` for any number.
            calibration: images that show which values activations have; for int8 only.

        Raises:
            ExportError: the format cannot express the network.
        """

    def load(self, format: Format, path: Path) -> Run:
        """Return the file as its own runtime runs it, given as many images as it takes."""

    def seconds(self, format: Format, path: Path, images: int) -> float:
        """Return the median time of a run on ``images`` images, on one thread of the CPU."""


Axis = tuple[int, int] | None
"""Where an output counts images: (axis, how many entries an image has); ``None``: nowhere."""


def image_axes(run: Run, images: Array) -> list[Axis]:
    """Find the axis of each output that counts images: 1 for (time, N, classes).

    Args:
        run: the network; takes any number of images.
        images: one at least.
    """
    two, three = (run(np.concatenate([images[:1]] * count)) for count in (2, 3))
    return [image_axis(a.shape, b.shape) for a, b in zip(two, three, strict=True)]


def image_axis(two: Sequence[int], three: Sequence[int]) -> Axis:
    """Return the axis on which the output for three images is longer than that for two."""
    for axis, (less, more) in enumerate(zip(two, three, strict=False)):
        if less != more:
            return axis, more - less
    return None


def in_batches(run: Run, batch: int, axes: Sequence[Axis]) -> Run:
    """Return a function of any number of images, made of one that takes ``batch`` at a time.

    The last ones are filled up with copies, whose outputs are left out.

    Args:
        run: what takes ``batch`` images.
        batch: how many.
        axes: where each output counts images; of one that does not, the first is taken.
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
