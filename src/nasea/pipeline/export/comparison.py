"""Compares an exported file with its network on real images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nasea.backends.export.exporter import Array, Run
from nasea.errors import ExportError

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
        predictions: number of predicted classes compared; 0 if no output looks like class scores.
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


def compare(network: Run, file: Run, batches: Iterable[Array], name: str) -> Comparison:
    """Run network and file on the same images.

    Args:
        network: runs the network.
        file: runs the exported file in its runtime.
        batches: batches of images.
        name: name of the file, for messages.

    Raises:
        ExportError: an output of the file has another shape than the network's, or is not finite
            where the network's is.
    """
    images = predictions = 0
    difference = largest = 0.0
    margins: list[Array] = []
    for batch in batches:
        images += len(batch)
        for expected, found in zip(network(batch), file(batch), strict=True):
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
            if _scores_classes(expected):
                margin = _margins(wide, theirs)
                predictions += margin.size
                margins.append(margin[margin >= 0])
    lost = np.concatenate(margins) if margins else np.zeros(0)
    ties = int((lost <= TIE * max(1.0, largest)).sum())
    return Comparison(images, difference, largest, predictions, len(lost), ties)


def _scores_classes(output: Array) -> bool:
    return output.ndim >= 2 and output.shape[-1] > 1 and np.issubdtype(output.dtype, np.floating)


def _margins(expected: Array, found: Array) -> Array:
    """Return the network's score of its own class minus that of the file's; -1 if equal."""
    ours, theirs = expected.argmax(-1), found.argmax(-1)
    best = np.take_along_axis(expected, ours[..., None], -1)[..., 0]
    other = np.take_along_axis(expected, theirs[..., None], -1)[..., 0]
    margin: Array = np.where(ours == theirs, -1.0, best - other)
    return margin
