from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nasea.backends.base import AttachedBackend
from nasea.backends.records import EvaluationSubset, Measurement
from nasea.errors import MetricError, UserCodeError
from nasea.pipeline.diagnosis.check import check
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.results.front import Front, FrontMember
from nasea.space import Genome
from nasea.terms import CostKind
from pipeline.project import Project, Recorder, both_frameworks, outcome
from pipeline.result_files import count_and_score, header_of
from user_files import FRAMEWORKS

pytest_plugins = ["pipeline.fixtures"]

ACCURACY = "return correct / count"
UNLUCKY = {
    "pytorch": "if int(logits.abs().sum() * 1000) % 4 == 0",
    "tensorflow": "if int(tf.reduce_sum(outputs) * 1000) % 20 == 0",
}
ONCE = ("generation_num: 3", "generation_num: 1")
FEW_BLOCKS = (
    "blocks: [separable_k3, inverted_k3_e3, basic_x0.5, basic_x1]",
    "blocks: [separable_k3, basic_x0.5]",
)


def test_another_seed_gives_another(finished: Project, fresh: Project) -> None:
    front = fresh.scenario(("seed: 0", "seed: 1")).search()
    assert outcome(front) != outcome(finished.front())
    assert front.info.seed == 1


@both_frameworks
def test_what_a_search_says_and_leaves(finished: Project) -> None:
    front = finished.front()
    assert len(front) >= 2
    assert all(member.parameters <= front.info.constraint_value for member in front)
    assert front.best.accuracy > 0.3, "it learned something; chance is 0.1"
    assert front.info.metric_mode == "max"
    assert front.info.evaluations == len(front.evaluated) == 18
    assert len(front.info.hypervolumes) == 3
    log = finished.log()
    for stage in ("probing", "training the supernet", "tell architectures apart", "searching"):
        assert f"== {stage}" in log or stage in log
    for text in ("epoch 6/6: loss", "metric: larger is better", "generation 3/3: 18 scored"):
        assert text in log


@both_frameworks
def test_the_curves_are_in_the_event_log(finished: Project) -> None:
    events = EventAccumulator(str(finished.home / "log_classification"))
    events.Reload()
    tags = events.Tags()
    assert set(tags["scalars"]) == {"loss", "lr", "images_per_s", "hypervolume"}
    assert tags["images"] == ["pareto"]
    loss = events.Scalars("loss")
    assert [point.step for point in loss] == list(range(1, 31))
    assert loss[-1].value < loss[0].value
    assert events.Scalars("lr")[0].value == pytest.approx(0.03)
    assert [point.step for point in events.Scalars("hypervolume")] == [0, 1, 2]


@both_frameworks
def test_headers_tell_the_truth(finished: Project) -> None:
    for member in finished.front():
        assert_true_header(finished, member)


@both_frameworks
def test_scores_on_part_of_the_images_are_made_again_on_all(project: Project) -> None:
    part = ("bn_images: 64", "bn_images: 64\n      eval_images: 90")
    front = project.without_search().scenario(part, ONCE).search()
    assert any(member.metric != member.search_metric for member in front)
    for member in front:
        right = 90 * member.search_metric
        assert right == pytest.approx(round(right), abs=1e-4)
    assert_true_header(project, front.best)


def test_an_error_is_found_out_and_made_small(fresh: Project, finished: Project) -> None:
    fresh.module((ACCURACY, "return 1 - correct / count"))
    listener = Recorder()
    front = fresh.search(listener)
    assert front.info.metric_mode == "min"
    assert "metric: smaller is better (training moved the metric from" in listener.text
    for member in front:
        assert member.accuracy == pytest.approx(1 - member.metric)
    # The same supernet under the same search, told the other way round, finds the same networks.
    assert [m.genome for m in front] == [m.genome for m in finished.front()]
    assert front.info.hypervolumes[-1] >= front.info.hypervolumes[0]


