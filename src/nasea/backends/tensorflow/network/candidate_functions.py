"""The functions of a candidate: training, statistics, inference, in float and as in int8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.network.fake_quantisation import (
    OwnRanges,
    fake_quantised,
    observed,
    rounded,
)
from nasea.backends.tensorflow.network.operations import (
    OPERATIONS,
    Weights,
    batch_statistics,
    batch_statistics_kept,
    given_statistics,
    norms_of,
    slot_layout,
)
from nasea.backends.tensorflow.network.subgraphs import CompiledFunction, Subgraph
from nasea.space import Program, Space, part, tensors


class CandidateFunctions:
    """The three functions of a candidate, each traced when it is first used.

    Args:
        program: the program of the candidate.
        slots: the variables of all slots.
        space: the search space, which has the shapes of the slots.
        in_shape: (C, H, W) of the input; C may be ``None``.
        wide: whether widths are data: every function then takes the concatenated shapes of the
            tensors after its first argument.
    """

    def __init__(
        self,
        program: Program,
        slots: dict[str, tf.Variable],
        space: Space,
        in_shape: tuple[int | None, int, int],
        wide: bool,
    ) -> None:
        self._program = program
        self._tensors = tensors(program)
        self._slots = slots
        self._space = space
        channels, height, width = in_shape
        self._spec = tf.TensorSpec((None, height, width, channels), tf.float32)
        count = sum(len(tensor.shape) for tensor in self._tensors)
        self._sizes = tf.TensorSpec((count,), tf.int32) if wide else None
        self._made: dict[str, Any] = {}

    @property
    def traces(self) -> int:
        """The number of functions traced so far; a subgraph counts as two."""
        return sum(2 if isinstance(made, Subgraph) else 1 for made in self._made.values())

    @property
    def training(self) -> Subgraph:
        """X -> y with batch statistics, differentiable."""
        return self._trained("training", self._train)

    @property
    def training_int8(self) -> Subgraph:
        """X -> y with batch statistics, rounded to int8, differentiable."""

        def function(x: Any, *sizes: Any) -> Any:
            return fake_quantised(lambda x: self._train(x, *sizes), OwnRanges, x)

        return self._trained("training in int8", function)

    def _train(self, x: Any, *sizes: Any) -> Any:
        return OPERATIONS.run(self._program, x, self._bind(*sizes), batch_statistics)

    def _trained(self, what: str, function: Callable[..., Any]) -> Subgraph:
        variables = [self._slots[tensor.slot] for tensor in self._tensors]
        made: Subgraph = self._once(
            what, lambda: Subgraph(function, self._spec, variables, self._sizes)
        )
        return made

    @property
    def estimation(self) -> CompiledFunction:
        """X -> (y, mean and variance of each normalisation)."""

        def function(x: Any, *sizes: Any) -> list[Any]:
            kept: list[Any] = []
            y = OPERATIONS.run(self._program, x, self._bind(*sizes), batch_statistics_kept(kept))
            return [y, *kept]

        return self._once(
            "estimation", lambda: CompiledFunction(function, self._spec, *self._size_specs)
        )

    @property
    def inference(self) -> CompiledFunction:
        """(x, mean and variance of each normalisation) -> y."""

        def function(x: Any, *values: Any) -> list[Any]:
            return [self._infer(x, values)]

        given = self._inference_specs
        return self._once("inference", lambda: CompiledFunction(function, *given, rewritten=True))

    @property
    def observation(self) -> CompiledFunction:
        """(x, mean and variance of each normalisation) -> (y, lows, highs of its activations)."""

        def function(x: Any, *values: Any) -> list[Any]:
            return list(observed(lambda x: self._infer(x, values), x))

        given = self._inference_specs
        return self._once("observation", lambda: CompiledFunction(function, *given))

    @property
    def rounding(self) -> CompiledFunction:
        """(x, mean and variance of each normalisation, lows, highs) -> y, as in int8."""

        def function(x: Any, *values: Any) -> list[Any]:
            *given, lows, highs = values
            return [rounded(lambda x: self._infer(x, given), x, lows, highs)]

        limits = tf.TensorSpec((None,), tf.float32)
        given = (*self._inference_specs, limits, limits)
        return self._once("rounding", lambda: CompiledFunction(function, *given))

    def _infer(self, x: Any, values: Sequence[Any]) -> Any:
        sizes, values = values[: len(self._size_specs)], values[len(self._size_specs) :]
        return OPERATIONS.run(self._program, x, self._bind(*sizes), given_statistics(values))

    @property
    def _inference_specs(self) -> list[tf.TensorSpec]:
        specs = [
            tf.TensorSpec((None if self._sizes is not None else norm.channels,), tf.float32)
            for norm in norms_of(self._program)
            for _ in ("mean", "variance")
        ]
        return [self._spec, *self._size_specs, *specs]

    @property
    def _size_specs(self) -> list[tf.TensorSpec]:
        return [] if self._sizes is None else [self._sizes]

    def _once(self, what: str, make: Callable[[], Any]) -> Any:
        if what not in self._made:
            self._made[what] = make()
        return self._made[what]

    def _bind(self, sizes: Any = None) -> Weights:
        """Return the parts of the slots that the candidate uses, in the graph being traced."""
        weights: Weights = {}
        first = 0
        for tensor in self._tensors:
            whole = self._space.slots[tensor.slot].shape
            value = self._slots[tensor.slot]
            if sizes is None:
                where = slot_layout(part(whole, tensor.shape))
                weights[tensor.slot] = value[where] if tensor.shape != whole else value
                continue
            # The kernel size does not depend on the width, so its margins are static.
            around = slot_layout(part(whole, (*whole[:2], *tensor.shape[2:])))
            last = first + len(tensor.shape)
            cut = value[around[:2]] if len(whole) == 4 else value
            weights[tensor.slot] = tf.slice(
                cut, tf.zeros_like(sizes[first:last]), sizes[first:last]
            )
            first = last
        return weights
