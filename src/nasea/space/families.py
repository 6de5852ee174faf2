"""The families that an engineer would scale by hand: known networks, and one block throughout.

Each follows its paper as far as a chain of layers between PreNet and PostNet allows: its blocks,
its order of kernels and expansions, and widths that double where the resolution halves. Unlike the
blocks of the catalogue, these have a shortcut only where their papers have one, and no branch
starts at zero. None is tuned here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nasea.space.blocks import Block, conv_norm
from nasea.space.ops import Act, Activation, Add, Conv, GlobalPool, Op, Program, Scale

SWISH: Activation = "silu"

_EARLY = 1 / 3
"""Share of the resolutions, counted from the first: those with kernel 3 in EfficientNet-B0 and
without attention in MobileNetV3.
"""


@dataclass(frozen=True)
class Family:
    """A rule that makes a network of any width.

    Attributes:
        name: what users write and read.
        title: a description, with its source.
        block: the block at a position, given the relative position of the resolution in the body (0
            for the first, towards 1) and the index of the block within the resolution, from 0.
        last: the layer that maps the trunk to the channels that PostNet reads, if the widths
            differ.
        depths: blocks per resolution; later entries are used if the budget is too small for the
            first. Empty for as many blocks as the user's body has layers.
        doubles: whether widths double where the resolution halves; otherwise they are proportional
            to the user's filters.
    """

    name: str
    title: str
    block: Callable[[float, int], Block]
    last: Block
    depths: tuple[int, ...] = (2, 1)
    doubles: bool = True


def pointwise(act: Activation) -> Block:
    """Return 1×1 convolution, normalisation, activation: head of MobileNetV2 and EfficientNet."""

    def build(c_in: int, c_out: int, stride: int) -> Program:
        return (*conv_norm("pointwise", c_in, c_out, 1, stride), Act(act))

    return Block(f"conv_k1_{act}", f"conv_{act}", build)


def plain_residual() -> Block:
    """Return two 3×3 convolutions and a shortcut, projected if shapes differ (He et al. 2016)."""

    def build(c_in: int, c_out: int, stride: int) -> Program:
        main = (
            *conv_norm("first", c_in, c_out, 3, stride),
            Act(),
            *conv_norm("second", c_out, c_out, 3),
        )
        same = stride == 1 and c_in == c_out
        shortcut: Program = () if same else conv_norm("projection", c_in, c_out, 1, stride)
        return (Add((main, shortcut)), Act())

    return Block("resnet_basic", "resnet_basic", build)


def plain_separable() -> Block:
    """Return a depthwise 3×3 and a 1×1 convolution without shortcut (Howard et al. 2017)."""

    def build(c_in: int, c_out: int, stride: int) -> Program:
        return (
            *conv_norm("depthwise", c_in, c_in, 3, stride, groups=c_in),
            Act(),
            *conv_norm("pointwise", c_in, c_out, 1),
            Act(),
        )

    return Block("mobilenetv1_separable", "mobilenetv1_separable", build)


@dataclass(frozen=True)
class _Inverted:
    """An inverted residual with a shortcut only where shapes agree.

    Attributes:
        kernel: of the depthwise convolution.
        expansion: inner channels as a multiple of the input's; 1 for no expansion.
        act: activation.
        attention: ``"inner"`` reduces squeeze-and-excitation to a quarter of the inner channels and
            ends it in a hard sigmoid (MobileNetV3), ``"input"`` to a quarter of the input's and
            ends it in a sigmoid (EfficientNet); ``""`` for none.
        start: kernel of a depthwise convolution before the expansion, without activation
            (MobileNetV4); 0 for none.
    """

    kernel: int
    expansion: int
    act: Activation
    attention: str = ""
    start: int = 0

    def __call__(self, c_in: int, c_out: int, stride: int) -> Program:
        inner = self.expansion * c_in
        main: list[Op] = []
        if self.start:
            main += conv_norm("start", c_in, c_in, self.start, groups=c_in)
        if self.expansion > 1:
            main += [*conv_norm("expand", c_in, inner, 1), Act(self.act)]
        main += conv_norm("depthwise", inner, inner, self.kernel, stride, groups=inner)
        main += [Act(self.act), *self._gate(c_in, inner)]
        main += conv_norm("project", inner, c_out, 1)
        if stride == 1 and c_in == c_out:
            return (Add((tuple(main), ())),)
        return tuple(main)

    def _gate(self, c_in: int, inner: int) -> tuple[Op, ...]:
        if not self.attention:
            return ()
        ours = self.attention == "inner"
        reduced = max(1, (inner if ours else c_in) // 4)
        return (
            Scale(
                (
                    GlobalPool(),
                    Conv(inner, reduced, 1, "squeeze", bias=True),
                    Act("relu" if ours else self.act),
                    Conv(reduced, inner, 1, "excite", bias=True),
                    Act("hsigmoid" if ours else "sigmoid"),
                )
            ),
        )

    def named(self, family: str) -> Block:
        """Return the family's block, with a name that describes it."""
        start = f"_s{self.start}" if self.start else ""
        gate = "_se" if self.attention else ""
        name = f"{family}{start}_k{self.kernel}_e{self.expansion}{gate}_{self.act}"
        return Block(name, name, self)


