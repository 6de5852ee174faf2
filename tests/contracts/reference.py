"""The vocabulary in NumPy, written from its definition: what every framework must agree with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from nasea.space import Act, Add, Conv, GlobalPool, Norm, Op, Pool, Program, Scale

Array = npt.NDArray[np.float64]
Weights = Mapping[str, npt.NDArray[np.floating]]

EPSILON = 1e-5


def run(program: Program, x: Array, weights: Weights) -> Array:
    """(N, C, H, W) through ``program``, normalised with the statistics of the batch."""
    for op in program:
        x = _step(op, x, weights)
    return x


def _step(op: Op, x: Array, weights: Weights) -> Array:
    if isinstance(op, Conv):
        return _conv(op, x, weights)
    if isinstance(op, Norm):
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
        factor = weights[f"{op.slot}/scale"] / np.sqrt(variance + EPSILON)
        return _channels(factor) * (x - _channels(mean)) + _channels(weights[f"{op.slot}/shift"])
    if isinstance(op, Act):
        return _ACTIVATIONS[op.kind](x)
    if isinstance(op, Pool):
        return _pool(op, x)
    if isinstance(op, GlobalPool):
        pooled: Array = x.mean((2, 3), keepdims=True)
        return pooled
    if isinstance(op, Add):
        total: Array = np.sum([run(branch, x, weights) for branch in op.branches], axis=0)
        return total
    assert isinstance(op, Scale)
    return x * run(op.gate, x, weights)


def _conv(op: Conv, x: Array, weights: Weights) -> Array:
    weight = weights[f"{op.slot}/weight"]
    windows = _windows(x, op.kernel, op.stride, 0.0)
    each = op.c_in // op.groups
    outputs = [
        np.einsum(
            "nchwij,ocij->nohw",
            windows[:, group * each : (group + 1) * each],
            weight[group * op.c_out // op.groups : (group + 1) * op.c_out // op.groups],
        )
        for group in range(op.groups)
    ]
    bias = _channels(weights[f"{op.slot}/bias"]) if op.bias else 0.0
    result: Array = np.concatenate(outputs, axis=1) + bias
    return result


def _pool(op: Pool, x: Array) -> Array:
    windows = _windows(x, op.kernel, op.stride, np.nan)
    reduce = np.nanmax if op.kind == "max" else np.nanmean
    result: Array = reduce(windows, axis=(4, 5))
    return result


def _windows(x: Array, kernel: int, stride: int, pad: float) -> Array:
    side = kernel // 2
    padded = np.pad(x, ((0, 0), (0, 0), (side, side), (side, side)), constant_values=pad)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
    return windows[:, :, ::stride, ::stride]


def _channels(values: npt.NDArray[np.floating]) -> Array:
    return values.astype(np.float64).reshape(1, -1, 1, 1)


def _hsigmoid(x: Array) -> Array:
    return np.clip(x + 3, 0, 6) / 6


_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "hsigmoid": _hsigmoid,
    "hswish": lambda x: x * _hsigmoid(x),
    "silu": lambda x: x / (1 + np.exp(-x)),
}
