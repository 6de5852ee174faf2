"""Writes single operators and bodies of networks as ExecuTorch files, with made-up weights.

They run in float32 with the XNNPACK delegate, as the files of ``--format executorch`` do.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from nasea.backends.torch.export.executorch import lowered
from nasea.backends.torch.network.layers import build_body
from nasea.backends.user.held_back import held_back
from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONCAT,
    CONV,
    COPY,
    DENSE,
    GLOBAL_POOL,
    MULTIPLY,
    NORM,
    POOL,
    RESIZE,
    SOFTMAX,
    Operator,
)
from nasea.errors import LatencyError, NaseaError
from nasea.space import Genome, Space

Run = Callable[[list[torch.Tensor]], torch.Tensor]


def pte_operator(operator: Operator) -> bytes:
    """Return a file that runs one operator, with its fused activation, on one image.

    Raises:
        LatencyError: ExecuTorch, or this writer, does not support it.
    """
    inputs = [torch.zeros(1, *shape) for shape in operator.operands]
    return _written(SingleOperator(operator), inputs, f"{operator} ({operator.name})")


def pte_body(space: Space, genome: Genome) -> bytes:
    """Return a network without PreNet and PostNet."""
    body = build_body(space.decode(genome))
    network = body if len(body) else nn.ReLU()
    return _written(network, [torch.zeros(1, *space.layers[0].in_shape)], "the body of a network")


def pte_nothing() -> bytes:
    """Return a minimal network, which measures the fixed cost of a run."""
    return _written(nn.ReLU(), [torch.zeros(1, 1, 1, 1)], "an empty network")


def _written(network: nn.Module, inputs: list[torch.Tensor], what: str) -> bytes:
    try:
        with held_back(), torch.no_grad():
            return lowered(network.eval(), tuple(inputs))
    except NaseaError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines()
        raise LatencyError(
            f"{what} cannot be converted to ExecuTorch: {type(error).__name__}: "
            f"{lines[0] if lines else ''}",
            fix="use another operation there",
        ) from error


class SingleOperator(nn.Module):
    """One operator, with its fused activation, as a module.

    Raises:
        LatencyError: this writer does not support it.
    """

    def __init__(self, operator: Operator) -> None:
        super().__init__()
        write = _WRITERS.get(operator.kind)
        if write is None:
            raise LatencyError(
                f"{operator} ({operator.name}) cannot be written as ExecuTorch",
                fix="use another operation there",
            )
        self.layer, self.compute = write(operator)
        fused = operator.kind != ACTIVATION and operator.activation
        self.activation = _ACTIVATIONS[operator.activation] if fused else None

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        """Return the output for (1, C, H, W) inputs."""
        result = self.compute(list(values))
        return result if self.activation is None else self.activation(result)


Layer = tuple[nn.Module | None, Run]
"""Holds the weights, if any; computes."""


def _conv(op: Operator) -> Layer:
    starts = [side // 2 for side in op.kernel]
    sides = list(zip(op.in_shape[1:], starts, op.kernel, strict=True))
    made = tuple((size + 2 * start - side) // op.stride + 1 for size, start, side in sides)
    padding = (starts[0], starts[1]) if made == op.out_shape[1:] else (0, 0)
    layer = nn.Conv2d(
        op.in_shape[0], op.out_shape[0], op.kernel, op.stride, padding, groups=op.groups
    )
    return layer, lambda values: layer(values[0])


def _dense(op: Operator) -> Layer:
    layer = nn.Linear(op.in_shape[0], op.out_shape[0])
    return layer, lambda values: layer(values[0].flatten(1)).reshape(1, *op.out_shape)


def _norm(op: Operator) -> Layer:
    layer = nn.BatchNorm2d(op.in_shape[0])
    return layer, lambda values: layer(values[0])


def _pool(op: Operator) -> Layer:
    padding = (op.kernel[0] // 2, op.kernel[1] // 2)
    return None, lambda values: F.max_pool2d(values[0], op.kernel, op.stride, padding)


def _resize(op: Operator) -> Layer:
    size = list(op.out_shape[1:])
    return None, lambda values: F.interpolate(values[0], size=size, mode="bilinear")


def _copy(op: Operator) -> Layer:
    # Pad zeros after the last axes, or crop: the number of values moved is the same.
    ends = [after - before for before, after in zip(op.in_shape, op.out_shape, strict=True)]
    pads = [size for end in reversed(ends) for size in (0, end)]
    return None, lambda values: F.pad(values[0], pads)


_ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "sigmoid": torch.sigmoid,
    "swish": F.silu,
    "tanh": torch.tanh,
    "elu": F.elu,
    "leaky_relu": F.leaky_relu,
    "hsigmoid": F.hardsigmoid,
    "hswish": F.hardswish,
}


def _activation(op: Operator) -> Layer:
    act = _ACTIVATIONS.get(op.activation)
    if act is None:
        raise LatencyError(f"{op} ({op.name}) cannot be written as ExecuTorch")
    return None, lambda values: act(values[0])


def _add(op: Operator) -> Layer:
    return None, lambda values: values[0] + (values[1] if op.inputs > 1 else 1.5)


_WRITERS: dict[str, Callable[[Operator], Layer]] = {
    CONV: _conv,
    DENSE: _dense,
    NORM: _norm,
    ACTIVATION: _activation,
    POOL: _pool,
    GLOBAL_POOL: lambda op: (None, lambda values: values[0].mean((2, 3), keepdim=True)),
    ADD: _add,
    MULTIPLY: lambda op: (None, lambda values: values[0] * values[1]),
    CONCAT: lambda op: (None, lambda values: torch.cat(values, 1)),
    SOFTMAX: lambda op: (None, lambda values: values[0].softmax(1)),
    RESIZE: _resize,
    COPY: _copy,
}
