"""Pre-training: from images, from the user's own module, from a checkpoint; once; and refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from nasea.backends.base import AttachedBackend
from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.backends.training.pretrained import LoadedPretrained, pack, unpack
from nasea.errors import CheckpointError, ConfigError, DataError, Interrupted
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.supernet.pre_training import PreTraining
from user_files import changed, published_segmentation, segmentation
from user_files.segmentation import CLASSIFICATION_MODULE

from .project import Project, Recorder, assert_same_results

tf = load_tensorflow(keras_version=2)


FEW = (
    ("pre_train_dir: none", "pre_train_dir: classes"),
    ("epochs: 6", "epochs: 2"),
    ("generation_num: 2", "generation_num: 1"),
    ("pop_size: 4", "pop_size: 2\n      metric_mode: METRIC_MODE"),
)
"""What comes after pre-training is as short as can be."""
PRETRAINED = "checkpoint/pretrained-000001.ckpt"


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Paths in a scenario are looked for from where the command runs."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    yield


@pytest.fixture
def dense(tmp_path: Path) -> Project:
    """A segmentation project that was not run."""
    project = Project.of(segmentation.FILES, tmp_path / "project")
    return project.scenario(*FEW, ("METRIC_MODE", "min"))


def write_images(folder: Path, classes: int = 3) -> None:
    """Digits as image files, a folder a class."""
    digits = load_digits()
    for index in range(120):
        label = int(digits.target[index])
        if label < classes:
            target = folder / f"digit_{label}"
            target.mkdir(parents=True, exist_ok=True)
            pixels = (digits.images[index] * 15).astype(np.uint8)
            Image.fromarray(pixels).save(target / f"{index}.png")


def test_images_train_it_once(dense: Project) -> None:
    write_images(dense.home / "classes")
    first, second = Recorder(), Recorder()
    dense.search(first)
    assert first.stages.index("pretrain") < first.stages.index("train")
    assert "of 6 tensors of PreNet taken over" in first.text
    assert (dense.home / PRETRAINED).is_file()
    assert not list((dense.home / "checkpoint").glob("pretrain-*"))

    for path in (dense.home / "checkpoint").glob("[ts]*.ckpt"):
        path.unlink()  # as if training had not begun
    before = dense.copy(dense.home.parent / "before")
    dense.search(second)
    assert "pretrain" not in second.stages
    assert "pre-training was done by an earlier start" in second.text
    assert_same_results(before, dense)


def test_two_processes_pre_train_and_search_together(dense: Project) -> None:
    write_images(dense.home / "classes")
    message = Recorder()
    dense.scenario(("gpu_id: 0", "gpu_id: 0,1")).search(message)
    assert message.stages.index("pretrain") < message.stages.index("train")
    assert "device 2 x CPU" in message.text and "of PreNet taken over" in message.text


def test_the_weights_go_on(dense: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (dense.home / "user_module_cls.py").write_text(CLASSIFICATION_MODULE)
    seen: dict[str, dict[str, torch.Tensor]] = {}

    def keep(name: str) -> None:
        method = getattr(AttachedBackend, name)

        def keeping(backend: AttachedBackend, *arguments: bytes) -> object:
            result = method(backend, *arguments)
            state = backend.supernet.state_dict()
            seen[name] = {k: v.clone() for k, v in state.items() if "post_net" not in k}
            return result

        monkeypatch.setattr(AttachedBackend, name, keeping)

    keep("pretrained_weights")
    keep("load_pretrained")
    dense.search()
    assert seen["pretrained_weights"].keys() == seen["load_pretrained"].keys()
    for name, tensor in seen["pretrained_weights"].items():
        torch.testing.assert_close(seen["load_pretrained"][name], tensor, rtol=0, atol=0)


@pytest.fixture
def dense_tensorflow(tmp_path: Path) -> Project:
    """A TensorFlow segmentation project that was not run."""
    project = Project.of(published_segmentation.FILES, tmp_path / "project")
    return project.scenario(*FEW, ("METRIC_MODE", "max"))


@pytest.mark.parametrize("kind", ["images", "records"])
def test_tensorflow_too(
    dense_tensorflow: Project, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = write_images if kind == "images" else write_records
    write(dense_tensorflow.home / "classes")
    handed: list[dict[str, np.ndarray]] = []
    accounts: list[LoadedPretrained] = []

    def pretrained_weights(backend: AttachedBackend) -> bytes:
        packed = original_pack(backend)
        handed.append(unpack(packed))
        return packed

    def load_pretrained(backend: AttachedBackend, weights: bytes) -> LoadedPretrained:
        accounts.append(original_load(backend, weights))
        handed.append(unpack(original_pack(backend)))
        raise Interrupted("seen enough")

    original_pack, original_load = (
        AttachedBackend.pretrained_weights,
        AttachedBackend.load_pretrained,
    )
    monkeypatch.setattr(AttachedBackend, "pretrained_weights", pretrained_weights)
    monkeypatch.setattr(AttachedBackend, "load_pretrained", load_pretrained)
    message = Recorder()
    with pytest.raises(Interrupted):
        dense_tensorflow.search(message)
    assert "pretrain" in message.stages
    assert not accounts[0].unfit
    assert not accounts[0].missing
    assert sum(name.startswith("PreNet:") for name in accounts[0].loaded) == 5
    given, taken = handed
    assert given.keys() == taken.keys()
    assert all(np.array_equal(given[name], taken[name]) for name in given)


def write_records(folder: Path) -> None:
    """Digits as ImageNet's TFRecord files have their images."""
    folder.mkdir()
    digits = load_digits()
    with tf.io.TFRecordWriter(str(folder / "train-00000-of-00001")) as file:
        for index in range(60):
            pixels = (digits.images[index] * 15).astype(np.uint8)[..., None]
            encoded = tf.io.encode_png(pixels).numpy()
            label = int(digits.target[index])
            features = {
                "image/encoded": tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded])),
                "image/class/label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            file.write(example.SerializeToString())


