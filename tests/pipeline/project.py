"""A tiny real project: 8x8 digits, 64 networks, a few seconds from start to end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

import torch

from nasea.errors import Notice
from nasea.pipeline import run
from nasea.pipeline.events import Progress, Stage
from nasea.results.front import Front

Search = Callable[..., tuple[int | str | None, str]]
"""Runs ``nasea search`` in a project; gives (exit status, stderr)."""

HOME = Path("alone", "here", "project")
"""Folders with nothing beside it, of which a metric's private directory must hold links."""

SCENARIO = """\
scenario:
  strategy:
    name: NASEA
    framework: PyTorch
    batch_size: 32
    epochs: 6
    seed: 0
    constraint:
      application_type: image_classification
      constraint_type: size
      constraint_value: 12000
    supernet:
      data_format: channels_first
      input_shape: [1, 8, 8]
      filters: [8, 8, 16]
      strides: [1, 1, 2]
      blocks: [separable_k3, inverted_k3_e3, basic_x0.5, basic_x1]
    optimizer:
      weights_optimizer:
        type: Adam
        learning_rate: 0.03
    dataset:
      train_dir: digits/train
      val_dir: digits/val
    searcher:
      generation_num: 3
      pop_size: 6
      bn_images: 64
      metric_mode: auto
  resource:
    name: pytorch_standalone
    gpu_id: 0
    device: cpu
    threads: 1
    data_workers: 0
"""

USER_MODULE = """\
from pathlib import Path

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

SPLITS = {"train": slice(0, 280), "val": slice(300, 500)}


class Digits(torch.utils.data.Dataset):
    def __init__(self, folder):
        digits = load_digits()
        chosen = SPLITS[Path(folder).name]
        self.images = torch.tensor(digits.images[chosen] / 16, dtype=torch.float32)[:, None]
        self.labels = torch.tensor(digits.target[chosen])
        self.noise = 0.05 if "train" in folder else 0.0

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.images[index]
        return image + self.noise * torch.randn_like(image), self.labels[index]


class UserModule:
    def __init__(self, epoch, batch_size):
        self.epoch = epoch

    def dataset_define(self, dataset_dir, is_training):
        return Digits(dataset_dir)

    def scheduler_define(self, optimizer, steps_per_epoch):
        total = self.epoch * steps_per_epoch
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)

    def metrics_func(self, eval_dataloader, eval_function):
        correct = count = 0
        for images, labels in eval_dataloader:
            logits = eval_function(images)
            correct += (logits.argmax(1) == labels).sum().item()
            count += len(labels)
        return correct / count

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
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(16, 10)

    def forward(self, inputs):
        return self.classifier(self.dropout(inputs.mean((2, 3))))
"""


@dataclass
class Recorder:
    """A listener that remembers."""

    notices: list[Notice] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    updates: int = 0

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    def begin(self, stage: Stage, title: str) -> None:
        self.stages.append(stage)

    def progress(self, progress: Progress) -> None:
        self.updates += progress.stage == "train"

    def line(self, text: str) -> None:
        self.lines.append(text)

    @property
    def told(self) -> str:
        """Everything that was said."""
        return "\n".join([*map(str, self.notices), *self.lines])


@dataclass(frozen=True)
class Project:
    """A directory with a scenario and a user module."""

    home: Path

    @classmethod
    def new(cls, home: Path) -> Project:
        """Write the project into ``home``, which is made."""
        home.mkdir(parents=True)
        (home / "scen.yaml").write_text(SCENARIO, encoding="utf-8")
        (home / "user_module.py").write_text(USER_MODULE, encoding="utf-8")
        return cls(home)

    def edit(self, file: str, *changes: tuple[str, str]) -> Project:
        """Replace text that must be there; returns the project."""
        path = self.home / file
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, f"{old!r} is not in {file}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return self

    def scenario(self, *changes: tuple[str, str]) -> Project:
        """Edit scen.yaml."""
        return self.edit("scen.yaml", *changes)

    def module(self, *changes: tuple[str, str]) -> Project:
        """Edit user_module.py."""
        return self.edit("user_module.py", *changes)

    def search(self, listener: Recorder | None = None, *, restart: bool = False) -> Front:
        """Run the search in this process."""
        scenario = self.home / "scen.yaml"
        with quick():
            return run.search(scenario, directory=self.home, restart=restart, listener=listener)

    def copy(self, home: Path) -> Project:
        """The same project elsewhere, with all that runs left there."""
        shutil.copytree(self.home, home)
        return Project(home)

    def front(self) -> Front:
        """What results/ holds."""
        return Front.load(self.home / "results" / "front.json")

    def files(self, folder: str, pattern: str = "*") -> dict[str, bytes]:
        """Name -> content of the files of a folder."""
        return {path.name: path.read_bytes() for path in (self.home / folder).glob(pattern)}

    def weights(self) -> dict[str, torch.Tensor]:
        """Every tensor of every weights file in results/."""
        return {
            f"{path.name}: {name}": tensor
            for path in sorted((self.home / "results").glob("*.pt"))
            for name, tensor in torch.load(path, weights_only=True).items()
        }

    def log(self) -> str:
        """The text log."""
        return (self.home / "log_classification" / "log.txt").read_text(encoding="utf-8")


@contextmanager
def quick() -> Iterator[None]:
    """Fewer architectures to see whether scores separate them: that takes most of the time here."""
    with mock.patch.object(run, "N_ARCHITECTURES", 4):
        yield


def outcome(front: Front) -> Front:
    """A front without the one thing in it that two equal searches do not share: the time."""
    return replace(front, info=replace(front.info, created=""))


def assert_same_results(one: Project, other: Project) -> None:
    """Two projects found the same front, with the same weights to the last bit."""
    assert outcome(one.front()) == outcome(other.front())
    expected, found = one.weights(), other.weights()
    assert found.keys() == expected.keys()
    different = [name for name in found if not torch.equal(found[name], expected[name])]
    assert not different
