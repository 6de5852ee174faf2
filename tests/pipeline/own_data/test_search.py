"""The written project runs: its readers give what the data holds, and a search goes through."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nasea.cli.init import own_files, write_project
from nasea.pipeline.own_data.project import own_project
from nasea.terms import Framework
from pipeline.project import Project

from . import builders

BOXES = """
from objects import distorted, read_objects
data = read_objects("index/train.txt", True)
image, boxes, labels = data[0]
assert image.shape == (*SIZE, 3) and image.dtype == np.uint8
assert labels.tolist() == [0, 1] and CLASSES == ("cell", "dot")
wide, high = SIZE[1] / 16, SIZE[0] / 12
np.testing.assert_allclose(boxes[0], [2 * wide, 2 * high, 8 * wide, 9 * high], atol=0.01)
assert distorted(*data[0])[0].shape == image.shape
"""
MASKS = """
from masks import IGNORED, distorted, read_masks
data = read_masks("index/train.txt")
assert len(data.images) == len(data.masks) > 0
image, mask = data.images[0], data.masks[0]
assert image.shape == (*SIZE, 3) and mask.shape == SIZE and mask.dtype == np.uint8
assert set(np.unique(mask)) == {0, 1, IGNORED} and CLASSES == ("class 0", "class 1")
assert len(data.class_weights) == 2
assert distorted(image, mask)[1].shape == SIZE
"""
LABELS = """
from labelled import normalised, read_labelled
data = read_labelled("index/train.txt")
assert data.images[0].shape == (*SIZE, 3) and set(data.labels) == {0, 1}
assert data.distorted(0).shape == data.images[0].shape
everything = normalised(np.stack([data.images[i] for i in range(len(data))]))
assert abs(everything.mean()) < 0.05 and abs(everything.std() - 1) < 0.05
"""


@pytest.mark.parametrize(
    ("write", "script"),
    [
        (lambda root: builders.write_voc(root), BOXES),
        (lambda root: builders.write_masks(root, values=(0, 1, 255)), MASKS),
        (lambda root: builders.write_classes(root, size=(60, 90)), LABELS),
    ],
    ids=["boxes", "masks", "classes"],
)
def test_a_project_reads_its_lists(tmp_path: Path, write: object, script: str) -> None:
    assert callable(write)
    write(tmp_path / "data")
    made = own_project(tmp_path / "data", "pytorch", own_files, task=None, gpu=False)
    write_project(made.files, tmp_path / "project")
    head = "import numpy as np\nfrom settings import CLASSES, SIZE\n"
    done = subprocess.run(
        [sys.executable, "-c", head + script],
        cwd=tmp_path / "project",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_a_search_on_own_data(tmp_path: Path, framework: Framework) -> None:
    """From records to a front; only what makes it long is changed."""
    labels = [1, 2] * 12
    builders.write_records(tmp_path / "data" / "train-00000-of-00001", labels)
    builders.write_records(tmp_path / "data" / "val-00000-of-00001", labels[:8])
    made = own_project(tmp_path / "data", framework, own_files, task=None, gpu=False)
    text = made.files["scen.yaml"].decode()
    text = re.sub(r"\bepochs: \d+", "epochs: 2", text)
    text = re.sub(r"generation_num: \d+", "generation_num: 1", text)
    text = re.sub(r"pop_size: \d+", "pop_size: 2", text)
    text = re.sub(r"( +)widths: .*", r"\1blocks: [separable_k3, basic_x1]", text)
    write_project(made.files | {"scen.yaml": text.encode()}, tmp_path / "project")
    front = Project(tmp_path / "project").search()
    assert front.members
    assert front.info.metric_mode == "max"
