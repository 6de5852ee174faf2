"""What goes wrong before and while searching, through the real command: status 2, and a remedy."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nasea.pipeline.search import finishing
from nasea.results.storage import store
from pipeline.project import Project, Search
from pipeline.unprivileged import unprivileged

pytest_plugins = ["pipeline.fixtures"]

Change = Callable[[Project], object]
Edit = tuple[str, str]

TENSORFLOW = (
    ("PyTorch", "TensorFlow"),
    ("pytorch_", "tensorflow_"),
    ("channels_first", "channels_last"),
    ("[1, 8, 8]", "[8, 8, 1]"),
)
DETECTION = ("image_classification", "object_detection")
PRE_TRAINED = ("val_dir: digits/val", "val_dir: digits/val\n      pre_train_dir: none")


def in_scenario(*edits: Edit) -> Change:
    return lambda project: project.scenario(*edits)


def in_module(*edits: Edit) -> Change:
    return lambda project: project.module(*edits)


def scenario_is(text: str) -> Change:
    return lambda project: (project.home / "scen.yaml").write_text(text)


def without(name: str) -> Change:
    return lambda project: (project.home / name).unlink()


def as_directory(name: str) -> Change:
    def change(project: Project) -> None:
        (project.home / name).unlink()
        (project.home / name).mkdir()

    return change


NO_NUMBER = "metrics_func must return a number"

BEFORE_TRAINING: dict[str, tuple[Change, list[str]]] = {
    "budget too small": (
        in_scenario(("constraint_value: 12000", "constraint_value: 900")),
        ["cheapest architecture: ", "budget 900 parameters", "not satisfiable", "constraint_value"],
    ),
    "labels out of range": (
        in_module(("nn.Linear(16, 10)", "nn.Linear(16, 5)")),
        ["loss_func", "out of bounds", "labels int64", "values 0 to 9", "(32, 5)"],
    ),
    "metric not a number": (
        in_module(("return correct / count", "return 'good'")),
        [NO_NUMBER, "'good'"],
    ),
    "metric not a number, its direction given": (
        lambda project: project.module(("return correct / count", "return None")).scenario(
            ("metric_mode: auto", "metric_mode: max")
        ),
        [NO_NUMBER, "NoneType"],
    ),
}

CASES: dict[str, tuple[Change, list[str]]] = {
    "scenario missing": (without("scen.yaml"), ["scen.yaml", "no such file"]),
    "scenario unreadable": (as_directory("scen.yaml"), ["scen.yaml", "directory"]),
    "scenario not YAML": (scenario_is("scenario: [1, 2\nkey: }"), ["scen.yaml:", "YAML"]),
    "scenario empty": (scenario_is(""), ["scen.yaml"]),
    "key unknown": (
        in_scenario(("    supernet:\n", "    supernet:\n      colour: red\n")),
        ["scen.yaml:", "colour"],
    ),
    "key misspelt": (
        in_scenario(("batch_size", "batchsize")),
        ["batchsize", "did you mean", "batch_size"],
    ),
    "wrong types": (
        in_scenario(("epochs: 6", "epochs: many"), ("filters: [8, 8, 16]", "filters: 8")),
        ["2 errors", "strategy.epochs", "many", "supernet.filters"],
    ),
    "lengths differ": (
        in_scenario(("[1, 1, 2]", "[1, 2]")),
        ["supernet.strides", "as many items as filters: 3"],
    ),
    "feature_choose out of range": (
        in_scenario(("strides:", "feature_choose: [3]\n      strides:"), DETECTION, PRE_TRAINED),
        ["feature_choose[0]", "from 0 to 2"],
    ),
    "budget too small": BEFORE_TRAINING["budget too small"],
    "user module missing": (
        without("user_module.py"),
        ["user_module.py was not found", "nasea init"],
    ),
    "method missing": (
        in_module(("def loss_func", "def lossfunc")),
        ["UserModule.loss_func(self, labels, logits) is missing"],
    ),
    "data set empty": (
        in_module(('"train": slice(0, 280)', '"train": slice(0, 0)')),
        ["dataset.train_dir", "'digits/train'", "empty"],
    ),
    "images of another shape": (
        in_scenario(("input_shape: [1, 8, 8]", "input_shape: [1, 16, 16]")),
        ["(1, 8, 8)", "input_shape says (1, 16, 16)", "resize"],
    ),
    "batch larger than the data": (
        in_scenario(("batch_size: 32", "batch_size: 281")),
        ["batch_size is 281", "only 280 images", "at most 280"],
    ),
    "labels out of range": BEFORE_TRAINING["labels out of range"],
    "PostNet does not fit": (
        in_module(("nn.Linear(16, 10)", "nn.Linear(64, 10)")),
        ["PostNet", "16", "64"],
    ),
    "module of the other framework": (
        in_scenario(*TENSORFLOW),
        ["user_module.py is written for PyTorch", "dataset_define", "use framework: PyTorch"],
    ),
    "processor unknown": (
        in_scenario(
            (
                "constraint_type: size",
                "constraint_type: latency\n      processor_version: npu_v9",
            )
        ),
        ["no latency profile is called 'npu_v9'", "npu_v1", "nasea latency build"],
    ),
    "latency too small": (
        in_scenario(
            ("constraint_type: size", "constraint_type: latency"),
            ("constraint_value: 12000", "constraint_value: 0.001"),
        ),
        ["cheapest architecture: ", "budget 0.001 ms", "not satisfiable"],
    ),
}

COUNT = "return dataset.batch(self.batch_size), len(labels)"
RATE = "return tf.keras.optimizers.schedules.CosineDecay(lr_init, total)(global_step)"

IN_TENSORFLOW: dict[str, tuple[Change, list[str]]] = {
    "not batched": (
        in_module((COUNT, "return dataset, len(labels)")),
        ["the training data set", "not batched", "dataset.batch(self.batch_size)"],
    ),
    "not pairs": (
        in_module((COUNT, "return dataset.map(lambda x, y: x).batch(8), len(labels)")),
        ["must give pairs (images, labels)", "float32 (8, 8, 8, 1)"],
    ),
    "no images": (
        in_module((COUNT, "return dataset.batch(self.batch_size), 0")),
        ["dataset.train_dir", "'digits/train'", "there are 0 images (data_num)"],
    ),
    "more images than there are": (
        in_module((COUNT, "return dataset.batch(self.batch_size), 999")),
        ["ends after", "there are 999", "data_num of train_dir", "repeat()"],
    ),
    "no learning rate": (
        in_module((RATE, "return lr_init * float('nan')")),
        ["lr_scheduler", "is nan", "a number >= 0"],
    ),
    "loss rejects the output": (
        in_module(("(labels, logits)\n\n\nclass", "(logits, labels)\n\n\nclass")),
        ["loss_op", "user_module.py", "labels int64 (32,)", "PostNet's output is float32 (32, 10)"],
    ),
    "PostNet does not fit": (
        in_module(("Dense(10)", "Conv2D(10, 3)")),
        ["PostNet", "expected min_ndim=4", "(32, 4, 4, 16)"],
    ),
    "images of another shape": (
        in_scenario(("input_shape: [8, 8, 1]", "input_shape: [16, 16, 1]")),
        ["(8, 8, 1)", "input_shape says (16, 16, 1)", "resize"],
    ),
    "metric not a number": (
        in_module(("return correct / count", "return 'good'")),
        ["metrics_op must return a number", "'good'"],
    ),
    "reading fails": (
        in_module(("return image + 0.05", "tf.debugging.assert_less(label, 7 * label)\n"
                   "        return image + 0.05")),
        ["the training data set cannot be read", "assert"],
    ),
    "module of another task": (
        in_scenario(DETECTION, PRE_TRAINED),
        ["(self, dataset_dir, is_training) must accept UserModule.build_dataset_search(self, "
         "dataset_dir, is_training, is_shuffle)"],
    ),
    "module of the other framework": (
        in_scenario(*((b, a) for a, b in TENSORFLOW)),
        ["user_module.py is written for TensorFlow", "metrics_op", "use framework: TensorFlow"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("framework", ["tensorflow"], indirect=True)
@pytest.mark.parametrize("case", IN_TENSORFLOW)
def test_it_is_told_in_the_terms_of_tensorflow(fresh: Project, command: Search, case: str) -> None:
    change, words = IN_TENSORFLOW[case]
    change(fresh)
    assert_told(command(fresh), words)
    assert fresh.files("checkpoint").keys() == {"lock"}, "nothing was trained"


@pytest.mark.parametrize("case", CASES)
def test_it_is_told_and_nothing_is_lost(project: Project, command: Search, case: str) -> None:
    change, words = CASES[case]
    change(project)
    kept, results = project.files("checkpoint", "*.ckpt"), project.files("results")
    assert_told(command(project), words)
    assert project.files("checkpoint", "*.ckpt") == kept
    assert project.files("results") == results


@pytest.mark.parametrize("case", BEFORE_TRAINING)
def test_it_is_told_before_anything_is_trained(fresh: Project, command: Search, case: str) -> None:
    change, words = BEFORE_TRAINING[case]
    change(fresh)
    assert_told(command(fresh), words)
    assert fresh.files("checkpoint").keys() == {"lock"}


def test_a_loss_that_is_not_finite(fresh: Project, command: Search) -> None:
    fresh.module(
        ("return F.cross_entropy(logits, labels)",
         "self.calls = getattr(self, 'calls', 0) + 1\n"
         "        return F.cross_entropy(logits, labels) / (self.calls < 25)"),
    )  # fmt: skip
    assert_told(command(fresh), ["loss became", "learning_rate", "last checkpoint is intact"])
    assert fresh.files("checkpoint", "train-*")
    log = fresh.log()
    assert "epoch 2/6" in log
    assert "ended: the loss became" in log


@pytest.mark.parametrize("name", [".results.new", "checkpoint", "log_classification"])
def test_a_folder_that_cannot_be_written(fresh: Project, command: Search, name: str) -> None:
    (fresh.home / name).write_text("a file in its place")
    assert_told(command(fresh), ["cannot write", name.strip(".").removesuffix(".new")])


@pytest.mark.parametrize("folder", [".", "checkpoint"])
def test_a_folder_that_is_read_only(fresh: Project, command: Search, folder: str) -> None:
    (fresh.home / "checkpoint").mkdir()
    (fresh.home / folder).chmod(0o555)
    with unprivileged():
        assert_told(command(fresh), ["cannot write", "Permission denied"])
    assert not fresh.files("checkpoint", "*.ckpt")


def test_a_folder_that_becomes_read_only(project: Project, command: Search) -> None:
    kept, results = project.files("checkpoint", "*.ckpt"), project.files("results")
    project.scenario(("generation_num: 3", "generation_num: 4"))
    (project.home / "checkpoint").chmod(0o555)
    with unprivileged():
        words = ["cannot be written: Permission denied", "directory writable", "same command again"]
        assert_told(command(project), words)
    assert project.files("checkpoint", "*.ckpt") == kept
    assert project.files("results") == results


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_is_full_while_training(
    fresh: Project, command: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    sync = os.fsync

    def soon_full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 6:
            full()
        sync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", soon_full)
        assert_told(command(fresh), ["No space left on device", "make room", "same command again"])
    assert fresh.files("checkpoint", "train-*")
    assert not list((fresh.home / "checkpoint").glob("*.tmp"))


def test_a_disk_that_is_full_when_results_are_written(
    project: Project, command: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = project.files("results")
    with monkeypatch.context() as patched:
        patched.setattr(finishing, "unchanged", lambda *_: None)  # else nothing is written
        patched.setattr(store, "save_report", full)
        assert_told(command(project), ["No space left on device", "same command"])
    assert project.files("results") == results
    assert not (project.home / ".results.new").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nasea-checkpoint 1\n{}\n"])
def test_checkpoints_that_are_corrupt_or_foreign(
    project: Project, command: Search, content: bytes
) -> None:
    results = project.files("results")
    for path in (project.home / "checkpoint").glob("train-*"):
        path.write_bytes(content)
    kept = project.files("checkpoint", "*.ckpt")
    assert_told(command(project), ["no checkpoint is intact", "train-0", "--restart"])
    assert project.files("checkpoint", "*.ckpt") == kept
    assert project.files("results") == results


def test_a_corrupt_search_is_made_again_from_the_supernet(
    project: Project, command: Search
) -> None:
    front, trained = project.front(), project.files("checkpoint", "train-*")
    for path in (project.home / "checkpoint").glob("search-*"):
        path.write_bytes(b"nasea-checkpoint 1\n{}\n")
    status, shown = command(project)
    assert status == 0
    assert "no checkpoint is intact" in shown and "starting a new search" in shown
    assert project.files("checkpoint", "train-*") == trained
    assert project.front().members == front.members


def assert_told(outcome: tuple[int | str | None, str], words: list[str]) -> None:
    """Exit status 2, a message with all the words, and no traceback but of the user's own code."""
    status, shown = outcome
    assert status == 2, shown
    assert "error: " in shown
    flat = " ".join(shown.split())
    missing = [word for word in words if word not in flat]
    assert not missing, shown
    own = str(Path(store.__file__).parents[1])
    assert own not in shown
    assert "defect of nasea" not in shown
