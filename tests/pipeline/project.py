"""A tiny real project: 8x8 digits, 64 networks, some seconds from start to end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import h5py
import numpy as np
import numpy.typing as npt
import pytest
import torch

import nasea
from nasea.config import load_scenario
from nasea.errors import Notice
from nasea.pipeline.search import run
from nasea.pipeline.session.events import Progress, Stage
from nasea.results.front import Front
from nasea.strategy import Strategy

from .user_files import FRAMEWORKS, SCENARIOS, USER_MODULES

Search = Callable[..., tuple[int | str | None, str]]
"""Runs ``nasea search`` in a project; gives (exit status, stderr)."""

Array = npt.NDArray[Any]

both_frameworks = pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
"""Has a test run once with each framework; without it, it runs with PyTorch."""

HOME = Path("alone", "here", "project")
"""Folders with nothing beside it, of which a metric's private directory must hold links."""


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
    def new(cls, home: Path, framework: str = "pytorch") -> Project:
        """Write the project into ``home``, which is made."""
        home.mkdir(parents=True)
        (home / "scen.yaml").write_text(SCENARIOS[framework], encoding="utf-8")
        (home / "user_module.py").write_text(USER_MODULES[framework], encoding="utf-8")
        return cls(home)

    @property
    def framework(self) -> str:
        """What its scenario asks for."""
        return load_scenario(self.home / "scen.yaml").scenario.framework

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

    def search(
        self,
        listener: Recorder | None = None,
        *,
        restart: bool = False,
        strategy: Strategy | None = None,
    ) -> Front:
        """Run the search in this process."""
        with quick():
            return nasea.search(
                self.home / "scen.yaml",
                directory=self.home,
                restart=restart,
                listener=listener,
                strategy=strategy,
            )

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

    def weights(self) -> dict[str, Array]:
        """Every tensor of every weights file in results/."""
        return {
            f"{path.name}: {name}": value
            for path in sorted((self.home / "results").glob("model_arch_result_*"))
            for name, value in _READERS.get("".join(path.suffixes), _nothing)(path).items()
        }

    def log(self) -> str:
        """The text log."""
        return (self.home / "log_classification" / "log.txt").read_text(encoding="utf-8")


def _nothing(path: Path) -> dict[str, Array]:
    return {}


def _of_pytorch(path: Path) -> dict[str, Array]:
    return {n: value.numpy() for n, value in torch.load(path, weights_only=True).items()}


def _of_tensorflow(path: Path) -> dict[str, Array]:
    found: dict[str, Array] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


_READERS = {".pt": _of_pytorch, ".weights.h5": _of_tensorflow}


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
    assert found
    assert found.keys() == expected.keys()
    different = [name for name in found if not np.array_equal(found[name], expected[name])]
    assert not different
