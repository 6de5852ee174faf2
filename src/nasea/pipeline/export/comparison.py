"""Compares an exported file with its network on real images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nasea.backends.export.exporter import Array, Run
from nasea.errors import ExportError
from nasea.terms import Task

TIE = 1e-4
"""Two classes tie if the network's own scores differ by less than this, relative to the largest
output (or absolutely, if that is below 1): float32 cannot distinguish them reliably."""

CLOSE = 1e-3
"""The outputs of a float32 file may differ by this much, on the same scale."""


@dataclass(frozen=True)
class Comparison:
    """The difference between the outputs of a file and those of its network.

    Attributes:
        images: number of images compared.
        difference: largest absolute difference of an output value.
        largest: largest absolute output value of the network.
        predictions: number of predicted classes compared, of images, pixels or anchors; 0 if no
            output looks like class scores.
        changed: number of predictions that differ.
        ties: number of these that are ties of the network.
    """

    images: int
    difference: float
    largest: float
    predictions: int
    changed: int
    ties: int

    def require_same(self, file: str) -> None:
        """Raise ExportError unless the file computes the same up to rounding and ties."""
        scale = max(1.0, self.largest)
        if self.changed > self.ties:
            raise ExportError(
                f"{file} is wrong and was not kept: {self.changed - self.ties} of "
                f"{self.predictions} predictions differ from the network's and are no ties; "
                f"outputs differ by up to {self.difference:.1e}",
                fix=_REPORT,
            )
        if self.difference > CLOSE * scale:
            raise ExportError(
                f"{file} is wrong and was not kept: outputs of up to {self.largest:.3g} differ by "
                f"up to {self.difference:.1e}",
                fix=_REPORT,
            )


_REPORT = "use another --format; what PreNet and PostNet compute may depend on more than the images"


_PLACES = re.compile(r"box|offset|loc|reg|delta|coord|ltrb|xywh", re.IGNORECASE)
"""What detectors call outputs that are places of objects, not class scores."""


def class_axis(name: str, rank: int, task: Task, channels_first: bool) -> int | None:
    """Return the axis of an output along which the largest value is the predicted class.

    Args:
        name: name of the output.
        rank: number of its axes, that of the images included.
        task: of the scenario.
        channels_first: whether images, and thus maps of class scores, are (N, C, H, W).

    Returns:
        The axis; ``None`` if the output is no set of class scores, as far as one can tell: a box
        has no class, and a map of a detector holds scores and places together.
    """
    if rank < 2 or (task == "detection" and (rank == 4 or _PLACES.search(name))):
        return None
    return 1 if rank == 4 and channels_first else rank - 1


def compare(
    network: Run, file: Run, batches: Iterable[Array], name: str, axes: Sequence[int | None]
) -> Comparison:
    """Run network and file on the same images.

    Args:
        network: runs the network.
        file: runs the exported file in its runtime.
        batches: batches of images.
        name: name of the file, for messages.
        axes: the axis of the classes in each output (:func:`class_axis`).

    Raises:
        ExportError: an output of the file has another shape than the network's, or is not finite
            where the network's is.
    """
    images = predictions = 0
    difference = largest = 0.0
    margins: list[Array] = []
    for batch in batches:
        images += len(batch)
        for expected, found, axis in zip(network(batch), file(batch), axes, strict=True):
            if found.shape != expected.shape:
                raise ExportError(
                    f"{name} is wrong and was not kept: an output is {found.shape}, not "
                    f"{expected.shape}",
                    fix=_REPORT,
                )
            wide, theirs = expected.astype(np.float64), found.astype(np.float64)
            if not np.isfinite(theirs[np.isfinite(wide)]).all():
                raise ExportError(
                    f"{name} is wrong and was not kept: it gives values that are not finite",
                    fix=_REPORT,
                )
            gap = np.abs(np.nan_to_num(theirs - wide))
            difference = max(difference, float(gap.max(initial=0.0)))
            largest = max(largest, float(np.abs(np.nan_to_num(wide)).max(initial=0.0)))
            if axis is not None and _scores_classes(expected, axis):
                margin = _margins(np.moveaxis(wide, axis, -1), np.moveaxis(theirs, axis, -1))
                predictions += margin.size
                margins.append(margin[margin >= 0])
    lost = np.concatenate(margins) if margins else np.zeros(0)
    ties = int((lost <= TIE * max(1.0, largest)).sum())
    return Comparison(images, difference, largest, predictions, len(lost), ties)


def _scores_classes(output: Array, axis: int) -> bool:
    return output.shape[axis] > 1 and np.issubdtype(output.dtype, np.floating)


def _margins(expected: Array, found: Array) -> Array:
    """Return the network's score of its own class minus that of the file's; -1 if equal."""
    ours, theirs = expected.argmax(-1), found.argmax(-1)
    best = np.take_along_axis(expected, ours[..., None], -1)[..., 0]
    other = np.take_along_axis(expected, theirs[..., None], -1)[..., 0]
    margin: Array = np.where(ours == theirs, -1.0, best - other)
    return margin
