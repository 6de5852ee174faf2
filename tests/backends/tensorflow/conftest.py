"""A directory with the small project's user module; everything global is put back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .project import write_module


@pytest.fixture(autouse=True)
def untouched_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back the search path and the imported user module."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("user_module", None)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a project, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    write_module(tmp_path)
    return tmp_path
