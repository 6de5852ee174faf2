"""Functions of the user that run as a graph where they can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.user.module import text_of

_TOLERANCE = 1e-4


class Traceable:
    """A function of (labels, outputs), eager until it is shown to do the same as a graph.

    One that calls ``.numpy()`` or another library cannot be traced; one that branches on values or
    draws at random may be traced and give something else.

    Args:
        function: the user's.

    Attributes:
        settled: whether it is known how it runs.
        by_shape: whether it has a graph for each size of batch, as one that reads it needs.
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self._function = function
        self._graph: Any = None
        self.by_shape = False
        self._specs: list[Any] = []
        self.settled = False

    @property
    def traced(self) -> bool:
        """Whether it runs as a graph."""
        return self._graph is not None

    def __call__(self, labels: Any, outputs: Any) -> Any:
        """What the function returns."""
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
            expected: what it returned when it ran eagerly.
            labels: with these
            outputs: and these.
            before: makes what the function remembers as it was then; called once it is traced.

        Returns:
            Why it does not run as a graph; ``None`` if it does.
        """
        self.settled = True
        reason: str | None = "it gets what is no tensor"  # None, for an output that is left out
        if all(map(_is_tensor, tf.nest.flatten([labels, outputs]))):
            self._specs = [tf.nest.map_structure(_any_batch, value) for value in (labels, outputs)]
            graph = tf.function(self._function, input_signature=self._specs)
            reason = self._keep_if_equal(graph, expected, labels, outputs, before)
        if reason is not None:  # it may read how many images there are
            graph = tf.function(self._function)
            self.by_shape = self._keep_if_equal(graph, expected, labels, outputs, before) is None
        return None if self.by_shape else reason

    def _keep_if_equal(
        self, graph: Any, expected: Any, labels: Any, outputs: Any, before: Callable[[], None]
    ) -> str | None:
        """Keep a graph that does what the function did; else say why it does not."""
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
            return f"it gives {found} where it gives {expected} eagerly"[:200]
        self._graph = graph
        return None

    def stay_eager(self) -> None:
        """Decide that the function does not run as a graph."""
        self.settled = True

    def _fits(self, labels: Any, outputs: Any) -> bool:
        """Whether the graph is for such tensors: masks may be as large as each image was."""
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
    """The type of a tensor with any number of images."""
    value = tf.convert_to_tensor(value)
    shape = (None, *value.shape[1:]) if value.shape.rank else ()
    return tf.TensorSpec(shape, value.dtype)
