"""``nasea doctor``: does this installation work, and do its devices work together?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nasea.backends import Alone, World, open_world
from nasea.backends.base import Measurement, Slice, UpdateReport
from nasea.config import Scenario
from nasea.errors import NotAvailableError
from nasea.pipeline.opening import open_scenario
from nasea.space import Genome, fair_path
from nasea.version import __version__

_PACKAGES = (
    "torch", "tensorflow", "tf-keras", "onnx", "onnxruntime", "ai-edge-litert", "numpy", "pymoo",
)  # fmt: skip
_MEGABYTES = 25
_WARM_UP, _STEPS = 3, 10
_CANDIDATES = 16

_MODULE = """\
import torch
from torch import nn
from torch.nn import functional as F


class Images(torch.utils.data.Dataset):
    def __init__(self, count):
        self.images = torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(count))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], index % 10


class UserModule:
    def __init__(self, epoch, batch_size):
        pass

    def dataset_define(self, dataset_dir, is_training):
        return Images(int(dataset_dir))

    def scheduler_define(self, optimizer, steps_per_epoch):
        return torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)

    def metrics_func(self, eval_dataloader, eval_function):
        right = total = 0
        for images, labels in eval_dataloader:
            right += (eval_function(images).argmax(1).cpu() == labels).sum().item()
            total += len(labels)
        return right / total

    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels)


class PreNet(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())

    def forward(self, inputs):
        return super().forward(inputs)


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(64, 10)

    def forward(self, inputs):
        return self.classifier(inputs.mean((2, 3)))
"""


@dataclass(frozen=True)
class Speed:
    """What devices do in a second.

    Attributes:
        devices: how they are called.
        images: trained.
        candidates: scored.
    """

    devices: str
    images: float
    candidates: float


def versions() -> list[tuple[str, str]]:
    """(package, version) of all that matters; what is not installed is said to be so."""
    found = [("nasea", __version__), ("Python", platform.python_version())]
    found.append(("system", f"{platform.platform()}, {os.cpu_count()} CPU cores"))
    for package in _PACKAGES:
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            version = "not installed"
        found.append((package, version))
    return found


def examine_devices(gpu_ids: Sequence[int], device: str) -> Iterator[tuple[str, str]]:
    """Try devices together and tell (what, finding) as it goes.

    Args:
        gpu_ids: as ``resource.gpu_id``.
        device: as ``resource.device``.

    Raises:
        NaseaError: something does not work; says what.
    """
    scenario = trial_scenario(gpu_ids, device)
    with trial_project() as home:
        one = measure_speed(Alone(), trial_scenario(gpu_ids[:1], device), home)
        yield "one device", _told(one)
        if len(gpu_ids) < 2:
            return
        start = time.perf_counter()
        with open_world(scenario, lambda: None) as world:
            if world.size < len(gpu_ids):
                raise NotAvailableError(
                    "; ".join(notice.text for notice in world.notices),
                    fix="nasea doctor --devices 0,1 --cpu tries processes on the CPU",
                )
            yield "processes", f"{world.size}, up after {time.perf_counter() - start:.1f} s"
            seconds = world.exchange(_MEGABYTES)
            rate = _MEGABYTES / seconds
            yield "all-reduce", f"{_MEGABYTES} MB in {seconds:.3f} s, {rate:.0f} MB/s; sum correct"
            every = measure_speed(world, scenario, home)
        yield f"{world.size} devices", _told(every)
        ratios = f"training x {every.images / one.images:.2f}"
        yield "speed-up", f"{ratios}, scoring x {every.candidates / one.candidates:.2f}"


def _told(speed: Speed) -> str:
    return (
        f"{speed.devices}: {_STEPS} steps, {speed.images:.0f} images/s; "
        f"{speed.candidates * 60:.0f} candidates/min"
    )


def measure_speed(world: World, scenario: Scenario, home: Path) -> Speed:
    """Train some steps and score some candidates.

    Args:
        world: where.
        scenario: see :func:`trial_scenario`.
        home: see :func:`trial_project`.
    """
    opened = open_scenario(scenario, home, world=world)
    backend, space = opened.backend, opened.space
    marks: list[tuple[float, int]] = []

    def on_update(report: UpdateReport) -> None:
        marks.append((time.perf_counter(), report.images))

    def path(index: int) -> Genome:
        return fair_path(space.choices, 0, index)

    try:
        backend.attach(space, 0)
        backend.begin_training(1, 0)
        epoch = 0
        while len(marks) < _WARM_UP + _STEPS:
            backend.train_epoch(epoch, path, on_update)
            epoch += 1
        taken = marks[_WARM_UP - 1 : _WARM_UP + _STEPS]
        seconds = taken[-1][0] - taken[0][0]
        images = sum(count for _, count in taken[1:])
        jobs = [(path(index), Slice()) for index in range(_CANDIDATES)]
        found: list[Measurement] = []
        backend.measure_each(jobs[: 2 * world.size], lambda one: None)  # fills caches
        start = time.perf_counter()
        backend.measure_each(jobs, found.append)
        rate = len(found) / (time.perf_counter() - start)
        failures = [one.failure for one in found if one.failure is not None]
        if failures:
            raise NotAvailableError(f"scoring fails: {failures[0]}")
        return Speed(backend.environment["device"], images / seconds, rate)
    finally:
        backend.close()


def trial_scenario(gpu_ids: Sequence[int], device: str) -> Scenario:
    """A small search of images of 32×32, 32 a device and step; arguments as above."""
    return Scenario.from_dict(
        {
            "framework": "pytorch",
            "task": "classification",
            "batch_size": 32,
            "epochs": 1,
            "constraint": {"type": "size", "value": 1e9, "processor_version": None},
            "supernet": {
                "input_shape": [3, 32, 32],
                "data_format": "channels_first",
                "filters": [32, 32, 64, 64],
                "strides": [1, 1, 2, 1],
                "blocks": ["basic_x0.5", "basic_x1", "inverted_k3_e3"],
            },
            "optimizer": {"type": "sgd", "learning_rate": 0.01},
            "dataset": {"train_dir": str(32 * _STEPS * len(gpu_ids)), "val_dir": "200"},
            "searcher": {"bn_images": 64},
            "resource": {
                "name": "pytorch_standalone",
                "gpu_ids": list(gpu_ids),
                "device": device,
                "data_workers": 0,
                "timeout": 120.0,
            },
        }
    )


@contextmanager
def trial_project() -> Iterator[Path]:
    """A directory with the user module of the trial."""
    with tempfile.TemporaryDirectory(prefix="nasea-doctor-") as folder:
        home = Path(folder)
        (home / "user_module.py").write_text(_MODULE, encoding="utf-8")
        yield home
