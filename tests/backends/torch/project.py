"""A small project: a user module over made-up images, its scenario, and a backend at any stage.

Tests change the module by appending Python to it, which may subclass what stands before.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nasea.backends.base import UpdateReport
from nasea.backends.torch.backend import TorchBackend
from nasea.config import Scenario
from nasea.space import Genome, Space, build_space, catalogue, fair_path

# Images of ten classes, 1×8×8. The directory of a data set is the number of its images.
USER_MODULE = """
import torch
from torch import nn
from torch.nn import functional as F


class Images(torch.utils.data.Dataset):
    def __init__(self, n):
        generator = torch.Generator().manual_seed(n)
        classes = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        self.labels = torch.randint(0, 10, (n,), generator=generator)
        self.images = classes[self.labels] + 0.3 * torch.rand(n, 1, 8, 8, generator=generator)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


class UserModule:
    def __init__(self, epoch, batch_size):
        self.epoch, self.batch_size = epoch, batch_size

    def dataset_define(self, dataset_dir, is_training):
        return Images(int(dataset_dir))

    def scheduler_define(self, optimizer, steps_per_epoch):
        return torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.9)

    def metrics_func(self, eval_dataloader, eval_function):
        right = total = 0
        for images, labels in eval_dataloader:
            right += (eval_function(images).argmax(1).cpu() == labels).sum().item()
            total += len(labels)
        return right / total

    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels)


class PreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, inputs):
        return F.relu(self.norm(self.conv(inputs)))


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(12, 10)

    def forward(self, inputs):
        return self.classifier(inputs.mean((2, 3)))
"""

BLOCKS = ("skip", "separable_k3", "inverted_k3_e3_se", "inverted_k5_e3", "basic_x0.5", "basic_x1")

PATHS_PER_UPDATE = 2


def write_module(directory: Path, changes: str = "") -> None:
    """Write ``user_module.py``: the one above, then ``changes``."""
    text = USER_MODULE + "\n\n" + textwrap.dedent(changes)
    (directory / "user_module.py").write_text(text, encoding="utf-8")


def scenario(**changes: Any) -> Scenario:
    """A scenario with some of its keys, ``section__key`` or ``key``, replaced."""
    content: dict[str, Any] = {
        "framework": "pytorch",
        "task": "classification",
        "batch_size": 8,
        "epochs": 3,
        "seed": 5,
        "constraint": {"type": "size", "value": 1e6, "processor_version": None},
        "supernet": {
            "input_shape": [1, 8, 8],
            "data_format": "channels_first",
            "filters": [8, 8, 12],
            "strides": [1, 1, 2],
            "blocks": list(BLOCKS),
        },
        "optimizer": {"type": "adam", "learning_rate": 0.01},
        "dataset": {"train_dir": "44", "val_dir": "20"},
        "searcher": {"bn_images": 20},
        "resource": {
            "name": "pytorch_standalone",
            "gpu_ids": [0],
            "device": "cpu",
            "data_workers": 0,
            "threads": 1,
        },
    }
    for key, value in changes.items():
        section, _, name = key.partition("__")
        if name:
            content[section][name] = value
        else:
            content[section] = value
    return Scenario.from_dict(content)


def space_of(backend: TorchBackend) -> Space:
    """The space of the backend's scenario, as the pipeline builds it."""
    pre_net = backend.probe_pre_net()
    assert pre_net.out_shape is not None
    settings = backend.scenario.supernet
    blocks = [catalogue()[name] for name in settings.blocks or ()]
    return build_space(
        pre_net.out_shape, settings.filters, settings.strides, blocks, settings.sharing
    )


def attached(directory: Path, **changes: Any) -> TorchBackend:
    """A backend with data open and the supernet built."""
    backend = TorchBackend(scenario(**changes), directory)
    backend.load_data(None)
    backend.attach(space_of(backend), backend.scenario.seed)
    return backend


def ready(directory: Path, **changes: Any) -> TorchBackend:
    """A backend that can train and measure."""
    backend = attached(directory, **changes)
    backend.begin_training(PATHS_PER_UPDATE, backend.scenario.seed)
    return backend


def train(
    backend: TorchBackend, epochs: Sequence[int] = (0,), done: int = 0, until: int | None = None
) -> list[UpdateReport]:
    """Train epochs, the first from update ``done``; stop once ``until`` updates were made."""
    reports: list[UpdateReport] = []

    def path(index: int) -> Genome:
        return fair_path(backend.supernet.space.choices, backend.scenario.seed, index)

    def on_update(report: UpdateReport) -> None:
        reports.append(report)
        if report.global_step == until:
            raise Stopped

    with _until_stopped():
        for epoch in epochs:
            backend.train_epoch(epoch, path, on_update, done)
            done = 0
    return reports


def random_genomes(space: Space, count: int, seed: int = 0) -> list[Genome]:
    """Some architectures of a space."""
    return [fair_path(space.choices, seed, step) for step in range(count)]


class Stopped(Exception):
    """Raised by a listener, as a stop request is."""


@contextmanager
def _until_stopped() -> Iterator[None]:
    try:
        yield
    except Stopped:
        pass
