from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from nasea.backends.records import EvaluationSubset
from nasea.errors import CheckpointError, Interrupted, UserCodeError
from nasea.pipeline.search import searching
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Progress, Stage
from nasea.pipeline.session.lock import only_run
from nasea.space import Genome
from nasea.strategy.testing import Killed
from pipeline import children
from pipeline.project import (
    HOME,
    Project,
    Recorder,
    assert_same_results,
    both_frameworks,
    outcome,
)
from pipeline.stopping import Stops, at

pytest_plugins = ["pipeline.fixtures"]

Measured = list[tuple[Genome, EvaluationSubset]]

BLOCKS = """\
from nasea.space import Block, conv_norm

BLOCKS = [Block("plain", "plain", lambda c_in, c_out, s: conv_norm("c", c_in, c_out, 3, s))]
"""


# --- a finished search, run again ---


@both_frameworks
def test_a_finished_search_only_reports(project: Project, measured: Measured) -> None:
    results, trained = project.files("results"), project.files("checkpoint", "train-*")
    front = project.front()
    listener = Recorder()
    again = project.search(listener)
    assert outcome(again) == outcome(front)
    assert listener.updates == 0
    assert not measured, "every score is known"
    assert project.files("checkpoint", "train-*") == trained
    assert project.files("results").keys() == results.keys()
    assert not (project.home / "results.1").exists()


def test_what_failed_is_scored_again(project: Project, measured: Measured) -> None:
    """A metric that failed for a reason that is gone by now, such as a corrected user module."""
    front = project.front()
    store = CheckpointStore(project.home / "checkpoint", "search")
    stored = store.load([])
    assert stored is not None
    best = list(max(front, key=lambda member: member.accuracy).genome)
    meta = dict(stored.meta)
    for record in meta["archive"]["records"]:
        if record["genome"] == best:
            record |= {"quality": None, "metric": None, "failure": "metrics_func: it failed"}
    meta["book"] = [entry for entry in meta["book"] if entry[0] != best]
    store.save(meta)
    listener = Recorder()
    again = project.search(listener)
    assert outcome(again) == outcome(front)
    assert "1 scores failed before: measuring them again" in listener.text
    assert {genome for genome, _ in measured} == {tuple(best)}


def test_more_generations_extend_it(project: Project, measured: Measured) -> None:
    before, trained = project.front(), project.files("checkpoint", "train-*")
    listener = Recorder()
    project.scenario(("generation_num: 3", "generation_num: 5"))
    front = project.search(listener)
    assert listener.updates == 0
    assert project.files("checkpoint", "train-*") == trained
    assert front.evaluated[:18] == before.evaluated
    assert front.info.hypervolumes[:3] == before.info.hypervolumes
    new = len(front.evaluated) - 18
    assert 0 < new <= 12
    assert len(measured) <= new
    assert "going on after generation 3, 18 scored" in listener.text


def test_another_budget_is_searched_on_the_same_supernet(
    project: Project, measured: Measured
) -> None:
    before, trained = project.front(), project.files("checkpoint", "train-*")
    results = project.files("results")
    listener = Recorder()
    front = project.scenario(("constraint_value: 12000", "constraint_value: 5000")).search(listener)
    assert listener.updates == 0
    assert project.files("checkpoint", "train-*") == trained
    assert all(member.parameters <= 5000 for member in front)
    known = {one.genome: one.accuracy for one in before.evaluated}
    again = [one for one in front.evaluated if one.genome in known]
    assert again, "the two searches share architectures"
    assert all(one.accuracy == known[one.genome] for one in again)
    for_separation = [one for one in measured if one[1].half is not None]
    assert len(for_separation) == 16, "measured again: 4 networks that meet the new budget"
    assert len(measured) - 16 <= len(front.evaluated) - len(again)
    assert "another search on the same supernet, with another constraint:" in listener.text
    assert "earlier results are kept in results.1/" in listener.text
    assert project.files("results.1") == results


@both_frameworks
def test_a_mend_of_metric_and_schedule_keeps_the_supernet(project: Project) -> None:
    before, trained = project.front(), project.files("checkpoint", "train-*")
    project.module(
        ("return correct / count", "return 1 - correct / count"),
        ("total = self.epoch * ", "total = 2 * self.epoch * "),
    )
    listener = Recorder()
    front = project.search(listener)
    assert listener.updates == 0 and project.files("checkpoint", "train-*") == trained
    assert "the metric was changed: the trained supernet is measured again" in listener.text
    assert "smaller is better (training moved the metric" in listener.text
    assert front.info.metric_mode == "min", "what was measured before training is measured again"
    assert [m.genome for m in front] == [m.genome for m in before]
    assert [m.accuracy for m in front] == pytest.approx([m.accuracy for m in before])
    assert [m.metric for m in front] == pytest.approx([1 - m.metric for m in before])


