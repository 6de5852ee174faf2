"""Training: what an update is, when the schedule steps, and going on after a stop bit for bit."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from nasea.backends.torch.backend import TorchBackend
from nasea.backends.torch.state import pack, unpack
from nasea.errors import CheckpointError, TrainingError, UserCodeError
from nasea.space import Genome, fair_path

from .project import PATHS_PER_UPDATE, ready, train, write_module

RANDOM_DATA = """
    import random
    import numpy as np

    class Shaken(Images):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            noise = torch.rand(()) + random.random() + np.random.rand()
            return image + 0.1 * float(noise), label

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return (Shaken if is_training else Images)(int(dataset_dir))

    class PostNet(PostNet):
        def forward(self, inputs):
            return F.dropout(super().forward(inputs), 0.2, self.training)
"""


def weights(backend: TorchBackend) -> dict[str, torch.Tensor]:
    return {name: t.clone() for name, t in backend.supernet.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_an_epoch_reads_every_image_once_but_for_a_last_batch_of_one(project: Path) -> None:
    write_module(
        project,
        """
        class Counted(Images):
            seen = []
            def __getitem__(self, index):
                Counted.seen.append(index)
                return super().__getitem__(index)

        class UserModule(UserModule):
            def dataset_define(self, dataset_dir, is_training):
                return (Counted if is_training else Images)(int(dataset_dir))
        """,
    )
    for images, batches, read in (("44", 6, 44), ("48", 6, 48), ("41", 5, 40)):
        backend = ready(project, dataset__train_dir=images)
        assert backend.data.batches_per_epoch == batches
        orders = []
        for epoch in (0, 1):
            seen = backend.user._module.Counted.seen
            seen.clear()
            reports = train(backend, [epoch])
            assert len(seen) == len(set(seen)) == read
            assert sum(report.images for report in reports) == read
            orders.append(list(seen))
        assert orders[0] != orders[1]


def test_the_schedule_steps_once_an_update(project: Path) -> None:
    backend = ready(project)
    assert backend.trainer.steps_per_epoch == 3
    reports = train(backend, [0, 1])
    assert [report.global_step for report in reports] == [1, 2, 3, 4, 5, 6]
    assert [report.step for report in reports] == [1, 2, 3, 1, 2, 3]
    assert [report.learning_rate for report in reports] == pytest.approx([0.01] * 3 + [0.009] * 3)
    assert backend.trainer.optimizer.param_groups[0]["lr"] == pytest.approx(0.0081)


def test_paths_are_asked_for_by_their_number(project: Path) -> None:
    backend = ready(project)
    asked: list[int] = []

    def path(index: int) -> Genome:
        asked.append(index)
        return fair_path(backend.supernet.space.choices, 0, index)

    for epoch in (0, 1):
        backend.train_epoch(epoch, path, lambda report: None)
    assert asked == list(range(2 * backend.data.batches_per_epoch))


def test_an_update_without_a_full_group_of_paths(project: Path) -> None:
    backend = ready(project, dataset__train_dir="40")  # five batches, two an update
    reports = train(backend)
    assert [report.images for report in reports] == [16, 16, 8]


def test_training_learns_real_digits(project: Path) -> None:
    write_module(
        project,
        """
        from sklearn.datasets import load_digits

        class Digits(Images):
            def __init__(self, n):
                digits = load_digits()
                self.images = torch.tensor(digits.images[:n, None] / 16).float()
                self.labels = torch.tensor(digits.target[:n])

        class UserModule(UserModule):
            def dataset_define(self, dataset_dir, is_training):
                return Digits(int(dataset_dir))

            def scheduler_define(self, optimizer, steps_per_epoch):
                return torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)
        """,
    )
    backend = ready(
        project,
        batch_size=64,
        dataset={"train_dir": "640", "val_dir": "100"},
        supernet__blocks=["basic_x0.5", "basic_x1"],
    )
    losses = [report.loss for report in train(backend, range(12))]
    assert sum(losses[-5:]) / 5 < 0.5 * losses[0]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_same_seed_trains_the_same(project: Path, optimizer: str) -> None:
    changes = {"optimizer": {"type": optimizer, "learning_rate": 0.01}}
    write_module(project, RANDOM_DATA)
    first, second, other = (ready(project, seed=seed, **changes) for seed in (5, 5, 6))
    for backend in (first, second, other):
        train(backend)
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(other))
    expected = torch.optim.Adam if optimizer == "adam" else torch.optim.SGD
    assert type(first.trainer.optimizer) is expected


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [2, 3, 4])
def test_a_stopped_training_goes_on_bit_for_bit(project: Path, workers: int, stop: int) -> None:
    write_module(project, RANDOM_DATA)
    unbroken = ready(project, resource__data_workers=workers)
    losses = [report.loss for report in train(unbroken, [0, 1])]

    stopped = ready(project, resource__data_workers=workers)
    before = [report.loss for report in train(stopped, [0, 1], until=stop)]
    state = stopped.state()
    resumed = ready(project, resource__data_workers=workers)
    resumed.restore(state)
    epoch, done = divmod(stop, resumed.trainer.steps_per_epoch)
    after = [report.loss for report in train(resumed, range(epoch, 2), done)]

    assert before + after == losses
    assert same(weights(resumed), weights(unbroken))
    first, second = (unpack(backend.state()) for backend in (resumed, unbroken))
    assert first["global_step"] == second["global_step"] == 6
    assert pack(first["scheduler"]) == pack(second["scheduler"])
    for a, b in zip(
        first["optimizer"]["state"].values(), second["optimizer"]["state"].values(), strict=True
    ):
        assert same(a, b)


def test_a_state_saved_at_the_last_update_of_an_epoch_leaves_nothing_to_do(project: Path) -> None:
    changes = {"dataset__train_dir": "40"}  # five batches, two an update: the third has one
    stopped, resumed = ready(project, **changes), ready(project, **changes)
    train(stopped, until=3)
    resumed.restore(stopped.state())
    assert train(resumed, [0], done=3) == []
    assert same(weights(resumed), weights(stopped))


def test_a_schedule_that_computes_with_numpy_can_be_resumed(project: Path) -> None:
    write_module(
        project,
        """
        import numpy as np

        class UserModule(UserModule):
            def scheduler_define(self, optimizer, steps_per_epoch):
                total = self.epoch * steps_per_epoch
                return torch.optim.lr_scheduler.LambdaLR(
                    optimizer, lambda step: 0.5 * (1 + np.cos(np.pi * step / total))
                )
        """,
    )
    unbroken, stopped, resumed = ready(project), ready(project), ready(project)
    train(unbroken, [0, 1])
    train(stopped, [0])
    resumed.restore(stopped.state())
    train(resumed, [1])
    assert same(weights(resumed), weights(unbroken))


def test_a_loss_that_is_not_finite_stops_before_the_weights_change(project: Path) -> None:
    write_module(
        project,
        """
        class UserModule(UserModule):
            calls = 0
            def loss_func(self, labels, logits):
                UserModule.calls += 1
                return F.cross_entropy(logits, labels) * (float("nan") if self.calls > 4 else 1)
        """,
    )
    backend = ready(project)
    train(backend, until=2)
    before = {name: p.detach().clone() for name, p in backend.supernet.named_parameters()}
    with pytest.raises(TrainingError, match="nan at update 3") as caught:
        train(backend, [1])
    assert "learning_rate" in str(caught.value.fix)
    assert same(before, {name: p.detach() for name, p in backend.supernet.named_parameters()})


def test_a_full_device_is_no_failure_of_the_users_code(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(PostNet):
            def forward(self, inputs):
                if torch.is_grad_enabled():
                    raise torch.OutOfMemoryError("out of memory, tried to allocate 20 GiB")
                return super().forward(inputs)
        """,
    )
    backend = ready(project)
    with pytest.raises(TrainingError, match="20 GiB") as caught:
        train(backend)
    assert "batch_size" in str(caught.value.fix)


