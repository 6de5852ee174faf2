"""What PostNet gets of the body: made up for the probe, and how many of it PostNet wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nasea.backends.records import DataFormat
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.ends import End
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.errors import Notice, UserCodeError
from nasea.space import Layer, Space


def random_features(layers: Sequence[Layer], images: int) -> list[Any]:
    """Noise as the outputs of layers, (N, H, W, C) each."""
    return [tf.random.normal((images, h, w, c)) for c, h, w in (x.out_shape for x in layers)]


def low_level_tap(
    user: UserCode, draws: Draws, layout: DataFormat, space: Space, images: int
) -> tuple[tuple[int, ...], list[Notice]]:
    """Heads of segmentation often join a layer of high resolution with the last one.

    Where PostNet does not accept the last layer's output alone, but does in a list behind that of
    the last layer before the first stride of 2, it gets both.

    Args:
        user: the user's code; a PostNet of its own is tried and dropped.
        draws: what random operations draw by.
        layout: of PostNet's inputs.
        space: without taps.
        images: in a batch.

    Returns:
        The layers besides the last one; what to tell the user.
    """
    strided = next((layer.index for layer in space.layers if layer.stride == 2), 0)
    if strided == 0:  # there is no such layer
        return (), []
    low, last = random_features([space.layers[strided - 1], space.layers[-1]], images)
    if _accepts(End(user, "PostNet", layout, draws), last):
        return (), []
    if not _accepts(End(user, "PostNet", layout, draws), [low, last]):
        return (), []  # what is wrong with a single one is told when it is built
    text = (
        f"PostNet does not accept a single tensor: it gets [layer {strided - 1}, the last before "
        f"the first stride of 2; layer {space.layers[-1].index}, the last]"
    )
    return (strided - 1,), [Notice("supernet.feature_choose", text)]


def _accepts(post_net: End, inputs: Any) -> bool:
    try:
        post_net.apply(inputs, True)
    except UserCodeError:
        return False
    return True
