"""A directory with the small project's user module; everything global is put back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from .project import write_module


@pytest.fixture(autouse=True)
def untouched_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back the search path, the imported user module and torch's threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("user_module", None)
    torch.set_num_threads(threads)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a project, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    write_module(tmp_path)
    return tmp_path