def test_records_are_for_tensorflow(dense: Project) -> None:
    write_records(dense.home / "classes")
    with pytest.raises(DataError, match="TFRecord files are read with TensorFlow only") as caught:
        dense.search()
    assert "user_module_cls.py" in str(caught.value.fix)


def test_a_killed_pre_training_goes_on(dense: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (dense.home / "user_module_cls.py").write_text(CLASSIFICATION_MODULE)
    unbroken = dense.copy(dense.home.parent / "unbroken")
    monkeypatch.chdir(unbroken.home)
    unbroken.search()

    def die(training: PreTraining, seen: object) -> None:
        if training.epoch == 2:
            raise Interrupted("killed")

    monkeypatch.chdir(dense.home)
    with monkeypatch.context() as patch:
        patch.setattr(PreTraining, "after_epoch", die)
        with pytest.raises(Interrupted):
            dense.search()
    again = Recorder()
    dense.search(again)
    assert "resuming from epoch 1" in again.text
    assert_same_results(unbroken, dense)


def test_a_checkpoint_of_another_project(dense: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (dense.home / "user_module_cls.py").write_text(CLASSIFICATION_MODULE)
    other = dense.copy(dense.home.parent / "other")
    dense.search()
    shutil.copytree(dense.home / "checkpoint", other.home / "classes")
    (other.home / "user_module_cls.py").unlink()
    other.scenario(("filters: [8, 8, 16]", "filters: [8, 12, 16]"))
    other.module(("Conv2d(16, 8, 1)", "Conv2d(20, 8, 1)"))
    monkeypatch.chdir(other.home)
    message = Recorder()
    other.search(message)
    assert "pretrain" not in message.stages
    assert "begins untrained:" in message.text
    assert "slot:layer1/" in message.text
    assert "here" in message.text


def test_nothing_of_a_checkpoint_fits(dense: Project) -> None:
    store = CheckpointStore(dense.home / "classes", "pretrained")
    packed = pack({"slot:layer9/other": np.zeros((1, 2))})
    store.save({"identity": {}, "framework": "pytorch"}, packed)
    with pytest.raises(CheckpointError, match="no slot of the pre-trained weights") as refused:
        dense.search()
    assert "slot:layer9/other: not in this network" in str(refused.value)


def test_a_checkpoint_of_the_other_framework(dense: Project) -> None:
    store = CheckpointStore(dense.home / "classes", "pretrained")
    store.save({"identity": {}, "framework": "tensorflow"}, pack({}))
    with pytest.raises(CheckpointError, match="was pre-trained with tensorflow"):
        dense.search()


def test_an_empty_directory_is_refused_before_training(dense: Project) -> None:
    (dense.home / "classes").mkdir()
    message = Recorder()
    with pytest.raises(DataError, match="holds neither a checkpoint .* nor a classification data"):
        dense.search(message)
    assert "train" not in message.stages


def test_no_pre_training_is_said(dense: Project) -> None:
    dense.scenario(("pre_train_dir: classes", "pre_train_dir: none"))
    message = Recorder()
    dense.search(message)
    assert "nothing is pre-trained" in message.text
    assert "pretrain" not in message.stages


def test_a_scenario_of_its_own_must_suit(dense: Project) -> None:
    (dense.home / "user_module_cls.py").write_text(CLASSIFICATION_MODULE)
    text = changed(segmentation.FILES.scenario, ("[8, 8, 16]", "[8, 8, 32]"))
    (dense.home / "pre_train.yaml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        dense.search()
    assert "must be image_classification" in str(refused.value)
    assert "must be those of the search, [8, 8, 16]" in str(refused.value)


def test_a_broken_image_is_named(dense: Project) -> None:
    write_images(dense.home / "classes")
    broken = dense.home / "classes" / "digit_1" / "1.png"
    broken.write_bytes(broken.read_bytes()[:40])
    with pytest.raises(DataError, match=r"digit_1/1\.png cannot be read as an image"):
        dense.search()
