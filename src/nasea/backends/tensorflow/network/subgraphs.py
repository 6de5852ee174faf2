"""Trainable subgraphs: functions traced once and split into a forward and a backward half.

A network assembled at run time from functions, each traced once, is usually trained under an outer
gradient tape. For the small networks of a search the tape is too slow: it watches, records and
copies in Python at every call. Here each function is traced together with its gradient, and the
graph is cut where the gradient begins. The *residuals*, the forward tensors that the backward half
needs, are passed on as plain tensors, and both halves are called by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Tensors = Sequence[Any]


class CompiledFunction:
    """A concrete function called by name, bypassing signatures and gradient tapes.

    Args:
        function: the function to trace.
        specs: shapes and types of its arguments.
        rewritten: whether TensorFlow optimises the graph before its first run. That makes inference
            a quarter faster, since operations are fused, but not training, and takes twice as long
            as everything else in the first run.
    """

    def __init__(
        self, function: Callable[..., Any], *specs: tf.TensorSpec, rewritten: bool = False
    ) -> None:
        # Kept alive: without it the runtime forgets the function of this name.
        self._concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
        self._captured = list(self._concrete.captured_inputs)
        self._types = [output.dtype for output in self._concrete.graph.outputs]
        config = tf.compat.v1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = not rewritten
        self._config = config.SerializeToString()

    def __call__(self, *arguments: Any) -> list[Any]:
        """Return the outputs of the function, flattened."""
        return tf.raw_ops.StatefulPartitionedCall(
            args=[*arguments, *self._captured],
            Tout=self._types,
            f=self._concrete,
            config_proto=self._config,
        )


class Subgraph:
    """A differentiable function of one tensor and of the variables it reads.

    Args:
        function: (x, sizes) -> y, made of operations that have gradients.
        spec: shape and type of x.
        variables: the variables that y depends on.
        sizes: shape and type of the second argument, which gets no gradient; ``None`` if the
            function takes x only.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        spec: tf.TensorSpec,
        variables: Sequence[tf.Variable],
        sizes: tf.TensorSpec | None = None,
    ) -> None:
        specs = [spec] if sizes is None else [spec, sizes]
        names, outer, backward = _split(function, specs, variables)

        # Residuals are found by their names, which begin with those of the arguments.
        def forward_of_one(x: Any) -> list[Any]:
            y = function(x)
            return [y, *(y.graph.get_tensor_by_name(name) for name in names)]

        def forward_of_two(x: Any, sizes: Any) -> list[Any]:
            y = function(x, sizes)
            return [y, *(y.graph.get_tensor_by_name(name) for name in names)]

        self._forward = CompiledFunction(
            forward_of_one if sizes is None else forward_of_two, *specs
        )
        self._backward = CompiledFunction(backward, *outer)

    def forward(self, x: Any, *sizes: Any) -> tuple[Any, Tensors]:
        """Return (y, residuals)."""
        y, *residuals = self._forward(x, *sizes)
        return y, residuals

    def backward(self, gradient: Any, residuals: Tensors) -> tuple[Any, Tensors]:
        """Return the gradients of x and of the variables, given the gradient of y."""
        of_x, *of_variables = self._backward(gradient, *residuals)
        return of_x, of_variables


def _split(
    function: Callable[..., Any],
    specs: Sequence[tf.TensorSpec],
    variables: Sequence[tf.Variable],
) -> tuple[list[str], list[tf.TensorSpec], Callable[..., Any]]:
    """Trace a function with its gradient and cut off the backward half.

    Returns:
        The names of the residuals in the graph of ``function`` alone; the specs of the backward
        half's arguments, the gradient of y first; the backward half.
    """
    graph = tf.__internal__.FuncGraph("whole")
    with graph.as_default():
        x, *sizes = (
            tf.compat.v1.placeholder(spec.dtype, spec.shape, name=name)
            for name, spec in zip(("x", "sizes"), specs, strict=False)
        )
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([x, *variables])
            y = function(x, *sizes)
        upstream = tf.compat.v1.placeholder(y.dtype, y.shape, name="upstream")
        gradients = tape.gradient(y, [x, *variables], upstream, unconnected_gradients="zero")
    forward_half = _ancestors([y], stop=set())
    behind = _ancestors(gradients, stop=forward_half | {upstream.op})
    residuals = {
        tensor.ref(): tensor
        for operation in behind
        for tensor in operation.inputs
        if tensor.op in forward_half and tensor.op.type != "Const"
    }
    constants = {
        tensor.op
        for operation in behind
        for tensor in operation.inputs
        if tensor.op in forward_half and tensor.op.type == "Const"
    }
    kept = {operation.name for operation in behind | constants}
    whole = graph.as_graph_def()
    part = tf.compat.v1.GraphDef(versions=whole.versions, library=whole.library)
    part.node.extend(node for node in whole.node if node.name in kept)
    fed = [upstream, *residuals.values()]
    names = [tensor.name for tensor in fed]
    results = [gradient.name for gradient in gradients]

    def backward(*values: Any) -> list[Any]:
        passed = dict(zip(names, values, strict=True))
        through = [passed.get(name) for name in results]  # a gradient that is an argument itself
        wanted = [name for name in results if name not in passed]
        made = tf.graph_util.import_graph_def(part, passed, wanted, name="") if wanted else []
        rest = iter(made)
        return [value if value is not None else next(rest) for value in through]

    return names[1:], [tf.TensorSpec(t.shape, t.dtype) for t in fed], backward


def _ancestors(tensors: Sequence[Any], stop: set[Any]) -> set[Any]:
    """Return the operations that compute ``tensors``, up to but excluding those in ``stop``."""
    found: set[Any] = set()
    waiting = [tensor.op for tensor in tensors]
    while waiting:
        operation = waiting.pop()
        if operation not in found and operation not in stop:
            found.add(operation)
            waiting.extend(tensor.op for tensor in operation.inputs)
    return found
