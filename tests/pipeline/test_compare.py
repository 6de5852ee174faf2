"""Results of a search beside hand picks: trained alike, kept, resumed, written."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nasea.cli.main import app
from nasea.errors import CheckpointError, Interrupted, NaseaError, ResultsError
from nasea.pipeline.hand_picks.compare import CompareOptions, compare, planned_comparison
from nasea.pipeline.hand_picks.contenders import ContenderSelection
from nasea.pipeline.retraining.halving import retrain_best
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.pipeline.session.events import Progress
from nasea.results.front import Front
from nasea.results.standings import Standings
from nasea.results.teachers import distilled
from nasea.space.hand_picks import TOLERANCE

from .project import HOME, Project, Recorder, both_frameworks
from .result_files import count_and_score, header_of
from .stopping import Stops

pytest_plugins = ["pipeline.fixtures"]

BUDGET = 9000.0
FOLDER = "compare_9k_size"
SMALL = CompareOptions(
    ContenderSelection(BUDGET, (1,), ("resnet_d1", "mobilenetv3")), epochs=1, seeds=1
)


def run(
    project: Project, options: CompareOptions = SMALL, listener: Recorder | None = None
) -> Standings:
    return compare(
        project.home / "scen.yaml", options, directory=project.home, listener=listener or Recorder()
    )


def timeless(found: Standings) -> Standings:
    """What two equal comparisons share: all but the seconds."""
    return replace(found, rows=tuple(replace(row, seconds=()) for row in found.rows))


def in_the_third_training(progress: Progress) -> bool:
    return (progress.figures.get("training"), progress.done) == ("3 of 4", 4)


@pytest.fixture(scope="module")
def compared(
    tmp_path_factory: pytest.TempPathFactory, searched: Callable[[str], Project]
) -> Callable[[str], tuple[Project, Standings]]:
    """For each framework a project whose results were compared; to be looked at only."""

    @cache
    def of(framework: str) -> tuple[Project, Standings]:
        project = searched(framework).copy(tmp_path_factory.mktemp(framework) / HOME)
        return project, run(project)

    return of


@both_frameworks
def test_equal_cost_equal_training_and_true_files(
    compared: Callable[[str], tuple[Project, Standings]], framework: str
) -> None:
    project, found = compared(framework)
    names = {row.name: row for row in found.rows}
    assert set(names) == {"architecture 1", "architecture 1, inherited", "resnet_d1", "mobilenetv3"}
    assert [row.mean for row in found.rows] == sorted((r.mean for r in found.rows), reverse=True)
    for name in ("resnet_d1", "mobilenetv3"):
        assert abs(names[name].parameters / BUDGET - 1) <= TOLERANCE
        check_file(project, names[name].name, names[name].metrics[0], names[name].parameters)
    member = project.front()[1]
    for name in ("architecture 1", "architecture 1, inherited"):
        assert (names[name].parameters, names[name].blocks) == (member.parameters, member.blocks)
    folder = project.home / "results" / FOLDER
    assert Standings.load(folder / "compare.json") == found
    with (folder / "compare.csv").open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == [row.name for row in found.rows]
    assert (folder / "compare.png").stat().st_size > 10_000
    report = (project.home / "results" / "report.html").read_text()
    assert "picked by hand" in report and "mobilenetv3" in report


def test_stopped_amid_a_training_it_ends_the_same(
    project: Project, compared: Callable[[str], tuple[Project, Standings]]
) -> None:
    _, unbroken = compared("pytorch")
    with pytest.raises(Interrupted):
        run(project, listener=Stops(in_the_third_training))
    message = Recorder()
    assert timeless(run(project, listener=message)) == timeless(unbroken)
    assert "training 2/4" not in message.text and "training 3/4" in message.text


def check_file(project: Project, name: str, metric: float, parameters: int) -> None:
    """A hand pick's model file and weights are the network that was measured."""
    file = project.home / "results" / FOLDER / f"{name}.py"
    header = header_of(file)
    assert (header["metric"], header["model_param_size"]) == (metric, parameters)
    assert "hand pick, 1 epoch from scratch" in header["training"]
    assert count_and_score(file)[0] == parameters


