"""Builds networks as the files that a device runs."""

from __future__ import annotations

from typing import Literal, Protocol

from nasea.space import Genome, Program, Shape


class Deployment(Protocol):
    """Networks as the files that a device runs; their weights need not be trained.

    All files take one image, float32.
    """

    suffix: str
    """File name suffix: ``.onnx`` or ``.tflite``."""

    def nothing(self) -> bytes:
        """Return a minimal network, which measures the fixed cost of a run."""

    def user_network(self, name: Literal["PreNet", "PostNet"]) -> bytes:
        """Return PreNet or PostNet as a network of its own."""

    def block(self, program: Program, in_shape: Shape) -> bytes:
        """Return a block as a network of its own; ``in_shape`` is (channels, height, width)."""

    def network(self, genome: Genome) -> bytes:
        """Return a whole network."""
