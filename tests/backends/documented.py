"""Examples of the reference pages, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

from nasea.backends import open_backend
from nasea.backends.base import TrainingBackend
from nasea.backends.records import EvaluationSubset
from nasea.backends.user.module import Interface
from nasea.config import Scenario, load_scenario

from .driving import random_genomes, ready, train

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def run_example(page: Path, directory: Path) -> TrainingBackend:
    """Train and score what a page shows for an epoch, with few blocks."""
    (directory / "user_module.py").write_text(_fenced(page, "python"), "utf-8")
    scenario_file = directory / "scen.yaml"
    scenario_file.write_text(_fenced(page, "yaml"), "utf-8")
    few_blocks = load_scenario(scenario_file).scenario.to_dict()
    few_blocks["supernet"] |= {"blocks": ["skip", "basic_x0.5"]}  # type: ignore[operator]
    backend = ready(open_backend(Scenario.from_dict(few_blocks), directory))
    reports = train(backend)
    assert sum(report.images for report in reports) == 1400
    assert reports[-1].loss < reports[0].loss
    measurement = backend.measure(random_genomes(backend.space, 1)[0], EvaluationSubset())
    assert measurement.metric is not None and 0 <= measurement.metric <= 1
    return backend


def require_whole_interface(page: Path, interface: Interface) -> None:
    """Every class and method is named with its arguments."""
    text = page.read_text("utf-8")
    for class_name, methods in interface.items():
        for method, arguments in methods.items():
            name = class_name if method == "__init__" else method
            assert f"`{name}({', '.join(arguments)})`" in text


def _fenced(page: Path, language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    assert len(found) == 1
    return str(found[0])