def test_the_direction_may_be_written_down_later(project: Project) -> None:
    before = project.front()
    front = project.scenario(("metric_mode: auto", "metric_mode: max")).search()
    assert front.members == before.members
    assert front.evaluated == before.evaluated


@both_frameworks
def test_a_search_that_gains_nothing_ends_and_goes_on_when_asked_to(
    project: Project, measured: Measured
) -> None:
    """Told in the log, the report and front.json; more generations, or 0, go on."""
    project.scenario(
        ("pop_size: 6", "pop_size: 6\n      stall_generations: 1"),
        ("generation_num: 3", "generation_num: 7"),
    )
    listener = Recorder()
    front = project.search(listener)
    done = len(front.info.hypervolumes)
    assert 3 <= done < 7
    assert "raised the hypervolume by" in front.info.ended
    assert f"search ended: {front.info.ended}; searcher.stall_generations: 0," in listener.text
    report = (project.home / "results" / "report.html").read_text(encoding="utf-8")
    assert front.info.ended in report
    assert project.front().info.ended == front.info.ended

    measured.clear()
    assert outcome(project.search()) == outcome(front)
    assert not measured, "it ends there again"
    extended = project.scenario(("generation_num: 7", "generation_num: 8")).search()
    assert len(extended.info.hypervolumes) > done
    assert extended.evaluated[: len(front.evaluated)] == front.evaluated
    never = project.scenario(("stall_generations: 1", "stall_generations: 0")).search()
    assert len(never.info.hypervolumes) == 8
    assert never.info.ended == "all 8 generations are done"


# --- what may not change ---


@pytest.mark.parametrize(
    "change, named",
    [
        ("lr", "the scenario"),
        ("module", "user_module.py"),
        ("blocks", "blocks.py; the search space"),
        ("data", "the number of images"),
    ],
)
def test_another_run_is_refused_by_name(project: Project, change: str, named: str) -> None:
    if change == "lr":
        project.scenario(("learning_rate: 0.03", "learning_rate: 0.02"))
    elif change == "module":
        project.module(("Dropout(0.1)", "Dropout(0.2)"))
    elif change == "blocks":
        (project.home / "blocks.py").write_text(BLOCKS)
        project.scenario(("basic_x1]", "basic_x1, plain]"))
    else:
        project.module(("slice(300, 500)", "slice(300, 490)"))
    kept, results = project.files("checkpoint", "*.ckpt"), project.files("results")
    with pytest.raises(CheckpointError, match="belongs to another run") as caught:
        project.search()
    assert named in caught.value.message
    if change == "lr":
        assert "user_module" not in caught.value.message
    assert "--restart" in str(caught.value.fix)
    assert project.files("checkpoint", "*.ckpt") == kept
    assert project.files("results") == results


def test_restart_begins_anew_and_keeps_the_earlier_results(project: Project) -> None:
    results = project.files("results")
    listener = Recorder()
    project.scenario(("learning_rate: 0.03", "learning_rate: 0.02"))
    project.search(listener, restart=True)
    assert listener.updates == 30
    assert project.files("results.1") == results
    assert "earlier results are kept in results.1/" in listener.text


def test_a_restart_that_cannot_begin_costs_nothing(project: Project) -> None:
    kept = project.files("checkpoint", "*.ckpt")
    project.module(("return F.relu(self.norm(self.conv(inputs)))", "return self.forgotten"))
    with pytest.raises(UserCodeError, match="forgotten"):
        project.search(restart=True)
    assert project.files("checkpoint", "*.ckpt") == kept


def test_a_search_without_its_supernet_is_refused(project: Project) -> None:
    for name in project.files("checkpoint", "train-*"):
        (project.home / "checkpoint" / name).unlink()
    kept = project.files("checkpoint")
    with pytest.raises(CheckpointError, match="not the supernet it used"):
        project.search()
    assert project.files("checkpoint") == kept


def test_the_second_run_in_a_directory_refuses(project: Project) -> None:
    results = project.files("results")
    with only_run(project.home / "checkpoint"):
        with pytest.raises(CheckpointError, match="another nasea search is running"):
            project.search()
    assert project.files("results") == results


