"""The example of docs/reference/user-module-tensorflow.md runs as it stands."""

from __future__ import annotations

from pathlib import Path

from nasea.backends.tensorflow.framework import TensorFlowFramework
from nasea.backends.tensorflow.user.interface import INTERFACE

from ..documented import REFERENCE, require_whole_interface, run_example

PAGE = REFERENCE / "user-module-tensorflow.md"


def test_the_example_runs(tmp_path: Path) -> None:
    assert isinstance(run_example(PAGE, tmp_path).framework, TensorFlowFramework)


def test_the_page_names_the_whole_interface() -> None:
    require_whole_interface(PAGE, INTERFACE)
