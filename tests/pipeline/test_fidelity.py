"""A supernet's ranking beside stand-alone training: agrees with `nasea retrain`, resumes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nasea.cli.main import app
from nasea.errors import CheckpointError, Interrupted, NaseaError, ResultsError, TrainingError
from nasea.pipeline.diagnosis.fidelity import Study, fidelity
from nasea.pipeline.probe import Prepared
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.pipeline.retraining.standalone import StandaloneTraining
from nasea.pipeline.session.events import Progress
from nasea.results.fidelity import Fidelity
from nasea.space import Genome

from .project import HOME, Project, Recorder, both_frameworks
from .stopping import Stops

SMALL = Study(architectures=4, epochs=1, seeds=1)


pytest_plugins = ["pipeline.fixtures"]


def run(project: Project, study: Study = SMALL, listener: Recorder | None = None) -> Fidelity:
    return fidelity(
        project.home / "scen.yaml", study, directory=project.home, listener=listener or Recorder()
    )


@both_frameworks
def test_standalone_is_retraining_from_scratch(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = project.front()
    member = front.best
    sample = Prepared.sample

    def with_the_best(prepared: Prepared, count: int) -> list[Genome]:
        others = [genome for genome in sample(prepared, count) if genome != member.genome]
        return [member.genome, *others][:count]

    monkeypatch.setattr(Prepared, "sample", with_the_best)
    monkeypatch.setattr("nasea.pipeline.diagnosis.fidelity.LEAST", 2)
    found = run(project, Study(architectures=2, epochs=2, seeds=1))
    row = next(row for row in found.rows if row.genome == member.genome)
    assert row.blocks == member.blocks
    assert row.cost == front.cost_of(member)
    assert row.supernet == pytest.approx(member.accuracy, abs=1e-6)
    monkeypatch.chdir(project.home)
    outcome = retrain(
        Path("scen.yaml"), member.number, Request(from_scratch=True, epochs=2), formats=()
    )
    accuracy = outcome.retrained.epochs[-1].metric
    assert row.alone == pytest.approx((accuracy,), abs=1e-6)


def of_a_training(progress: Progress) -> bool:
    return progress.stage == "fidelity" and progress.unit == "update"


@pytest.fixture(scope="module")
def studied(
    tmp_path_factory: pytest.TempPathFactory, searched: Callable[[str], Project]
) -> tuple[Project, Fidelity]:
    """A project that was studied once; to be copied."""
    project = searched("pytorch").copy(tmp_path_factory.mktemp("studied") / HOME)
    return project, run(project)


class Untrained(Recorder):
    """Refuses any training."""

    def progress(self, progress: Progress) -> None:
        assert not of_a_training(progress), "nothing is trained"


def test_it_goes_on_where_it_was(project: Project, studied: tuple[Project, Fidelity]) -> None:
    _, whole = studied
    with pytest.raises(Interrupted):
        run(project, listener=Stops(of_a_training, 22))
    assert run(project) == whole
    written = json.loads((project.home / "results" / "fidelity.json").read_text())
    assert [tuple(row["alone"]) for row in written["rows"]] == [row.alone for row in whole.rows]
    assert (project.home / "results" / "fidelity.png").stat().st_size > 10_000


def test_what_was_trained_is_kept(tmp_path: Path, studied: tuple[Project, Fidelity]) -> None:
    project, whole = studied[0].copy(tmp_path / HOME), studied[1]
    assert run(project, listener=Untrained()) == whole
    message = Recorder()
    more = run(project, Study(architectures=5, epochs=1, seeds=1), message)
    assert set(whole.rows) < set(more.rows) and len(more.rows) == 5
    assert sum("training 5/5" in line for line in message.lines) == 1
    assert not any("training 4/5" in line for line in message.lines), "what is known is kept"


def test_one_that_cannot_be_trained_costs_no_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = StandaloneTraining.run
    calls = iter(range(100))

    def fails_once(self: StandaloneTraining) -> None:
        if next(calls) == 1:
            raise TrainingError("the loss is not a number")
        runs(self)

    monkeypatch.setattr(StandaloneTraining, "run", fails_once)
    message = Recorder()
    study = Study(architectures=5, epochs=1, seeds=1)
    found = run(project, study, message)
    assert (len(found.rows), found.failed) == (4, 1)
    assert "the loss is not a number" in message.text
    assert len(run(project, study).rows) == 5, "failures are tried again"


def test_the_command_prints_the_measures(
    studied: tuple[Project, Fidelity], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = studied[0].copy(tmp_path / HOME)
    monkeypatch.chdir(project.home)
    asked = ["fidelity", "--architectures", "4", "--epochs", "1"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    for words in (
        "Kendall tau of cost alone",
        "between two stand-alone trainings",
        "Spearman",
        "supernet's 1 best",
        "overrated by",
    ):
        assert words in result.output
    measures = json.loads((project.home / "results" / "fidelity.json").read_text())["measures"]
    assert set(measures["family_bias"]) <= {"separable", "inverted", "basic"}


def test_architectures_of_one_cost(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasea.pipeline.diagnosis.fidelity.LEAST", 2)
    found = run(project, Study(architectures=3, epochs=1, seeds=1, cost=2530.0))
    assert found.slice_at == 2530.0
    assert all(abs(row.cost / 2530 - 1) <= 0.05 for row in found.rows)
    with pytest.raises(ResultsError, match="only 0 architectures are within 5 % of 1.3 k "):
        run(project, Study(architectures=3, epochs=1, seeds=1, cost=1300.0))


def test_what_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(NaseaError, match="--architectures must be at least 4 and at most 200, "):
        run(project, Study(architectures=2))
    untouched = Project.new(tmp_path / "untouched")
    with pytest.raises(ResultsError, match="no results of a search") as caught:
        run(untouched)
    assert "run nasea search there" in str(caught.value.fix)
    for path in (project.home / "checkpoint").glob("train-*.ckpt"):
        path.unlink()
    with pytest.raises(CheckpointError, match="holds no supernet"):
        run(project)
