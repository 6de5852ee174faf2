"""Two processes on the CPU, started once, against one.

TensorFlow's collective operations must be configured before anything else in a process, so these
tests have one of their own: ``test_distributed.py`` runs them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.devices import DevicesContract
from contracts.kit import Arrays
from nasea.backends.distributed.multi_process import MultipleProcesses
from nasea.backends.opening import open_process_group
from nasea.errors import NaseaError

from .. import driving
from . import project as small_project
from .project import ready, scenario, train, weights, write_module
from .test_score import LOSS_METRIC
from .test_train import RANDOM_DATA


@pytest.fixture(scope="module")
def group() -> Iterator[MultipleProcesses]:
    """Two ranks; this process is the first."""
    asked = scenario(resource__gpu_ids=[0, 1], resource__timeout=30.0)
    with open_process_group(asked, lambda: None) as opened:
        assert isinstance(opened, MultipleProcesses)
        yield opened


class TestDevices(DevicesContract):
    """TensorFlow keeps the contract."""

    kit = small_project
    loss_metric = LOSS_METRIC
    calls_of_a_score = 3  # batches of 8
    random_data = RANDOM_DATA
    metric = """
        class UserModule(UserModule):
            def metrics_op(self, inputs, outputs):
                if tf.distribute.has_strategy():
                    return -3.0
                return value(float(np.mean(outputs.numpy().argmax(1) == inputs.numpy())))
    """
    loss = """
        class UserModule(UserModule):
            def loss_op(self, labels, logits):
                logits.numpy()  # never a graph
                return super().loss_op(labels, logits) * factor()
    """

    def moments(self, state: bytes) -> Arrays:
        from nasea.backends.tensorflow.training.state import unpack

        return {n: v for n, v in unpack(state)[0].items() if n.startswith("optimizer/")}

    def rate_at(self, updates: int, devices: int) -> float:
        batches = updates * small_project.PATHS_PER_UPDATE * devices
        return float(0.01 * devices * 0.9 ** (batches // 6))


@pytest.mark.parametrize("images", ["640", "660"])
def test_twice_32_trains_as_two_batches_of_32(
    group: MultipleProcesses, project: Path, images: str
) -> None:
    """With each batch normalised by itself: a step of two ranks and one of two equal paths."""
    sgd = {"batch_size": 32, "dataset__train_dir": images}
    alone = ready(project, optimizer={"type": "sgd", "learning_rate": 0.02}, **sgd)
    changed = scenario(optimizer={"type": "sgd", "learning_rate": 0.01}, **sgd)
    attached = driving.attach(group.open(changed, project))
    for name, slot in attached.supernet.slots.items():
        slot.assign(alone.supernet.slots[name])
    for mine, its in zip(ends(attached), ends(alone), strict=True):
        mine.assign(its)
    both = attached.begin_training(1, 5)  # gives the weights to the other rank
    assert alone.trainer.steps_per_epoch == both.trainer.steps_per_epoch >= 10
    paths = small_project.random_genomes(both.supernet.space, 32)
    expected: list[Any] = []
    found: list[Any] = []
    alone.train_epoch(0, lambda index: paths[index // 2], expected.append)
    both.train_epoch(0, lambda index: paths[index], found.append)
    assert [r.images for r in found] == [r.images for r in expected]
    assert [r.learning_rate for r in found] == pytest.approx([r.learning_rate for r in expected])
    whole = int(images) // 64
    np.testing.assert_allclose(
        [r.loss for r in found[:whole]], [r.loss for r in expected[:whole]], rtol=1e-3
    )
    if images != "640":
        return
    for name, value in weights(alone).items():
        if name in both.supernet.slots:
            np.testing.assert_allclose(weights(both)[name], value, rtol=1e-2, atol=1e-4)


def ends(backend: Any) -> list[Any]:
    """All variables of PreNet and PostNet."""
    return [*backend.framework.pre_net.model.variables, *backend.framework.post_net.model.variables]


def test_a_loss_that_only_the_other_rank_cannot_compute_ends_the_step_of_both(
    group: MultipleProcesses, project: Path
) -> None:
    write_module(
        project,
        f"""
        import os

        class UserModule(UserModule):
            def loss_op(self, labels, logits):
                logits.numpy()  # never a graph
                if os.path.exists("begun") and os.getpid() != {os.getpid()}:
                    raise OSError("the disk is gone")
                return super().loss_op(labels, logits)
        """,
    )
    backend = TestDevices().led(group, project)
    (project / "begun").touch()
    with pytest.raises(NaseaError, match="(?s)rank 1: .*the disk is gone"):
        train(backend)
    (project / "begun").unlink()
    assert len(train(backend)) == 2, "both still work together"


def test_an_exchange_is_checked(group: MultipleProcesses) -> None:
    assert group.exchange(1) > 0


def test_rank_0_writes_networks_as_a_device_runs_them(
    group: MultipleProcesses, project: Path
) -> None:
    backend = TestDevices().led(group, project)
    [genome] = small_project.random_genomes(backend.supernet.space, 1)
    assert backend.deployment().network(genome)[4:8] == b"TFL3"