def test_an_error_that_the_scenario_calls_one(fresh: Project) -> None:
    fresh.module((ACCURACY, "return 1 - correct / count"))
    front = fresh.scenario(("metric_mode: auto", "metric_mode: min"), ONCE).search()
    assert front.best.accuracy == pytest.approx(1 - front.best.metric)
    assert front.best.accuracy > 0.3


def test_a_metric_that_says_nothing_is_asked_about_and_nothing_is_lost(
    fresh: Project, measured: list[object]
) -> None:
    fresh.module((ACCURACY, "return 0.5")).scenario(("epochs: 6", "epochs: 1"), ONCE)
    with pytest.raises(MetricError, match="cannot tell"):
        fresh.search()
    trained = fresh.files("checkpoint", "train-*")
    assert trained
    assert not (fresh.home / "results").exists()
    listener = Recorder()
    fresh.scenario(("metric_mode: auto", "metric_mode: max")).search(listener)
    assert listener.updates == 0
    assert fresh.files("checkpoint", "train-*") == trained


def test_a_supernet_that_cannot_tell_architectures_apart_is_warned_of(fresh: Project) -> None:
    fresh.scenario(
        ("epochs: 6", "epochs: 1"),
        ("0.03", "1e-6"),
        ("metric_mode: auto", "metric_mode: max"),
        ONCE,
    )
    listener = Recorder()
    front = fresh.search(listener)
    for message in (listener.text, fresh.log(), "\n".join(front.info.notes)):
        assert "separation: scores hardly tell architectures apart" in message
        assert "0.25 epochs' worth of images" in message
    assert "hardly tell architectures apart" in (fresh.home / "results/report.html").read_text()


def test_a_small_space_is_searched_to_its_end(fresh: Project) -> None:
    fresh.scenario(FEW_BLOCKS, ("epochs: 6", "epochs: 2"))
    listener = Recorder()
    front = fresh.search(listener)
    assert len(front.evaluated) == 8
    assert "all 8 feasible architectures are scored" in listener.text


def test_several_costs_are_traded_on_the_same_supernet(finished: Project, fresh: Project) -> None:
    shutil.copytree(finished.home / "checkpoint", fresh.home / "checkpoint")
    listener = Recorder()
    kind = finished.front().info.constraint_type
    other: CostKind = "flops" if kind == "size" else "size"
    fresh.scenario(("searcher:", f"searcher:\n      objectives: [{other}, latency]"))
    front = fresh.search(listener)
    assert listener.updates == 0, "what is traded does not shape the supernet"
    assert front.info.objectives == (other, "latency")
    pop_size = front.info.evaluations // len(front.info.hypervolumes)
    assert 2 <= len(front) <= pop_size
    seen = {one.genome: one for one in front.evaluated}
    for member in front:
        scored = seen[member.genome]
        assert scored.further_costs == (front.cost_of(member, other), member.latency_ms)
        for rival in front.evaluated:
            costs = zip((rival.cost, *rival.further_costs), (scored.cost, *scored.further_costs),
                        strict=True)  # fmt: skip
            assert rival.accuracy is not None and scored.accuracy is not None
            cheaper = all(ours <= theirs for ours, theirs in costs)
            assert not (cheaper and rival.accuracy > scored.accuracy)
    assert Front.load(fresh.home / "results" / "front.json") == front


@both_frameworks
def test_one_failing_candidate_does_not_stop_the_search(fresh: Project) -> None:
    unlucky = UNLUCKY[fresh.framework] + ":\n            raise ValueError('unlucky')"
    fresh.module((ACCURACY, f"{unlucky}\n        {ACCURACY}"))
    fresh.scenario(("epochs: 6", "epochs: 1"), ("metric_mode: auto", "metric_mode: max"))
    listener = Recorder()
    front = fresh.search(listener)
    failed = [one for one in front.evaluated if one.failure is not None]
    assert 0 < len(failed) < len(front.evaluated)
    assert all("unlucky" in str(one.failure) and one.accuracy is None for one in failed)
    assert not {one.genome for one in failed} & {member.genome for member in front}
    assert re.search("not scored: metrics_(func|op) failed", listener.text)


