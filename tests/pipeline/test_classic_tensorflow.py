"""Modules of earlier versions of TensorFlow, unchanged, from the scenario to the frozen graph."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from user_files import classic

from .project import HOME, Project, Recorder

# A process of its own, in which nasea was never imported: it writes the graph, then measures.
ALONE = """
import importlib, json, sys
file = importlib.import_module(sys.argv[1])
file.main()
import tensorflow as tf
import user_module
model, user, task = file.load_model(), user_module.UserModule(1, 8), sys.argv[2]
weights = sum(int(tf.size(w)) for w in model.trainable_weights) if task != "classification" else -1
if task == "detection":
    generator, dataset, size = user.build_dataset_search("val", False, False)
    metric = user.metrics_op(["val", model], [generator, dataset.image_ids, size])
elif task == "segmentation":
    data, count = user.build_dataset_search("val", False, False)
    total = 0.0
    for element in data.take(count):
        scores = model(element["image"], training=False)["semantic"]["merged_logits"]
        classes = tf.argmax(tf.image.resize(scores, element["label"].shape[1:3]), -1)
        total += float(user.metrics_op(element["label"], {"semantic": classes}))
    metric = total / count
else:
    data, count = user.build_dataset_search("val", False)
    batches = [(x, y) for x, y in data.take(-(-count // 8))]
    values = [len(y) * float(user.metrics_op(y, model(x, training=False))) for x, y in batches]
    metric = sum(values) / count
print(json.dumps([float(metric), file.metric, weights, file.model_param_size, tf.__version__]))
assert "nasea" not in sys.modules
"""


@pytest.mark.parametrize("task", classic.FILES)
def test_it_is_searched_and_its_files_stand_alone(tmp_path: Path, task: str) -> None:
    project, message = Project.of(classic.FILES[task], tmp_path / HOME), Recorder()
    project.search(message)
    assert f"it branches on the version of TensorFlow and has no branch for {tf.__version__}" in (
        message.text
    )
    assert not tf.__version__.startswith("2.8"), "others see the truth"
    member = project.front().best
    name = f"model_arch_result_{member.number}"
    lines = alone(project.home, name, task)
    batch = "1" if task == "detection" else "free"
    assert f"{name}.pb: written, batch size {batch}" in lines
    assert (project.home / f"{name}.pb").stat().st_size > 1000
    metric, header, weights, size, version = json.loads(lines[-1])
    assert metric == pytest.approx(header, abs=1e-4)
    assert header == pytest.approx(member.metric)
    assert weights in (size, -1)
    assert version == tf.__version__


def alone(home: Path, name: str, task: str) -> list[str]:
    """Run a result file as its users do; gives the lines it printed."""
    paths = os.pathsep.join([str(home / "results"), str(home)])
    done = subprocess.run(
        [sys.executable, "-c", ALONE, name, task],
        cwd=home,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()
