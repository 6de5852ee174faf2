"""Segmentation and detection from the scenario to the results, with PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from nasea.backends import open_backend
from nasea.backends.base import AttachedBackend
from nasea.errors import ResultsError
from nasea.pipeline.diagnosis.check import check
from nasea.pipeline.hand_picks.compare import CompareOptions, compare
from nasea.pipeline.hand_picks.contenders import ContenderSelection
from nasea.pipeline.retraining.plan import Request
from nasea.pipeline.retraining.retrain import retrain
from nasea.space.hand_picks import TOLERANCE
from user_files import detection, segmentation

from .fixtures import Searched
from .project import HOME, Project, Recorder, assert_same_results

TASKS = ("segmentation", "detection")
FILES = {"segmentation": segmentation.FILES, "detection": detection.FILES}

CHANCE = {"segmentation": 0.3, "detection": 0.15}

each_task = pytest.mark.parametrize("task", TASKS)


Done = Callable[[str], tuple[Project, Recorder]]

pytest_plugins = ["pipeline.fixtures"]
pytestmark = pytest.mark.usefixtures("forgotten")


def written(home: Path, task: str) -> Project:
    return Project.of(FILES[task], home)


@pytest.fixture
def done(searched_with: Searched) -> Done:
    """For each task a project that was searched, and what was said."""
    return lambda task: searched_with(FILES[task])


@each_task
def test_it_finds_a_front(done: Done, task: str) -> None:
    project, _ = done(task)
    front = project.front()
    assert len(front) >= 1
    assert front.best.accuracy > CHANCE[task]
    assert front.info.metric_mode == ("min" if task == "segmentation" else "max")
    assert (project.home / f"log_{task}" / "log.txt").is_file()


@each_task
def test_headers_tell_the_truth(done: Done, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project, _ = done(task)
    monkeypatch.syspath_prepend(str(project.home))
    monkeypatch.syspath_prepend(str(project.home / "results"))
    monkeypatch.chdir(project.home)
    user_module = __import__("user_module")
    user = user_module.UserModule(1, 32)
    data = user.dataset_define("digits/val", False)
    loader = DataLoader(data, batch_size=32, collate_fn=getattr(data, "collate_fn", None))
    for member in project.front():
        file = __import__(f"model_arch_result_{member.number}")
        assert file.TAPS == ((0, 1) if task == "segmentation" else (1,))
        model = file.load_model()
        with torch.no_grad():
            metric = user.metrics_func(loader, model)
        assert metric == pytest.approx(file.metric, abs=1e-4)
        sign = 1 - metric if task == "segmentation" else metric
        assert file.accuracy == pytest.approx(sign, abs=1e-4)
        assert sum(p.numel() for p in model.parameters()) == file.model_param_size


@each_task
def test_predictions_are_drawn(done: Done, task: str) -> None:
    project, message = done(task)
    drawn = sorted((project.home / "results").glob("predictions_*.png"))
    best = project.front().best.number
    assert {path.name for path in drawn} == {f"predictions_{n}.png" for n in {0, best}}
    with Image.open(drawn[0]) as image:
        assert np.asarray(image).std() > 20
    page = (project.home / "results" / "report.html").read_text(encoding="utf-8")
    assert page.count('<img src="data:image/png;base64,') == len(drawn)
    assert "predictions are not drawn" not in message.text


QUICK = (
    ("epochs: 6", "epochs: 1"),
    ("generation_num: 2", "generation_num: 1"),
    ("pop_size: 4", "pop_size: 2"),
)
"""For what does not depend on how much was trained and searched."""


def test_masks_are_drawn_without_a_method_for_it(tmp_path: Path) -> None:
    project = written(tmp_path / "project", "segmentation")
    project.scenario(*QUICK, ("bn_images: 64", "bn_images: 64\n      metric_mode: min"))
    project.module(
        ("def pictures(", "def unused("),
        ('{"mask": self.masks[index]}', "self.masks[index]"),
        ('labels["mask"]', "labels"),
    )
    project.search()
    assert (project.home / "results" / "predictions_0.png").is_file()


def test_a_failing_picture_costs_no_result(tmp_path: Path) -> None:
    project, message = written(tmp_path / "project", "detection").scenario(*QUICK), Recorder()
    project.module(('"image": (image[0] * 255)', '"image": (image[7] * 255)'))
    project.search(message)
    assert "predictions are not drawn" in message.text
    assert "IndexError" in message.text
    assert len(project.front()) >= 1


def test_detection_without_pictures_says_how(tmp_path: Path) -> None:
    project, message = written(tmp_path / "project", "detection").scenario(*QUICK), Recorder()
    project.module(("def pictures(", "def unused("))
    project.search(message)
    assert "UserModule.pictures(images, labels, outputs)" in message.text


@each_task
def test_killed_and_resumed(
    done: Done,
    task: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = written(tmp_path / "project", task)
    with monkeypatch.context() as patch:
        patch.setattr(AttachedBackend, "write_weights", _fail)
        with pytest.raises(ResultsError):
            project.search()
    project.search()
    assert_same_results(done(task)[0], project)


def _fail(*_: object) -> int:
    raise ResultsError("killed")


def test_the_proxy_subset_has_every_class_in_its_share(
    done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _ = done("detection")
    monkeypatch.chdir(project.home)
    from nasea.config import load_scenario

    backend = open_backend(load_scenario("scen.yaml").scenario, project.home).probe(0)
    chosen = backend.data.evaluation(30, None).dataset
    assert len(chosen) == 30
    labels = [int(target["labels"][0]) if len(target["labels"]) else 9 for _, target in chosen]
    whole = [
        int(target["labels"][0]) if len(target["labels"]) else 9 for _, target in backend.data.val
    ]
    for digit in range(10):
        assert abs(labels.count(digit) - whole.count(digit) / 2) <= 1
    backend.close()


@each_task
def test_a_latency_budget_prices_the_whole_network(
    tmp_path: Path, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = written(tmp_path / "project", task)
    project.scenario(("type: size", "type: latency"), ("value: 14000", "value: 5"))
    monkeypatch.chdir(project.home)
    lines = dict(check(Path("scen.yaml"), directory=project.home).lines)
    assert "npu_v1 (Kirin 990 5G NPU" in lines["latency"]
    assert lines["cheapest"].count(" ms") == 1
    assert "5 ms, satisfiable" in lines["budget"]


@each_task
def test_hand_picks_put_out_what_the_head_reads(done: Done, task: str, tmp_path: Path) -> None:
    project = done(task)[0].copy(tmp_path / HOME)
    budget = 1.5 * project.front().info.constraint_value
    options = CompareOptions(ContenderSelection(budget, (), ("efficientnet",)), epochs=1, seeds=1)
    found = compare(project.home / "scen.yaml", options, directory=project.home)
    (row,) = (row for row in found.rows if row.kind == "hand pick")
    assert abs(row.parameters / budget - 1) <= TOLERANCE
    assert len(found.rows) == 3


def test_every_pixel_has_a_teacher(
    done: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = done("segmentation")[0].copy(tmp_path / "project")
    monkeypatch.chdir(project.home)
    best = project.front().best.number
    student = next(one.number for one in project.front() if one.number != best)
    request = Request(epochs=1, learning_rate=0.001, distill=True)
    made = retrain(Path("scen.yaml"), student, request, formats=()).retrained
    assert made.plan.teacher == best