def test_when_every_candidate_fails_it_says_why(fresh: Project) -> None:
    fresh.module((ACCURACY, "return float('nan')"))
    fresh.scenario(("epochs: 6", "epochs: 1"), ("metric_mode: auto", "metric_mode: max"))
    with pytest.raises(MetricError, match="the metric is nan"):
        fresh.search()
    assert fresh.files("checkpoint", "train-*")


@both_frameworks
def test_a_broken_metric_is_told_before_anything_is_trained(fresh: Project) -> None:
    fresh.module((ACCURACY, "raise ValueError('no luck at all')"))
    with pytest.raises(UserCodeError, match="no luck at all") as message:
        fresh.search()
    assert "user_module.py" in message.value.trace
    assert not fresh.files("checkpoint", "train-*")
    with pytest.raises(UserCodeError, match="no luck at all"):
        check(fresh.home / "scen.yaml", directory=fresh.home)


def test_both_frameworks_search_alike_where_scores_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def score(backend: object, genome: Genome, data: EvaluationSubset) -> Measurement:
        return Measurement(float(np.random.default_rng(list(genome)).random()))

    monkeypatch.setattr(AttachedBackend, "measure", score)
    fronts = {}
    for framework in FRAMEWORKS:
        project = Project.new(tmp_path / framework, framework)
        project.scenario(("epochs: 6", "epochs: 1"), ("metric_mode: auto", "metric_mode: max"))
        fronts[framework] = project.search()
    one, other = fronts.values()
    assert len(one) >= 3
    assert one.members == other.members, "genomes, parameters, FLOPs, layer by layer"
    assert one.evaluated == other.evaluated, "every generation the same architectures"
    assert one.info.hypervolumes == other.info.hypervolumes


def assert_true_header(project: Project, member: FrontMember) -> None:
    """Count and score the network of a result file as a user would; compare with its header."""
    path = project.home / "results" / f"model_arch_result_{member.number}.py"
    header = header_of(path)
    count, metric = count_and_score(path)
    assert header["model_param_size"] == member.parameters == count
    assert metric == pytest.approx(header["metric"], abs=1e-9)
    assert header["metric"] == member.metric
    assert header["accuracy"] == member.accuracy == header["metric"]


WIDTHS = ("strides: [1, 1, 2]", "strides: [1, 1, 2]\n      widths: [0.5, 1, 2]\n      divisor: 4")


@both_frameworks
def test_widths_are_searched_from_start_to_end(fresh: Project) -> None:
    """One run through all that widths touch: training, search, files, headers, retraining."""
    fresh.scenario(WIDTHS, FEW_BLOCKS, ("generation_num: 3", "generation_num: 2"))
    message = dict(check(fresh.home / "scen.yaml", directory=fresh.home).lines)["widths"]
    assert message == "4-4-16; 8-8-16; 16-16-16"
    front = fresh.search()
    trunks = {evaluated.genome[3:] for evaluated in front.evaluated}
    assert len(trunks) > 1, "more than one trunk was scored"
    table = (fresh.home / "results" / "pareto.csv").read_text().splitlines()
    assert table[0].endswith("genome,width_0,width_1,width_2")
    for member, row in zip(front, table[1:], strict=True):
        first, second, last = member.widths
        assert first == second == (4, 8, 16)[member.genome[3]] and last == 16
        assert row.endswith(f",{first},{second},{last}")
        header = header_of(fresh.home / "results" / f"model_arch_result_{member.number}.py")
        assert header["widths"] == member.widths
    assert_true_header(fresh, front.best)
    trained = retrain(
        fresh.home / "scen.yaml",
        front.best.number,
        Request(epochs=1),
        formats=(),
        results=fresh.home / "results",
        directory=fresh.home,
    )
    assert trained.retrained.member.widths == front.best.widths
    again = fresh.search()
    assert outcome(again) == outcome(front), "resumed, it only reports"
    listener = Recorder()
    fresh.scenario(("constraint_value: 12000", "constraint_value: 30000")).search(listener)
    assert "trained about a budget of 12 k parameters" in listener.text
