"""Runs networks as their int8 files will: the same modules, with rounded tensors.

PyTorch's function modes intercept the functions that a module calls. So PreNet, PostNet and every
layer are rounded by the same rules, whatever they consist of. Gradients pass through the rounding
where it did not clip.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from nasea.backends.network.fake_quantisation import (
    LEVELS,
    WEIGHT_LEVELS,
    Role,
    Tracker,
    role_of,
)
from nasea.backends.torch.network.layers import Network

Range = tuple[float, float]
"""Range of an activation: smallest and largest value, including 0."""

_FUNCTIONS = {
    Role.PRODUCT: frozenset(
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d linear matmul mm "
        "bmm einsum".split()
    ),
    Role.NORM: frozenset({"batch_norm"}),
    Role.CLAMP: frozenset("relu relu6 hardtanh clamp clip clamp_min clamp_max".split()),
    Role.ELEMENTS: frozenset(
        "add mul sub div truediv true_divide cat concat concatenate leaky_relu "
        "adaptive_avg_pool2d avg_pool2d mean where layer_norm instance_norm group_norm".split()
    ),
    Role.PROBABILITY: frozenset("sigmoid softmax".split()),
    Role.SAME: frozenset(
        "contiguous clone detach to float dropout dropout2d alpha_dropout".split()
    ),
    Role.MOVE: frozenset(
        "reshape view view_as flatten unflatten permute transpose squeeze unsqueeze "
        "getitem narrow select chunk split expand expand_as repeat pad max_pool2d "
        "max_pool2d_with_indices adaptive_max_pool2d t movedim "
        "roll index_select flip unbind tile channel_shuffle pixel_shuffle pixel_unshuffle amax "
        "interpolate upsample stack unfold".split()
    ),
}
_VIEWS = frozenset("T mT H mH data".split())
"""Attributes that share the values of their tensor."""

_QUIET = frozenset(
    "size dim numel stride is_contiguous element_size ndimension len get_device is_floating_point "
    "storage_offset requires_grad_ register_hook repr type backward is_complex set hash bool "
    "format iter index int item tolist numpy delete".split()
)
"""Functions that only query a tensor."""


def _plain(name: str) -> str:
    """Return the basic name of a function: ``add`` for ``__iadd__``."""
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
        short = name[1:]
        if name[:1] in "ir" and short in ("add", "mul", "sub", "truediv", "matmul"):
            return short
        return name
    return name.removesuffix("_") if not name.endswith("__") else name


class Phase(enum.Enum):
    """Current mode of a part of a network."""

    FLOAT = enum.auto()
    OBSERVE = enum.auto()
    ROUND = enum.auto()


class _Tracker(Tracker[torch.Tensor]):
    """A tracker that rounds with the range of the tensor itself, as in training.

    Args:
        inputs: the input tensors of the network.
    """

    trains = True

    @staticmethod
    def key(tensor: torch.Tensor) -> object:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return id(tensor)

    def round_activation(self, tensor: torch.Tensor) -> torch.Tensor:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return rounded(tensor, *range_of(tensor))

    def round_weight(self, tensor: torch.Tensor, operator: Any) -> torch.Tensor:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        name = getattr(operator, "__name__", "")
        if name == "einsum":
            return rounded(tensor, *range_of(tensor))
        if name in ("matmul", "mm", "bmm", "__matmul__", "__rmatmul__"):
            axis = tensor.dim() - 1
        else:
            axis = 1 if "transpose" in name else 0
        return rounded_weight(tensor, axis)

    def weighs(self, position: int) -> bool:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return position == 1  # it is followed by the bias, which has 32 bits

    def round_constant(self, tensor: torch.Tensor) -> torch.Tensor:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return tensor if tensor.numel() < 2 else rounded(tensor, *range_of(tensor))


class _Observer(_Tracker):
    """A tracker that leaves values unchanged and widens ranges to include them.

    Args:
        inputs: the input tensors of the network.
        ranges: in order; new ones are appended.
    """

    trains = False

    def __init__(self, inputs: Sequence[torch.Tensor], ranges: list[Range]) -> None:
        super().__init__(inputs)
        self._ranges = ranges
        self._number = 0

    def round_activation(self, tensor: torch.Tensor) -> torch.Tensor:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        low, high = range_of(tensor)
        number, self._number = self._number, self._number + 1
        if number < len(self._ranges):
            before = self._ranges[number]
            self._ranges[number] = -_larger(-low, -before[0]), _larger(high, before[1])
        else:
            self._ranges.append((low, high))
        return tensor

    def round_weight(self, tensor: torch.Tensor, operator: Any) -> torch.Tensor:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return tensor

    def round_constant(self, tensor: torch.Tensor) -> torch.Tensor:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return tensor


class _Rounder(_Tracker):
    """A tracker that rounds with given ranges.

    Args:
        inputs: the input tensors of the network.
        ranges: in the order in which they were observed.
        weights: rounded parameters, which do not change, by id. Weights that a module computes are
            rounded in each call, since keeping them would fill the memory.
    """

    trains = False

    def __init__(
        self,
        inputs: Sequence[torch.Tensor],
        ranges: Sequence[Range],
        weights: dict[int, tuple[torch.Tensor, torch.Tensor]],
    ) -> None:
        super().__init__(inputs)
        self._left = iter(ranges)
        self._weights = weights

    def round_activation(self, tensor: torch.Tensor) -> torch.Tensor:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        found = next(self._left, None)
        # Possible only if control flow depends on values; such a network cannot be exported either.
        return rounded(tensor, *(range_of(tensor) if found is None else found))

    def round_weight(self, tensor: torch.Tensor, operator: Any) -> torch.Tensor:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        if not isinstance(tensor, nn.Parameter):
            return super().round_weight(tensor, operator)
        if id(tensor) not in self._weights:
            self._weights[id(tensor)] = tensor, super().round_weight(tensor, operator)
        return self._weights[id(tensor)][1]


class FakeQuantised(TorchFunctionMode):
    """A context in which functions compute as in int8.

    Args:
        tracker: decides what to round, and rounds it.
    """

    def __init__(self, tracker: _Tracker) -> None:
        super().__init__()
        self._tracker = tracker

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Any = None,
    ) -> Any:
        kwargs = kwargs or {}
        full = getattr(func, "__name__", "")
        name = _plain(full)
        if full == "__get__":
            name = func.__self__.__name__  # type: ignore[attr-defined]
        if full == "__set__" or name in _QUIET or (full == "__get__" and name not in _VIEWS):
            return func(*args, **kwargs)
        if name == "silu":  # files express it as a sigmoid and a product
            x = args[0] if args else kwargs["input"]
            gate = self.__torch_function__(torch.sigmoid, types, (x,))
            return self.__torch_function__(torch.mul, types, (x, gate))
        tensors = [x for x in _tensors((args, kwargs)) if x.is_floating_point()]
        role = Role.MOVE if full == "__get__" else role_of(name, _FUNCTIONS)
        given = self._tracker.before(role, func, tensors)
        swapped = {id(a): b for a, b in zip(tensors, given, strict=True) if a is not b}
        if swapped:
            in_place = full.endswith("_") and not full.endswith("__")
            if in_place and id(args[0]) in swapped:
                args[0].copy_(swapped.pop(id(args[0])))
            elif full.startswith("__i") and name != full[2:-2]:
                func = getattr(torch.Tensor, f"__{name}__")  # the variable is rebound
            args, kwargs = _swapped(args, swapped), _swapped(kwargs, swapped)
        outputs = func(*args, **kwargs)
        results = [x for x in _tensors(outputs) if x.is_floating_point()]
        self._tracker.after(role, tensors, results)
        return outputs


class Stage(nn.Module):
    """PreNet, a layer or PostNet, which can compute as in int8.

    Args:
        module: the wrapped module.

    Attributes:
        phase: what it currently computes.
        ranges: ranges of its activations, in the order in which they are rounded.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.phase = Phase.FLOAT
        self.ranges: list[Range] = []
        self._weights: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def forward(self, x: Any) -> Any:
        """Return the module's output."""
        if self.phase is Phase.FLOAT:
            return self.module(x)
        inputs = [tensor for tensor in _tensors(x) if tensor.is_floating_point()]
        if self.phase is Phase.OBSERVE:
            return fake_quantised(self.module, x, _Observer(inputs, self.ranges))
        return fake_quantised(self.module, x, _Rounder(inputs, self.ranges, self._weights))

    @property
    def is_finite(self) -> bool:
        """Whether all ranges are finite."""
        return bool(torch.isfinite(torch.tensor(self.ranges)).all())


