"""The path is data: what is traced and kept does not grow with the architectures seen."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np

from nasea.backends.records import EvaluationSubset
from nasea.backends.training.trainer import Update

from .project import ready, write_module

COUNTED = """
    from collections import Counter

    CALLS = Counter()

    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            CALLS["loss"] += 1
            return super().loss_op(labels, logits)

        def metrics_op(self, inputs, outputs):
            CALLS["metric"] += 1
            return super().metrics_op(inputs, outputs)

    class PreNet(PreNet):
        def call(self, inputs, training=True):
            CALLS["PreNet"] += 1
            return super().call(inputs, training)

    class PostNet(PostNet):
        def call(self, inputs, training=True):
            CALLS["PostNet"] += 1
            return super().call(inputs, training)
"""
SPACE = {
    "supernet__filters": [8, 8, 8, 8],
    "supernet__strides": [1, 1, 1, 2],
    "supernet__blocks": ["skip", "separable_k3", "separable_k5", "inverted_k3_e3", "basic_x0.5"],
    "searcher__bn_images": 8,
    "dataset__val_dir": "8",
}


def resident_mib() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_more_architectures_cost_no_more_than_some(project: Path) -> None:
    write_module(project, COUNTED)
    backend = ready(project, **SPACE)
    space, calls = backend.supernet.space, backend.user._module.CALLS
    every = np.random.default_rng(0).permutation(int(np.prod(space.choices)))[:200]
    genomes = [tuple(map(int, np.unravel_index(each, space.choices))) for each in every]
    assert len(genomes) == 200
    batches = list(backend.data.epoch(0))

    def work(some: list[tuple[int, ...]]) -> None:
        for start in range(0, len(some), len(batches)):
            group = some[start : start + len(batches)]  # the last batch is a shorter one
            backend.trainer.learn(Update(group, rate=0.001), batches[: len(group)])
        for genome in some:
            assert backend.measure(genome, EvaluationSubset()).failure is None

    work(genomes[:60])
    traces, called, memory = backend.supernet.traces, calls.copy(), resident_mib()
    assert traces <= 4 * sum(space.choices)
    work(genomes[60:])
    assert backend.supernet.traces == traces
    assert calls == called, "nothing of the user's is traced anew or runs eagerly"
    assert resident_mib() < 1.05 * memory
    # Eagerly, and for every purpose once or, as batches are not all of a size, twice.
    assert calls["PreNet"] <= 12 and calls["PostNet"] <= 12
    assert calls["loss"] <= 4 and calls["metric"] <= 2


def test_an_epoch_traces_the_users_code_no_more_than_twice(project: Path) -> None:
    write_module(project, COUNTED)
    backend = ready(project, **SPACE)
    calls = backend.user._module.CALLS
    before = calls.copy()
    path = tuple(0 for _ in backend.supernet.space.choices)
    for epoch in range(3):
        backend.train_epoch(epoch, lambda index: path, lambda report: None)
        now = calls - before
        # Batches of 8 images, the last of 4: once for each, then once for any.
        assert now["PreNet"] <= 2 and now["PostNet"] <= 2 and now["loss"] <= 2


def test_a_loss_that_needs_numpy_runs_eagerly_and_the_rest_as_a_graph(project: Path) -> None:
    write_module(
        project,
        COUNTED
        + """
    class UserModule(UserModule):
        def loss_op(self, labels, logits):
            weights = np.bincount(labels.numpy(), minlength=10)[labels.numpy()]
            return super().loss_op(labels, logits) / weights
        """,
    )
    backend = ready(project, **SPACE)
    assert [n.text for n in backend.notices if "loss_op runs eagerly" in n.text]
    calls = backend.user._module.CALLS
    before = calls.copy()
    path = tuple(0 for _ in backend.supernet.space.choices)
    backend.train_epoch(0, lambda index: path, lambda report: None)
    assert (calls - before)["loss"] == backend.data.batches_per_epoch
    assert (calls - before)["PreNet"] <= 2 and (calls - before)["PostNet"] <= 2