def _fused(act: Activation) -> Block:
    """Return a 3×3 and a 1×1 convolution, the first layers of MobileNetV4-Conv."""

    def build(c_in: int, c_out: int, stride: int) -> Program:
        return (
            *conv_norm("wide", c_in, c_out, 3, stride),
            Act(act),
            *conv_norm("mix", c_out, c_out, 1),
            Act(act),
        )

    return Block(f"mobilenetv4_fused_{act}", f"mobilenetv4_fused_{act}", build)


def _mobilenet_v2(place: float, number: int) -> Block:
    expansion = 1 if place == 0 and number == 0 else 6
    return _Inverted(3, expansion, "relu6").named("mobilenetv2")


def _mobilenet_v3(place: float, number: int) -> Block:
    if place < _EARLY:
        expansion = 1 if place == 0 and number == 0 else 3
        return _Inverted(3, expansion, "relu").named("mobilenetv3")
    return _Inverted(5, 6, "hswish", "inner").named("mobilenetv3")


def _mobilenet_v4(place: float, number: int) -> Block:
    if place < _EARLY:
        return _fused("relu")
    start = 5 if number == 0 else 0
    return _Inverted(5 if start else 3, 4, "relu", start=start).named("mobilenetv4")


def _efficientnet(place: float, number: int) -> Block:
    expansion = 1 if place == 0 and number == 0 else 6
    kernel = 3 if place < _EARLY else 5
    return _Inverted(kernel, expansion, SWISH, "input").named("efficientnet")


def known_families() -> tuple[Family, ...]:
    """Return the families from the literature, oldest first."""
    relu, relu6 = pointwise("relu"), pointwise("relu6")

    def resnet(place: float, number: int) -> Block:
        return plain_residual()

    def mobilenet_v1(place: float, number: int) -> Block:
        return plain_separable()

    he = "ResNet, basic blocks (He et al. 2016, arXiv:1512.03385)"
    howard = "MobileNetV1 (Howard et al. 2017, arXiv:1704.04861)"
    sandler = "MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381)"
    v3 = "like MobileNetV3 (Howard et al. 2019, arXiv:1905.02244)"
    tan = "like EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946)"
    v4 = "like MobileNetV4-Conv (Qin et al. 2024, arXiv:2404.10518)"
    return (
        Family("resnet_d1", f"{he}, 1 a resolution", resnet, relu, (1,)),
        Family("resnet_d2", f"{he}, 2 a resolution", resnet, relu, (2,)),
        Family("mobilenetv1", howard, mobilenet_v1, relu),
        Family("mobilenetv2", sandler, _mobilenet_v2, relu6),
        Family("mobilenetv3", v3, _mobilenet_v3, pointwise("hswish")),
        Family("efficientnet", tan, _efficientnet, pointwise(SWISH)),
        Family("mobilenetv4", v4, _mobilenet_v4, relu),
    )


def uniform_families(blocks: Iterable[Block]) -> tuple[Family, ...]:
    """Return one family per block, with that block in every layer; omit ``skip``."""

    def uniform(block: Block) -> Family:
        title = f"{block.name} in every layer, widths as supernet.filters"
        name = f"uniform_{block.name}"
        return Family(name, title, lambda *_: block, pointwise("relu"), (), doubles=False)

    return tuple(uniform(block) for block in blocks if block.build(8, 8, 1))
