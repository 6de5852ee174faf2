"""Published classification networks as lists of operators, from the tables of their papers.

All take one image of 3×224×224 and end in 1000 classes. Biases and normalisations are part of the
convolutions, as on every mobile runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONCAT,
    CONV,
    DENSE,
    GLOBAL_POOL,
    MULTIPLY,
    POOL,
    SOFTMAX,
    Operator,
)
from nasea.space import Shape

CLASSES = 1000


class Draft:
    """A chain of operators that grows.

    Attributes:
        shape: (channels, height, width) of what comes next.
        operators: so far.
    """

    def __init__(self, shape: Shape = (3, 224, 224)) -> None:
        self.shape = shape
        self.operators: list[Operator] = []

    def _append(self, operator: Operator) -> None:
        self.operators.append(operator)
        self.shape = operator.out_shape

    def conv(
        self, c_out: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: str = "relu"
    ) -> Draft:
        """Convolution, and its non-linearity: ReLU is fused, others are operators."""
        _, height, width = self.shape
        out = (c_out, -(-height // stride), -(-width // stride))
        fused = act if act in ("relu", "relu6") else ""
        self._append(Operator(CONV, self.shape, out, (kernel, kernel), stride, groups, 1, fused))
        return self if fused or not act else self.act(act)

    def depthwise(self, kernel: int, stride: int = 1, act: str = "relu") -> Draft:
        return self.conv(self.shape[0], kernel, stride, self.shape[0], act)

    def act(self, kind: str) -> Draft:
        self._append(Operator(ACTIVATION, self.shape, self.shape, activation=kind))
        return self

    def pool(self, kernel: int, stride: int, *, padded: bool = True) -> Draft:
        channels, height, width = self.shape
        sizes = [
            -(-size // stride) if padded else (size - kernel) // stride + 1
            for size in (height, width)
        ]
        out = (channels, sizes[0], sizes[1])
        self._append(Operator(POOL, self.shape, out, (kernel, kernel), stride))
        return self

    def global_pool(self) -> Draft:
        self._append(Operator(GLOBAL_POOL, self.shape, (self.shape[0], 1, 1), self.shape[1:]))
        return self

    def add(self, act: str = "") -> Draft:
        self._append(Operator(ADD, self.shape, self.shape, inputs=2, activation=act))
        return self

    def dense(self, c_out: int) -> Draft:
        self._append(Operator(DENSE, self.shape, (c_out, 1, 1)))
        return self

    def softmax(self) -> Draft:
        self._append(Operator(SOFTMAX, self.shape, self.shape))
        return self

    def side(self, build: Callable[[Draft], object]) -> Shape:
        """A branch that reads what comes next here; the shape it ends in."""
        branch = Draft(self.shape)
        build(branch)
        self.operators.extend(branch.operators)
        return branch.shape

    def squeeze_excite(self, reduced: int) -> Draft:
        def gate(branch: Draft) -> None:
            branch.global_pool().conv(reduced).conv(self.shape[0], act="hsigmoid")

        self.side(gate)
        self._append(Operator(MULTIPLY, self.shape, self.shape))
        return self

    def head(self) -> list[Operator]:
        self.global_pool().dense(CLASSES).softmax()
        return self.operators


def mobilenet_v1() -> list[Operator]:
    """Howard et al. 2017, arXiv:1704.04861, table 1."""
    draft = Draft().conv(32, 3, 2)
    rows = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5]
    for c_out, stride in [*rows, (1024, 2), (1024, 1)]:
        draft.depthwise(3, stride).conv(c_out)
    return draft.head()


def mobilenet_v2() -> list[Operator]:
    """Sandler et al. 2018, arXiv:1801.04381, table 2."""
    draft = Draft().conv(32, 3, 2, act="relu6")
    table = [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
        (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]  # fmt: skip
    for expansion, c_out, count, first in table:
        for index in range(count):
            stride, c_in = (first if index == 0 else 1), draft.shape[0]
            if expansion > 1:
                draft.conv(expansion * c_in, act="relu6")
            draft.depthwise(3, stride, "relu6").conv(c_out, act="")
            if stride == 1 and c_in == c_out:
                draft.add()
    return draft.conv(1280, act="relu6").head()


def mobilenet_v3_large() -> list[Operator]:
    """Howard et al. 2019, arXiv:1905.02244, table 1; the gates are reduced to a quarter."""
    draft = Draft().conv(16, 3, 2, act="hswish")
    table = [
        (3, 16, 16, False, "relu", 1), (3, 64, 24, False, "relu", 2),
        (3, 72, 24, False, "relu", 1), (5, 72, 40, True, "relu", 2),
        (5, 120, 40, True, "relu", 1), (5, 120, 40, True, "relu", 1),
        (3, 240, 80, False, "hswish", 2), (3, 200, 80, False, "hswish", 1),
        (3, 184, 80, False, "hswish", 1), (3, 184, 80, False, "hswish", 1),
        (3, 480, 112, True, "hswish", 1), (3, 672, 112, True, "hswish", 1),
        (5, 672, 160, True, "hswish", 2), (5, 960, 160, True, "hswish", 1),
        (5, 960, 160, True, "hswish", 1),
    ]  # fmt: skip
    for kernel, inner, c_out, gated, act, stride in table:
        c_in = draft.shape[0]
        if inner != c_in:
            draft.conv(inner, act=act)
        draft.depthwise(kernel, stride, act)
        if gated:
            draft.squeeze_excite(inner // 4)
        draft.conv(c_out, act="")
        if stride == 1 and c_in == c_out:
            draft.add()
    draft.conv(960, act="hswish").global_pool().conv(1280, act="hswish")
    return draft.dense(CLASSES).softmax().operators


def squeezenet_v1_1() -> list[Operator]:
    """Iandola et al. 2016, arXiv:1602.07360, table 1, in the authors' version 1.1."""
    draft = Draft().conv(64, 3, 2).pool(3, 2)
    fires = [(16, 64), (16, 64), None, (32, 128), (32, 128), None,
             (48, 192), (48, 192), (64, 256), (64, 256)]  # fmt: skip
    for fire in fires:
        if fire is None:
            draft.pool(3, 2)
            continue
        squeeze, expand = fire
        draft.conv(squeeze)
        _, height, width = draft.shape
        for kernel in (1, 3):
            draft.side(lambda branch, k=kernel, c=expand: branch.conv(c, k))
        both = (2 * expand, height, width)
        draft._append(Operator(CONCAT, (expand, height, width), both, inputs=2))
    draft.conv(CLASSES).global_pool().softmax()
    return draft.operators


