"""Records the operators that a PyTorch module calls while it runs.

Recording works for any code, including Python control flow. A deployed network does the same as the
module in evaluation mode on one image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from nasea.cost.fusion import Node, fuse
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
    RESHAPE,
    RESIZE,
    SOFTMAX,
    Operator,
)
from nasea.space import Shape


def operators_of_module(
    module: nn.Module, inputs: torch.Tensor | list[torch.Tensor], name: str
) -> tuple[Operator, ...]:
    """Run ``module`` in evaluation mode on one image and return the operators it ran.

    Args:
        module: not changed, except by its own ``forward``.
        inputs: its inputs, with a batch size of 1.
        name: name of the module, for messages.
    """
    recorder = _Recorder([inputs] if isinstance(inputs, torch.Tensor) else inputs, name)
    with torch.no_grad(), recorder:
        output = module(inputs)
    return fuse(recorder.nodes, recorder.names_in(output))


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records every call that reads an activation."""

    def __init__(self, inputs: Sequence[torch.Tensor], name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch does not annotate it
        self.nodes: list[Node] = []
        self._name = name
        # Keep the tensors, or a new one could reuse the id of a deleted one.
        self._known: dict[int, tuple[str, torch.Tensor]] = {}
        for number, tensor in enumerate(inputs):
            self._known[id(tensor)] = (f"input{number}", tensor)

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        read = [t for t in _tensors([*args, *(kwargs or {}).values()]) if id(t) in self._known]
        names = tuple(self._known[id(tensor)][0] for tensor in read)
        shapes = [tuple(tensor.shape) for tensor in read]
        output = func(*args, **(kwargs or {}))
        made = _tensors([output])
        if read and made:
            label = f"value{len(self.nodes)}"
            operator = _operator(func, args, shapes, tuple(made[0].shape))
            origin = f"{self._name}, {func.name().removeprefix('aten::')}"
            self.nodes.append(Node(operator.named(origin), names, label))
            for number, tensor in enumerate(made):
                # Only the first output counts; pools and normalisations do not use the others.
                self._known[id(tensor)] = (label if number == 0 else f"{label}.{number}", tensor)
        return output

    def names_in(self, output: Any) -> list[str]:
        """Return the names of the activations in the module's output."""
        return [self._known[id(t)][0] for t in _tensors([output]) if id(t) in self._known]


def _operator(
    func: Any, args: tuple[Any, ...], shapes: list[tuple[int, ...]], out: tuple[int, ...]
) -> Operator:
    name = func.name().removeprefix("aten::").split(".")[0].removesuffix("_")
    before, after = _chw(shapes[0]), _chw(out)
    build = _CALLS.get(name)
    if build is not None:
        return build(args, before, after)
    if name in _RESHAPES:
        return Operator(RESHAPE, before, after)
    if name in _ACTIVATIONS:
        return Operator(ACTIVATION, before, after, activation=_ACTIVATIONS[name])
    if name in _ELEMENTWISE:
        # With one value per channel, the second operand is not a tensor of that size.
        operands = sum(math.prod(shape) == math.prod(out) for shape in shapes)
        return Operator(_ELEMENTWISE[name], after, after, inputs=max(operands, 1))
    if name in _SIMPLE:
        return Operator(_SIMPLE[name], before, after)
    return Operator(f"torch.{name}", before, after)


def _convolution(args: tuple[Any, ...], before: Shape, after: Shape) -> Operator:
    weight, stride, transposed, groups = args[1], args[3], args[6], args[8]
    kind = "transposed conv" if transposed else CONV
    kernel = tuple(weight.shape[2:])
    if len(kernel) == 1:
        kernel = (1, *kernel)
    return Operator(kind, before, after, (kernel[0], kernel[1]), max(stride), groups)


def _pool(args: tuple[Any, ...], before: Shape, after: Shape) -> Operator:
    rows, *columns = args[1]
    kernel = (rows, columns[0] if columns else rows)
    if after[1:] == (1, 1) and kernel == before[1:]:
        return Operator(GLOBAL_POOL, before, after, kernel)
    stride = max(args[2]) if len(args) > 2 and args[2] else max(kernel)
    return Operator(POOL, before, after, kernel, stride)


def _mean(args: tuple[Any, ...], before: Shape, after: Shape) -> Operator:
    rank = args[0].dim()
    dims = {dim % rank for dim in args[1]} if len(args) > 1 and args[1] else set()
    if rank == 4 and dims == {2, 3}:
        return Operator(GLOBAL_POOL, before, (before[0], 1, 1), before[1:])
    return Operator("torch.mean over other axes than height and width", before, after)


def _adaptive(args: tuple[Any, ...], before: Shape, after: Shape) -> Operator:
    kernel = (-(-before[1] // after[1]), -(-before[2] // after[2]))
    kind = GLOBAL_POOL if after[1:] == (1, 1) else POOL
    return Operator(kind, before, after, kernel, 1 if kind == GLOBAL_POOL else max(kernel))


def _product(args: tuple[Any, ...], before: Shape, after: Shape) -> Operator:
    return Operator(DENSE, before, after)


def _hardtanh(args: tuple[Any, ...], before: Shape, after: Shape) -> Operator:
    bounds = tuple(args[1:3])
    kind = "relu6" if bounds == (0, 6) else "hardtanh"
    return Operator(ACTIVATION, before, after, activation=kind)


def _concatenation(args: tuple[Any, ...], before: Shape, after: Shape) -> Operator:
    # If sizes differ, every part gets an equal share.
    share = (-(-after[0] // len(args[0])), *after[1:])
    return Operator(CONCAT, share, after, inputs=len(args[0]))


_CALLS: dict[str, Callable[[tuple[Any, ...], Shape, Shape], Operator]] = {
    "convolution": _convolution,
    "max_pool2d_with_indices": _pool,
    "max_pool2d": _pool,
    "avg_pool2d": _pool,
    "mean": _mean,
    "_adaptive_avg_pool2d": _adaptive,
    "adaptive_max_pool2d": _adaptive,
    "addmm": _product,
    "mm": _product,
    "hardtanh": _hardtanh,
    "cat": _concatenation,
}
_ACTIVATIONS = {
    "relu": "relu",
    "relu6": "relu6",
    "hardswish": "hswish",
    "hardsigmoid": "hsigmoid",
    "sigmoid": "sigmoid",
    "silu": "swish",
    "gelu": "gelu",
    "tanh": "tanh",
    "elu": "elu",
    "leaky_relu": "leaky_relu",
}
_ELEMENTWISE = {"add": ADD, "sub": ADD, "mul": MULTIPLY, "div": MULTIPLY}
_SIMPLE = {
    "native_batch_norm": NORM,
    "_native_batch_norm_legit_no_training": NORM,
    "cudnn_batch_norm": NORM,
    "_softmax": SOFTMAX,
    "_log_softmax": SOFTMAX,
    "constant_pad_nd": COPY,
    "clone": COPY,
    "copy": COPY,
    "_to_copy": COPY,
    "slice": COPY,
    "select": COPY,
    "split": COPY,
    "split_with_sizes": COPY,
    "flip": COPY,
    "upsample_bilinear2d": RESIZE,
    "upsample_nearest2d": RESIZE,
    "_upsample_bilinear2d_aa": RESIZE,
}
_RESHAPES = {
    "view", "_unsafe_view", "reshape", "_reshape_alias", "squeeze", "unsqueeze", "detach", "alias",
    "expand", "t", "transpose", "permute", "lift_fresh",
}  # fmt: skip


def _chw(shape: tuple[int, ...]) -> Shape:
    """Return the (channels, height, width) of (N, C, H, W), (N, C, L) or (N, C)."""
    sizes = [int(size) for size in shape[1:]] or [1]
    if len(sizes) > 3:
        sizes = [sizes[0], math.prod(sizes[1:-1]), sizes[-1]]
    channels, height, width = [*sizes, 1, 1][:3]
    return (channels, height, width)


def _tensors(values: Sequence[Any]) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found.extend(_tensors(value))
        elif isinstance(value, dict):
            found.extend(_tensors(list(value.values())))
    return found
