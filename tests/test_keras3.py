"""Keras 3, when the user asks for it: the whole job in processes of its own, as it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.project import Project

pytest_plugins = ["pipeline.fixtures"]

MEASURE = """
import importlib, sys
sys.path[:0] = ["results", "."]
file = importlib.import_module(sys.argv[1])
import tensorflow as tf
import user_module
model, user = file.load_model(), user_module.UserModule(1, 40)
dataset, images = user.build_dataset_search("digits/val", False)
total = sum(len(y) * float(user.metrics_op(y, model(x, training=False))) for x, y in dataset)
count = sum(int(tf.size(weights)) for weights in model.trainable_weights)
print(model.__class__.__mro__[1].__module__.split(".")[0], count, total / images)
"""


@pytest.mark.parametrize("framework", ["tensorflow"], indirect=True)
def test_a_search_with_keras_3(fresh: Project) -> None:
    fresh.scenario(
        ("framework: TensorFlow", "framework: TensorFlow\n    keras_version: 3"),
        ("generation_num: 3", "generation_num: 1"),
    )
    # Keras 3 takes `training` by its name only.
    fresh.module((", training))", ", training=training))"))
    message = run(fresh.home, "-m", "nasea", "search", "-c", "scen.yaml").stderr
    assert "Keras 3." in message
    front = fresh.front()
    assert front.best.accuracy > 0.3, "it learned something; chance is 0.1"
    name = f"model_arch_result_{front.best.number}"
    keras, count, metric = run(fresh.home, "-c", MEASURE, name).stdout.split()
    assert keras == "keras"
    assert int(count) == front.best.parameters
    assert float(metric) == pytest.approx(front.best.metric, abs=1e-6)
    assert "differs from the model's by" in run(fresh.home, f"results/{name}.py").stdout
    again = run(fresh.home, "-m", "nasea", "search", "-c", "scen.yaml").stderr
    assert "epoch 1/6" not in again, "it only reports"


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, *words], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done
