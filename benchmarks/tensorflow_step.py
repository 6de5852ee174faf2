"""What weight sharing costs in TensorFlow: a step on a sampled path against the network alone.

    python benchmarks/tensorflow_step.py

The step is forward and backward on one batch with batch statistics. *Alone* is the same network
with weights of its own under one ``tf.function``, traced for it. *Pieces* is how nasea trains
(docs/decisions/0008), *tape* the plain way: a ``tf.function`` for each candidate under an outer
gradient tape. Aim: at most 1.15. The optimiser (Adam) is timed apart: it steps the whole of every
slot that the path uses a part of. All are timed in turn within one run.

What tracing costs each way is in ``tensorflow_tracing.py``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nasea.backends.tensorflow.environment import load_tensorflow

tf = load_tensorflow(2)
tf.get_logger().setLevel("ERROR")  # it takes many functions for one that is traced anew

from nasea.backends.tensorflow.network.operations import OPERATIONS, batch_statistics  # noqa: E402
from nasea.backends.tensorflow.network.supernet import Supernet  # noqa: E402
from nasea.backends.tensorflow.training.optimizers import Adam  # noqa: E402
from nasea.space import Genome, Space, build_space, select_blocks, tensors  # noqa: E402
from recording import record, table  # noqa: E402

SEED = 0
PATHS = 6
TURNS = 5
SECONDS = 2.0
BATCH = 64
SETTINGS = {
    "digits, 8x8": ((8, 8, 1), [16, 16, 32, 32, 64, 64], [1, 1, 2, 1, 2, 1]),
    "small, 32x32": ((32, 32, 3), [16, 16, 32, 32, 64, 64], [1, 1, 2, 1, 2, 1]),
    "default filters, 32x32": (
        (32, 32, 3),
        [64, 64, 128, 128, 256, 256, 512, 512],
        [1, 1, 2, 1, 2, 1, 2, 1],
    ),
}

Variables = dict[str, Any]


class Ends:
    """A convolution before the body; the mean of the planes and a linear layer behind it."""

    def __init__(self, channels: int, first: int, last: int) -> None:
        normal = tf.random.Generator.from_seed(SEED).normal
        self.kernel = tf.Variable(normal((3, 3, channels, first), stddev=0.1))
        self.scale, self.shift = tf.Variable(tf.ones(first)), tf.Variable(tf.zeros(first))
        self.linear = tf.Variable(normal((last, 10), stddev=0.1))
        self.before = [self.kernel, self.scale, self.shift]

    def pre(self, images: Any) -> Any:
        x = tf.nn.conv2d(images, self.kernel, 1, "SAME")
        return tf.nn.relu(batch_statistics(x, self.scale, self.shift))

    def loss(self, x: Any, labels: Any) -> Any:
        logits = tf.matmul(tf.reduce_mean(x, (1, 2)), self.linear)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def seconds(step: Callable[[], Any]) -> float:
    """Wall time of one step, its result read."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def alone(space: Space, ends: Ends, path: Genome) -> tuple[Callable[..., Any], Variables]:
    """A step of the network of a path by itself, and its variables."""
    candidates = space.decode(path)
    own = {
        t.slot: tf.Variable(tf.random.normal([*t.shape[2:], *t.shape[1::-1]]) * 0.1)
        for candidate in candidates
        for t in tensors(candidate.program)
    }
    variables = [*own.values(), *ends.before, ends.linear]

    @tf.function
    def step(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            x = ends.pre(images)
            for candidate in candidates:
                x = OPERATIONS.run(candidate.program, x, own, batch_statistics)
            loss = ends.loss(x, labels)
        return loss, tape.gradient(loss, variables)

    return step, own


def shared(supernet: Supernet, ends: Ends) -> Callable[..., Any]:
    """Nasea's step on any path."""
    pre = tf.function(ends.pre, reduce_retracing=True)

    @tf.function(reduce_retracing=True)
    def head(x: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = ends.loss(x, labels)
        return loss, *tape.gradient(loss, (x, ends.linear))

    def step(path: Genome, images: Any, labels: Any) -> Any:
        gradients: Variables = {}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(ends.before)
            first = pre(images)
        (x,), residuals = supernet.forward(path, first)
        loss, of_x, _ = head(x, labels)
        of_x = supernet.backward(path, [of_x], residuals, gradients.__setitem__)
        tape.gradient(first, ends.before, of_x)
        return loss, gradients

    return step


def taped(space: Space, supernet: Supernet, ends: Ends) -> Callable[..., Any]:
    """The plain way: a function for each candidate under one tape."""
    pre, loss_of = tf.function(ends.pre), tf.function(ends.loss)
    functions: dict[tuple[int, int], Any] = {}

    def function(layer: int, gene: int) -> Any:
        if (layer, gene) not in functions:
            one = supernet._candidates[space.layers[layer].key][gene]
            bind = one.functions._bind
            functions[layer, gene] = tf.function(
                lambda x: OPERATIONS.run(one.program, x, bind(), batch_statistics)
            )
        return functions[layer, gene]

    def step(path: Genome, images: Any, labels: Any) -> Any:
        names = supernet.slots_of(path)
        variables = [*(supernet.slots[name] for name in names), *ends.before, ends.linear]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            x = pre(images)
            for layer, gene in enumerate(path):
                x = function(layer, gene)(x)
            loss = loss_of(x, labels)
        return loss, tape.gradient(loss, variables)

    return step


def measure(
    shape: tuple[int, int, int], filters: list[int], strides: list[int]
) -> dict[str, list[float]]:
    """Median time of each way on each random path over that of the network alone."""
    height, width, channels = shape
    blocks = select_blocks(None, "size", {})
    space = build_space((filters[0], height, width), filters, strides, blocks)
    supernet, ends = Supernet(space, SEED), Ends(channels, filters[0], filters[-1])
    step, plain = shared(supernet, ends), taped(space, supernet, ends)
    optimizer = Adam(supernet.slots, 0.9, 0.999)
    images = tf.random.normal((BATCH, *shape))
    labels = tf.random.uniform((BATCH,), maxval=10, dtype=tf.int64)
    rng = np.random.default_rng(SEED)
    found: dict[str, list[float]] = {n: [] for n in ("pieces", "tape", "optimiser", "images/s")}
    for _ in range(PATHS):
        path = tuple(int(rng.integers(count)) for count in space.choices)
        network, own = alone(space, ends, path)
        own_optimizer = Adam(own, 0.9, 0.999)
        gradients = step(path, images, labels)[1]
        own_gradients = {name: tf.zeros_like(value) for name, value in own.items()}
        turn = (
            lambda f=network: float(f(images, labels)[0]),
            lambda p=path: float(step(p, images, labels)[0]),
            lambda p=path: float(plain(p, images, labels)[0]),
            lambda g=gradients: optimizer.apply(g, 1e-4),
            lambda g=own_gradients, o=own_optimizer: o.apply(g, 1e-4),
        )
        for part in (*turn, *turn):
            part()
        times: list[list[float]] = []
        while len(times) < TURNS or sum(map(sum, times)) < SECONDS:
            times.append([seconds(part) for part in turn])
        found["pieces"].append(statistics.median(b / a for a, b, *_ in times))
        found["tape"].append(statistics.median(c / a for a, _, c, *_ in times))
        found["optimiser"].append(statistics.median(d / e for *_, d, e in times))
        found["images/s"].append(BATCH / statistics.median(b for _, b, *_ in times))
    return found


def cells(ratios: Sequence[float]) -> list[str]:
    """Median, lowest and highest."""
    return [f"{of(ratios):.3f}" for of in (statistics.median, min, max)]


def main() -> None:
    """Print and record the tables."""
    rows, results = [], {}
    for name, setting in SETTINGS.items():
        found = results[name] = measure(*setting)
        median = {part: f"{statistics.median(found[part]):.3f}" for part in ("tape", "optimiser")}
        speed = f"{statistics.median(found['images/s']):.0f}"
        rows.append([name, *cells(found["pieces"]), median["tape"], median["optimiser"], speed])
    print(f"time / that of the network alone, {PATHS} random paths, at least {TURNS} turns each")
    head = ["network", "pieces: median", "lowest", "highest", "tape", "optimiser", "images/s"]
    print(table(head, rows))
    record("tensorflow_step", SEED, results)


if __name__ == "__main__":
    main()
