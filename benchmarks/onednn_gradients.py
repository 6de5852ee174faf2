"""Which gradients of convolutions with a stride crash TensorFlow on this processor, and where not.

    python benchmarks/onednn_gradients.py [--quick]

Each shape runs in a process of its own, forked before TensorFlow touches the device; those that die
of a signal are told. Memory that is corrupted need not kill at once: with
LD_PRELOAD=libc_malloc_debug.so.0 MALLOC_CHECK_=3 before the command it is noticed more surely.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass

import tensorflow as tf

from recording import record, table

_REPEATS, _BATCH = 20, 8


@dataclass(frozen=True)
class Shape:
    """One convolution.

    Attributes:
        kind: ``conv``, ``depthwise`` or ``subsample`` (slices, then ``conv`` without a stride).
        layout: ``NHWC`` or ``NCHW``.
        kernel: of so many pixels a side.
        stride: in both directions.
        c_in: channels read.
        c_out: channels made.
        size: pixels a side.
    """

    kind: str
    layout: str
    kernel: int
    stride: int
    c_in: int
    c_out: int
    size: int


def shapes(quick: bool) -> Iterator[Shape]:
    """What is tried."""
    channels = [(3, 8), (8, 16), (16, 32), (64, 128)]
    sizes = [56] if quick else [7, 14, 56, 112]
    for kernel, (c_in, c_out), size in itertools.product([1, 3, 5, 7], channels, sizes):
        yield Shape("conv", "NHWC", kernel, 2, c_in, c_out, size)
    for (c_in, c_out), size in itertools.product(channels, sizes):
        yield Shape("subsample", "NHWC", 1, 2, c_in, c_out, size)
        yield Shape("conv", "NHWC", 1, 1, c_in, c_out, size)
        yield Shape("conv", "NHWC", 1, 3, c_in, c_out, size)
        yield Shape("conv", "NCHW", 1, 2, c_in, c_out, size)
        yield Shape("conv", "NCHW", 3, 2, c_in, c_out, size)
    for kernel, channel, size in itertools.product([1, 3, 5, 7], [8, 32], sizes):
        yield Shape("depthwise", "NHWC", kernel, 2, channel, channel, size)


def run(shape: Shape) -> None:
    """Gradients of a convolution, many times."""
    first = shape.layout == "NCHW"
    plane = (shape.size, shape.size)
    x = tf.random.normal((_BATCH, shape.c_in, *plane) if first else (_BATCH, *plane, shape.c_in))
    made = 1 if shape.kind == "depthwise" else shape.c_out
    w = tf.random.normal((shape.kernel, shape.kernel, shape.c_in, made))
    stride = (1, 1, shape.stride, shape.stride) if first else (1, shape.stride, shape.stride, 1)

    def convolved(x: tf.Tensor, w: tf.Tensor) -> tf.Tensor:
        if shape.kind == "subsample":
            return tf.nn.conv2d(x[:, :: shape.stride, :: shape.stride], w, 1, "SAME")
        if shape.kind == "depthwise":
            return tf.nn.depthwise_conv2d(x, w, stride, "SAME")
        return tf.nn.conv2d(x, w, stride, "SAME", data_format=shape.layout)

    @tf.function
    def gradients(x: tf.Tensor, w: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = convolved(x, w)
        return tape.gradient(y, [x, w])

    for _ in range(_REPEATS):
        gradients(x, w)


def outcome(shape: Shape) -> str:
    """``fine``, the signal that killed it, or that TensorFlow has no such gradient."""
    child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        try:
            run(shape)
            os._exit(0)
        except Exception:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return "fine" if os.WEXITSTATUS(status) == 0 else "refused by TensorFlow"


def main() -> None:
    """Try all shapes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one size only")
    rows, found = [], []
    for shape in shapes(parser.parse_args().quick):
        found_text = outcome(shape)
        found.append([*astuple(shape), found_text])
        if found_text != "fine":
            rows.append([str(value) for value in found[-1]])
            print(*rows[-1], flush=True, file=sys.stderr)
    head = ["kind", "layout", "kernel", "stride", "c_in", "c_out", "size", "outcome"]
    print(f"{len(found)} shapes, {len(rows)} not fine, TensorFlow {tf.__version__}")
    print(table(head, rows))
    record("onednn_gradients", 0, {"head": head, "rows": found})


if __name__ == "__main__":
    main()
