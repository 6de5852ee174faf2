from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from nasea.cli.init import project_files, write_project
from nasea.config import load_scenario
from nasea.pipeline.supernet.pre_training import classification_scenario
from pipeline.own_data.builders import write_classes

from .conftest import Run

TASKS = ("classification", "detection", "segmentation")
REPOSITORY = Path(__file__).parents[2]
CLASSIC = "tools_dopt/dopt_pytorch_py3/dopt_so.py"
each_scene = pytest.mark.parametrize(
    ("framework", "task"),
    [(f, t) for f in ("pytorch", "tensorflow") for t in TASKS],
)
FILES = ["README.md", "scen.yaml", CLASSIC, "user_module.py"]


@pytest.fixture(scope="module")
def user_module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("project") / "digits_user_module.py"
    path.write_bytes(project_files("pytorch", "classification")["user_module.py"])
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_writes_the_project(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "new" / "digits"
    done = run("init", "--framework", "PyTorch", "--task", "classification", str(home))
    assert (done.status, done.err) == (0, "")
    assert _files(home) == FILES
    assert f"cd {home}" in done.out
    assert "nasea search -c scen.yaml" in done.out


def test_it_writes_beside_other_files_but_over_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "scen.yaml").write_text("mine")
    (tmp_path / "README.md").write_text("mine")
    done = run("init", str(tmp_path))
    assert done.status == 2
    assert "README.md, scen.yaml" in done.err
    assert _files(tmp_path) == ["README.md", "notes.txt", "scen.yaml"]
    for name in ("README.md", "scen.yaml"):
        (tmp_path / name).rename(tmp_path / f"my_{name}")
    assert run("init", str(tmp_path)).status == 0
    assert (tmp_path / "my_scen.yaml").read_text() == "mine"


def test_a_file_is_no_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    done = run("init", str(tmp_path / "taken"))
    assert done.status == 2
    assert done.err.startswith("error: cannot write ")


@each_scene
def test_every_scene_is_a_project(run: Run, tmp_path: Path, framework: str, task: str) -> None:
    done = run("init", "--framework", framework, "--task", task, str(tmp_path))
    assert (done.status, done.err) == (0, "")
    loaded = load_scenario(tmp_path / "scen.yaml")
    assert loaded.notices == (), "the scenario needs no mending"
    scenario = loaded.scenario
    assert (scenario.framework, scenario.task) == (framework, task)
    for path in tmp_path.rglob("*.py"):
        compile(path.read_bytes(), path, "exec")
    message = (tmp_path / "README.md").read_text()
    missing = [name for name in _files(tmp_path) if Path(name).name not in message]
    assert missing in ([], ["README.md"]), "the README names every file"
    assert scenario.supernet.input_chw == (1, 8, 8) or task != "classification"


@each_scene
def test_pre_training_is_of_the_same_layers(tmp_path: Path, framework: str, task: str) -> None:
    if task == "classification":
        return
    write_project(project_files(framework, task), tmp_path)
    search, before = (
        load_scenario(tmp_path / name).scenario for name in ("scen.yaml", "pre_train.yaml")
    )
    assert classification_scenario(search, tmp_path) == before
    assert before.supernet.strides == search.supernet.strides
    assert before.supernet.blocks == search.supernet.blocks


def test_the_classic_entry_has_one_source() -> None:
    template = project_files("pytorch", "classification")[CLASSIC]
    assert template == (REPOSITORY / CLASSIC).read_bytes()
    assert len(template.splitlines()) <= 15


def test_the_classic_entry_is_a_search(tmp_path: Path) -> None:
    done = _classic(tmp_path, "-c", "scen.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "scen.yaml" in done.stderr
    assert "Usage: nasea search" in _classic(tmp_path, "-h").stdout


def test_the_classic_entry_without_nasea(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(REPOSITORY / CLASSIC), "-c", "scen.yaml"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert "in the clone of nasea, pip install '.[torch]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_digits_are_split_without_overlap(user_module: Any) -> None:
    parts = {name: user_module.Digits(f"digits/{name}", False) for name in ("train", "val", "test")}
    assert [len(part) for part in parts.values()] == [1197, 300, 300]
    slices = sorted((part.start, part.stop) for part in user_module.SPLITS.values())
    assert slices == [(0, 1197), (1197, 1497), (1497, 1797)]
    image, label = parts["test"][0]
    assert image.shape == (1, 8, 8) and image.dtype == torch.float32
    assert 0 <= image.min() and image.max() == 1
    assert label.dtype == torch.int64


def test_only_training_images_are_distorted(user_module: Any) -> None:
    module = user_module.UserModule(epoch=1, batch_size=64)
    torch.manual_seed(0)
    train = module.dataset_define("digits/train", True)
    assert any(not torch.equal(train[0][0], train[0][0]) for _ in range(20))
    val = module.dataset_define("digits/val", False)
    assert all(torch.equal(val[i][0], val[i][0]) for i in range(20))


def test_the_ends_the_loss_and_the_metric_fit(user_module: Any) -> None:
    module = user_module.UserModule(epoch=2, batch_size=64)
    loader = DataLoader(module.dataset_define("digits/val", False), batch_size=64)
    images, labels = next(iter(loader))
    features = user_module.PreNet()(images)
    assert features.shape == (64, 16, 8, 8)
    logits = user_module.PostNet()(torch.zeros(64, 64, 2, 2))
    assert logits.shape == (64, 10)
    assert torch.isfinite(module.loss_func(labels, logits))
    answers = {images.sum().item(): labels for images, labels in loader}

    def oracle(images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(answers[images.sum().item()], 10)

    assert module.metrics_func(loader, oracle) == 1.0


def test_the_schedule_lasts_the_whole_training(user_module: Any) -> None:
    module = user_module.UserModule(epoch=3, batch_size=64)
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.005)
    scheduler = module.scheduler_define(optimizer, 5)
    rates = []
    for _ in range(15):
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    assert max(rates) <= 0.005 and rates[-1] < 0.1 * max(rates)


def _files(directory: Path) -> list[str]:
    return sorted(
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    )


def _classic(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(REPOSITORY / CLASSIC), *words],
        capture_output=True,
        text=True,
        cwd=directory,
        env={"PYTHONPATH": str(REPOSITORY / "src")},
        check=False,
    )


def test_a_project_for_own_data(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_classes(tmp_path / "my pets 1.0")
    done = run("init", "--data", "my pets 1.0", "--framework", "tensorflow")
    assert (done.status, done.err) == (0, "")
    for words in (
        "2 classes: cat, dog",
        "every 5th",
        "budget",
        "cd 'my pets 1.0_search'",
    ):
        assert words in done.out
    assert load_scenario(Path("my pets 1.0_search/scen.yaml")).scenario.framework == "tensorflow"
    again = run("init", "--data", "my pets 1.0", "--framework", "tensorflow")
    assert again.status == 2
    assert "already holds scen.yaml" in again.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "which directory?"),
        (("--size", "32", "new"), "--size is used with --data only"),
        (("--data", "nowhere", "new"), "--data nowhere does not exist"),
        (("--data", "pets", "pets/new"), "lies in pets, where nothing is to be written"),
        (("--data", "pets", "--task", "detection", "new"), "no data for detection"),
    ],
)
def test_what_cannot_be_begun_is_told(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_classes(tmp_path / "pets")
    done = run("init", *words)
    assert done.status == 2
    assert told in " ".join(done.err.split()) and "fix:" in done.err
    assert not (tmp_path / "new").exists()
