"""Opening projects for benchmarks: a scenario prepared, or its trained supernet restored."""

from __future__ import annotations

from pathlib import Path

from nasea.config import load_scenario
from nasea.errors import CheckpointError
from nasea.pipeline.probe import Prepared, prepare
from nasea.pipeline.session.events import NullListener
from nasea.pipeline.supernet import trained


def open_project(directory: Path) -> Prepared:
    """The probed scenario of a project, its supernet untrained."""
    scenario = load_scenario(directory / "scen.yaml").scenario
    return prepare(scenario, directory.resolve(), NullListener())


def open_trained(directory: Path) -> Prepared:
    """A project with the supernet that an earlier search trained."""
    scenario = load_scenario(directory / "scen.yaml").scenario
    try:
        return trained.open_trained(scenario, directory.resolve(), NullListener()).prepared
    except CheckpointError as error:
        raise SystemExit(str(error)) from None
