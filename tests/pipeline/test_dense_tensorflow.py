"""Published kinds of segmentation and detection modules from the scenario to the results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nasea.backends.tensorflow.export import exporter
from nasea.config import load_scenario
from nasea.errors import Interrupted, NotAvailableError
from nasea.pipeline.diagnosis.check import check
from nasea.pipeline.export.exporting import export
from nasea.pipeline.hand_picks.compare import CompareOptions, compare
from nasea.pipeline.hand_picks.contenders import ContenderSelection
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.space.hand_picks import TOLERANCE
from user_files import published_detection, published_segmentation

from .fixtures import Searched
from .project import HOME, Project, Recorder, assert_same_results
from .stopping import Stops, at

FILES = {"segmentation": published_segmentation.FILES, "detection": published_detection.FILES}
TASKS = tuple(FILES)

Done = Callable[[str], tuple[Project, Recorder]]

each_task = pytest.mark.parametrize("task", TASKS)

pytest_plugins = ["pipeline.fixtures"]
pytestmark = pytest.mark.usefixtures("forgotten")


def written(home: Path, task: str) -> Project:
    return Project.of(FILES[task], home)


@pytest.fixture
def done(searched_with: Searched) -> Done:
    """For each task a project that was searched, and what was said."""
    return lambda task: searched_with(FILES[task])


def break_off() -> None:
    """End at once, without the time to save that Ctrl-C is given."""
    raise Interrupted("stopped")


@each_task
def test_it_finds_a_front(done: Done, task: str) -> None:
    project, message = done(task)
    front = project.front()
    assert front.best.accuracy > 0.35
    assert front.info.metric_mode == "max"
    assert (project.home / f"log_{task}" / "log.txt").is_file()
    left = {path.name for path in project.home.iterdir()} - {"__pycache__"}
    assert left == {"scen.yaml", "user_module.py", "checkpoint", "results", f"log_{task}"}
    assert "predictions are not drawn" not in message.text
    best = f"predictions_{front.best.number}.png"
    assert (project.home / "results" / best).is_file()


def test_check_tells_a_metric_that_fails_so_far(tmp_path: Path) -> None:
    project = written(tmp_path / "project", "detection")
    project.module(("        results = []", "        results = undefined"))
    lines = dict(check(project.home / "scen.yaml", directory=project.home).lines)
    assert "fails on an untrained network: metrics_op failed" in lines["metric"]
    assert "NameError: name 'undefined'" in lines["metric"]
    message = Stops(at("train", 1), act=break_off)
    with pytest.raises(Interrupted):
        project.search(message)
    assert "it fails on every network so far: metrics_op failed" in message.text


def test_a_metric_that_exits_where_nothing_is_found(done: Done) -> None:
    _, message = done("detection")
    assert "metric: larger is better (training moved the metric" in message.text
    assert "it fails on every network" not in message.text, "a call of exit is no fault"


@each_task
def test_headers_tell_the_truth(
    done: Done, task: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project, _ = done(task)
    monkeypatch.chdir(tmp_path)  # the metric leaves a file
    monkeypatch.syspath_prepend(str(project.home))
    monkeypatch.syspath_prepend(str(project.home / "results"))
    user_module = __import__("user_module")
    user = user_module.UserModule(1, 8)
    assert project.front().best.search_metric != project.front().best.metric
    for member in project.front():
        file = __import__(f"model_arch_result_{member.number}")
        assert file.TAPS == (0,)
        model = file.load_model()
        metric = METRICS[task](user, model, project.home)
        assert metric == pytest.approx(file.metric, abs=1e-4)
        assert file.accuracy == file.metric == member.metric
        assert sum(int(tf.size(w)) for w in model.trainable_weights) == file.model_param_size


def of_batches(user: Any, model: Any, home: Path) -> float:
    """The mean over single images, with scores merged as the tool does it."""
    dataset, count = user.build_dataset_search("scenes/val", False, False)
    total = 0.0
    for element in dataset.take(count):
        scores = model(element["image"], training=False)["semantic"]["merged_logits"]
        classes = tf.argmax(tf.image.resize(scores, element["label"].shape[1:3]), -1)
        total += float(user.metrics_op(element["label"], {"semantic": classes}))
    return total / count


def of_all(user: Any, model: Any, home: Path) -> float:
    """The metric over the whole generator."""
    generator, dataset, size = user.build_dataset_search("scenes/val", False, False)
    return float(user.metrics_op(["scenes/val", model], [generator, dataset.image_ids, size]))


METRICS = {"segmentation": of_batches, "detection": of_all}


def test_a_head_that_wants_two_inputs_is_noticed(done: Done) -> None:
    project, message = done("segmentation")
    assert "supernet.feature_choose: PostNet does not accept a single tensor" in message.text
    assert "[layer 0, the last before the first stride of 2; layer 1, the last]" in message.text
    scenario = load_scenario(project.home / "scen.yaml").scenario
    assert scenario.optimizer.type == "momentum"


def test_generators_go_on_where_they_were(done: Done, tmp_path: Path) -> None:
    project = written(tmp_path / "project", "detection")
    with pytest.raises(Interrupted):  # two epochs of 3 updates are saved, 5 more are not
        project.search(Stops(at("train", 11), act=break_off))
    with pytest.raises(Interrupted):
        project.search(Stops(at("separation", 2), act=break_off))
    project.search()
    assert_same_results(done("detection")[0], project)


@each_task
def test_it_is_exported_and_retrained(
    done: Done, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "seconds_alone", lambda *_: 1e-3)
    project = done(task)[0].copy(tmp_path / "project")
    monkeypatch.chdir(project.home)
    member = project.front().best
    for one in export(Path("scen.yaml"), member.number, ("pb", "tflite")):
        assert one.accuracy == pytest.approx(member.accuracy, abs=1e-3)
        assert one.comparison.images == (12 if task == "segmentation" else 22)
    request = Request(epochs=2, learning_rate=0.001)
    outcome = retrain(Path("scen.yaml"), member.number, request, formats=())
    assert [row.metric is None for row in outcome.retrained.epochs] == [False] * 3
    assert outcome.retrained.epochs[0].metric == pytest.approx(member.metric, abs=1e-6)
    other = next(one.number for one in project.front() if one != member)
    taught = Request(epochs=1, learning_rate=0.001, distill=True)
    if task == "segmentation":  # every pixel has class scores
        made = retrain(Path("scen.yaml"), other, taught, formats=()).retrained
        assert made.plan.teacher == outcome.directory.name
        return
    with pytest.raises(NotAvailableError, match="--distill needs scores of classes") as caught:
        retrain(Path("scen.yaml"), other, taught, formats=())
    assert "leave --distill out" in str(caught.value.fix)


def test_the_metric_gets_what_it_is_promised(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a subset only its images, in whole batches; the same for every candidate."""
    from nasea.backends import open_backend
    from nasea.backends.records import EvaluationSubset
    from nasea.backends.tensorflow.data.boxes import BoxData

    project, _ = done("detection")
    monkeypatch.chdir(project.home)
    backend = open_backend(load_scenario("scen.yaml").scenario, project.home).probe(None)
    data = backend.data
    assert isinstance(data, BoxData)
    seen: dict[Any, Any] = {}

    def metrics_op(inputs: Any, outputs: Any) -> float:
        (directory, model), (generator, ids, size) = inputs, outputs
        batches = [next(generator) for _ in range(-(-size // 8))]
        assert directory == "scenes/val" and len(ids) == size
        assert [len(images) for images, _, _ in batches][:-1] == [8] * (len(batches) - 1)
        assert [one for _, some, _ in batches for one in some] == list(ids)
        assert all(len(images) == len(some) == len(back) for images, some, back in batches)
        assert model(batches[0][0], training=False).shape == (min(size, 8), 2)
        assert model.predict(batches[0][0]).dtype == np.float32
        batches[0][0][:] = 0  # what one candidate does to its images is no other's
        again = next(generator)
        assert again[1] == batches[0][1] and again[0].any()
        seen[tuple(ids)] = [images.sum() for images, _, _ in batches[1:]]
        return 0.5

    monkeypatch.setattr(data.user._user, "metrics_op", metrics_op)
    run = lambda images: tf.reduce_mean(images, (1, 2))[:, :2]  # noqa: E731
    whole, part = EvaluationSubset(), EvaluationSubset(images=14)
    halves = [EvaluationSubset(images=14, half=half) for half in (0, 1)]
    for one in (whole, part, *halves, whole, part):
        assert data.metric(run, one) == 0.5
    ids = sorted(seen, key=len)
    assert [len(some) for some in ids] == [7, 7, 14, 22]
    assert set(ids[0]) | set(ids[1]) == set(ids[2]) < set(ids[3])
    backend.close()


def test_hand_picks_put_out_what_the_head_reads(done: Done, tmp_path: Path) -> None:
    # A detector of this size finds nothing after one epoch, and its metric then exits.
    project = done("segmentation")[0].copy(tmp_path / HOME)
    budget = 1.5 * project.front().info.constraint_value
    options = CompareOptions(ContenderSelection(budget, (), ("efficientnet",)), epochs=1, seeds=1)
    found = compare(project.home / "scen.yaml", options, directory=project.home)
    (row,) = (row for row in found.rows if row.kind == "hand pick")
    assert abs(row.parameters / budget - 1) <= TOLERANCE
    assert len(found.rows) == 3
