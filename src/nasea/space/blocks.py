"""The block catalogue: the candidates a layer can choose from.

Every block maps ``c_in`` channels to ``c_out`` at stride 1 or 2 and is residual: where the shapes
agree the input itself is added, elsewhere a 1×1 projection of it. All blocks of a layer use the
same name for that projection, so an entangled supernet has one projection per layer, which every
path trains. Blocks use ReLU throughout, unless the user sets another activation: ReLU fuses into
convolutions on every mobile runtime and quantises well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from nasea.errors import SpaceError
from nasea.space.ops import Act, Activation, Add, Conv, GlobalPool, Norm, Op, Program, Scale
from nasea.space.widths import rounded

SHORTCUT = "shortcut"
"""Role of the projection shortcut; the one slot that all families of a layer share."""

Build = Callable[[int, int, int], Program | None]

_LABEL = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Block:
    """One candidate, before it is placed in a layer.

    Attributes:
        name: unique in a catalogue; what users write in ``supernet.blocks`` and read in results.
            Letters, digits and ``_ . -``; the same holds for ``family``.
        family: blocks of a family share weights under the entangled policy, so their programs must
            use the same slot names for tensors that mean the same.
        build: ``(c_in, c_out, stride) -> program``, or ``None`` where the block does not apply.
            Slot names in the program are local to the block.
        shares_with: another family whose weights the block shares too, where slot names agree; its
            own family's by default.
    """

    name: str
    family: str
    build: Build
    shares_with: str = ""

    @property
    def owner(self) -> str:
        """The family under which the block's weights are stored."""
        return self.shares_with or self.family

    def __post_init__(self) -> None:
        for label in (self.name, self.family, self.owner):
            if not _LABEL.fullmatch(label):
                raise SpaceError(
                    f"a block's name and family are letters, digits and _ . -, found {label!r}"
                )


