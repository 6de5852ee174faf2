"""A search by int8 scores on a supernet that was trained, and a retraining in int8."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from nasea.backends.records import EvaluationSubset
from nasea.cli.main import main
from nasea.config import load_scenario
from nasea.errors import Interrupted
from nasea.pipeline.opening import open_scenario
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.results.retrained import Retrained
from nasea.space import Genome
from user_files import detection, published_detection, published_segmentation, segmentation

from .project import HOME, Project, Recorder, both_frameworks, quick
from .result_files import count_and_score, header_of
from .stopping import Stops

pytest_plugins = ["pipeline.fixtures"]

INT8 = ("pop_size: 6", "pop_size: 6\n      score_as: int8")


def test_a_search_is_repeated_with_int8_scores_and_says_so_everywhere(
    project: Project,
    measured: list[tuple[Genome, EvaluationSubset]],
    forgotten: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, floats = project.front(), len(measured)
    project.scenario(INT8)
    recorder = Recorder()
    front = project.search(recorder)
    assert "train" not in recorder.stages or not recorder.updates, "on the same supernet"
    assert "another search on the same supernet, with another searcher.score_as" in recorder.text
    assert "scores are those of files in int8" in recorder.text
    assert (before.info.score_as, front.info.score_as) == ("float", "int8")
    assert front.info.config_digest != before.info.config_digest
    assert len(measured) > floats

    results = project.home / "results"
    monkeypatch.chdir(project.home)
    rows = list(csv.DictReader((results / "pareto.csv").open()))
    for member, row in zip(front, rows, strict=True):
        assert member.float_accuracy == member.float_metric is not None
        assert float(row["float_accuracy"]) == member.float_accuracy
        path = results / front.files_of(member)[0]
        header = header_of(path)
        assert header["score_as"] == "int8" and header["accuracy"] == member.accuracy
        assert header["float_metric"] == member.float_metric
        assert count_and_score(path)[1] == pytest.approx(member.float_metric, abs=1e-4)
    assert "int8 accuracy" in (results / "report.html").read_text()
    with pytest.raises(SystemExit):
        main(["show"])
    shown = capsys.readouterr().out
    assert "int8 accuracy" in shown and "float accuracy" in shown

    again = Recorder()
    known = len(measured)
    assert project.search(again).members == front.members
    assert len(measured) == known, "a finished search scores nothing again"
    project.scenario((INT8[1], INT8[0]))
    assert project.search().members == before.members
    anew = {data for _, data in measured[known:]}
    assert EvaluationSubset() not in anew, "the float scores are still known"


@both_frameworks
def test_a_quantisation_aware_retraining_goes_on_where_it_stopped_and_says_what_it_is(
    project: Project, forgotten: None
) -> None:
    request = Request(epochs=2, quantisation_aware=True)
    asked = {"formats": [], "results": project.home / "results", "directory": project.home}
    with quick(), pytest.raises(Interrupted):
        retrain(project.home / "scen.yaml", 0, request, listener=Stops(lambda _: True, 5), **asked)
    with quick():
        outcome = retrain(project.home / "scen.yaml", 0, request, **asked)
    made = Retrained.load(outcome.directory / "retrained.json")
    assert outcome.directory.name == "retrained_0_int8"
    assert made.plan.quantisation_aware and "rounded to int8" in made.plan.words
    assert (made.searched_as, made.info.score_as) == ("float", "int8")
    assert "int8 accuracy on val_dir" in outcome.summary[0]
    assert "in the search (float)" in outcome.summary[0]
    path = outcome.directory / made.model_file
    header = header_of(path)
    assert header["score_as"] == "int8" and header["accuracy"] == made.member.accuracy
    assert made.member.float_metric is not None
    scored = json.loads((outcome.directory / "retrained.json").read_text())["epochs"]
    assert scored[made.best_epoch]["float_metric"] == made.member.float_metric


TASKS = {
    "segmentation": segmentation.FILES,
    "detection": detection.FILES,
    "segmentation, TensorFlow": published_segmentation.FILES,
    "detection, TensorFlow": published_detection.FILES,
}


@pytest.mark.parametrize("task", TASKS)
def test_networks_of_other_tasks_are_trained_and_scored_in_int8(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None
) -> None:
    project = Project.of(TASKS[task], tmp_path / HOME)
    monkeypatch.chdir(project.home)
    scenario = load_scenario(project.home / "scen.yaml").scenario
    searcher = scenario.searcher.model_copy(update={"score_as": "int8"})
    opened = open_scenario(scenario.model_copy(update={"searcher": searcher}), project.home)
    try:
        space = opened.space.only((1,) * len(opened.space.choices))
        genome = (0,) * len(space.layers)
        attached = opened.backend.attach(space, 0)
        attached.train_int8()
        assert attached.try_candidates(lambda done, total: None) > 0, "a batch, with its gradients"
        int8, in_float = (
            attached.measure(genome, EvaluationSubset(in_float=each)) for each in (False, True)
        )
    finally:
        opened.backend.close()
    assert int8.failure == in_float.failure, "TensorFlow's detection may detect nothing as yet"
    assert (int8.metric is None) == (int8.failure is not None)
