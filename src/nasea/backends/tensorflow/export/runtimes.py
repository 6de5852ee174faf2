"""Runs exported files in their runtimes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from nasea.backends.export.exporter import Array, Run
from nasea.errors import ExportError


def load_frozen(path: Path, names: Sequence[str]) -> Run:
    """Return a function that runs a frozen graph, imported into TensorFlow."""
    definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    wrapped = tf.compat.v1.wrap_function(
        lambda: tf.graph_util.import_graph_def(definition, name=""), []
    )
    fetched = [wrapped.graph.get_tensor_by_name(f"{name}:0") for name in names]
    function = wrapped.prune(wrapped.graph.get_tensor_by_name("images:0"), fetched)

    def run(images: Array) -> list[Array]:
        return [tensor.numpy() for tensor in function(tf.constant(images))]

    return run


def load_saved_model(path: Path, names: Sequence[str]) -> Run:
    """Return a function that runs a SavedModel by its signature."""
    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures["serving_default"]

    def run(images: Array, keep: Any = loaded) -> list[Array]:
        outputs = function(images=tf.constant(images))
        return [outputs[name].numpy() for name in names]

    return run


LOADERS = {"pb": load_frozen, "savedmodel": load_saved_model}


def seconds_alone(format: str, path: Path, names: Sequence[str], shape: Sequence[int]) -> float:
    """Return the median time of a run on one thread, in a separate process.

    TensorFlow fixes its number of threads when it starts.

    Args:
        format: ``pb`` or ``savedmodel``.
        path: the file or folder.
        names: names of the outputs.
        shape: shape of the images.

    Raises:
        ExportError: the process cannot run the file.
    """
    request = json.dumps([format, str(path), list(names), list(shape)])
    own = str(Path(__file__).parents[4])  # the folder from which this package is imported
    paths = os.pathsep.join(filter(None, [own, os.environ.get("PYTHONPATH")]))
    hidden = {"PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "nasea.backends.tensorflow.export.timing_process", request],
        capture_output=True,
        text=True,
        env=os.environ | hidden,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise ExportError(f"{path.name} does not run by itself: {lines[-1] if lines else 'killed'}")
    return float(done.stdout.strip().splitlines()[-1])
