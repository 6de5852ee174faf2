"""Model files imported and run as users do, shared by the tests of both frameworks."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

NAME = "model_arch_result_3"

Load = Callable[[Path], ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Imports a model file as a user's program would."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    # A module that is changed within a second may keep its size, and would be taken for the old.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def with_its_own_ends(path: Path) -> ModuleType:
        sys.modules.pop("user_module", None)
        return load_file(path)

    yield with_its_own_ends
    sys.modules.pop("user_module", None)


def load_file(path: Path) -> ModuleType:
    """Run a Python file as a module, which nothing else imports by its name."""
    spec = importlib.util.spec_from_file_location(NAME, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(script: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a model file as a user would, with an ``import nasea`` that fails."""
    blocked = cwd / "blocked"
    blocked.mkdir(exist_ok=True)
    (blocked / "nasea.py").write_text("raise ImportError('a model file must not need nasea')\n")
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    return subprocess.run(
        [sys.executable, str(script)],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(blocked)},
        capture_output=True,
        text=True,
        timeout=120,
    )
