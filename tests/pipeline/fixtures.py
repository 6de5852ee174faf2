"""Projects to test on; a test module asks for them with ``pytest_plugins``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from nasea.backends.base import AttachedBackend
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.cli.main import main
from nasea.space import Genome
from nasea.terms import Framework
from user_files import FRAMEWORKS, Files, classification

from .project import HOME, Project, Recorder, Search, quick

load_tensorflow(keras_version=2)

Searched = Callable[[Files], tuple[Project, Recorder]]
Measure = Callable[[Any, Genome, EvaluationSubset], Measurement]


@pytest.fixture
def framework(request: pytest.FixtureRequest) -> Framework:
    """The framework that the projects are written for."""
    return cast(Framework, getattr(request, "param", FRAMEWORKS[0]))


@pytest.fixture
def fresh(tmp_path: Path, framework: Framework) -> Project:
    """A project nothing was run in."""
    return Project.new(tmp_path / HOME, framework)


@pytest.fixture(scope="session")
def searched_with(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    """For any files a project whose search ended, made when it is first asked for.

    And what was said. To be looked at only.
    """

    @cache
    def with_files(files: Files) -> tuple[Project, Recorder]:
        project, message = Project.of(files, tmp_path_factory.mktemp("searched") / HOME), Recorder()
        project.search(message)
        return project, message

    return with_files


@pytest.fixture(scope="session")
def searched(searched_with: Searched) -> Callable[[Framework], Project]:
    """For each framework the digits' project, searched; to be looked at only."""
    return lambda framework: searched_with(classification.FILES[framework])[0]


@pytest.fixture
def finished(searched: Callable[[Framework], Project], framework: Framework) -> Project:
    """A project whose search ended; to be looked at only."""
    return searched(framework)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What a test imports of users' and generated files is not there for the next one."""
    yield
    for name in [n for n in sys.modules if n.startswith(("user_module", "model_arch"))]:
        del sys.modules[name]


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
