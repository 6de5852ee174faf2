"""The project that is written for a data set: what is chosen, and what stands in its files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nasea.cli.init import own_files
from nasea.config import load_scenario
from nasea.errors import DataError
from nasea.pipeline.own_data.look import look
from nasea.pipeline.own_data.mask_numbers import numbers_of
from nasea.pipeline.own_data.project import OwnProject, own_project
from nasea.pipeline.own_data.recognise import recognise
from nasea.pipeline.own_data.splitting import split
from nasea.terms import Framework

from . import builders

GOLDEN = Path(__file__).parent / "golden"
WRITERS: dict[str, Callable[[Path], object]] = {
    "classification": lambda root: builders.write_classes(root, size=(40, 48), each=20),
    "detection": lambda root: builders.write_voc(
        root, size=(120, 160), lists=True, boxes=(("cell", 10, 10, 50, 60), ("dot", 80, 9, 95, 24))
    ),
    "segmentation": builders.write_masks,
}
PAIRS: list[tuple[str, Framework]] = [
    ("classification", "pytorch"), ("classification", "tensorflow"), ("detection", "pytorch"),
    ("segmentation", "tensorflow"),
]  # fmt: skip


def _project(root: Path, framework: Framework = "pytorch", **asked: int) -> OwnProject:
    return own_project(root, framework, own_files, task=None, gpu=False, side=asked.get("side"))


@pytest.mark.parametrize(("task", "framework"), PAIRS)
def test_the_scenario_needs_no_mending_and_says_why(
    tmp_path: Path, task: str, framework: Framework
) -> None:
    """Set ``UPDATE_GOLDEN=1`` to write the expected texts anew."""
    root = tmp_path / "data"
    WRITERS[task](root)
    project = _project(root, framework)
    home = tmp_path / "project"
    for path, content in project.files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(content)
    for name in ("scen.yaml", *(["pre_train.yaml"] if task != "classification" else [])):
        loaded = load_scenario(home / name)
        assert loaded.notices == ()
        assert loaded.scenario.framework == framework
        text = (home / name).read_text().replace(str(root), "/data")
        golden = GOLDEN / f"{task}.{framework}.{name}"
        if os.environ.get("UPDATE_GOLDEN"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text)
        assert text == golden.read_text()
    assert load_scenario(home / "scen.yaml").scenario.task == task
    for path in home.rglob("*.py"):
        compile(path.read_bytes(), path, "exec")
    told = (home / "README.md").read_text()
    assert [path for path in project.files if Path(path).name not in told] in ([], ["README.md"])


def test_the_data_is_neither_copied_nor_changed(tmp_path: Path) -> None:
    builders.write_classes(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    project = _project(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert not any(path.endswith(".png") for path in project.files)


@pytest.mark.parametrize(
    ("size", "gpu", "wanted"),
    [((32, 32), False, (32, 32)), ((28, 28), False, (28, 28)), ((60, 64), False, (60, 64)),
     ((300, 400), False, (96, 96)), ((300, 400), True, (224, 224)), ((20, 100), False, (20, 20))],
)  # fmt: skip
def test_the_size_to_classify_at(
    tmp_path: Path, size: tuple[int, int], gpu: bool, wanted: tuple[int, int]
) -> None:
    builders.write_classes(tmp_path, each=6, size=size)
    project = own_project(tmp_path, "pytorch", own_files, task=None, gpu=gpu)
    assert project.plan.size == wanted


def test_a_size_may_be_asked_for(tmp_path: Path) -> None:
    builders.write_classes(tmp_path, size=(40, 60))
    assert _project(tmp_path, side=24).plan.size == (24, 24)


def test_grey_images_have_one_channel(tmp_path: Path) -> None:
    builders.write_classes(tmp_path, grey=True)
    project = _project(tmp_path)
    assert b"input_shape: [1, 12, 16]" in project.files["scen.yaml"]
    assert len(project.plan.seen.mean) == 1


def test_anchors_fit_the_objects(tmp_path: Path) -> None:
    WRITERS["detection"](tmp_path)
    anchors = _project(tmp_path).plan.anchors
    assert anchors is not None and anchors.covered == 1.0
    heights = [height for _, heights, _ in anchors.levels for height in heights]
    assert heights == sorted(set(heights)), "each group of heights has one anchor"


@pytest.mark.parametrize(
    ("classes", "mirror"),
    [(("cat", "dog"), True), (("left hand", "right hand"), False), (("1", "2"), False),
     (("a", "b"), False)],
)  # fmt: skip
def test_images_are_mirrored_only_where_names_allow_it(
    tmp_path: Path, classes: tuple[str, ...], mirror: bool
) -> None:
    builders.write_classes(tmp_path, classes)
    assert _project(tmp_path).plan.mirror is mirror


def test_statistics_are_those_of_the_pixels(tmp_path: Path) -> None:
    images = np.stack([builders.pixels(i) for i in range(20)])
    np.savez(tmp_path / "a.npz", train_images=images, train_labels=np.arange(20) % 2,
             val_images=images[:4], val_labels=np.arange(4) % 2)  # fmt: skip
    seen = _project(tmp_path).plan.seen
    np.testing.assert_allclose(seen.mean, images.mean((0, 1, 2)), atol=0.1)
    np.testing.assert_allclose(seen.std, images.std((0, 1, 2)), atol=0.1)


def test_a_few_unreadable_images_are_left_out(tmp_path: Path) -> None:
    builders.write_classes(tmp_path, each=30)
    whole = (tmp_path / "cat" / "3.png").read_bytes()
    (tmp_path / "cat" / "3.png").write_bytes(whole[: len(whole) // 2])
    found, _ = look(split(recognise(tmp_path)).found)
    assert found.notices == ("images that cannot be read, left out: cat/3.png",)
    assert sum(map(len, found.parts.values())) == 59


def test_many_unreadable_images_are_refused(tmp_path: Path) -> None:
    builders.write_classes(tmp_path)
    for number in range(5):
        (tmp_path / "cat" / f"{number}.png").write_bytes(b"not an image")
    with pytest.raises(DataError, match="5 of 20 images cannot be read"):
        _project(tmp_path)


@pytest.mark.parametrize(
    ("values", "names", "numbers", "void"),
    [
        ((0, 255), ("background", "foreground"), (0, 255), ()),
        ((0, 1, 255), ("class 0", "class 1"), (0, 1), (255,)),
        ((0, 50, 100), ("class 0", "class 50", "class 100"), (0, 50, 100), ()),
    ],
)
def test_the_numbers_of_masks(
    tmp_path: Path,
    values: tuple[int, ...],
    names: tuple[str, ...],
    numbers: tuple[int, ...],
    void: tuple[int, ...],
) -> None:
    builders.write_masks(tmp_path, values=values)
    _, found = numbers_of(split(recognise(tmp_path)).found)
    assert (found.classes, found.numbers, found.void) == (names, numbers, void)


def test_names_of_classes_in_masks(tmp_path: Path) -> None:
    builders.write_masks(tmp_path)
    (tmp_path / "classes.txt").write_text("sky\nroad\nvoid\n")
    _, found = numbers_of(split(recognise(tmp_path)).found)
    assert (found.classes, found.void) == (("sky", "road"), (2,))
    (tmp_path / "classes.txt").write_text("sky\nroad\n")
    with pytest.raises(DataError, match=r"masks hold \[2\], but there are names for 0 to 1"):
        numbers_of(split(recognise(tmp_path)).found)


def test_masks_of_colours_are_refused(tmp_path: Path) -> None:
    builders.write_masks(tmp_path)
    builders.save(tmp_path / "masks" / "0.png", builders.pixels(1))
    with pytest.raises(DataError, match=r"colours instead of numbers: masks/0\.png"):
        _project(tmp_path)


def test_numbers_that_only_validation_shows_are_refused(tmp_path: Path) -> None:
    builders.write_masks(tmp_path, (("train", "trainannot"), ("val", "valannot")))
    builders.save(tmp_path / "valannot" / "0.png", builders.mask(0, (0, 1, 2, 7)))
    with pytest.raises(DataError, match="classes that only validation or test show: class 7"):
        _project(tmp_path)
