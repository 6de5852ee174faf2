"""Places with spaces, quotes and letters of other scripts: searched in, and results run from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.project import Project

pytest_plugins = ["pipeline.fixtures"]

ODD = "my project, 'größe' \"π\" $(touch mark) `touch mark` 网络; {x} %s #1"


@pytest.mark.parametrize("devices", ["0", "0,1"])
def test_an_odd_place_is_like_any_other(tmp_path: Path, devices: str) -> None:
    project = Project.new(tmp_path / ODD)
    project.scenario(
        ("epochs: 6", "epochs: 2"),
        ("generation_num: 3", "generation_num: 1"),
        ("metric_mode: auto", "metric_mode: max"),
        ("train_dir: digits/train", 'train_dir: "Ziffern für $HOME; {x}/train"'),
        ("gpu_id: 0", f"gpu_id: {devices}"),
    )
    front = project.search()
    assert front.members
    if devices == "0":
        model, _ = front.files_of(front.best)
        (project.home / model).write_bytes((project.home / "results" / model).read_bytes())
        ran = subprocess.run(
            [sys.executable, model], cwd=project.home, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
    assert not list(tmp_path.rglob("mark")), "no shell read a name"
