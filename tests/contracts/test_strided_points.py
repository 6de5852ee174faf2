"""Convolutions with a kernel of 1 and a stride: what they should be, and nowhere plain ones.

The gradient of their weights corrupts memory in oneDNN where the processor has AVX-512 and the
channels are few, in TensorFlow and, with channels last, in PyTorch. So a plain one in single
precision is no reference that a test could run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.backends.torch.network.helpers import PointConv2d
from nasea.backends.torch.network.operations import OPERATIONS as TORCH_OPERATIONS
from nasea.space import Conv, build_space, catalogue

tf = load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.network.layers import build  # noqa: E402
from nasea.backends.tensorflow.network.operations import (  # noqa: E402
    OPERATIONS,
    batch_statistics,
)
from nasea.backends.tensorflow.network.supernet import Supernet  # noqa: E402

SIZES = [(8, 6), (7, 5), (1, 1), (56, 56)]
"""The last is where a plain one kills the process."""


def of_torch(
    x: np.ndarray[Any, Any], kernel: np.ndarray[Any, Any], groups: int
) -> tuple[Any, Any, Any]:
    """(y, gradient of x, gradient of the kernel) of a stride of 2, in the layout of TensorFlow.

    In double precision, which oneDNN leaves to other code.
    """
    image = torch.tensor(x.transpose(0, 3, 1, 2), dtype=torch.float64, requires_grad=True)
    weight = torch.tensor(kernel.transpose(3, 2, 0, 1), dtype=torch.float64, requires_grad=True)
    y = F.conv2d(image, weight, stride=2, groups=groups)
    (y * y).sum().backward()  # type: ignore[no-untyped-call]
    assert image.grad is not None and weight.grad is not None
    last = (0, 2, 3, 1)
    return (
        y.detach().permute(last).numpy(),
        image.grad.permute(last).numpy(),
        weight.grad.permute(2, 3, 1, 0).numpy(),
    )


@pytest.mark.parametrize("groups", [1, 2, 8], ids=["full", "grouped", "depthwise"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("written", ["supernet", "stand-alone"])
def test_pytorch_itself_is_asked_so_that_it_does_not_crash(
    written: str, size: tuple[int, int], groups: int
) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, *size, 8)).astype(np.float32)
    kernel = rng.normal(size=(1, 1, 8 // groups, 16)).astype(np.float32)
    op = Conv(8, 16, 1, "conv", stride=2, groups=groups)
    image = torch.tensor(x.transpose(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last)
    image.requires_grad_()
    if written == "stand-alone":
        layer = PointConv2d(8, 16, 1, stride=2, groups=groups, bias=False)
        weight = layer.weight
        weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1))
        with torch.no_grad():  # in evaluation mode it is the plain one
            torch.testing.assert_close(layer.eval()(image), layer.train()(image))
        y = layer(image)
    else:
        weight = torch.tensor(kernel.transpose(3, 2, 0, 1), requires_grad=True)
        weights = {f"{op.slot}/weight": weight}
        y = TORCH_OPERATIONS.run((op,), image, weights)
        with torch.no_grad():
            torch.testing.assert_close(TORCH_OPERATIONS.run((op,), image, weights), y)
    (y * y).sum().backward()
    assert image.grad is not None and weight.grad is not None
    last = (0, 2, 3, 1)
    found = (
        y.detach().permute(last).numpy(),
        image.grad.permute(last).numpy(),
        weight.grad.permute(2, 3, 1, 0).numpy(),
    )
    for ours, theirs in zip(found, of_torch(x, kernel, groups), strict=True):
        scale = float(np.abs(theirs).max())
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * scale)


def as_written(written: str, op: Conv, kernel: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """(x -> y, the variable that holds the kernel)."""
    if written == "supernet":
        variable = tf.Variable(kernel)
        name = f"{op.slot}/weight"

        def run(x: Any) -> Any:
            weights = {name: tf.convert_to_tensor(variable)}
            return OPERATIONS.run((op,), x, weights, batch_statistics)

        return run, variable
    layer = build((op,), (op.c_in, 2, 2))
    layer(tf.zeros((1, 2, 2, op.c_in)))
    (variable,) = layer.trainable_weights
    variable.assign(kernel.reshape(variable.shape))
    return layer, variable


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("groups", [1, 2, 8], ids=["full", "grouped", "depthwise"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("written", ["supernet", "stand-alone"])
def test_outputs_and_gradients_are_those_of_pytorch(
    written: str, size: tuple[int, int], groups: int, traced: bool
) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, *size, 8)).astype(np.float32)
    kernel = rng.normal(size=(1, 1, 8 // groups, 16)).astype(np.float32)
    run, variable = as_written(written, Conv(8, 16, 1, "conv", stride=2, groups=groups), kernel)

    def results(x: Any) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = run(x)
            loss = tf.reduce_sum(y * y)
        return (y, *tape.gradient(loss, [x, variable]))

    found = (tf.function(results, autograph=False) if traced else results)(tf.constant(x))
    for ours, theirs in zip(found, of_torch(x, kernel, groups), strict=True):
        scale = float(np.abs(theirs).max())
        np.testing.assert_allclose(
            np.reshape(ours, theirs.shape), theirs, rtol=1e-4, atol=1e-5 * scale
        )


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_no_gradient_of_a_block_is_that_of_a_plain_one(name: str) -> None:
    """Neither in the supernet's functions nor in the stand-alone layer."""
    block = catalogue()[name]
    program = block.build(8, 16, 2)
    if program is None:
        return
    space = build_space((8, 8, 8), [16], [2], [block])
    supernet = Supernet(space, seed=0)
    layer = build(program, (8, 8, 8))
    layer(tf.zeros((1, 8, 8, 8)))

    def of_layer(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return tape.gradient(y, [x, *layer.trainable_weights])

    spec = tf.TensorSpec((None, 8, 8, 8), tf.float32)
    trained = supernet._candidates[space.layers[0].key][0].functions.training
    graphs = [
        trained._backward._concrete.graph,
        tf.function(of_layer, autograph=False).get_concrete_function(spec).graph,
    ]
    for graph in graphs:
        kinds = {op.type for op in graph.get_operations()}
        assert "Conv2DBackpropFilter" in kinds or "DepthwiseConv2dNativeBackpropFilter" in kinds
        for op in graph.get_operations():
            if op.type.startswith("Conv2DBackprop") and max(op.get_attr("strides")) > 1:
                assert plain_kernel(op) != (1, 1)


def plain_kernel(op: Any) -> tuple[int, ...]:
    """(height, width) of the kernel that a gradient of a convolution is of."""
    shape = op.inputs[1]  # of the filter's gradient; that of the input has the filter itself there
    if op.type == "Conv2DBackpropInput":
        return tuple(int(side) for side in shape.shape[:2])
    return tuple(int(side) for side in op.outputs[0].shape[:2])
