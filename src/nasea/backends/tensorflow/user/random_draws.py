"""Makes random operations in the user's PreNet, PostNet and loss depend on the batch only.

``tf.random.uniform`` and dropout have a hidden state in the runtime: it cannot be saved, and it
advances with every call, including scoring. While nasea calls or traces the user's code, stateless
counterparts replace them, with a key that nasea sets for every batch. So a resumed training drops
the same units as an uninterrupted one, and the score of an architecture does not depend on how many
were scored before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.python.ops import gen_random_ops
from tensorflow.python.ops.control_flow_v2_func_graphs import WhileBodyFuncGraph

Function = Callable[..., Any]

_MIX, _RANGE = 0x9E3779B97F4A7C15, (1 << 62) - 1  # spreads neighbouring seeds


class Draws:
    """The random key of the current batch.

    Args:
        seed: the seed of the run.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._key = tf.Variable([0, 0], dtype=tf.int64, trainable=False)

    def begin(self, stream: int, position: int = 0) -> None:
        """Set the key: the position in a stream of batches."""
        self._key.assign([(self._seed * _MIX + stream * 0x10001) & _RANGE, position])

    def go_on(self) -> None:
        """Advance to the next batch of the stream."""
        self._key.assign_add([0, 1])

    @contextmanager
    def tied(self, place: int, eagerly: bool = False) -> Iterator[None]:
        """Make random operations in the context depend on the key.

        Args:
            place: a small number that distinguishes places that draw for the same batch.
            eagerly: replace operations that run eagerly only, not those traced into a graph: the
                graph of a ``tf.data`` pipeline must draw again for every element.
        """
        count = 0

        def key() -> Any:
            nonlocal count
            count += 1
            return self._key + tf.constant([(place << 32) + count, 0], tf.int64)

        stateless = _stateless(key)
        before = {name: getattr(gen_random_ops, name) for name in stateless}
        for name, function in stateless.items():
            setattr(gen_random_ops, name, _unless_drawing_anew(function, before[name], eagerly))
        try:
            yield
        finally:
            for name, function in before.items():
                setattr(gen_random_ops, name, function)


def _unless_drawing_anew(stateless: Function, stateful: Function, eagerly: bool) -> Function:
    """Use ``stateful`` in the body of a loop, which is traced once but draws in every iteration."""

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
    """Return the replacements by name; all are also passed (seed, seed2, name)."""

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
