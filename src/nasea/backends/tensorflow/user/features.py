"""PostNet's inputs: random ones for the probe, and which layers PostNet reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from nasea.backends.records import DataFormat
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.networks import UserNetwork
from nasea.backends.tensorflow.user.random_draws import Draws
from nasea.errors import Notice, UserCodeError
from nasea.space import Layer, Space


def random_features(layers: Sequence[Layer], images: int) -> list[Any]:
    """Return noise in the shape of the outputs of layers, (N, H, W, C) each."""
    return [tf.random.normal((images, h, w, c)) for c, h, w in (x.out_shape for x in layers)]


def low_level_tap(
    user: UserCode, draws: Draws, layout: DataFormat, space: Space, images: int
) -> tuple[tuple[int, ...], list[Notice]]:
    """Find out whether PostNet reads a high-resolution layer in addition to the last one.

    Segmentation heads often do. If PostNet does not accept the output of the last layer alone, but
    accepts [output of the last layer before the first stride of 2, output of the last layer], it
    gets both.

    Args:
        user: makes the instances of PostNet that are tried.
        draws: keys the random operations of the user's code.
        layout: the layout of PostNet's inputs.
        space: the search space, without taps.
        images: batch size.

    Returns:
        The indices of the layers in addition to the last one; notices for the user.
    """
    strided = next((layer.index for layer in space.layers if layer.stride == 2), 0)
    if strided == 0:  # there is no such layer
        return (), []
    low, last = random_features([space.layers[strided - 1], space.layers[-1]], images)
    if _accepts(UserNetwork(user, "PostNet", layout, draws), last):
        return (), []
    if not _accepts(UserNetwork(user, "PostNet", layout, draws), [low, last]):
        return (), []  # building it with the last layer alone will report the problem
    text = (
        f"PostNet does not accept a single tensor: it gets [layer {strided - 1}, the last before "
        f"the first stride of 2; layer {space.layers[-1].index}, the last]"
    )
    return (strided - 1,), [Notice("supernet.feature_choose", text)]


def _accepts(post_net: UserNetwork, inputs: Any) -> bool:
    try:
        post_net.apply(inputs, True)
    except UserCodeError:
        return False
    return True
