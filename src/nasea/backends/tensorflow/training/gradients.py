"""Accumulates the gradients of one update, path by path."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class Gradients:
    """The gradients of one update: for every variable, the mean over the paths that used it.

    So the effect of a learning rate does not depend on the number of paths per update.

    Attributes:
        weight: factor of the gradients added from now on.
    """

    weight = 1.0

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, gradient: Any) -> None:
        """Add the gradient of one path."""
        gradient = gradient if self.weight == 1.0 else self.weight * gradient
        known = self._sums.get(name)
        self._sums[name] = gradient if known is None else known + gradient
        self._counts[name] = self._counts.get(name, 0) + 1

    def add_all(self, names: list[str], gradients: list[Any]) -> None:
        """Add several gradients of one path; ``None`` for variables that it did not use."""
        for name, gradient in zip(names, gradients, strict=True):
            if gradient is not None:
                self.add(name, tf.convert_to_tensor(gradient))

    def means(self) -> dict[str, Any]:
        """Return the mean gradients by name."""
        return {
            name: total if self._counts[name] == 1 else total / float(self._counts[name])
            for name, total in self._sums.items()
        }
