"""Ways in which real user modules are written, and which therefore work."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nasea.backends.records import EvaluationSubset

from .project import attached, random_genomes, ready, train, write_module

POST_NET_OF_PLANES = """
    class PostNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.classifier = nn.Linear(12 * 16, 10)

        def forward(self, inputs):
            return self.classifier(inputs.view(inputs.shape[0], -1))
"""

PRE_NET_THAT_VIEWS = """
    class PreNet(PreNet):
        def __init__(self):
            super().__init__()
            self.second = nn.Conv2d(8, 8, 3, padding=1)

        def forward(self, inputs):
            features = self.second(super().forward(inputs))
            return features.view(len(features), -1).sigmoid().view(len(features), 8, 8, 8)
"""

NESTED = """
    class Nested(Images):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return image, {"class": label, "pair": (label, {"weight": torch.ones(2)})}

    class PostNet(PostNet):
        def forward(self, inputs):
            outputs = super().forward(inputs)
            return {"out": outputs, "aux": [outputs, {"again": outputs}]}

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return Nested(int(dataset_dir))

        def loss_func(self, labels, logits):
            assert labels["pair"][1]["weight"].shape[1] == 2
            return F.cross_entropy(logits["aux"][1]["again"], labels["pair"][0])

        def metrics_func(self, eval_dataloader, eval_function):
            right = [
                (eval_function(images)["out"].argmax(1) == labels["class"]).float().mean()
                for images, labels in eval_dataloader
            ]
            return 1 - sum(right) / len(right)
"""

LOSS_PER_IMAGE = """
    class UserModule(UserModule):
        def loss_func(self, labels, logits):
            return F.cross_entropy(logits, labels, reduction="none").view(-1, 2)
"""

CALC_COUT = """
    class PreNet(PreNet):
        def calc_cout(self):
            return 8

    class PostNet(PostNet):
        def calc_cout(self):
            raise AssertionError("shapes are inferred by running PreNet and PostNet")
"""

OWN_COLLATE = """
    class Collated(Images):
        def collate_fn(self, items):
            return torch.stack([image for image, _ in items]), [int(label) for _, label in items]

    class UserModule(UserModule):
        def dataset_define(self, dataset_dir, is_training):
            return Collated(int(dataset_dir))

        def loss_func(self, labels, logits):
            return F.cross_entropy(logits, torch.tensor(labels))

        def metrics_func(self, eval_dataloader, eval_function):
            return sum(len(labels) for _, labels in eval_dataloader)
"""

IN_PLACE = """
    class PreNet(PreNet):
        def forward(self, inputs):
            return super().forward(inputs.sub_(0.5))
"""

ONE_CYCLE = """
    class UserModule(UserModule):
        def scheduler_define(self, optimizer, steps_per_epoch):
            return torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=0.01, total_steps=self.epoch * steps_per_epoch
            )
"""

KEPT_ON_SELF = """
    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.found, self.all = {"digit": {}}, [None]

        def forward(self, inputs):
            self.found["digit"]["logits"] = self.all[0] = super().forward(inputs)
            return self.found, self.all

    class UserModule(UserModule):
        def loss_func(self, labels, logits):
            return super().loss_func(labels, logits[0]["digit"]["logits"])

        def metrics_func(self, eval_dataloader, eval_function):
            pairs = [(eval_function(images), labels) for images, labels in eval_dataloader]
            assert pairs[0][0][1][0] is not pairs[1][0][1][0], "each call has its own"
            right = [(out[1][0].argmax(1) == labels).float().mean() for out, labels in pairs]
            return sum(right) / len(right)
"""

NEVER_CALLED = """
    class PreNet(PreNet):
        def __init__(self):
            super().__init__()
            self.off = nn.ModuleList([nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1)])

    class PostNet(PostNet):
        def __init__(self):
            super().__init__()
            self.off = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
"""

READS_BATCH_SIZE = """
    class PostNet(PostNet):
        def forward(self, inputs):
            return super().forward(inputs) * torch.cat([torch.ones(1, 1)] * inputs.shape[0])
"""


@pytest.mark.parametrize(
    "changes",
    [
        POST_NET_OF_PLANES,
        PRE_NET_THAT_VIEWS,
        NESTED,
        LOSS_PER_IMAGE,
        CALC_COUT,
        OWN_COLLATE,
        IN_PLACE,
        ONE_CYCLE,
        KEPT_ON_SELF,
        NEVER_CALLED,
        READS_BATCH_SIZE,
    ],
    ids=[
        "planes",
        "view",
        "nested",
        "per-image",
        "calc_cout",
        "collate",
        "in-place",
        "one-cycle",
        "kept on self",
        "never called",
        "reads batch size",
    ],
)
def test_it_works(project: Path, changes: str) -> None:
    write_module(project, changes)
    backend = ready(project)
    backend.try_candidates(lambda done, total: None)
    train(backend, range(3))
    genomes = random_genomes(backend.supernet.space, 2)
    first = [backend.measure(genome, EvaluationSubset()) for genome in genomes]
    assert all(measurement.failure is None for measurement in first)
    assert [backend.measure(genome, EvaluationSubset()) for genome in genomes] == first


@pytest.mark.parametrize(
    "changes, layout",
    [
        ("", torch.channels_last),
        (POST_NET_OF_PLANES, torch.contiguous_format),
        (PRE_NET_THAT_VIEWS, torch.contiguous_format),
    ],
    ids=["usual", "post-net views", "pre-net views"],
)
def test_the_layout_suits_the_ends(
    project: Path, changes: str, layout: torch.memory_format
) -> None:
    write_module(project, changes)
    assert attached(project).supernet.memory_format == layout


def test_a_loss_of_any_shape_is_its_mean(project: Path) -> None:
    plain = [report.loss for report in train(ready(project))]
    write_module(project, LOSS_PER_IMAGE)
    assert [report.loss for report in train(ready(project))] == pytest.approx(plain, rel=1e-6)
