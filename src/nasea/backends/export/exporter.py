"""What the pipeline asks of a framework to export one network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nasea.backends.export.formats import Format
from nasea.backends.records import Measurement

Array = npt.NDArray[Any]
Run = Callable[[Array], list[Array]]
"""Images, as the network gets them, to the tensors of its output, flat, in a fixed order."""


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
        """Whether a file takes a fixed number of images, as the ends read how many there are."""

    @property
    def run(self) -> Run:
        """The network itself."""

    def images(self) -> Iterator[Array]:
        """The validation images, a batch at a time."""

    def measure(self, run: Run) -> Measurement:
        """The user's metric on the whole of val_dir, of whatever computes the outputs."""

    def write(self, format: Format, path: Path, batch: int | None) -> None:
        """Write the network.

        Args:
            format: how.
            path: where; nothing is there.
            batch: images that the file takes at a time; ``None`` for any number.

        Raises:
            ExportError: the format cannot express the network.
        """

    def load(self, format: Format, path: Path) -> Run:
        """The file as its own runtime runs it, given as many images as it takes."""

    def seconds(self, format: Format, path: Path, images: int) -> float:
        """Median time of a run on so many images, on one thread of the CPU."""


def in_batches(run: Run, batch: int) -> Run:
    """What takes any number of images, by something that takes just ``batch`` at a time.

    The last ones are filled up with copies, whose outputs are left out.
    """

    def whole(images: Array) -> list[Array]:
        parts = []
        for first in range(0, len(images), batch):
            part = images[first : first + batch]
            filling = np.repeat(part[-1:], batch - len(part), axis=0)
            outputs = run(np.concatenate([part, filling]) if len(filling) else part)
            parts.append([output[: len(part)] for output in outputs])
        return [np.concatenate(tensors) for tensors in zip(*parts, strict=True)]

    return whole
