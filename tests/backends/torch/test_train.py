"""Training with PyTorch: the contract, and what only PyTorch has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from contracts.kit import same
from contracts.training import TrainingContract
from nasea.backends.torch.training.state import pack, unpack
from nasea.errors import UserCodeError

from . import project as small_project
from .project import ready, train, weights, write_module

COUNTED = """
    SEEN = []

    class Numbered(Images):
        def __getitem__(self, index):
            return super().__getitem__(index)[0], index

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return Numbered(int(dataset_dir))

        def loss_func(self, labels, logits):
            SEEN.extend(labels.tolist())
            return super().loss_func(labels % 10, logits)
"""

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

DIGITS = """
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
"""

FAILS_LATER = """
    class UserModule(UserModule):
        calls = 0
        def loss_func(self, labels, logits):
            UserModule.calls += 1
            return F.cross_entropy(logits, labels) * (float("nan") if self.calls > 4 else 1)
"""

FULL_DEVICE = """
    class PostNet(PostNet):
        def forward(self, inputs):
            if torch.is_grad_enabled():
                raise torch.OutOfMemoryError("out of memory, tried to allocate 20 GiB")
            return super().forward(inputs)
"""


HOLDING = """
    class Distance(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(10))
            self.register_buffer("smooth", torch.zeros(10))

        def forward(self, x):
            self.smooth.mul_(0.9).add_(0.1 * x.detach().mean(0))
            return self.scale * x

    class UserModule(UserModule):
        def __init__(self, epoch, batch_size):
            super().__init__(epoch, batch_size)
            self.centres = nn.Parameter(torch.zeros(10, 10))
            self.parts = {"layer": nn.Linear(10, 1), "distance": Distance()}
            self.smooth, self.calls, self.seen, self.lost = torch.zeros(10), 0, [], object()

        def loss_func(self, labels, logits):
            self.calls, self.lost = self.calls + 1, object()
            self.seen.append(self.calls)
            self.smooth = 0.9 * self.smooth + 0.1 * logits.detach().mean(0)
            far = (self.parts["distance"](logits) - self.centres[labels]).pow(2).mean()
            pull = self.parts["layer"](logits).pow(2).mean() + (logits * self.smooth).mean()
            return F.cross_entropy(logits, labels) + 0.1 * (far + pull) + 1e-3 * self.calls
"""


class TestTraining(TrainingContract):
    holding = HOLDING
    kit = small_project
    counted = COUNTED
    random_data = RANDOM_DATA
    digits = DIGITS
    fails_later = FAILS_LATER
    full_device = FULL_DEVICE

    @pytest.fixture(params=[0, 2], ids=["no workers", "2 workers"])
    def loading(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        return {"resource__data_workers": request.param}

    def states_with_code(self, malice: object) -> list[bytes]:
        return [pack({"supernet": malice})]

    def states_that_do_not_fit(self) -> list[bytes]:
        return [pack({}), pack({"supernet": {}})]

    def expect_same_state(self, a: bytes, b: bytes) -> None:
        first, second = unpack(a), unpack(b)
        assert first["global_step"] == second["global_step"] == 6
        assert pack(first["scheduler"]) == pack(second["scheduler"])
        states = [content["optimizer"]["state"].values() for content in (first, second)]
        for mine, theirs in zip(*states, strict=True):
            assert mine.keys() == theirs.keys()
            assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_the_schedule_steps_once_an_update(project: Path) -> None:
    backend = ready(project)
    train(backend, [0, 1])
    assert backend.trainer.optimizer.param_groups[0]["lr"] == pytest.approx(0.0081)


@pytest.mark.parametrize("name, kind", [("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)])
def test_the_optimiser_is_the_one_asked_for(project: Path, name: str, kind: type) -> None:
    backend = ready(project, optimizer={"type": name, "learning_rate": 0.01})
    assert type(backend.trainer.optimizer) is kind


def test_trying_every_candidate_leaves_no_gradients(project: Path) -> None:
    backend = ready(project)
    backend.try_candidates(lambda done, total: None)
    assert all(parameter.grad is None for parameter in backend.supernet.parameters())


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
    frozen, trained = "pre_net.conv.weight", "post_net.classifier.weight"
    assert np.array_equal(before[frozen], after[frozen])
    assert not np.array_equal(before[trained], after[trained])
    again = backend.framework.run_pre_net(backend.batch)
    assert again.costs.parameters == 8 * 9 + 16, "it counts all the same"
