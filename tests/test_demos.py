"""The projects of `nasea init` for detection and segmentation, from their data to a judged file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.cli.init import project_files, write_project
from pipeline.project import Project, Recorder

sys.path.append(str(Path(__file__).parents[1] / "demos"))
load_tensorflow(keras_version=2)

from digits import TEST_ACCURACY, load  # noqa: E402 - found only now
from judging import judge  # noqa: E402

FEW = {
    "epochs": 1,
    "batch_size": 8,
    "blocks": "[skip, separable_k3]",
    "generation_num": 1,
    "pop_size": 2,
    "bn_images": 8,
    "widths": "[1]",  # several need more than an epoch to score better than untrained
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The helper modules of all projects have the same names."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(f"{tmp_path}/"):
            del sys.modules[name]


each_framework = pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])


def small_project(home: Path, framework: str, task: str) -> None:
    """The project of a demo, at smoke scale."""
    write_project(project_files(framework, task), home)
    for path in home.glob("*.yaml"):
        text = path.read_text()
        # PyTorch tries the default blocks; TensorFlow would trace them for a minute.
        if "blocks:" not in text and framework == "tensorflow":
            text = re.sub("^( +)widths:", r"\1blocks:\n\g<0>", text, flags=re.MULTILINE)
        for key, value in FEW.items():
            text = re.sub(rf"^( +{key}:).*", rf"\1 {value}", text, flags=re.MULTILINE)
        path.write_text(text)


@each_framework
def test_a_small_search_of_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framework: str
) -> None:
    home = tmp_path / "project"
    small_project(home, framework, "classification")
    monkeypatch.chdir(home)
    front = Project(home).search()
    model = load(home / "results" / front.files_of(front.best)[0]).load_model()
    user = load(home / "user_module.py").UserModule(epoch=1, batch_size=64)
    assert 0 <= TEST_ACCURACY[framework](user, model) <= 1


@each_framework
@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_a_small_search_of_scenes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framework: str, task: str
) -> None:
    home = tmp_path / "project"
    small_project(home, framework, task)
    with (home / "settings.py").open("a") as file:
        file.write('SCENES = {"train": 16, "val": 6, "test": 6}\n')
    monkeypatch.chdir(home)
    message = Recorder()
    front = Project(home).search(message)
    assert message.stages.index("pretrain") < message.stages.index("train")
    assert "slots and" in message.text
    assert len(front) >= 1
    assert "predictions are not drawn" not in message.text
    assert (home / "results" / f"predictions_{front.best.number}.png").is_file()
    model_file = front.files_of(front.best)[0]
    on_val = judge(framework, task, model_file, "scenes/val")
    assert on_val == pytest.approx(front.best.metric, abs=1e-4), "the header is true"
    assert 0 <= judge(framework, task, model_file, "scenes/test") <= 1
