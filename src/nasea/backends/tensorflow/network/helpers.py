"""Layers that Keras does not have; generated files carry them as they stand here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from tensorflow.keras import layers
else:
    layers = tf.keras.layers  # the name that it has in generated files


class Sum(layers.Layer):
    """The sum of branches that read the same input."""

    def __init__(self, *branches: layers.Layer) -> None:
        super().__init__()
        self.branches = list(branches)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H', W', C')."""
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        return total


class Gate(layers.Layer):
    """The input multiplied by a gate computed from it."""

    def __init__(self, gate: layers.Layer) -> None:
        super().__init__()
        self.gate = gate

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H, W, C)."""
        return x * self.gate(x)


class Subsample(layers.Layer):
    """Keep every stride-th row and column."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H', W', C)."""
        return x[:, :: self.stride, :: self.stride]


class HardSigmoid(layers.Layer):
    """relu6(x + 3) / 6; the hard_sigmoid of Keras 2 is another function."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape."""
        return tf.nn.relu6(x + 3.0) / 6.0


class HardSwish(layers.Layer):
    """x * relu6(x + 3) / 6."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape."""
        return x * tf.nn.relu6(x + 3.0) / 6.0


def strided_point(x: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
    """A strided 1x1 convolution, (N, H, W, C) -> (N, H', W', C').

    The gradient is computed as that of subsampling and a convolution with stride 1. It
    is the same, but TensorFlow's own may crash with few channels (oneDNN).
    """

    @tf.custom_gradient
    def convolved(x: tf.Tensor, kernel: tf.Tensor) -> tuple:
        def gradient(upstream: tf.Tensor) -> list:
            with tf.GradientTape() as tape:
                tape.watch([x, kernel])
                picked = tf.nn.avg_pool2d(x, 1, stride, "SAME")
                y = tf.nn.conv2d(picked, kernel, 1, "SAME")
            return tape.gradient(y, [x, kernel], upstream)

        return tf.nn.conv2d(x, kernel, stride, "SAME"), gradient

    return convolved(x, kernel)


class Conv2D(layers.Conv2D):
    """A strided 1x1 convolution whose gradient does not crash; see strided_point."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H', W', filters)."""
        x = strided_point(x, tf.convert_to_tensor(self.kernel), self.strides[0])
        return x + tf.convert_to_tensor(self.bias) if self.use_bias else x


class GroupedConv2D(layers.Layer):
    """A grouped convolution; that of Keras cannot be trained on CPUs."""

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        groups: int,
        strides: int = 1,
        padding: str = "valid",
        use_bias: bool = True,
    ) -> None:
        super().__init__()
        self.filters = filters
        self.kernel_size = kernel_size
        self.groups = groups
        self.strides = strides
        self.padding = padding.upper()
        self.use_bias = use_bias

    def build(self, shape: tf.TensorShape) -> None:
        """Make the weights."""
        sides = (self.kernel_size, self.kernel_size)
        kernel = (*sides, shape[-1] // self.groups, self.filters)
        self.kernel = self.add_weight(name="kernel", shape=kernel)
        if self.use_bias:
            bias = (self.filters,)
            self.bias = self.add_weight(name="bias", shape=bias, initializer="zeros")
        super().build(shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H', W', filters)."""
        kernels = tf.split(tf.convert_to_tensor(self.kernel), self.groups, axis=3)
        groups = zip(tf.split(x, self.groups, axis=3), kernels, strict=True)
        convolved = [self.convolve(part, kernel) for part, kernel in groups]
        x = tf.concat(convolved, axis=3)
        return x + tf.convert_to_tensor(self.bias) if self.use_bias else x

    def convolve(self, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve one group."""
        if self.kernel_size == 1 and self.strides > 1:
            return strided_point(x, kernel, self.strides)
        return tf.nn.conv2d(x, kernel, self.strides, self.padding)
