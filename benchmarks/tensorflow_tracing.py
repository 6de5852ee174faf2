"""What tracing costs in TensorFlow: new architectures, and many of them one after the other.

    python benchmarks/tensorflow_tracing.py

The ways to make a step are those of ``tensorflow_step.py``. Each makes one step on a number of
different architectures, in a process of its own: how long that takes, and what memory is resident
then beyond what was before. After that nasea's way trains and scores many architectures one after
the other, and functions and resident memory are counted.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nasea.space import Genome, build_space, select_blocks
from recording import record, table
from tensorflow_step import BATCH, SEED, SETTINGS, Ends, Supernet, alone, shared, taped, tf

NEW = 40
ARCHITECTURES = 500
WAYS = ("pieces", "tape", "a function each")


def begin(way: str, count: int) -> tuple[float, float]:
    """Seconds and megabytes that a way takes for a step on ``count`` new architectures."""
    shape, filters, strides = SETTINGS["small, 32x32"]
    height, width, channels = shape
    blocks = select_blocks(None, "size", {})
    space = build_space((filters[0], height, width), filters, strides, blocks)
    images = tf.random.normal((BATCH, *shape))
    labels = tf.random.uniform((BATCH,), maxval=10, dtype=tf.int64)
    rng = np.random.default_rng(SEED)
    paths = [tuple(int(rng.integers(n)) for n in space.choices) for _ in range(count)]
    ends = Ends(channels, filters[0], filters[-1])
    kept: list[Any] = []

    def each(path: Genome, *batch: Any) -> Any:
        kept.append(alone(space, ends, path)[0])
        return kept[-1](*batch)

    step: Callable[..., Any] = each
    if way != "a function each":
        supernet = Supernet(space, SEED)
        step = shared(supernet, ends) if way == "pieces" else taped(space, supernet, ends)
    before, start = resident(), time.perf_counter()
    for path in paths:
        step(path, images, labels)
    return time.perf_counter() - start, resident() - before


def endure(count: int) -> dict[str, list[float]]:
    """Functions traced and megabytes resident while ``count`` architectures train and score."""
    shape, filters, strides = (16, 16, 3), [16, 16, 32, 32, 64, 64], [1, 1, 2, 1, 2, 1]
    space = build_space((16, 16, 16), filters, strides, select_blocks(None, "size", {}))
    supernet, ends = Supernet(space, SEED), Ends(3, 16, 64)
    step = shared(supernet, ends)
    images = tf.random.normal((BATCH, *shape))
    labels = tf.random.uniform((BATCH,), maxval=10, dtype=tf.int64)
    rng = np.random.default_rng(SEED)
    rows: dict[str, list[float]] = {"architectures": [], "functions": [], "MB": [], "seconds": []}
    start = time.perf_counter()
    for done in range(count + 1):
        if done % 100 == 0:
            rows["architectures"].append(done)
            rows["functions"].append(supernet.traces)
            rows["MB"].append(resident())
            rows["seconds"].append(time.perf_counter() - start)
        path = tuple(int(rng.integers(n)) for n in space.choices)
        step(path, images, labels)
        found, _ = supernet.statistics(path, [ends.pre(images)])
        supernet.infer(path, found, ends.pre(images))
    return rows


def resident() -> float:
    """Megabytes of this process in memory."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print and record the tables."""
    context = multiprocessing.get_context("spawn")
    new: dict[str, dict[str, float]] = {}
    for way in WAYS:
        with context.Pool(1) as process:
            seconds, megabytes = process.apply(begin, (way, NEW))
        new[way] = {"seconds": seconds, "MB": megabytes}
    print(f"a first step on each of {NEW} different architectures, small, 32x32")
    rows = [[way, f"{cost['seconds']:.1f}", f"{cost['MB']:.0f}"] for way, cost in new.items()]
    print(table(["way", "seconds", "MB"], rows))
    lasting = endure(ARCHITECTURES)
    print("\ndifferent architectures trained and scored one after the other, small, 16x16")
    numbers = [[f"{v:.0f}" for v in row] for row in zip(*lasting.values(), strict=True)]
    print(table(list(lasting), numbers))
    record("tensorflow_tracing", SEED, {"new architectures": new, "endurance": lasting})


if __name__ == "__main__":
    main()