def conv_norm(
    role: str, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[Op, ...]:
    """Return a convolution and its normalisation, slots ``role`` and ``role_norm``."""
    return (
        Conv(c_in, c_out, kernel, role, stride=stride, groups=groups),
        Norm(c_out, f"{role}_norm"),
    )


def residual(main: Program, c_in: int, c_out: int, stride: int) -> Add:
    """Return ``main`` plus the identity, or plus the layer's projection where shapes differ.

    The last normalisation of ``main`` starts at zero. So at first every candidate of a layer
    computes the same function, and the next layers see one kind of input, not one for each path.
    This helps a supernet far more than a single network (docs/decisions).
    """
    *body, last = main
    if isinstance(last, Norm):
        main = (*body, replace(last, starts_at_zero=True))
    if stride == 1 and c_in == c_out:
        return Add((main, ()))
    return Add((main, conv_norm(SHORTCUT, c_in, c_out, 1, stride)))


def squeeze_excite(channels: int, reduced: int) -> Scale:
    """Return channel attention (Hu et al. 2018, arXiv:1709.01507, §3)."""
    return Scale(
        (
            GlobalPool(),
            Conv(channels, reduced, 1, "squeeze", bias=True),
            Act("relu"),
            Conv(reduced, channels, 1, "excite", bias=True),
            Act("hsigmoid"),
        )
    )


def skip() -> Block:
    """Return the empty program if the shapes agree: skips make the depth searchable."""
    return Block(
        "skip", "skip", lambda c_in, c_out, stride: () if _same(c_in, c_out, stride) else None
    )


def basic(width: float, divisor: int = 1) -> Block:
    """Return two 3×3 convolutions (ResNet-18/34; He et al. 2016, arXiv:1512.03385, fig. 5 left).

    Args:
        width: inner channels as a multiple of the output channels; 1 is the published block.
        divisor: inner channels are rounded to a multiple of it.
    """

    def build(c_in: int, c_out: int, stride: int) -> Program:
        inner = rounded(width * c_out, divisor)
        main = (
            *conv_norm("first", c_in, inner, 3, stride),
            Act(),
            *conv_norm("second", inner, c_out, 3),
        )
        return (residual(main, c_in, c_out, stride), Act())

    return Block(f"basic_x{width:g}", "basic", build)


def bottleneck(width: float, divisor: int = 1) -> Block:
    """Return 1×1, 3×3 and 1×1 convolutions (ResNet-50; He et al. 2016, fig. 5 right).

    Args:
        width: inner channels as a multiple of the output channels; 0.25 is the published block.
        divisor: inner channels are rounded to a multiple of it.
    """

    def build(c_in: int, c_out: int, stride: int) -> Program:
        inner = rounded(width * c_out, divisor)
        main = (
            *conv_norm("reduce", c_in, inner, 1),
            Act(),
            *conv_norm("middle", inner, inner, 3, stride),
            Act(),
            *conv_norm("restore", inner, c_out, 1),
        )
        return (residual(main, c_in, c_out, stride), Act())

    return Block(f"bottleneck_x{width:g}", "bottleneck", build)


def inverted(kernel: int, expansion: int, attention: bool = False, divisor: int = 1) -> Block:
    """Return an inverted residual (MobileNetV2; Sandler et al. 2018, arXiv:1801.04381, §3.3).

    Args:
        kernel: side of the depthwise convolution.
        expansion: inner channels as a multiple of the input channels.
        attention: whether to add squeeze-and-excitation after the depthwise convolution, reduced to
            a quarter (MobileNetV3; Howard et al. 2019, arXiv:1905.02244, §5.3). The convolutions
            share their weights with the blocks that have none.
        divisor: the channels of the attention are rounded to a multiple of it.
    """

    def build(c_in: int, c_out: int, stride: int) -> Program:
        inner = expansion * c_in
        gate = (squeeze_excite(inner, rounded(inner / 4, divisor)),) if attention else ()
        main = (
            *conv_norm("expand", c_in, inner, 1),
            Act(),
            *conv_norm("depthwise", inner, inner, kernel, stride, groups=inner),
            Act(),
            *gate,
            *conv_norm("project", inner, c_out, 1),
        )
        return (residual(main, c_in, c_out, stride),)

    suffix = "_se" if attention else ""
    name = f"inverted_k{kernel}_e{expansion}{suffix}"
    return Block(name, f"inverted{suffix}", build, shares_with="inverted")


def universal(start: int, middle: int, expansion: int) -> Block:
    """Return a universal inverted bottleneck (MobileNetV4; Qin et al. 2024, arXiv:2404.10518, §3).

    With both depthwise convolutions it is the paper's ExtraDW, with only the first its
    ConvNext-like block. With only the second it would be ``inverted``. The paper's FFN has neither,
    so it cannot have a stride.

    Args:
        start: side of the depthwise convolution before the expansion.
        middle: side of the depthwise convolution after the expansion; 0 for none.
        expansion: inner channels as a multiple of the input channels.
    """

    def build(c_in: int, c_out: int, stride: int) -> Program:
        inner = expansion * c_in
        main: Program = (
            *conv_norm("start", c_in, c_in, start, 1 if middle else stride, c_in),
            *conv_norm("expand", c_in, inner, 1),
            Act(),
        )
        if middle:
            main = (*main, *conv_norm("depthwise", inner, inner, middle, stride, inner), Act())
        main = (*main, *conv_norm("project", inner, c_out, 1))
        return (residual(main, c_in, c_out, stride),)

    return Block(f"universal_s{start}_m{middle}_e{expansion}", "universal", build)


def fused(expansion: int) -> Block:
    """Return a fused inverted residual: a 3×3 convolution expands, a 1×1 convolution projects.

    EfficientNet-EdgeTPU and EfficientNetV2 (Tan & Le 2021, arXiv:2104.00298, fig. 2).
    """

    def build(c_in: int, c_out: int, stride: int) -> Program:
        inner = expansion * c_in
        main = (
            *conv_norm("expand", c_in, inner, 3, stride),
            Act(),
            *conv_norm("project", inner, c_out, 1),
        )
        return (residual(main, c_in, c_out, stride),)

    return Block(f"fused_e{expansion}", "fused", build)


def separable(kernel: int) -> Block:
    """Return a depthwise-separable convolution.

    MobileNetV1 (Howard et al. 2017, arXiv:1704.04861, §3.1).
    """

    def build(c_in: int, c_out: int, stride: int) -> Program:
        main = (
            *conv_norm("depthwise", c_in, c_in, kernel, stride, groups=c_in),
            Act(),
            *conv_norm("pointwise", c_in, c_out, 1),
        )
        return (residual(main, c_in, c_out, stride), Act())

    return Block(f"separable_k{kernel}", "separable", build)


def catalogue(activation: Activation = "relu", divisor: int = 1) -> dict[str, Block]:
    """Return all built-in blocks by name, cheapest families first.

    Args:
        activation: the activation of all blocks, except inside attention.
        divisor: inner channels are rounded to a multiple of it.
    """
    blocks = [
        skip(),
        *(separable(kernel) for kernel in (3, 5, 7)),
        *(inverted(kernel, expansion) for expansion in (2, 3, 4, 6) for kernel in (3, 5, 7)),
        *(
            inverted(kernel, expansion, attention=True, divisor=divisor)
            for expansion in (2, 3, 4, 6)
            for kernel in (3, 5, 7)
        ),
        *(
            universal(start, middle, expansion)
            for expansion in (2, 4)
            for start, middle in ((3, 0), (5, 0), (3, 3), (3, 5), (5, 5))
        ),
        *(fused(expansion) for expansion in (2, 4)),
        *(bottleneck(width, divisor) for width in (0.25, 0.5, 1)),
        *(basic(width, divisor) for width in (0.25, 0.5, 1, 2)),
    ]
    return {block.name: with_activation(block, activation) for block in blocks}


def with_activation(block: Block, activation: Activation) -> Block:
    """Return the block with another activation in place of each ReLU, except in gates."""
    if activation == "relu":
        return block

    def build(c_in: int, c_out: int, stride: int) -> Program | None:
        program = block.build(c_in, c_out, stride)
        return None if program is None else _with(program, activation)

    return replace(block, build=build)


def _with(program: Program, activation: Activation) -> Program:
    def changed(op: Op) -> Op:
        if op == Act("relu"):
            return Act(activation)
        if isinstance(op, Add):
            return Add(tuple(_with(branch, activation) for branch in op.branches))
        return op

    return tuple(changed(op) for op in program)


DEFAULT_BLOCKS: dict[str, tuple[str, ...]] = {
    # A large depthwise kernel adds few parameters, and dense 3×3 blocks span the classic budgets.
    "size": (
        "skip",
        "separable_k5",
        "inverted_k3_e3",
        "inverted_k5_e6",
        "bottleneck_x0.5",
        "basic_x0.5",
        "basic_x1",
        "basic_x2",
    ),
    "flops": (
        "skip",
        "separable_k3",
        "inverted_k3_e3",
        "inverted_k3_e6",
        "inverted_k5_e6",
        "basic_x0.5",
        "basic_x1",
        "basic_x2",
    ),
    # Accelerators run dense convolutions near their peak and depthwise ones far below it.
    "latency": (
        "skip",
        "separable_k3",
        "inverted_k3_e6",
        "fused_e2",
        "bottleneck_x0.5",
        "basic_x0.5",
        "basic_x1",
        "basic_x2",
    ),
}
"""Default candidates by ``constraint.constraint_type``, used without ``supernet.blocks``."""

_WITH_WIDTHS = (
    "skip",
    "separable_k3",
    "separable_k5",
    "inverted_k3_e3",
    "inverted_k5_e3",
    "inverted_k3_e6",
    "inverted_k5_e6",
)

DEFAULT_BLOCKS_WITH_WIDTHS: dict[str, tuple[str, ...]] = {
    # Widths already span the budgets, so blocks need not: few kernels and expansions suffice.
    "size": (*_WITH_WIDTHS, "universal_s3_m5_e4", "basic_x1"),
    # Attention costs many parameters, but next to no FLOPs.
    "flops": (*_WITH_WIDTHS, "inverted_k5_e3_se", "inverted_k5_e6_se", "basic_x1"),
    "latency": DEFAULT_BLOCKS["latency"],
}
"""The default candidates where ``supernet.widths`` offers a choice of trunks."""


def _same(c_in: int, c_out: int, stride: int) -> bool:
    return stride == 1 and c_in == c_out
