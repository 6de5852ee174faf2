"""Runs the user's functions as graphs if possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.user.module import text_of

_TOLERANCE = 1e-4


class Traceable:
    """A function of (labels, outputs) that runs eagerly unless its graph gives the same result.

    A function that calls ``.numpy()`` or another library cannot be traced. One that branches on
    values or draws random numbers may be traced but give another result.

    Args:
        function: the user's function.

    Attributes:
        settled: whether it is decided how the function runs.
        by_shape: whether there is a graph for each batch size, because the function reads it.
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self._function = function
        self._graph: Any = None
        self.by_shape = False
        self._specs: list[Any] = []
        self.settled = False

    @property
    def traced(self) -> bool:
        """Whether the function runs as a graph."""
        return self._graph is not None

    def __call__(self, labels: Any, outputs: Any) -> Any:
        """Call the function, as a graph if that is valid for these arguments."""
        fits = self._graph is not None and self._fits(labels, outputs)
        return (self._graph if fits else self._function)(labels, outputs)

    def settle(
        self,
        expected: Any,
        labels: Any,
        outputs: Any,
        before: Callable[[], None] = lambda: None,
    ) -> str | None:
        """Decide how the function runs.

        Args:
            expected: what it returned for ``labels`` and ``outputs`` when it ran eagerly.
            labels: labels of one batch.
            outputs: outputs for the batch.
            before: restores what the function remembers; called after tracing.

        Returns:
            Why it does not run as a graph; ``None`` if it does.
        """
        self.settled = True
        reason: str | None = "its arguments are not all tensors"  # e.g. None for a missing output
        if all(map(_is_tensor, tf.nest.flatten([labels, outputs]))):
            self._specs = [tf.nest.map_structure(_any_batch, value) for value in (labels, outputs)]
            graph = tf.function(self._function, input_signature=self._specs)
            reason = self._keep_if_equal(graph, expected, labels, outputs, before)
        if reason is not None:  # the function may read the batch size
            graph = tf.function(self._function)
            self.by_shape = self._keep_if_equal(graph, expected, labels, outputs, before) is None
        return None if self.by_shape else reason

    def _keep_if_equal(
        self, graph: Any, expected: Any, labels: Any, outputs: Any, before: Callable[[], None]
    ) -> str | None:
        """Keep the graph if it gives the expected result; otherwise return why it does not."""
        try:
            graph.get_concrete_function(labels, outputs)
            before()
            found = np.asarray(graph(labels, outputs), np.float64)
            same = np.allclose(
                found, np.asarray(expected, np.float64), _TOLERANCE, _TOLERANCE, equal_nan=True
            )
        except Exception as error:
            lines = [line.strip() for line in text_of(error).splitlines() if line.strip()]
            return f"{type(error).__name__}: {lines[-1] if lines else ''}"[:200]
        if not same:
            return f"it returns {found} as a graph but {expected} eagerly"[:200]
        self._graph = graph
        return None

    def stay_eager(self) -> None:
        """Decide that the function always runs eagerly."""
        self.settled = True

    def _fits(self, labels: Any, outputs: Any) -> bool:
        """Return whether the graph accepts these tensors: masks may have the size of each image."""
        if self.by_shape:
            return True
        pairs = zip(tf.nest.flatten(self._specs), tf.nest.flatten([labels, outputs]), strict=False)
        return all(spec.is_compatible_with(value) for spec, value in pairs)


def _is_tensor(value: Any) -> bool:
    try:
        tf.convert_to_tensor(value)
    except (TypeError, ValueError):
        return False
    return True


def _any_batch(value: Any) -> tf.TensorSpec:
    """Return the spec of a tensor with any batch size."""
    value = tf.convert_to_tensor(value)
    shape = (None, *value.shape[1:]) if value.shape.rank else ()
    return tf.TensorSpec(shape, value.dtype)
