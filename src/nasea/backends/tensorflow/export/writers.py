"""Writes networks as files of other runtimes: frozen graph, SavedModel, TFLite."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import convert_to_constants

from nasea.backends.tensorflow.environment import held_back
from nasea.backends.tensorflow.network.layers import Network
from nasea.backends.tensorflow.user.variables import gathered
from nasea.backends.user.nesting import flatten
from nasea.errors import ExportError

INPUT = "images"
SIGNATURE = "serving_default"
_MISSING = re.compile(r"(?:TF Select|Flex|Custom) ops: ([^\n]+)")


def names_of(outputs: Any) -> tuple[str, ...]:
    """Return names, valid in every format, of the tensors of a nested output."""
    names = (name for name, _ in flatten(outputs, tf.Tensor))
    return tuple(re.sub(r"[^A-Za-z0-9_.]", "_", name) for name in names)


def traced(network: Network, names: Sequence[str], batch: int | None, shape: Sequence[int]) -> Any:
    """Trace a network in inference mode as a concrete function: images -> named tensors.

    Args:
        network: any network.
        names: names of its output tensors.
        batch: batch size; ``None`` for any.
        shape: shape of an image.
    """
    spec = tf.TensorSpec((batch, *shape), tf.float32, name=INPUT)
    return by_batch(network, names).get_concrete_function(spec)


def by_batch(network: Network, names: Sequence[str]) -> Any:
    """Return a function like that of :func:`traced`, traced separately for each batch size."""

    def run(images: Any) -> list[Any]:
        outputs = flatten(network(images, training=False), tf.Tensor)
        return [tf.identity(x, name=n) for n, (_, x) in zip(names, outputs, strict=True)]

    return tf.function(run)


def write_frozen(function: Any, path: Path) -> None:
    """Write a graph with its weights as constants."""
    frozen = convert_to_constants.convert_variables_to_constants_v2(function)
    path.write_bytes(frozen.graph.as_graph_def().SerializeToString())


def write_saved_model(function: Any, names: Sequence[str], network: Network, path: Path) -> None:
    """Write a SavedModel with one signature, images -> named tensors.

    Only the variables of the network are saved: Keras would add functions for every layer.
    """
    holder = tf.Module()
    holder.weights = gathered(network, "variables")
    spec = tf.TensorSpec(function.inputs[0].shape, tf.float32, name=INPUT)

    def serve(images: Any) -> dict[str, Any]:
        return dict(zip(names, function(images), strict=True))

    signature = tf.function(serve).get_concrete_function(spec)
    with held_back():
        tf.saved_model.save(holder, str(path), signatures={SIGNATURE: signature})


def write_tflite(
    function: Any, path: Path, precision: str, examples: Callable[[], Iterator[Any]] | None
) -> None:
    """Write a TFLite file.

    Args:
        function: the result of :func:`traced`.
        path: path of the new file.
        precision: ``float32``; ``float16``, for the weights; ``int8``, for weights and activations,
            with float32 inputs and outputs.
        examples: images that calibrate activation ranges, in batches of the file's batch size; for
            int8 only.

    Raises:
        ExportError: TFLite does not support an operator of the network.
    """
    failure: Exception | None = None
    content = b""
    with held_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            content = _converter(function, precision, examples).convert()
        except Exception as error:
            failure = error
    if failure is not None:
        raise _refusal(failure, precision) from failure
    path.write_bytes(content)


def _converter(function: Any, precision: str, examples: Callable[[], Iterator[Any]] | None) -> Any:
    frozen = convert_to_constants.convert_variables_to_constants_v2(function)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8" and examples is not None:
        converter.representative_dataset = lambda: ([images] for images in examples())
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return converter


def _refusal(error: Exception, precision: str) -> ExportError:
    match = _MISSING.search(str(error))
    if match:
        return ExportError(
            f"TFLite has no operator for {match.group(1).strip()}, which PreNet or PostNet uses",
            fix="write that part of user_module.py with other operators and retrain, or use "
            "another --format",
        )
    lines = str(error).strip().splitlines()
    return ExportError(
        f"the network cannot be written as TFLite in {precision}: {lines[0] if lines else error}",
        fix="use another --format",
    )
