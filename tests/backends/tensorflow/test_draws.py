"""Random operations of the user draw by the batch, not by what was run before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasea.backends.tensorflow.environment import load_tensorflow

tf = load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.user.random_draws import Draws  # noqa: E402

dropout = tf.keras.layers.Dropout(0.5)
ONES = tf.ones((64,))
OPERATIONS = {
    "uniform": lambda: tf.random.uniform((8,), 2.0, 3.0),
    "whole": lambda: tf.random.uniform((64,), 5, 9, tf.int32),
    "normal": lambda: tf.random.normal((8,)),
    "truncated": lambda: tf.random.truncated_normal((8,)),
    "shuffle": lambda: tf.random.shuffle(tf.range(64)),
    "categorical": lambda: tf.random.categorical(tf.zeros((2, 4)), 32),
    "dropout": lambda: dropout(ONES, training=True),
    "tf.nn.dropout": lambda: tf.nn.dropout(ONES, 0.5),
}


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_draws_are_those_of_the_batch(name: str, graph: bool) -> None:
    draws = Draws(seed=3)

    def pair() -> Any:
        with draws.tied(0):
            return OPERATIONS[name](), OPERATIONS[name]()

    run = tf.function(pair) if graph else pair
    found = []
    for position in (0, 1, 0):
        draws.begin(5, position)
        found.append([np.asarray(each) for each in run()])
    (first, beside), (second, _), (again, _) = found
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second) and not np.array_equal(first, beside)
    draws.begin(5)
    draws.go_on()
    assert np.array_equal(run()[0], second)
    if name == "whole":
        assert set(first.tolist()) == {5, 6, 7, 8}
    if name == "uniform":
        assert first.min() >= 2 and first.max() < 3


def test_places_streams_and_seeds_draw_apart() -> None:
    found = set()
    for seed, stream, place in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        draws = Draws(seed)
        draws.begin(stream)
        with draws.tied(place):
            found.add(float(tf.random.uniform(())))
    assert len(found) == 4


def test_every_turn_of_a_loop_draws_anew() -> None:
    draws = Draws(0)

    @tf.function
    def looped() -> Any:
        with draws.tied(0):
            return tf.map_fn(lambda _: tf.random.uniform(()), tf.zeros(8))

    assert len(set(np.asarray(looped()).tolist())) == 8


def test_what_was_there_is_put_back() -> None:
    from tensorflow.python.ops import gen_random_ops

    before = gen_random_ops.random_uniform
    with pytest.raises(ValueError), Draws(0).tied(0):
        assert gen_random_ops.random_uniform is not before
        raise ValueError
    assert gen_random_ops.random_uniform is before