def in_stages(network: Network) -> Network:
    """Return the network with every part in a :class:`Stage`, still computing in float."""
    body = nn.Sequential(*map(Stage, network.body))
    return Network(Stage(network.pre_net), body, Stage(network.post_net), network.taps)


def fake_quantised(function: Callable[[Any], Any], x: Any, tracker: _Tracker | None = None) -> Any:
    """Return the output of a function, computed as in int8.

    Args:
        function: a function of ``x``, composed of PyTorch's operators.
        x: tensors, nested in any way.
        tracker: rounds; by default with the ranges of the tensors themselves.
    """
    if tracker is None:
        tracker = _Tracker([tensor for tensor in _tensors(x) if tensor.is_floating_point()])
    with FakeQuantised(tracker):
        outputs = function(x)
    return _swapped(outputs, {id(found): tracker.result(found) for found in _tensors(outputs)})


def _larger(one: float, other: float) -> float:
    """Return the larger number; NaN if either is."""
    return one if math.isnan(one) or one >= other else other


def range_of(tensor: torch.Tensor) -> Range:
    """Return the range of values, including 0."""
    low, high = torch.aminmax(tensor.detach())
    return min(float(low), 0.0), max(float(high), 0.0)


def rounded(tensor: torch.Tensor, low: float, high: float) -> torch.Tensor:
    """Round values to 8 bits between two limits, asymmetrically."""
    scale = (high - low) / LEVELS
    if not 0.0 < scale < float("inf"):  # all zero, or not finite
        return tensor
    zero = min(max(round(-128 - low / scale), -128), 127)
    found: torch.Tensor = torch.fake_quantize_per_tensor_affine(
        tensor.float(), max(scale, 1e-30), zero, -128, 127
    )
    return found.to(tensor.dtype)