def test_results_are_trained_as_retraining_trains_them(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.home)
    found = run(
        project, CompareOptions(ContenderSelection(BUDGET, (1,), ("resnet_d1",)), epochs=2, seeds=1)
    )
    for name, scratch in (("architecture 1", True), ("architecture 1, inherited", False)):
        request = Request(from_scratch=scratch, epochs=2)
        outcome = retrain(Path("scen.yaml"), 1, request, formats=())
        (row,) = (row for row in found.rows if row.name == name)
        assert row.metrics == pytest.approx((outcome.retrained.epochs[-1].metric,), abs=1e-6)


def test_what_a_teacher_taught_is_compared(project: Project) -> None:
    results = project.home / "results"
    scenario = project.home / "scen.yaml"
    front = Front.load(results / "front.json")
    student, large = front[1], front.best.number
    taught = Request(epochs=1, distill=True, teacher_share=0.7)
    made = retrain(
        scenario, student.number, taught, formats=(), results=results, directory=project.home
    ).retrained
    assert made.plan.teacher == large
    selection = ContenderSelection(BUDGET, (1,), ("resnet_d1",))
    found = run(project, CompareOptions(selection, epochs=1, seeds=1))
    (row,) = [row for row in found.rows if row.kind == "searched, taught"]
    assert row.name == "architecture 1, taught"
    assert row.title.endswith(f"taught by architecture {large}")
    # The same training as that of nasea retrain --distill.
    assert row.metrics == pytest.approx((made.epochs[-1].metric,), abs=1e-6)
    assert any("taught by a larger network" in line for line in found.verdict)


def test_of_an_architecture_that_was_taught_twice_the_better_is_compared(project: Project) -> None:
    results, scenario = project.home / "results", project.home / "scen.yaml"
    made = [
        retrain(
            scenario, 1, Request(epochs=epochs, distill=True, from_scratch=scratch), formats=(),
            results=results, directory=project.home,
        ).retrained
        for epochs, scratch in ((2, False), (1, False), (1, True))
    ]  # fmt: skip
    assert (results / "retrained_1_distilled.1").is_dir()

    def names() -> list[str]:
        selection = ContenderSelection(BUDGET, (1,), ("resnet_d1",))
        specs = planned_comparison(scenario, selection, directory=project.home).specs
        return [spec.name for spec in specs]

    taught = "architecture 1, taught"
    assert names().count(taught) == 1
    (one,) = distilled(results)  # what was put aside does not count
    assert one.retrained.member.accuracy == max(each.member.accuracy for each in made[1:])
    # A teacher whose weights were deleted, or whose number there is no more, is passed over.
    for each in made[1:]:
        other = replace(each, plan=replace(each.plan, teacher=99))
        other.save(results / each.name / "retrained.json")
    assert taught not in names()
    for each in made[1:]:
        each.save(results / each.name / "retrained.json")
    one.teacher.weights.unlink()
    assert taught not in names()


def test_what_training_chose_is_compared(project: Project) -> None:
    results = project.home / "results"
    chosen = retrain_best(
        project.home / "scen.yaml", BUDGET, 2, Request(epochs=1), formats=(), results=results,
        directory=project.home,
    )  # fmt: skip
    selection = replace(SMALL, selection=ContenderSelection(BUDGET, (), ("resnet_d1",)))
    found = run(project, selection)
    member = chosen.outcome.retrained.member
    names = {row.name: row for row in found.rows}
    name = f"architecture {member.number} of near_9k_size"
    assert set(names) == {name, f"{name}, inherited", "resnet_d1"}
    assert (names[name].parameters, names[name].blocks) == (member.parameters, member.blocks)

    # What is trained from scratch is then chosen by trainings from scratch.
    other = retrain_best(
        project.home / "scen.yaml", BUDGET, 2, Request(from_scratch=True, epochs=2), formats=(),
        results=results, directory=project.home,
    ).outcome.retrained.member  # fmt: skip
    again = f"architecture {other.number} of near_9k_size"
    assert {row.name for row in run(project, selection).rows} == {
        again, f"{name}, inherited", "resnet_d1",
    }  # fmt: skip


