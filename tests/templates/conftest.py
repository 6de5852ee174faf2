"""A written project whose helper modules can be imported by their plain names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from nasea.cli.init import project_files, write_project

Load = Callable[..., ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Writes the project of a task and imports one of its modules.

    ``load("detection", "objects", CLASSES="('cell',)")`` with other settings. A second call goes on
    with the first project.
    """

    def call(task: str, name: str, framework: str = "pytorch", **settings: str) -> ModuleType:
        home = tmp_path / f"{framework}_{task}"
        if not home.exists():
            write_project(project_files(framework, task), home)
            changed = [f"{key} = {value}\n" for key, value in settings.items()]
            with (home / "settings.py").open("a") as file:
                file.writelines(changed)
        forget(but=home)
        monkeypatch.syspath_prepend(str(home))
        monkeypatch.chdir(home)  # a metric may write files
        return importlib.import_module(name)

    def forget(but: Path | None = None) -> None:
        """Modules of projects have the same names, those that other tests left behind too."""
        own = set() if but is None else {path.stem for path in but.iterdir()}
        for name, module in list(sys.modules.items()):
            path = str(getattr(module, "__file__", ""))
            theirs = path.startswith(f"{tmp_path}/") or name in own
            if theirs and not path.startswith(f"{but}/"):
                del sys.modules[name]

    yield call
    forget()
