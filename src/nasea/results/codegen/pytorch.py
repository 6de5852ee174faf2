"""Architectures as PyTorch code.

The modules follow the rule of the network that nasea itself builds: one operation is its module,
several are an ``nn.Sequential``, none is an ``nn.Identity``; so the weights of the one load into
the other by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from string import Template

from nasea.backends.records import FileOptions
from nasea.results.codegen.body import class_names, options, searched_layers
from nasea.results.codegen.header import ModelHeader, facts
from nasea.results.codegen.source import (
    INDENT,
    Call,
    assignment,
)
from nasea.results.units import four_digits
from nasea.space import (
    Act,
    Add,
    Candidate,
    Conv,
    GlobalPool,
    Norm,
    Op,
    Pool,
    Program,
    Scale,
    Shape,
)
from nasea.space.ops import NORM_EPS, NORM_MOMENTUM, overwrites_input

_ACTIVATIONS = {
    "relu": "nn.ReLU",
    "relu6": "nn.ReLU6",
    "hswish": "nn.Hardswish",
    "silu": "nn.SiLU",
    "sigmoid": "nn.Sigmoid",
    "hsigmoid": "nn.Hardsigmoid",
}
_IN_PLACE = ("relu", "relu6")

_HELPERS = {
    "PointConv2d": '''
class PointConv2d(nn.Conv2d):
    """A convolution with a kernel of 1 and a stride, trained by picking what it reads.

    The gradient with the stride may crash where channels are few (oneDNN, AVX-512).
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        if not self.training:
            return super().forward(x)
        x = x[:, :, :: self.stride[0], :: self.stride[1]]
        return torch.conv2d(x, self.weight, self.bias, groups=self.groups)
''',
    "Sum": '''
class Sum(nn.Module):
    """Sum of branches that read the same input."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        return total
''',
    "Gate": '''
class Gate(nn.Module):
    """The input times a gate computed from it."""

    def __init__(self, gate: nn.Module) -> None:
        super().__init__()
        self.gate = gate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x * self.gate(x)
''',
}

_PLAIN_FORWARD = """
        return self.post_net(self.body(self.pre_net(images)))
"""

_TAPPED_FORWARD = """
        x = self.pre_net(images)
        tapped = []
        for index, layer in enumerate(self.body):
            x = layer(x)
            if index in TAPS:
                tapped.append(x)
        return self.post_net([*tapped, x])
"""


def render_pytorch(
    candidates: Sequence[Candidate],
    taps: Sequence[int],
    in_shape: Shape,
    input_chw: Shape,
    header: ModelHeader,
    _: FileOptions,
) -> str:
    """See :func:`nasea.results.codegen.render_model`."""
    used = class_names(candidates, lambda op: [_operation(op, None)])
    helpers = [source for name, source in _HELPERS.items() if name in used]
    template = resources.files("nasea.results") / "templates" / "model_pytorch.py.txt"
    return Template(template.read_text(encoding="utf-8")).substitute(
        name=header.name,
        folder=header.folder,
        number=int(header.number),
        parameters=f"{int(header.parameters):,}",
        accuracy=four_digits(float(header.accuracy)),
        facts=facts(header),
        constants=_constants(header.name, input_chw, taps),
        classes="".join(f"{source.strip()}\n\n\n" for source in helpers),
        body=_body(candidates, in_shape, INDENT * 2),
        image=", ".join(map(str, map(int, input_chw))),
        forward=(_TAPPED_FORWARD if taps else _PLAIN_FORWARD).strip("\n"),
    )


def _constants(name: str, input_chw: Shape, taps: Sequence[int]) -> str:
    lines = [
        assignment("NAME", name),
        assignment("INPUT_SHAPE", tuple(map(int, input_chw))),
        *([assignment("TAPS", tuple(sorted(map(int, taps))))] if taps else []),
    ]
    return "\n".join(lines)


def _body(candidates: Sequence[Candidate], shape: Shape, indent: str) -> str:
    layers = searched_layers(candidates, shape, indent + INDENT, _module)
    return f"nn.Sequential(\n{layers}{indent})"


def _module(program: Program) -> Call:
    """The module of a program."""
    calls = [_operation(op, program[i - 1] if i else None) for i, op in enumerate(program)]
    if len(calls) == 1:
        return calls[0]
    return Call("nn.Sequential", tuple(calls)) if calls else Call("nn.Identity")


def _operation(op: Op, before: Op | None) -> Call:
    if isinstance(op, Conv):
        return _conv(op)
    if isinstance(op, Norm):
        optional = options(("eps", NORM_EPS, 1e-5), ("momentum", NORM_MOMENTUM, 0.1))
        return Call("nn.BatchNorm2d", (str(op.channels), *optional))
    if isinstance(op, Act):
        in_place = overwrites_input(before) and op.kind in _IN_PLACE
        return Call(_ACTIVATIONS[op.kind], options(("inplace", in_place, False)))
    if isinstance(op, Pool):
        return _pool(op)
    if isinstance(op, GlobalPool):
        return Call("nn.AdaptiveAvgPool2d", ("1",))
    if isinstance(op, Add):
        return Call("Sum", tuple(_module(branch) for branch in op.branches))
    assert isinstance(op, Scale)
    return Call("Gate", (_module(op.gate),))


def _conv(op: Conv) -> Call:
    optional = options(
        ("stride", op.stride, 1),
        ("padding", op.kernel // 2, 0),
        ("groups", op.groups, 1),
        ("bias", op.bias, True),
    )
    name = "PointConv2d" if op.kernel == 1 and op.stride > 1 else "nn.Conv2d"
    return Call(name, (str(op.c_in), str(op.c_out), str(op.kernel), *optional))


def _pool(op: Pool) -> Call:
    average = op.kind == "avg"
    optional = options(
        ("stride", op.stride, None),
        ("padding", op.kernel // 2, 0),
        *([("count_include_pad", False, True)] if average else []),
    )
    return Call("nn.AvgPool2d" if average else "nn.MaxPool2d", (str(op.kernel), *optional))