def test_an_operation_in_place_that_breaks_the_gradient_is_explained(project: Path) -> None:
    write_module(
        project,
        """
        class PostNet(PostNet):
            def forward(self, inputs):
                inputs = inputs.sigmoid()
                outputs = super().forward(inputs * inputs)
                inputs.add_(1)
                return outputs
        """,
    )
    with pytest.raises(UserCodeError, match="inplace operation") as caught:
        train(ready(project))
    assert "gradient" in caught.value.doing


class Malice:
    """Pickles to a call that leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_state_that_carries_code_is_refused(project: Path) -> None:
    backend = ready(project)
    before = weights(backend)
    mark = project / "mark"
    for state in (pack({"supernet": Malice(mark)}), pickle.dumps(Malice(mark), protocol=2)):
        with pytest.raises(CheckpointError) as caught:
            backend.restore(state)
        assert "weights_only" not in str(caught.value)
        assert "--restart" in str(caught.value.fix)
    assert not mark.exists()
    assert same(before, weights(backend))


@pytest.mark.parametrize(
    "state",
    [b"", b"rubbish", pack({}), pack({"supernet": {}})],
    ids=["empty", "rubbish", "{}", "hollow"],
)
def test_a_state_that_does_not_fit_is_refused(project: Path, state: bytes) -> None:
    backend = ready(project)
    with pytest.raises(CheckpointError, match="training state"):
        backend.restore(state)


def test_a_state_of_another_space_is_refused(project: Path) -> None:
    other = ready(project, supernet__blocks=["basic_x0.5"])
    with pytest.raises(CheckpointError, match="does not fit this run"):
        ready(project).restore(other.state())


def test_trying_every_candidate_leaves_no_trace(project: Path) -> None:
    backend = ready(project)
    before = weights(backend)
    steps: list[tuple[int, int]] = []
    seconds = backend.try_candidates(lambda done, total: steps.append((done, total)))
    total = max(backend.supernet.space.choices)
    assert steps == [(turn, total) for turn in range(1, total + 1)]
    assert seconds > 0
    assert same(before, weights(backend))
    assert all(parameter.grad is None for parameter in backend.supernet.parameters())
    untried = ready(project)
    for one in (backend, untried):
        one.begin_training(PATHS_PER_UPDATE, 5)
        train(one)
    assert same(weights(backend), weights(untried))


def test_frozen_parameters_stay_and_count(project: Path) -> None:
    write_module(
        project,
        """
        class PreNet(PreNet):
            def __init__(self):
                super().__init__()
                self.conv.weight.requires_grad_(False)
        """,
    )
    backend = ready(project)
    before = weights(backend)
    train(backend)
    after = weights(backend)
    assert torch.equal(before["pre_net.conv.weight"], after["pre_net.conv.weight"])
    assert not torch.equal(
        before["post_net.classifier.weight"], after["post_net.classifier.weight"]
    )
    assert backend.probe_pre_net().costs.parameters == 8 * 9 + 16, "it counts all the same"
