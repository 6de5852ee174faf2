"""Projects to test on; a test module asks for them with ``pytest_plugins``."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.backends.base import Measurement, Slice
from nasea.backends.torch.backend import TorchBackend
from nasea.cli.main import main
from nasea.space import Genome

from .project import HOME, Project, Search, quick


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A project nothing was run in."""
    return Project.new(tmp_path / HOME)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose search ended; to be looked at only."""
    project = Project.new(tmp_path_factory.mktemp("finished") / HOME)
    project.search()
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, to go on with."""
    return finished.copy(tmp_path / HOME)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Genome, Slice]]:
    """Everything that is measured from here on."""
    calls: list[tuple[Genome, Slice]] = []
    measure = TorchBackend.measure

    def counting(self: TorchBackend, genome: Genome, data: Slice) -> Measurement:
        calls.append((genome, data))
        return measure(self, genome, data)

    monkeypatch.setattr(TorchBackend, "measure", counting)
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