@pytest.mark.parametrize("kind", ["train", "search"])
def test_the_newest_checkpoint_damaged_costs_one_step_at_most(
    project: Project, finished: Project, kind: str
) -> None:
    newest = sorted((project.home / "checkpoint").glob(f"{kind}-*"))[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    listener = Recorder()
    project.search(listener)
    assert f"{newest.name} is damaged" in listener.text
    assert listener.updates == (5 if kind == "train" else 0), "an epoch has 5 updates"
    assert_same_results(finished, project)


# --- stops and kills ---


POINTS: list[tuple[Stage, int]] = [
    ("probe", 1),
    ("train", 3),
    ("train", 10),  # the last update of an epoch, which has one batch less
    ("separation", 2),
    ("search", 4),
    ("results", 1),
]
OF_THE_BACKEND = ("train", "search")
"""Stages whose state is a framework's; that of the others is the same for all."""


@both_frameworks
def test_ctrl_c_stops_where_nothing_is_lost(fresh: Project, finished: Project) -> None:
    updates = 0
    for stage, done in POINTS:
        if fresh.framework != "pytorch" and stage not in OF_THE_BACKEND:
            continue
        listener = Stops(at(stage, done))
        with pytest.raises(Interrupted, match="run the same command again"):
            fresh.search(listener)
        assert listener.stages[-1] == stage
        assert not (fresh.home / "results").exists()
        updates += listener.updates
    fresh.search()
    assert updates == 30, "no update was made twice"
    assert_same_results(finished, fresh)


@both_frameworks
def test_signals_end_the_command_with_130(fresh: Project) -> None:
    fresh.scenario(("data_workers: 0", "data_workers: 1"), ("epochs: 6", "epochs: 600"))
    for number, mark in ((signal.SIGTERM, ""), (signal.SIGINT, "resuming from epoch")):
        search = children.start(fresh)
        children.wait_for(fresh, "/600: loss", behind=mark)
        assert search.pid is not None
        if number == signal.SIGINT:
            os.killpg(search.pid, number)  # as a terminal does: the data workers get it as well
        else:
            os.kill(search.pid, number)
        assert children.ended(search) == 130
    output = (fresh.home / children.OUTPUT).read_text()
    assert output.count("stopped; everything so far is saved") == 2
    assert output.count("next: run the same command again to resume") == 2
    assert "Traceback" not in output


@both_frameworks
def test_killed_at_random_moments_it_finds_the_same(
    fresh: Project, finished: Project, tmp_path: Path
) -> None:
    other = Project.new(tmp_path / "other" / HOME, fresh.framework)
    start = time.monotonic()
    assert children.run(other) == 0
    whole = time.monotonic() - start
    moments = random.Random(0)
    killed = [children.kill_after(fresh, moments.uniform(0.1, 0.6) * whole) for _ in range(3)]
    assert any(killed)
    assert children.run(fresh, save_seconds=180) == 0
    for project in (other, fresh):
        assert_same_results(finished, project)


class DiesAt(Recorder):
    """Stands for a process that is killed at a measurement of the search."""

    def __init__(self, measurement: int) -> None:
        super().__init__()
        self.left = measurement

    def progress(self, progress: Progress) -> None:
        super().progress(progress)
        self.left -= progress.stage == "search"
        if not self.left:
            raise Killed


@both_frameworks
def test_killed_while_the_front_is_scored_again_it_finds_the_same(
    fresh: Project, measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On other images, as far as there are others."""
    monkeypatch.setattr(searching, "SCORED_FIRST", 0)
    fresh.scenario(("bn_images: 64", "bn_images: 64\n      eval_images: 90"))
    with pytest.raises(Killed):
        fresh.search(DiesAt(1))  # with the trained supernet
    other = fresh.copy(tmp_path / "other" / HOME)
    measured.clear()
    unbroken = other.search()
    again = [genome for genome, data in measured if data == EvaluationSubset(179, 1, 1)]
    assert len(set(again)) == len(again) == unbroken.info.scored_again > 0
    assert set(again) <= {one.genome for one in unbroken.evaluated}
    deaths = 0
    for measurement in (2, 5, 7, 8, 9, 10):
        try:
            fresh.search(DiesAt(measurement))
        except Killed:
            deaths += 1
    assert deaths >= 4
    fresh.search()
    assert_same_results(other, fresh)


@pytest.mark.parametrize(
    ("framework", "doom"),
    [
        ("pytorch", "train-000012.ckpt"),
        ("pytorch", "search-000004.tmp"),
        ("pytorch", "pareto.csv"),
        ("tensorflow", "model_arch_result_1.weights.h5"),
    ],
    indirect=["framework"],
)
def test_killed_before_a_file_is_written_it_finds_the_same(
    fresh: Project, finished: Project, doom: str
) -> None:
    assert children.run(fresh, doom=doom) == -signal.SIGKILL
    assert children.run(fresh, save_seconds=180) == 0
    assert_same_results(finished, fresh)
    left = [path.name for path in fresh.home.rglob("*") if path.suffix == ".tmp"]
    assert left == []
    assert not (fresh.home / ".results.new").exists()
