"""The examples of docs/python.md run as they stand, one after the other, in a project."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import nasea
from pipeline.project import Project, quick

pytest_plugins = ["pipeline.fixtures"]

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def test_the_examples_run(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.home)
    names: dict[str, Any] = {"__name__": "documented"}
    examples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    with quick():
        for example in examples:
            exec(compile(example, PAGE.name, "exec"), names)
    message = capsys.readouterr().out
    assert "run the same command again to resume" in message, "the callback stopped the search"
    assert "the front has no architecture 999" in message
    own = names["smaller"].best.genome
    assert own in [one.genome for one in names["front"].evaluated if one.generation == 0]
    assert (project.home / "front.svg").is_file()


def test_the_page_names_everything_that_is_offered() -> None:
    text = PAGE.read_text("utf-8")
    for name in nasea.__all__:
        assert name == "__version__" or f"nasea.{name}" in text, name
