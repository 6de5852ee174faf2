"""Networks as the files that a device runs."""

from __future__ import annotations

from typing import Literal, Protocol

from nasea.space import Genome, Program, Shape


class Deployment(Protocol):
    """Networks as the files that a device runs, with weights that need not be trained.

    All take one image, float32.
    """

    suffix: str
    """Ending of the files: ``.onnx`` or ``.tflite``."""

    def nothing(self) -> bytes:
        """A minimal network, to measure the fixed cost of a run."""

    def end(self, name: Literal["PreNet", "PostNet"]) -> bytes:
        """An end by itself."""

    def block(self, program: Program, in_shape: Shape) -> bytes:
        """A block by itself; ``in_shape`` is (channels, height, width)."""

    def network(self, genome: Genome) -> bytes:
        """A whole network."""
