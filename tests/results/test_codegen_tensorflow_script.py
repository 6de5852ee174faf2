"""A generated TensorFlow file at work where nasea cannot be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from nasea.backends.tensorflow.environment import load_tensorflow

from .architectures import FIXED, IMAGE
from .model_files import NAME, Load, load, run

__all__ = ["load"]  # a fixture

tf = load_tensorflow(keras_version=2)

USER_MODULE = """
import tensorflow as tf


class PreNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(8, 3, padding="same")

    def call(self, inputs, training=True):
        return CONVOLVED


class PostNet(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.norm = tf.keras.layers.BatchNormalization(axis=AXIS)
        self.linear = tf.keras.layers.Dense(10)

    def call(self, inputs, training=True):
        tapped, last = inputs
        last = tf.reduce_mean(self.norm(last, training=training), PLANE)
        logits = self.linear(last)
        return OUTPUTS
"""
LAST = {"CONVOLVED": "self.conv(inputs)", "AXIS": "3", "PLANE": "(1, 2)"}
FIRST = {
    "CONVOLVED": "tf.transpose(self.conv(tf.transpose(inputs, (0, 2, 3, 1))), (0, 3, 1, 2))",
    "AXIS": "1",
    "PLANE": "(2, 3)",
}
NESTED = (
    '{"out": logits, "aux": {"a map": tapped, '
    '"more": [tf.argmax(logits, 1), tf.reduce_sum(logits), None]}}'
)
BUILT_IN_CALL = "tf.keras.layers.Dense(3)(tf.keras.layers.Activation('tanh')(logits))"
# Never the same twice: no export of it can be right.
RANDOM = "logits + tf.random.normal(tf.shape(logits))"

KERAS_3 = "tensorflow-first"

WRITE_WEIGHTS = """
import numpy as np

model = module.Model()
model(module.random_images(1))
rng = np.random.default_rng(2)
for variable in model.variables:
    values = rng.uniform(-0.3, 0.5, variable.shape)
    variable.assign(np.abs(values) + 0.5 if "variance" in variable.name else values)
model.save_weights(module.__file__.replace(".py", ".weights.h5"))
"""


def make_results(
    home: Path,
    load: Load,
    flavour: str = "tensorflow",
    outputs: str = NESTED,
    ends: dict[str, str] = LAST,
) -> Path:
    """Files as a search leaves them, with weights that let no output vanish."""
    text = USER_MODULE
    for name, value in (ends | {"OUTPUTS": outputs}).items():
        text = text.replace(name, value)
    (home / "user_module.py").write_text(text)
    path = home / "results" / f"{NAME}.py"
    path.parent.mkdir()
    path.write_text(FIXED.text(flavour=flavour), encoding="utf-8")
    if flavour == KERAS_3:  # this process has Keras 2
        code = f"import {NAME} as module\n{WRITE_WEIGHTS}"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    else:
        exec(WRITE_WEIGHTS, {"module": load(path)})
    return path


def export(home: Path, path: Path) -> list[str]:
    """Run the script; returns what it printed."""
    done = run(path.relative_to(home), home)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def expect_exported(home: Path, module: ModuleType) -> list[str]:
    """Check what the script left in ``home``; returns the names of the outputs."""
    images = np.random.default_rng(3).normal(size=(5, *IMAGE)).astype(np.float32)
    if tuple(IMAGE) != module.INPUT_SHAPE:
        images = images.transpose(0, 2, 3, 1)
    outputs = dict(module.flatten(module.load_model()(images)))
    graph_def = tf.compat.v1.GraphDef.FromString((home / f"{NAME}.pb").read_bytes())

    def imported(images: object) -> object:
        results = [f"{name}:0" for name in outputs]
        return tf.graph_util.import_graph_def(graph_def, {"images": images}, results)

    exported = tf.compat.v1.wrap_function(imported, [tf.TensorSpec(None, tf.float32)])(images)
    for (name, expected), found in zip(outputs.items(), exported, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4, err_msg=name)
    assert not any("Variable" in node.op for node in graph_def.node)
    expect_graph(home / f"log_{NAME}")
    return list(outputs)


def expect_graph(log: Path) -> None:
    """TensorBoard finds a graph, small enough to be drawn, whose nodes are named by layers."""
    [events] = log.iterdir()
    [graph] = [e.graph_def for e in EventFileLoader(str(events)).Load() if e.graph_def]
    nodes = tf.compat.v1.GraphDef.FromString(graph).node
    assert any("post_net" in node.name and node.op == "MatMul" for node in nodes)
    assert any("depthwise" in node.name for node in nodes)
    assert len(graph) < 1_000_000


def test_run_from_the_parent_of_results(tmp_path: Path, load: Load) -> None:
    path = make_results(tmp_path, load)
    first, second, *differences, last = export(tmp_path, path)
    names = expect_exported(tmp_path, load(path))
    assert names == ["output.out", "output.aux.a_map", "output.aux.more.0", "output.aux.more.1"]
    assert first == f"{NAME}: 2,310,154 parameters, accuracy 0.9312"
    assert second == f"{NAME}.pb: written, batch size free"
    assert [line.split(":")[0] for line in differences] == names
    assert last == f"log_{NAME}/: graph for TensorBoard"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == [
        "blocked",
        f"log_{NAME}",
        f"{NAME}.pb",
        "results",
        "user_module.py",
    ]


def test_channels_first_with_layers_built_in_call(tmp_path: Path, load: Load) -> None:
    path = make_results(tmp_path, load, "tensorflow-both", BUILT_IN_CALL, FIRST)
    export(tmp_path, path)
    module = load(path)
    assert expect_exported(tmp_path, module) == ["output"]
    [kept] = module.load_model().post_net.layers_built_in_call
    assert abs(kept.bias.numpy()).min() > 0  # what was written, not what a new layer begins with


def test_keras_3(tmp_path: Path, load: Load) -> None:
    path = make_results(tmp_path, load, KERAS_3, ends=FIRST)
    printed = export(tmp_path, path)
    assert [line.split(":")[0] for line in printed][1:3] == [f"{NAME}.pb", "output.out"]
    expect_graph(tmp_path / f"log_{NAME}")


def test_another_keras_than_was_imported_is_refused(tmp_path: Path, load: Load) -> None:
    path = tmp_path / f"{NAME}.py"
    path.write_text(FIXED.text(flavour="tensorflow-first"), encoding="utf-8")
    with pytest.raises(ImportError, match="set TF_USE_LEGACY_KERAS=0 first"):
        load(path)


def test_a_missing_keras_is_named(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{NAME}.py"
    path.write_text(FIXED.text(flavour="tensorflow"), encoding="utf-8")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImportError, match="pip install tf-keras"):
        exec(compile(path.read_text(), str(path), "exec"), {"__file__": str(path)})


def test_an_export_that_is_not_the_model_is_refused(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load(make_results(tmp_path, load, outputs=RANDOM))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as message:
        module.main()
    assert "output differs from the model's by" in str(message.value)
    assert not list(tmp_path.glob(f"*{NAME}*"))


def test_missing_files_are_named(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_results(tmp_path, load)
    module = load(path)
    monkeypatch.chdir(tmp_path)
    path.with_suffix(".weights.h5").unlink()
    with pytest.raises(SystemExit, match=rf"{NAME}\.weights\.h5 is not in"):
        module.main()
    (tmp_path / "user_module.py").unlink()
    path.with_suffix(".weights.h5").touch()
    with pytest.raises(SystemExit, match=r"user_module\.py is not in"):
        module.main()


@pytest.mark.parametrize(
    ("before", "after"),
    [("Dense(10)", "Dense(9)"), ("self.linear", "self.dense"), ("Conv2D(8, 3", "Conv2D(8, 5")],
)
def test_weights_of_another_network_are_refused(
    tmp_path: Path, load: Load, before: str, after: str
) -> None:
    path = make_results(tmp_path, load)
    user_module = tmp_path / "user_module.py"
    user_module.write_text(user_module.read_text().replace(before, after))
    with pytest.raises(RuntimeError, match="the weights do not fit: .*PostNet was changed"):
        load(path).load_model()
