"""Two processes on the CPU, started once, against one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from contracts.devices import DevicesContract
from contracts.kit import Arrays, same
from contracts.training import Malice
from nasea.backends.base import TrainingBackend
from nasea.backends.distributed.multi_process import MultipleProcesses
from nasea.backends.distributed.wire import new_key, sign, verify
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.backends.torch.distributed.process_group import open_torch_group
from nasea.backends.torch.distributed.sync_norm import SyncNorm
from nasea.backends.torch.training.state import unpack
from nasea.errors import NaseaError, RankLostError

from .. import driving
from . import project as small_project
from .project import PATHS_PER_UPDATE, random_genomes, ready, scenario, train, weights, write_module
from .test_score import LOSS_METRIC
from .test_train import RANDOM_DATA

SGD = {"optimizer": {"type": "sgd", "learning_rate": 0.02}}


@pytest.fixture(scope="module")
def group() -> Iterator[MultipleProcesses]:
    """Two ranks; this process is the first."""
    asked = scenario(resource__gpu_ids=[0, 1], resource__timeout=15.0)
    with open_torch_group(asked, lambda: None) as opened:
        assert isinstance(opened, MultipleProcesses)
        yield opened


def led(group: MultipleProcesses, directory: Path, **changes: Any) -> TrainingBackend:
    """A backend on both ranks that can train and measure."""
    return driving.ready(group.open(scenario(**changes), directory))


class TestDevices(DevicesContract):
    """PyTorch keeps the contract."""

    kit = small_project
    loss_metric = LOSS_METRIC
    random_data = RANDOM_DATA
    metric = """
        class UserModule(UserModule):
            def metrics_func(self, eval_dataloader, eval_function):
                if torch.distributed.is_initialized():
                    return -3.0
                return value(super().metrics_func(eval_dataloader, eval_function))
    """
    loss = """
        class UserModule(UserModule):
            def loss_func(self, labels, logits):
                return super().loss_func(labels, logits) * factor()
    """

    def moments(self, state: bytes) -> Arrays:
        stored = unpack(state)["optimizer"]["state"]
        return {str(number): moment["exp_avg"].numpy() for number, moment in stored.items()}

    def rate_at(self, updates: int, devices: int) -> float:
        return float(0.01 * devices * 0.9 ** (updates // 3))


# --- training ---


@pytest.mark.parametrize("images", ["640", "660"])
def test_twice_32_trains_as_once_64_with_synchronised_normalisation(
    group: MultipleProcesses, project: Path, images: str
) -> None:
    alone = ready(project, batch_size=64, dataset__train_dir=images, **SGD)
    halved = {"optimizer": {"type": "sgd", "learning_rate": 0.01}}
    both = led(
        group,
        project,
        batch_size=32,
        dataset__train_dir=images,
        resource__batch_norm="synchronised",
        **halved,
    )
    both.supernet.load_state_dict(alone.supernet.state_dict())
    both = both.begin_training(PATHS_PER_UPDATE, 5)  # gives the weights to the other rank
    expected, found = train(alone, [0, 1]), train(both, [0, 1])
    assert len(found) == len(expected) >= 10
    assert [r.images for r in found] == [r.images for r in expected]
    assert [r.learning_rate for r in found] == pytest.approx([r.learning_rate for r in expected])
    np.testing.assert_allclose([r.loss for r in found], [r.loss for r in expected], rtol=1e-3)
    for name, tensor in weights(alone).items():
        np.testing.assert_allclose(weights(both)[name], tensor, rtol=1e-2, atol=1e-4)


# --- failures ---


def test_data_that_only_the_other_rank_cannot_read_ends_the_step_of_both(
    group: MultipleProcesses, project: Path
) -> None:
    write_module(
        project,
        """
        class Broken(Images):
            def __getitem__(self, index):
                if index == 31 and len(self) == 40:
                    raise OSError("the disk of image 31 is gone")
                return super().__getitem__(index)

        class UserModule(UserModule):
            def dataset_define(self, dataset_dir, is_training):
                return Broken(int(dataset_dir))
        """,
    )
    backend = led(group, project, dataset__train_dir="40")
    before = weights(backend)
    with pytest.raises(NaseaError, match="image 31 is gone") as caught:
        train(backend, range(3))
    assert "rank 1" in str(caught.value) or "rank" not in str(caught.value)
    assert not same(before, {})
    assert TestDevices().scores(backend, random_genomes(backend.supernet.space, 8)), (
        "both still work together"
    )


def test_a_metric_that_never_returns_on_the_other_rank_ends_the_run(project: Path) -> None:
    write_module(
        project,
        f"""
        class UserModule(UserModule):
            def metrics_func(self, eval_dataloader, eval_function):
                import os, time
                if os.getpid() != {os.getpid()}:
                    time.sleep(1e6)
                return super().metrics_func(eval_dataloader, eval_function)
        """,
    )
    asked = scenario(resource__gpu_ids=[0, 1], resource__timeout=60.0)
    seen: list[Measurement] = []
    with open_torch_group(asked, lambda: None) as own, pytest.raises(RankLostError) as caught:
        assert isinstance(own, MultipleProcesses)
        backend = led(own, project)
        own.ranks.timeout = 2.0  # only now: to start may take longer
        backend.measure_each(
            [(g, EvaluationSubset()) for g in random_genomes(backend.supernet.space, 8)],
            seen.append,
        )
    assert "a score took more than 2 s" in caught.value.message
    assert caught.value.exit_code == 130
    assert len(seen) < 8, "one of them is with the other rank"


# --- normalisation ---


class OneRank:
    """Stands for the ranks where there is one."""

    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor[None]

    def sum_over_ranks(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.clone()


@pytest.mark.parametrize("shape", [(6, 4, 5, 5), (6, 4), (6, 4, 7)])
def test_synchronised_over_one_rank_it_is_torch_s(shape: tuple[int, ...]) -> None:
    norms = [torch.nn.BatchNorm1d(4), torch.nn.BatchNorm1d(4)]
    if len(shape) == 4:
        norms = [torch.nn.BatchNorm2d(4), torch.nn.BatchNorm2d(4)]
    torch.manual_seed(0)
    values = 100 + torch.randn(shape)
    slope = torch.randn(shape)
    found = []
    for norm, synchronised in zip(norms, (False, True), strict=True):
        x = values.clone().requires_grad_()
        if synchronised:
            with SyncNorm(OneRank()):  # type: ignore[arg-type]
                y = norm(x)
        else:
            y = norm(x)
        (y * slope).sum().backward()
        assert x.grad is not None and norm.weight.grad is not None
        found.append([y.detach(), x.grad, norm.weight.grad, norm.running_mean, norm.running_var])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(theirs, mine, rtol=1e-4, atol=1e-4)


def test_a_failure_amid_synchronised_normalisation_ends_both(project: Path) -> None:
    """Others wait for statistics that will not come; they hear of it at once."""
    write_module(
        project,
        f"""
        class PostNet(PostNet):
            def forward(self, inputs):
                import os
                if self.training and torch.is_grad_enabled() and os.getpid() != {os.getpid()}:
                    raise ValueError("no such thing")
                return super().forward(inputs)
        """,
    )
    asked = scenario(resource__gpu_ids=[0, 1], resource__timeout=60.0)
    start = time.monotonic()
    with open_torch_group(asked, lambda: None) as own, pytest.raises(NaseaError) as caught:
        assert isinstance(own, MultipleProcesses)
        train(led(own, project, resource__batch_norm="synchronised"))
    assert "rank 1: your code failed" in caught.value.message
    assert "no such thing" in caught.value.message
    assert time.monotonic() - start < 50


# --- commands ---


def test_a_command_of_somebody_else_is_not_looked_at(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    forged = sign(Malice(mark), "another key")
    with pytest.raises(RuntimeError, match="not written by rank 0"):
        verify(forged, new_key())
    assert not mark.exists()
    key = new_key()
    assert verify(sign(("attach", (1,)), key), key) == ("attach", (1,))
