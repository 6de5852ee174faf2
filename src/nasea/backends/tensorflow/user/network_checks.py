"""What is said and required of PreNet and PostNet once they are built."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.tensorflow.user.networks import UserNetwork
from nasea.backends.user.batch_size import require_same_number
from nasea.errors import Notice, UserModuleError


def notices_of_networks(*networks: UserNetwork) -> list[Notice]:
    """Return notices of how PreNet and PostNet are written, once they are built."""
    unused = "{}.call uses no weight of {}: they are counted, and stay as they are"
    sized = (
        "{}.call reads the number of images in a batch, so each number gets a graph of its own; "
        "exported files take a fixed number, 1 unless told otherwise"
    )
    texts = [
        unused.format(network.name, ", ".join(network.unused))
        for network in networks
        if network.unused
    ]
    texts += [sized.format(network.name) for network in networks if network.reads_batch_size]
    return [Notice(network.user.file, text) for network in networks[:1] for text in texts]


def require_feature_map(outputs: Any, images: int, data_format: str) -> None:
    """Raise UserModuleError if PreNet's output, in the body's layout, is not a feature map."""
    axes = "(N, H, W, C)" if data_format == "channels_last" else "(N, C, H, W)"
    if not isinstance(outputs, tf.Tensor) or outputs.shape.rank != 4:
        raise UserModuleError(
            f"user_module.py: PreNet.call must return one tensor {axes}, found {describe(outputs)}"
        )
    if outputs.dtype != tf.float32:
        raise UserModuleError(
            f"user_module.py: PreNet.call must return float32, found {describe(outputs)}",
            fix="end it with tf.cast(outputs, tf.float32)",
        )
    if 0 in outputs.shape:
        raise UserModuleError(
            f"user_module.py: PreNet.call returns a tensor without values, {describe(outputs)}"
        )
    require_same_number("user_module.py", "PreNet.call", images, len(outputs))
