"""The supernet: a path is the stand-alone network, and its gradients reach the slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nasea.backends.tensorflow.environment import load_tensorflow

tf = load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.network.layers import (  # noqa: E402
    build_body,
    from_slot,
    learned_tensors,
    statistics,
)
from nasea.backends.tensorflow.network.operations import slot_layout  # noqa: E402
from nasea.backends.tensorflow.network.supernet import Supernet  # noqa: E402
from nasea.space import build_space, catalogue, fair_path, part, tensors  # noqa: E402
from nasea.space.slots import SharingPolicy  # noqa: E402

NAMES = ("skip", "inverted_k5_e3", "inverted_k3_e3_se", "basic_x0.5")
IMAGES = np.random.default_rng(0).normal(size=(3, 6, 5, 4)).astype(np.float32)


def make_supernet(policy: SharingPolicy = "entangled", taps: Sequence[int] = ()) -> Supernet:
    blocks = [catalogue()[name] for name in NAMES]
    supernet = Supernet(build_space((4, 6, 5), [4, 6], [1, 2], blocks, policy, taps), 1)
    rng = np.random.default_rng(1)
    for slot in supernet.slots.values():  # zero-initialised scales would hide half the network
        slot.assign(0.2 + 0.5 * rng.normal(size=slot.shape))
    return supernet


def standalone(supernet: Supernet, genome: tuple[int, ...]) -> tuple[Any, Any]:
    """The layers of an architecture with its share of the weights; its candidates."""
    space = supernet.space
    candidates = space.decode(genome)
    body = build_body(candidates, space.layers[0].in_shape)
    every = (tensor for candidate in candidates for tensor in tensors(candidate.program))
    for tensor, (slot, variable) in zip(every, learned_tensors(body, candidates), strict=True):
        where = slot_layout(part(space.slots[slot].shape, tensor.shape))
        variable.assign(from_slot(supernet.slots[slot][where], variable))
    return body, candidates


@pytest.mark.parametrize("policy, taps", [("entangled", (0,)), ("independent", ())])
def test_a_path_is_the_stand_alone_network(policy: SharingPolicy, taps: Sequence[int]) -> None:
    supernet = make_supernet(policy, taps)
    space = supernet.space
    for step in range(max(space.choices)):
        genome = fair_path(space.choices, 0, step)
        body, candidates = standalone(supernet, genome)
        x = tf.constant(IMAGES)
        with tf.GradientTape() as tape:
            tape.watch(x)
            features, expected = x, []
            for index, layer in enumerate(body):
                features = layer(features, training=True)
                if index in taps or index == len(body) - 1:
                    expected.append(features)
            loss = tf.add_n([tf.reduce_sum(tf.sin(each)) for each in expected])
        variables = [variable for _, variable in learned_tensors(body, candidates)]
        of_x, of_variables = tape.gradient(loss, (x, variables))

        outputs, residuals = supernet.forward(genome, x)
        found: dict[str, Any] = {}
        mine = supernet.backward(
            genome, [tf.cos(each) for each in outputs], residuals, found.__setitem__
        )
        for output, other in zip(outputs, expected, strict=True):
            np.testing.assert_allclose(output, other, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(mine, of_x, rtol=1e-3, atol=1e-3)
        every = [tensor for candidate in candidates for tensor in tensors(candidate.program)]
        assert found.keys() == {tensor.slot for tensor in every}
        for tensor, gradient in zip(every, of_variables, strict=True):
            whole = np.array(found[tensor.slot])
            where = slot_layout(part(space.slots[tensor.slot].shape, tensor.shape))
            taken = whole[where].reshape(gradient.shape)
            np.testing.assert_allclose(taken, gradient, rtol=1e-3, atol=2e-3)
            whole[where] = 0
            assert not whole.any(), "nothing outside its part of the slot"


def test_inference_uses_the_statistics_it_is_given() -> None:
    supernet = make_supernet()
    genome = fair_path(supernet.space.choices, 0, 3)
    found, [[by_batch]] = supernet.statistics(genome, [[tf.constant(IMAGES)]])
    body, candidates = standalone(supernet, genome)
    flat = [value for layer in found for value in layer]
    pairs = statistics(body, candidates)
    for (_, mean, variance), m, v in zip(pairs, flat[::2], flat[1::2], strict=True):
        mean.assign(m)
        variance.assign(v)
    x = tf.constant(IMAGES)
    for layer in body:
        x = layer(x, training=False)
    [inferred] = supernet.infer(genome, found, [tf.constant(IMAGES)])
    np.testing.assert_allclose(inferred, x, rtol=1e-4, atol=1e-4)
    assert not np.allclose(inferred, by_batch, atol=1e-3), "the variance is the unbiased one"


def test_weights_that_change_are_seen_without_tracing() -> None:
    supernet = make_supernet()
    genome = fair_path(supernet.space.choices, 0, 2)
    before, _ = supernet.forward(genome, tf.constant(IMAGES))
    traces = supernet.traces
    for slot in supernet.slots.values():
        slot.assign_add(tf.ones_like(slot))
    after, _ = supernet.forward(genome, tf.constant(IMAGES[:2]))
    assert supernet.traces == traces and after[0].shape[0] == 2
    assert not np.allclose(before[0][:2], after[0])


def test_the_seed_decides_the_initial_values() -> None:
    space = make_supernet().space
    first, second, other = (Supernet(space, seed).slots for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not all(np.array_equal(first[name], other[name]) for name in first)