def test_more_seeds_add_to_what_is_there(project: Project) -> None:
    selection = ContenderSelection(BUDGET, (1,), ("resnet_d1",))
    first = run(project, CompareOptions(selection, epochs=1, seeds=1))
    message = Recorder()
    more = run(project, CompareOptions(selection, epochs=1, seeds=2), message)
    assert "training 4/6" in message.text and "training 3/6" not in message.text
    before = {row.name: row.accuracies for row in first.rows}
    assert all(row.accuracies[:1] == before[row.name] for row in more.rows)
    assert all(row.interval is not None for row in more.rows)
    project.module(("Dropout(0.1)", "Dropout(0.2)"))
    with pytest.raises(CheckpointError, match="user_module.py"):
        run(project, CompareOptions(selection, epochs=1, seeds=2))


def test_another_constraint_is_another_search(project: Project) -> None:
    project.scenario(("constraint_type: size", "constraint_type: flops"),
                     ("constraint_value: 12000", "constraint_value: 300000"))  # fmt: skip
    with pytest.raises(ResultsError, match="under size, but the scenario limits flops"):
        run(project)


def test_a_family_that_costs_more_says_so(project: Project) -> None:
    field = planned_comparison(
        project.home / "scen.yaml", ContenderSelection(1500.0, (0,)), directory=project.home
    )
    reasons = {one.name: one.reason for one in field.excluded}
    assert "its smallest network costs" in reasons["mobilenetv3"]
    assert "the budget is 1.500 k parameters" in reasons["mobilenetv3"]


def test_the_command(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.home)
    words = ["compare", "--families", "resnet_d1", "--budget", "9k", "--epochs", "1"]
    planned = CliRunner().invoke(app, [*words, "--plan"])
    assert planned.exit_code == 0, planned.output
    assert "resnet_d1" in planned.output and "He et al." in planned.output
    assert not (project.home / "checkpoint" / "compare").exists()
    done = CliRunner().invoke(app, [*words, "--seeds", "1"])
    assert done.exit_code == 0, done.output
    for text in ("best hand pick: resnet_d1", "from scratch, like the hand picks", FOLDER):
        assert text in done.output


def test_before_a_search_hand_picks_are_compared_alone(fresh: Project) -> None:
    """And after it, what was trained counts: the search changes neither data nor recipe."""
    fresh.scenario(("metric_mode: auto", "metric_mode: max"))
    options = replace(SMALL, selection=replace(SMALL.selection, architectures=()))
    message = Recorder()
    before = run(fresh, options, message)
    assert {row.name: row.kind for row in before.rows} == {
        "resnet_d1": "hand pick",
        "mobilenetv3": "hand pick",
    }
    assert "hand picks alone" in message.text
    assert not (fresh.home / "results" / "report.html").exists()
    row = before.rows[0]
    check_file(fresh, row.name, row.metrics[0], row.parameters)
    fresh.search()
    after = run(fresh, options, message := Recorder())
    assert timeless(replace(after, rows=tuple(r for r in after.rows if r.kind == "hand pick"))) == (
        timeless(before)
    )
    assert any(row.kind == "searched" for row in after.rows)
    assert "training 3/4" in message.text and "training 2/4" not in message.text
    assert "mobilenetv3" in (fresh.home / "results" / "report.html").read_text()


def test_what_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(NaseaError, match="--seeds must be a whole number"):
        run(project, replace(SMALL, seeds=0))
    with pytest.raises(NaseaError, match="no family is called 'resnext'") as caught:
        run(project, CompareOptions(ContenderSelection(families=("resnext",))))
    assert "did you mean 'resnet_d" in str(caught.value.fix)
    with pytest.raises(ResultsError, match="no architecture 99"):
        run(project, CompareOptions(ContenderSelection(architectures=(99,))))
    untouched = Project.new(tmp_path / "untouched")
    with pytest.raises(ResultsError, match="no results of a search") as caught:
        run(untouched, replace(SMALL, selection=replace(SMALL.selection, architectures=())))
    assert "metric_mode: max" in str(caught.value.fix)
    untouched.scenario(("metric_mode: auto", "metric_mode: max"))
    with pytest.raises(ResultsError):
        run(untouched)  # architecture 1, of no search
