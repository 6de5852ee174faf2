"""Projects to test on; a test module asks for them with ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nasea.backends.base import AttachedBackend
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.cli.main import main
from nasea.space import Genome

from .project import HOME, Project, Search, quick
from .user_files import FRAMEWORKS

load_tensorflow(keras_version=2)

Measure = Callable[[Any, Genome, EvaluationSubset], Measurement]


@pytest.fixture
def framework(request: pytest.FixtureRequest) -> str:
    """The framework that the projects are written for."""
    return str(getattr(request, "param", FRAMEWORKS[0]))


@pytest.fixture
def fresh(tmp_path: Path, framework: str) -> Project:
    """A project nothing was run in."""
    return Project.new(tmp_path / HOME, framework)


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """For each framework a project whose search ended, made when it is first asked for."""

    @cache
    def of(framework: str) -> Project:
        project = Project.new(tmp_path_factory.mktemp(framework) / HOME, framework)
        project.search()
        return project

    return of


@pytest.fixture
def finished(searched: Callable[[str], Project], framework: str) -> Project:
    """A project whose search ended; to be looked at only."""
    return searched(framework)


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, to go on with."""
    return finished.copy(tmp_path / HOME)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Genome, EvaluationSubset]]:
    """Everything that is measured from here on."""
    calls: list[tuple[Genome, EvaluationSubset]] = []
    monkeypatch.setattr(AttachedBackend, "measure", _counting(AttachedBackend.measure, calls))
    return calls


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Search:
    """Runs ``nasea search`` in a project, in this process; gives (exit status, stderr)."""

    def call(project: Project, *options: str) -> tuple[int | str | None, str]:
        monkeypatch.chdir(project.home)
        with pytest.raises(SystemExit) as left, quick():
            main(["search", "-c", "scen.yaml", *options])
        return left.value.code, capsys.readouterr().err

    return call


def _counting(measure: Measure, calls: list[tuple[Genome, EvaluationSubset]]) -> Measure:
    def counting(backend: AttachedBackend, genome: Genome, data: EvaluationSubset) -> Measurement:
        calls.append((genome, data))
        return measure(backend, genome, data)

    return counting