def resnet18() -> list[Operator]:
    """He et al. 2016, arXiv:1512.03385, table 1."""
    draft = Draft().conv(64, 7, 2).pool(3, 2)
    for stage, width in enumerate((64, 128, 256, 512)):
        for index in range(2):
            stride = 2 if stage and index == 0 else 1
            if stride > 1:
                draft.side(lambda branch, c=width: branch.conv(c, 1, 2, act=""))
            draft.conv(width, 3, stride).conv(width, 3, act="").add("relu")
    return draft.head()


def resnet50() -> list[Operator]:
    """He et al. 2016, table 1, with the stride in the 3×3 convolution."""
    draft = Draft().conv(64, 7, 2).pool(3, 2)
    for stage, (width, count) in enumerate(zip((64, 128, 256, 512), (3, 4, 6, 3), strict=True)):
        for index in range(count):
            stride = 2 if stage and index == 0 else 1
            if index == 0:
                draft.side(lambda branch, c=4 * width, s=stride: branch.conv(c, 1, s, act=""))
            draft.conv(width).conv(width, 3, stride).conv(4 * width, act="").add("relu")
    return draft.head()


NETWORKS: dict[str, Callable[[], list[Operator]]] = {
    "MobileNetV1": mobilenet_v1,
    "MobileNetV2": mobilenet_v2,
    "SqueezeNetV1": squeezenet_v1_1,
    "MobileNetV3_large_x1_0": mobilenet_v3_large,
    "ResNet50": resnet50,
    "ResNet18": resnet18,
}
"""By the names in the public table of measurements."""


def named(name: str) -> list[Operator]:
    """The operators of a network, each carrying its position."""
    return [
        replace(operator, name=f"{name} operator {index}")
        for index, operator in enumerate(NETWORKS[name]())
    ]
