"""The example of docs/reference/user-module.md runs as it stands."""

from __future__ import annotations

from pathlib import Path

from nasea.backends.torch.framework import TorchFramework
from nasea.backends.torch.user.code import INTERFACE

from ..documented import REFERENCE, require_whole_interface, run_example

PAGE = REFERENCE / "user-module.md"


def test_the_example_runs(tmp_path: Path) -> None:
    assert isinstance(run_example(PAGE, tmp_path).framework, TorchFramework)


def test_the_page_names_the_whole_interface() -> None:
    require_whole_interface(PAGE, INTERFACE)
