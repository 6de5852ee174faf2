"""Chooses the searched body: layers, channels, and the cost of a plain network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nasea.cost import count
from nasea.space import catalogue

WIDTHS = (0.5, 1, 1.5)
"""As projects of `nasea init` have it."""

PLAIN = "basic_x1"
"""The block of the network that sets the budget: ResNet's."""

DENSE_BLOCKS = ("skip", "separable_k3", "inverted_k3_e3", "basic_x0.5", PLAIN)
"""Fewer than by default: data with boxes or masks is mostly small, and each must be trained."""

_MANY_CLASSES = 64


@dataclass(frozen=True)
class Trunk:
    """The layers between PreNet and PostNet, and those of PreNet.

    Attributes:
        stem: (channels, stride) of the convolutions of PreNet.
        filters: as in scen.yaml.
        strides: as in scen.yaml.
        features: as ``feature_choose``.
        reason: reason of the choice.
    """

    stem: tuple[tuple[int, int], ...]
    filters: tuple[int, ...]
    strides: tuple[int, ...]
    features: tuple[int, ...]
    reason: str

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels of PostNet's input feature maps."""
        return tuple(self.filters[i] for i in (*self.features, len(self.filters) - 1))

    def strides_of_features(self) -> tuple[int, ...]:
        """Return the strides of PostNet's input feature maps, in pixels of the image."""
        start = math.prod(stride for _, stride in self.stem)
        last = len(self.filters) - 1
        return tuple(start * math.prod(self.strides[: i + 1]) for i in (*self.features, last))


def for_classification(size: tuple[int, int], classes: int) -> Trunk:
    """Return a trunk with two layers per resolution, halved until the map is 3 to 8 pixels high."""
    side = min(size)
    base = 32 if side >= 112 or classes > _MANY_CLASSES else 16
    stem: tuple[tuple[int, int], ...] = ((base, 1 if side < 24 else 2),)
    if side >= 112:
        stem = ((base // 2, 2), (base, 2))
    left = -(-side // math.prod(stride for _, stride in stem))
    halvings = max(0, min(3, round(math.log2(left / 5))))
    last = -(-left // 2**halvings)
    reason = (
        f"PreNet and the body halve {side} pixels to {last}, two layers a resolution, "
        f"channels double where the resolution halves, from {base}"
    )
    if base == 32 and side < 112:
        reason += f" ({classes} classes need a wide last layer)"
    return Trunk(stem, *_layers(base, halvings, halvings), (), reason)


def for_detection(levels: int) -> Trunk:
    """Return a trunk with one level of the head per resolution, from a quarter of the image on."""
    filters, strides = _layers(16, levels, levels)
    features = tuple(2 * level + 1 for level in range(1, levels))
    trunk = Trunk(((16, 2),), filters, strides, features, "")
    places = ", ".join(f"1/{stride}" for stride in trunk.strides_of_features())
    reason = f"two layers a resolution; the head finds objects on the maps at {places} of the image"
    return Trunk(((16, 2),), filters, strides, features, reason)


def for_segmentation(size: tuple[int, int]) -> Trunk:
    """Return a trunk at a quarter of the resolution for small images, an eighth for larger ones."""
    halvings = 1 if max(size) <= 192 else 2
    filters, strides = _layers(16, 2, halvings)
    reason = (
        f"the head sees the last map, 1/{2 * 2**halvings} of the image, and refines it by layer 1 "
        "at 1/2"
    )
    return Trunk(((16, 2),), filters, strides, (1,), reason)


def _layers(base: int, doublings: int, halvings: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    filters = [base * 2**i for i in range(doublings + 1) for _ in range(2)]
    strides = [1, 1, *(s for i in range(doublings) for s in (2 if i < halvings else 1, 1))]
    return tuple(filters), tuple(strides)


def plain_flops(trunk: Trunk, channels: int, size: tuple[int, int], head: float) -> float:
    """Return the FLOPs of the network in which every layer is ResNet's basic block.

    Args:
        trunk: the layers.
        channels: channels of an image.
        size: (height, width) of an image.
        head: FLOPs of PostNet.
    """
    block, total = catalogue()[PLAIN], head
    height, width = size
    for out, stride in trunk.stem:
        height, width = -(-height // stride), -(-width // stride)
        total += 2 * 9 * channels * out * height * width
        channels = out
    for out, stride in zip(trunk.filters, trunk.strides, strict=True):
        program = block.build(channels, out, stride)
        assert program is not None, f"{PLAIN} fits any layer"
        total += count(program, (channels, height, width)).flops
        height, width = -(-height // stride), -(-width // stride)
        channels = out
    return total


def areas(trunk: Trunk, size: tuple[int, int]) -> Sequence[int]:
    """Return the number of pixels of PostNet's input feature maps."""
    return [
        math.prod(-(-side // stride) for side in size) for stride in trunk.strides_of_features()
    ]
