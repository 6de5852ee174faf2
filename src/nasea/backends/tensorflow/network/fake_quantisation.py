"""Builds graphs that compute as their int8 file will: the same operators, with rounded tensors.

Every operator that is added to the graph while a function is traced is intercepted. So PreNet,
PostNet and every candidate are rounded by the same rules, whatever they consist of. Gradients pass
through the rounding where it did not clip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nasea.backends.network.fake_quantisation import Role, Tracker, role_of
from nasea.backends.user.nesting import flatten

Ranges = tuple[Any, Any]
"""Vectors of the smallest and largest values of activations, in the order of rounding."""

_OPERATORS = {
    Role.PRODUCT: frozenset(
        "Conv2D Conv3D DepthwiseConv2dNative Conv2DBackpropInput MatMul BatchMatMulV2".split()
    ),
    Role.BIAS: frozenset({"BiasAdd"}),
    Role.NORM: frozenset("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3".split()),
    Role.CLAMP: frozenset("Relu Relu6".split()),
    Role.ELEMENTS: frozenset(
        "AddV2 Add AddN Mul Sub RealDiv AvgPool Mean Sum Tanh ConcatV2 "
        "ResizeBilinear LeakyRelu".split()
    ),
    Role.PROBABILITY: frozenset("Softmax Sigmoid".split()),
    Role.SAME: frozenset("Identity IdentityN StopGradient PreventGradient".split()),
    Role.MOVE: frozenset(
        "Reshape Transpose Squeeze ExpandDims StridedSlice Slice Split SplitV Pad PadV2 MirrorPad "
        "MaxPool Max Pack Unpack ResizeNearestNeighbor GatherV2 Tile BroadcastTo SpaceToBatchND "
        "BatchToSpaceND SpaceToDepth DepthToSpace ReverseV2".split()
    ),
}
_SUMS = ("AddV2", "Add")


class OwnRanges(Tracker[Any]):
    """A tracker that rounds with the range of the tensor itself, as in training."""

    trains = True

    @staticmethod
    def key(tensor: Any) -> object:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return tensor.name

    def round_activation(self, tensor: Any) -> Any:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        low, high = limits_of(tensor)
        return tf.quantization.fake_quant_with_min_max_vars(
            tensor, tf.stop_gradient(low), tf.stop_gradient(high)
        )

    def round_weight(self, tensor: Any, operator: Any) -> Any:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return rounded_weight(tensor, operator)

    def round_constant(self, tensor: Any) -> Any:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        if tensor.shape.rank == 0 or tensor.shape.num_elements() == 1:
            return tensor
        low, high = map(tf.stop_gradient, limits_of(tensor))
        return tf.quantization.fake_quant_with_min_max_vars(tensor, low, high)

    def role(self, operator: str, inputs: Sequence[Any]) -> Role:
        """Return the role of an operator in a TFLite file, in which some are fused."""
        role = role_of(operator, _OPERATORS)
        constants = [x for x in inputs if not self.known(x)]
        if role not in (Role.ELEMENTS, Role.PROBABILITY) or operator in ("AddN", "ConcatV2"):
            return role
        if operator in _SUMS and len(constants) == 1 and constants[0].shape.rank == 1:
            return Role.BIAS
        # x * relu6(x + 3) / 6 is a single operator in the file.
        scalar = any(x.shape.rank == 0 for x in constants)
        return Role.OTHER if scalar or any(map(self.in_float, inputs)) else role


class Observer(OwnRanges):
    """A tracker that leaves values unchanged and records their limits.

    Args:
        inputs: the input tensors of the function.

    Attributes:
        lows: the smallest value of each activation, in order.
        highs: the largest value of each activation, in order.
    """

    trains = False

    def __init__(self, inputs: Sequence[Any]) -> None:
        super().__init__(inputs)
        self.lows: list[Any] = []
        self.highs: list[Any] = []

    @property
    def ranges(self) -> list[Any]:
        """Both as vectors."""
        empty = tf.zeros((0,))
        return [tf.stack(x) if x else empty for x in (self.lows, self.highs)]

    def round_activation(self, tensor: Any) -> Any:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        low, high = limits_of(tensor)
        self.lows.append(low)
        self.highs.append(high)
        return tensor

    def round_weight(self, tensor: Any, operator: Any) -> Any:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return tensor

    def round_constant(self, tensor: Any) -> Any:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        return tensor


class Rounder(OwnRanges):
    """A tracker that rounds with given ranges.

    Args:
        inputs: the input tensors of the function.
        lows: smallest values that :class:`Observer` recorded in the same function.
        highs: largest values, likewise.
    """

    trains = False

    def __init__(self, inputs: Sequence[Any], lows: Any, highs: Any) -> None:
        super().__init__(inputs)
        self._lows, self._highs = lows, highs
        self._number = 0

    def round_activation(self, tensor: Any) -> Any:
        """See :class:`nasea.backends.network.fake_quantisation.Tracker`."""
        number, self._number = self._number, self._number + 1
        return tf.quantization.fake_quant_with_min_max_vars(
            tensor, self._lows[number], self._highs[number]
        )


def fake_quantised(
    function: Callable[..., Any], tracker: Callable[[Sequence[Any]], OwnRanges], *inputs: Any
) -> Any:
    """Trace a function into the current graph, computed as in int8.

    Args:
        function: a function of ``inputs``, composed of TensorFlow's operators.
        tracker: makes the tracker, given the tensors among the inputs.
        inputs: tensors of the graph, nested in any way.
    """
    tensors = [x for _, x in flatten(list(inputs), tf.Tensor) if x.dtype.is_floating]
    tracking = tracker(tensors)
    with _Seen(tracking):
        outputs = function(*inputs)
    # Outside the context: the operators that round the results do not belong to the network.
    pairs = flatten(outputs, tf.Tensor)
    results = {id(x): tracking.result(x) for _, x in pairs if x.dtype.is_floating}
    return tf.nest.map_structure(lambda x: results.get(id(x), x), outputs)


def observed(function: Callable[[Any], Any], x: Any) -> tuple[Any, Any, Any]:
    """Trace a function into the current graph; return its output with its lows and highs."""
    seen: list[Observer] = []

    def tracker(inputs: Sequence[Any]) -> Observer:
        seen.append(Observer(inputs))
        return seen[0]

    outputs = fake_quantised(function, tracker, x)
    lows, highs = seen[0].ranges
    return outputs, lows, highs


def rounded(function: Callable[[Any], Any], x: Any, lows: Any, highs: Any) -> Any:
    """Trace a function into the current graph, rounded to the ranges from :func:`observed`."""
    return fake_quantised(function, lambda inputs: Rounder(inputs, lows, highs), x)


class _Seen:
    """A context in which a tracker intercepts every operator added to the current graph.

    Args:
        tracker: decides what to round, and rounds it.
    """

    def __init__(self, tracker: OwnRanges) -> None:
        self._tracker = tracker
        self._busy = False

    def __enter__(self) -> None:
        self._graph: Any = tf.compat.v1.get_default_graph()
        self._create = self._graph._create_op_internal
        self._graph._create_op_internal = self._created

    def __exit__(self, *_: object) -> None:
        del self._graph._create_op_internal  # exposes the method of the class again

    def _created(self, op_type: str, inputs: Sequence[Any], *args: Any, **options: Any) -> Any:
        if self._busy:
            return self._create(op_type, inputs, *args, **options)
        inputs = list(inputs)
        floats = [x for x in inputs if x.dtype.is_floating and x.dtype == tf.float32]
        self._busy = True  # rounding operators do not belong to the network
        try:
            own = [self._graph.capture(x) for x in floats]
            role = self._tracker.role(op_type, own)
            given = iter(self._tracker.before(role, op_type, own))
        finally:
            self._busy = False
        inputs = [next(given) if x.dtype == tf.float32 else x for x in inputs]
        operation = self._create(op_type, inputs, *args, **options)
        self._tracker.after(role, own, [x for x in operation.outputs if x.dtype == tf.float32])
        return operation


def over_batches(limits: Sequence[Ranges]) -> Ranges:
    """Return the ranges over several batches; empty if there are none."""
    if not limits:
        return tf.zeros((0,)), tf.zeros((0,))
    lows, highs = (tf.stack(each) for each in zip(*limits, strict=True))
    return tf.reduce_min(lows, 0), tf.reduce_max(highs, 0)


def limits_of(tensor: Any) -> tuple[Any, Any]:
    """Return the smallest and the largest value, including 0."""
    return tf.minimum(tf.reduce_min(tensor), 0.0), tf.maximum(tf.reduce_max(tensor), 0.0)


def rounded_weight(tensor: Any, operator: str) -> Any:
    """Round values to 8 bits, symmetrically, with one scale per output channel.

    Args:
        tensor: the weight.
        operator: the operator that uses it, which determines the axis of the output channels.
    """
    shape = tf.shape(tensor)
    values = tensor
    if operator == "DepthwiseConv2dNative":
        values = tf.reshape(tensor, (shape[0], shape[1], -1))
    elif operator == "Conv2DBackpropInput":
        values = tf.transpose(tensor, (0, 1, 3, 2))
    largest = tf.reduce_max(tf.abs(values), list(range(values.shape.rank - 1)))
    largest = tf.stop_gradient(tf.maximum(largest, 1e-20))
    rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(
        values, -largest, largest, narrow_range=True
    )
    if operator == "DepthwiseConv2dNative":
        return tf.reshape(rounded, shape)
    return tf.transpose(rounded, (0, 1, 3, 2)) if operator == "Conv2DBackpropInput" else rounded
