"""Random draws inside the user's ends and loss, tied to the batch.

``tf.random.uniform`` and dropout are operations with a state of their own, hidden in the runtime:
it cannot be saved, and it moves on with every call, scoring included. While nasea calls or traces
the user's code their stateless counterparts stand in, under a key that nasea sets for every batch.
So a resumed training drops the same units as an unbroken one, and an architecture scores the same
however many were scored before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.python.ops import gen_random_ops
from tensorflow.python.ops.control_flow_v2_func_graphs import WhileBodyFuncGraph

Function = Callable[..., Any]

_MIX, _RANGE = 0x9E3779B97F4A7C15, (1 << 62) - 1  # spreads seeds that lie close together


class Draws:
    """The key of the batch at work.

    Args:
        seed: the run's.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._key = tf.Variable([0, 0], dtype=tf.int64, trainable=False)

    def begin(self, stream: int, position: int = 0) -> None:
        """Say what is drawn for: the position in a stream of batches."""
        self._key.assign([(self._seed * _MIX + stream * 0x10001) & _RANGE, position])

    def go_on(self) -> None:
        """The next batch of the stream."""
        self._key.assign_add([0, 1])

    @contextmanager
    def tied(self, place: int, eagerly: bool = False) -> Iterator[None]:
        """Have random operations draw by the key.

        Args:
            place: a small number; what runs for the same batch elsewhere draws otherwise.
            eagerly: only those that run at once, and none that goes into a graph: that of a
                ``tf.data`` pipeline must draw anew for every element.
        """
        count = 0

        def key() -> Any:
            nonlocal count
            count += 1
            return self._key + tf.constant([(place << 32) + count, 0], tf.int64)

        standing_in = _stateless(key)
        before = {name: getattr(gen_random_ops, name) for name in standing_in}
        for name, function in standing_in.items():
            setattr(gen_random_ops, name, _unless_drawing_anew(function, before[name], eagerly))
        try:
            yield
        finally:
            for name, function in before.items():
                setattr(gen_random_ops, name, function)


def _unless_drawing_anew(stateless: Function, stateful: Function, eagerly: bool) -> Function:
    """The latter in the body of a loop, which is traced once and must draw anew in every turn."""

    def choose(*args: Any, **kwargs: Any) -> Any:
        anew = not tf.executing_eagerly() if eagerly else _in_loop()
        return (stateful if anew else stateless)(*args, **kwargs)

    return choose


def _in_loop() -> bool:
    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    while graph is not None:
        if isinstance(graph, WhileBodyFuncGraph):
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def _stateless(key: Callable[[], Any]) -> dict[str, Function]:
    """Stand-ins by the names of what they stand for; all get (..., seed, seed2, name) as well."""

    def random_uniform(shape: Any, dtype: Any, **_: Any) -> Any:
        return tf.random.stateless_uniform(shape, key(), dtype=dtype)

    def random_uniform_int(shape: Any, minval: Any, maxval: Any, **_: Any) -> Any:
        low = tf.convert_to_tensor(minval)
        return tf.random.stateless_uniform(shape, key(), low, maxval, low.dtype)

    def random_standard_normal(shape: Any, dtype: Any, **_: Any) -> Any:
        return tf.random.stateless_normal(shape, key(), dtype=dtype)

    def truncated_normal(shape: Any, dtype: Any, **_: Any) -> Any:
        return tf.random.stateless_truncated_normal(shape, key(), dtype=dtype)

    def random_shuffle(value: Any, **_: Any) -> Any:
        return tf.random.experimental.stateless_shuffle(value, key())

    def multinomial(logits: Any, num_samples: Any, output_dtype: Any = tf.int64, **_: Any) -> Any:
        return tf.random.stateless_categorical(logits, num_samples, key(), output_dtype)

    return {
        function.__name__: function
        for function in (
            random_uniform,
            random_uniform_int,
            random_standard_normal,
            truncated_normal,
            random_shuffle,
            multinomial,
        )
    }
