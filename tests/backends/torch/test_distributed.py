"""Two processes on the CPU, started once, against one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from contracts.kit import same
from contracts.training import Malice
from nasea.backends.base import Measurement, Slice
from nasea.backends.distributed.signing import new_key, sealed, unsealed
from nasea.backends.distributed.world import SeveralWorld
from nasea.backends.torch.backend import TorchBackend
from nasea.backends.torch.distributed.sync_norm import SyncNorm
from nasea.backends.torch.distributed.world import open_torch_world
from nasea.backends.torch.prefixes import Proof
from nasea.backends.torch.state import unpack
from nasea.errors import NaseaError
from nasea.space import Genome

from .. import driving
from .project import PATHS_PER_UPDATE, ready, scenario, train, weights, write_module
from .test_score import LOSS_METRIC
from .test_train import RANDOM_DATA

SGD = {"optimizer": {"type": "sgd", "learning_rate": 0.02}}


@pytest.fixture(scope="module")
def world() -> Iterator[SeveralWorld]:
    """Two ranks; this process is the first."""
    asked = scenario(resource__gpu_ids=[0, 1], resource__timeout=15.0)
    with open_torch_world(asked, lambda: None) as opened:
        assert isinstance(opened, SeveralWorld)
        yield opened


def led(world: SeveralWorld, directory: Path, **changes: Any) -> TorchBackend:
    """A backend on both ranks that can train and measure."""
    backend = world.open(scenario(**changes), directory)
    assert isinstance(backend, TorchBackend)
    driving.attach(backend)
    backend.begin_training(PATHS_PER_UPDATE, backend.scenario.seed)
    return backend


def scores(backend: TorchBackend, genomes: Sequence[Genome]) -> list[Measurement]:
    """Their metrics, in order."""
    found: list[Measurement] = []
    backend.measure_each([(genome, Slice()) for genome in genomes], found.append)
    return found


def genomes(backend: TorchBackend, count: int = 12) -> list[Genome]:
    return driving.random_genomes(backend.supernet.space, count)


# --- training ---


@pytest.mark.parametrize("images", ["640", "660"])
def test_twice_32_trains_as_once_64_with_synchronised_normalisation(
    world: SeveralWorld, project: Path, images: str
) -> None:
    alone = ready(project, batch_size=64, dataset__train_dir=images, **SGD)
    halved = {"optimizer": {"type": "sgd", "learning_rate": 0.01}}
    both = led(
        world,
        project,
        batch_size=32,
        dataset__train_dir=images,
        resource__batch_norm="synchronised",
        **halved,
    )
    both.supernet.load_state_dict(alone.supernet.state_dict())
    both.begin_training(PATHS_PER_UPDATE, 5)  # gives the weights to the other rank
    expected, found = train(alone, [0, 1]), train(both, [0, 1])
    assert len(found) == len(expected) >= 10
    assert [r.images for r in found] == [r.images for r in expected]
    assert [r.learning_rate for r in found] == pytest.approx([r.learning_rate for r in expected])
    np.testing.assert_allclose([r.loss for r in found], [r.loss for r in expected], rtol=1e-3)
    for name, tensor in weights(alone).items():
        np.testing.assert_allclose(weights(both)[name], tensor, rtol=1e-2, atol=1e-4)


def test_with_normalisation_of_its_own_each_rank_learns_from_its_half(
    world: SeveralWorld, project: Path
) -> None:
    backend = led(world, project, dataset__train_dir="45")  # two steps of 16, 13 left
    before = weights(backend)
    reports = train(backend, [0, 1])
    assert [report.images for report in reports] == [32, 13, 32, 13]
    assert reports[0].learning_rate == pytest.approx(2 * 0.01), "times the number of devices"
    assert all(np.isfinite(report.loss) for report in reports)
    assert not same(before, weights(backend))


def test_both_ranks_have_the_same_weights(world: SeveralWorld, project: Path) -> None:
    write_module(project, LOSS_METRIC)
    backend = led(world, project)
    train(backend, [0])
    asked = genomes(backend)
    here = [backend.measure(genome, Slice()) for genome in asked]
    assert scores(backend, asked) == here


def test_stopped_in_an_epoch_it_goes_on_bit_for_bit(world: SeveralWorld, project: Path) -> None:
    write_module(project, RANDOM_DATA)
    unbroken = led(world, project, dataset__train_dir="100")
    losses = [report.loss for report in train(unbroken, [0, 1])]
    stopped = led(world, project, dataset__train_dir="100")
    before = [report.loss for report in train(stopped, [0], until=2)]
    state = stopped.state()
    resumed = led(world, project, dataset__train_dir="100")
    assert resumed.restore(state, 2) == 2
    after = [report.loss for report in train(resumed, [0, 1], done=2)]
    assert before + after == losses
    assert same(weights(resumed), weights(unbroken))


@pytest.mark.parametrize("first", ["one", "two"])
def test_a_state_goes_on_with_another_number_of_devices(
    world: SeveralWorld, project: Path, first: str
) -> None:
    changes = {"dataset__train_dir": "128"}  # 16 batches of one rank, 8 of two; 2 paths an update
    begun = ready(project, **changes) if first == "one" else led(world, project, **changes)
    other = led(world, project, **changes) if first == "one" else ready(project, **changes)
    steps, others = (8, 4) if first == "one" else (4, 8)
    assert (begun.trainer.steps_per_epoch, other.trainer.steps_per_epoch) == (steps, others)
    train(begun, [0])
    train(begun, [1], until=steps + steps // 2 + 1)
    done = other.restore(begun.state(), steps // 2 + 1)
    assert done == (others // 2 if first == "one" else others // 2 + 2)
    assert other.trainer.global_step == others + done
    assert same(weights(other), weights(begun))
    base = 0.01 * (2 if first == "one" else 1)
    rate = other.trainer.optimizer.param_groups[0]["lr"]
    assert rate == pytest.approx(base * 0.9 ** ((others + done) // 3)), "the module's schedule"
    moments = (
        unpack(begun.state())["optimizer"]["state"],
        unpack(other.state())["optimizer"]["state"],
    )
    assert all(torch.equal(moments[0][k]["exp_avg"], moments[1][k]["exp_avg"]) for k in moments[0])
    reports = train(other, [1], done=done)
    assert sum(report.images for report in reports) >= 128 - 16 * (steps // 2 + 1) * (
        1 if first == "one" else 2
    )


# --- failures ---


def test_data_that_only_the_other_rank_cannot_read_ends_the_step_of_both(
    world: SeveralWorld, project: Path
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
    backend = led(world, project, dataset__train_dir="40")
    before = weights(backend)
    with pytest.raises(NaseaError, match="image 31 is gone") as caught:
        train(backend, range(3))
    assert "rank 1" in str(caught.value) or "rank" not in str(caught.value)
    assert not same(before, {}) and scores(backend, genomes(backend)), "both still work together"


def test_a_module_that_only_the_other_rank_cannot_import(
    world: SeveralWorld, project: Path
) -> None:
    write_module(project, f"import os\nif os.getpid() != {os.getpid()}:\n    import nothing_such")
    with pytest.raises(NaseaError, match="(?s)rank 1: .*nothing_such") as caught:
        world.open(scenario(), project)
    assert caught.value.exit_code == 2


def test_a_loss_that_is_no_number_stops_both(world: SeveralWorld, project: Path) -> None:
    write_module(
        project,
        f"""
        class UserModule(UserModule):
            def loss_func(self, labels, logits):
                import os
                loss = F.cross_entropy(logits, labels)
                return loss if os.getpid() == {os.getpid()} else loss * float("nan")
        """,
    )
    backend = led(world, project)
    before = weights(backend)
    with pytest.raises(NaseaError, match="nan at update 1"):
        train(backend)
    assert same({k: v for k, v in before.items() if "slots" in k},
                {k: v for k, v in weights(backend).items() if "slots" in k})  # fmt: skip


# --- scoring ---


def test_scores_do_not_depend_on_who_scores(world: SeveralWorld, project: Path) -> None:
    write_module(project, LOSS_METRIC)
    alone = ready(project)
    train(alone, [0, 1])
    both = led(world, project)
    both.restore(alone.state())
    asked = genomes(both, 20)
    assert scores(both, asked) == scores(alone, asked)


def test_every_candidate_is_scored_once_by_one_of_them(world: SeveralWorld, project: Path) -> None:
    write_module(
        project,
        f"""
        class UserModule(UserModule):
            def metrics_func(self, eval_dataloader, eval_function):
                import os, time
                time.sleep(0.02)
                with open({str(project / "calls")!r}, "a") as calls:
                    calls.write(str(os.getpid()) + "\\n")
                return super().metrics_func(eval_dataloader, eval_function)
        """,
    )
    backend = led(world, project)
    found = scores(backend, genomes(backend, 20))
    calls = (project / "calls").read_text().split()
    # Each process scores its first candidates with a shared beginning both ways.
    twice = len(calls) - 20
    assert len(found) == 20 and 0 <= twice <= 2 * Proof.WANTED
    assert len(set(calls)) == 2


def test_metrics_find_themselves_alone(world: SeveralWorld, project: Path) -> None:
    """They all-reduce over a group that is initialised, write fixed names, exit."""
    write_module(
        project,
        """
        class UserModule(UserModule):
            def metrics_func(self, eval_dataloader, eval_function):
                import os, pathlib, time
                if torch.distributed.is_initialized() or "WORLD_SIZE" in os.environ:
                    return -1.0
                value = super().metrics_func(eval_dataloader, eval_function)
                for _ in range(20):
                    pathlib.Path("result.json").write_text(str(value))
                    time.sleep(0.001)
                    if pathlib.Path("result.json").read_text() != str(value):
                        return -2.0
                if value < 0.11:
                    exit(-1)
                return value
        """,
    )
    backend = led(world, project)
    for one in scores(backend, genomes(backend, 16)):
        assert one.metric is None or one.metric > 0
        assert one.failure is None or "exit(-1)" in one.failure
    assert not (project / "result.json").exists()


def test_a_stop_between_scores_leaves_both_ready(world: SeveralWorld, project: Path) -> None:
    backend = led(world, project)
    seen: list[Measurement] = []

    def on_measured(one: Measurement) -> None:
        seen.append(one)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backend.measure_each([(g, Slice()) for g in genomes(backend, 20)], on_measured)
    assert len(scores(backend, genomes(backend, 8))) == 8


# --- normalisation ---


class OneRank:
    """Stands for the ranks where there is one."""

    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor[None]

    def sum_of(self, tensor: torch.Tensor) -> torch.Tensor:
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
    with open_torch_world(asked, lambda: None) as own, pytest.raises(NaseaError) as caught:
        assert isinstance(own, SeveralWorld)
        train(led(own, project, resource__batch_norm="synchronised"))
    assert "rank 1: your code failed" in caught.value.message
    assert "no such thing" in caught.value.message
    assert time.monotonic() - start < 50


# --- commands ---


def test_a_command_of_somebody_else_is_not_looked_at(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    forged = sealed(Malice(mark), "another key")
    with pytest.raises(RuntimeError, match="not written by rank 0"):
        unsealed(forged, new_key())
    assert not mark.exists()
    key = new_key()
    assert unsealed(sealed(("attach", (1,)), key), key) == ("attach", (1,))
