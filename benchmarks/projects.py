"""Opening projects for benchmarks: a scenario prepared, or its trained supernet restored."""

from __future__ import annotations

from pathlib import Path

from nasea.config import load_scenario
from nasea.pipeline.checkpoint import CheckpointStore
from nasea.pipeline.events import Silence
from nasea.pipeline.probe import Prepared, prepare


def open_project(directory: Path) -> Prepared:
    """The probed scenario of a project, its supernet untrained."""
    scenario = load_scenario(directory / "scen.yaml").scenario
    return prepare(scenario, directory.resolve(), Silence())


def open_trained(directory: Path) -> Prepared:
    """A project with the supernet that an earlier search trained."""
    prepared = open_project(directory)
    stored = CheckpointStore(directory / "checkpoint", "train").load([])
    if stored is None:
        raise SystemExit(f"{directory} holds no trained supernet: run `nasea search` there first")
    prepared.backend.begin_training(prepared.paths_per_update, prepared.scenario.seed)
    prepared.backend.restore(stored.payload)
    return prepared
