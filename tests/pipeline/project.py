"""A tiny real project: 8x8 digits, 64 networks, some seconds from start to end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import nasea
from nasea.config import load_scenario
from nasea.errors import Notice
from nasea.pipeline.search import run
from nasea.pipeline.session.events import Progress, Stage
from nasea.results.front import Front
from nasea.strategy import Strategy
from nasea.terms import Framework
from user_files import FRAMEWORKS, Files, changed, classification

from .result_files import Array, tensors

Search = Callable[..., tuple[int | str | None, str]]
"""Runs ``nasea search`` in a project; gives (exit status, stderr)."""

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
    def text(self) -> str:
        """All notices and lines."""
        return "\n".join([*map(str, self.notices), *self.lines])


@dataclass(frozen=True)
class Project:
    """A directory with a scenario and a user module."""

    home: Path

    @classmethod
    def new(cls, home: Path, framework: Framework = "pytorch") -> Project:
        """Write the digits' project into ``home``, which is made."""
        return cls.of(classification.FILES[framework], home)

    @classmethod
    def of(cls, files: Files, home: Path) -> Project:
        """Write a user's files into ``home``, which is made."""
        files.write(home)
        return cls(home)

    @property
    def framework(self) -> str:
        """What its scenario asks for."""
        return load_scenario(self.home / "scen.yaml").scenario.framework

    def edit(self, file: str, *changes: tuple[str, str]) -> Project:
        """Replace text that must be there; returns the project."""
        path = self.home / file
        path.write_text(changed(path.read_text(encoding="utf-8"), *changes), encoding="utf-8")
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

    def without_search(self) -> Project:
        """Take it back to where the supernet was trained; returns the project."""
        for path in (self.home / "checkpoint").glob("search-*"):
            path.unlink()
        return self

    def front(self) -> Front:
        """What results/ holds."""
        return Front.load(self.home / "results" / "front.json")

    def files(self, folder: str, pattern: str = "*") -> dict[str, bytes]:
        """Name -> content of the files of a folder."""
        found = (self.home / folder).glob(pattern)
        return {path.name: path.read_bytes() for path in found if path.is_file()}

    def weights(self) -> dict[str, Array]:
        """Every tensor of every weights file in results/."""
        return {
            f"{path.name}: {name}": value
            for path in sorted((self.home / "results").glob("model_arch_result_*"))
            for name, value in tensors(path).items()
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
    """A front without what two equal searches do not share: times, which checkpoints have too."""
    return replace(front, info=replace(front.info, created="", supernet=""))


def assert_same_results(one: Project, other: Project) -> None:
    """Two projects found the same front, with the same weights to the last bit."""
    assert outcome(one.front()) == outcome(other.front())
    expected, found = one.weights(), other.weights()
    assert found
    assert found.keys() == expected.keys()
    different = [name for name in found if not np.array_equal(found[name], expected[name])]
    assert not different
