"""What contracts on the results of a search stand on: a finished project, in a copy."""

from __future__ import annotations

import sys
from abc import ABC
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import pytest

from nasea.backends.export import timing
from nasea.terms import Framework
from pipeline.project import HOME, Project

N = 1
"""The architecture of the front that is worked on."""


class FinishedSearchContract(ABC):
    """Fixtures of a contract that begins where a search ended."""

    framework: ClassVar[Framework]

    @pytest.fixture(scope="class")
    @classmethod
    def ended(cls, searched: Callable[[Framework], Project]) -> Path:
        """A project whose search ended; to be looked at only."""
        return searched(cls.framework).home

    @pytest.fixture
    def home(self, ended: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A copy of the project, which is also the current directory."""
        Project(ended).copy(tmp_path / HOME)
        monkeypatch.chdir(tmp_path / HOME)
        return tmp_path / HOME

    @pytest.fixture(autouse=True)
    def _forgotten(self) -> Iterator[None]:
        yield
        sys.modules.pop("user_module", None)

    @pytest.fixture(autouse=True)
    def _soon(self) -> Iterator[None]:
        with soon():
            yield


def soon() -> Any:
    """Time a file just long enough for a figure."""
    return mock.patch.multiple(timing, SECONDS=0.0, WARM_UP_SECONDS=0.0)