def rounded_weight(tensor: torch.Tensor, axis: int) -> torch.Tensor:
    """Round values to 8 bits, symmetrically, with one scale per index of an axis."""
    others = [other for other in range(tensor.dim()) if other != axis]
    largest = tensor.detach().abs().amax(others) if others else tensor.detach().abs()
    scale = (largest.float() / WEIGHT_LEVELS).clamp_min(1e-30)
    zero = torch.zeros_like(scale, dtype=torch.int32)
    found: torch.Tensor = torch.fake_quantize_per_channel_affine(
        tensor.float(), scale, zero, axis, -WEIGHT_LEVELS, WEIGHT_LEVELS
    )
    return found.to(tensor.dtype)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """Yield every tensor in nested arguments, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _tensors(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _tensors(inner)


def _swapped(value: Any, instead: dict[int, torch.Tensor]) -> Any:
    """Return nested arguments with their tensors replaced."""
    if isinstance(value, torch.Tensor):
        return instead.get(id(value), value)
    if isinstance(value, dict):
        found = value.copy()
        found.update((key, _swapped(inner, instead)) for key, inner in value.items())
        return found
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_swapped(inner, instead) for inner in value))
    if type(value) in (list, tuple):
        return type(value)(_swapped(inner, instead) for inner in value)
    return value
