"""Scoring speed: candidates a minute against the bare forward passes they need.

    python benchmarks/scoring_speed.py PROJECT

PROJECT is a directory in which `nasea search` has trained a supernet (``make demo`` makes
``demo_digits``, ``make demo-tf`` ``demo_digits_tf``). The bare time is that of the same forward
passes on a ready network and images in memory: the statistics images once, the validation images
once. Aim: at most 1.2 times that.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from nasea.backends.records import EvaluationSubset
from projects import open_trained
from recording import record, table

CANDIDATES = 20


def pytorch_seconds(backend: Any, genome: tuple[int, ...]) -> float:
    """Seconds of the forward passes alone."""
    import torch

    supernet, data = backend.supernet, backend.data
    kept = {k: v.clone() for k, v in supernet.state_dict().items()}
    network = supernet.network(genome, supernet.pre_net, supernet.post_net)
    layout = supernet.memory_format
    validation = [images for images, _ in data.evaluation(None, None)]
    statistics_images = [x.contiguous(memory_format=layout) for x in data.statistics(0)]
    validation = [x.contiguous(memory_format=layout) for x in validation]
    with torch.no_grad():
        start = time.perf_counter()
        network.train()
        for images in statistics_images:
            network(images)
        network.eval()
        for images in validation:
            network(images)
        seconds = time.perf_counter() - start
    supernet.load_state_dict(kept)
    return seconds


def tensorflow_seconds(backend: Any, genome: tuple[int, ...]) -> float:
    """The same on a stand-alone network under ``tf.function``, traced before."""
    import tensorflow as tf

    from nasea.backends.tensorflow.network.weights import assemble

    data = backend.data
    user_networks = backend.framework.pre_net.model, backend.framework.post_net.model
    layout = backend.scenario.supernet.data_format
    validation = [images for images, _ in data.evaluation(None, None)]
    with backend.scorer.calibrated(genome) as found:
        network = assemble(backend.supernet, genome, found, user_networks, layout)
        train = tf.function(lambda images: network(images, training=True), reduce_retracing=True)
        infer = tf.function(lambda images: network(images, training=False), reduce_retracing=True)
        for _ in range(2):  # the first one traces
            start = time.perf_counter()
            for images in data.statistics(0):
                train(images)
            for images in validation:
                infer(images)
            seconds = time.perf_counter() - start
    return seconds


BARE_SECONDS = {"pytorch": pytorch_seconds, "tensorflow": tensorflow_seconds}


def main() -> None:
    """Print and record the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    arguments = parser.parse_args()
    prepared = open_trained(arguments.project)
    backend, framework = prepared.backend, prepared.scenario.framework
    genomes = prepared.sample(CANDIDATES)
    for genome in genomes:  # fills the caches; TensorFlow traces candidates when first needed
        backend.measure(genome, EvaluationSubset())
    scored, bare = [], []
    for genome in genomes:
        start = time.perf_counter()
        backend.measure(genome, EvaluationSubset())
        scored.append(time.perf_counter() - start)
        bare.append(BARE_SECONDS[framework](backend, genome))
    ratio = statistics.median(a / b for a, b in zip(scored, bare, strict=True))
    rows = [
        ["scored by nasea", f"{60 / statistics.mean(scored):.0f}", f"{ratio:.3f}"],
        ["bare forward passes", f"{60 / statistics.mean(bare):.0f}", "1"],
    ]
    print(f"{CANDIDATES} random architectures, {prepared.data.val_images} validation images")
    print(table(["", "candidates / minute", "time ratio (median)"], rows))
    results = {"framework": framework, "ratio": ratio, "scored": scored, "bare": bare}
    record(f"scoring_speed_{arguments.project.name}", prepared.scenario.seed, results)


if __name__ == "__main__":
    main()
