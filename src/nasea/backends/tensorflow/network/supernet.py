"""The supernet: the weights of all slots, and the candidates of every layer as functions of them.

The path is data. A candidate is traced once for training, once for estimating statistics and once
for inference, each when it is first needed. An architecture is a sequence of such functions, so the
thousandth one costs no more than the tenth. If widths are searched, they are data too: a function
takes the sizes of its weights and serves all widths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.network.fake_quantisation import (
    Observer,
    OwnRanges,
    Ranges,
    Rounder,
    fake_quantised,
    over_batches,
)
from nasea.backends.tensorflow.network.operations import (
    OPERATIONS,
    Weights,
    batch_statistics,
    batch_statistics_kept,
    given_statistics,
    initial_values,
    norms_of,
    slot_layout,
)
from nasea.backends.tensorflow.network.subgraphs import CompiledFunction, Subgraph, Tensors
from nasea.space import Conv, Genome, Layer, Norm, Op, Program, Space, part, tensors

Statistics = Sequence[Tensors]
"""For each layer, mean and variance of each normalisation, in order."""


class Supernet(tf.Module):
    """All slots of a search space, between the user's PreNet and PostNet.

    Args:
        space: the search space.
        seed: seed of the initial values.
    """

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(name="supernet")
        self.space = space
        generator = tf.random.Generator.from_seed(seed)
        self.slots = {
            name: tf.Variable(initial_values(slot, generator), name=name.replace("/", "."))
            for name, slot in space.slots.items()
        }
        self._made: dict[tuple[int, Program], _Functions] = {}
        self._candidates = {
            layer.key: [self._place(candidate.program, layer) for candidate in layer.candidates]
            for layer in space.every_layer
        }

    @property
    def traces(self) -> int:
        """The number of functions traced so far."""
        return sum(functions.traces for functions in self._made.values())

    def slots_of(self, genome: Genome) -> list[str]:
        """Return the names of the slots that a path uses."""
        return [name for one in self._path(genome) for name in one.names]

    def forward(
        self, genome: Genome, x: Any, int8: bool = False
    ) -> tuple[list[Any], list[Tensors]]:
        """Run a path with batch statistics and keep what :meth:`backward` needs.

        Args:
            genome: the path.
            x: PreNet's output, (N, H, W, C).
            int8: whether it is rounded to int8.

        Returns:
            PostNet's inputs, that of the last layer last; the residuals of each layer.
        """
        tapped, residuals = [], []
        for layer, one in zip(self.space.layers, self._path(genome), strict=True):
            kept: Tensors = ()
            if one.program:
                trained = one.functions.training_int8 if int8 else one.functions.training
                x, kept = trained.forward(x, *one.sizes)
            residuals.append(kept)
            if layer.tapped:
                tapped.append(x)
        return [*tapped, x], residuals

    def backward(
        self,
        genome: Genome,
        gradients: Sequence[Any],
        residuals: list[Tensors],
        add: Callable[[str, Any], None],
        int8: bool = False,
    ) -> Any:
        """Backpropagate through a path and return the gradient of its input.

        Args:
            genome: the path.
            gradients: gradients of PostNet's inputs, in the order of :meth:`forward`.
            residuals: the residuals of :meth:`forward`; emptied.
            add: called with (name, gradient) for each slot of the path.
            int8: as in :meth:`forward`.
        """
        *tapped, gradient = gradients
        layers = list(zip(self.space.layers, self._path(genome), strict=True))
        for layer, one in reversed(layers):
            if layer.tapped:
                gradient = gradient + tapped.pop()
            kept = residuals.pop()
            if one.program:
                trained = one.functions.training_int8 if int8 else one.functions.training
                gradient, of_slots = trained.backward(gradient, kept)
                for name, value in zip(one.names, of_slots, strict=True):
                    add(name, value)
        return gradient

    def statistics(
        self,
        genome: Genome,
        outputs: list[list[Any]],
        known: Statistics = (),
        kept: int = 0,
    ) -> tuple[Statistics, list[Any]]:
        """Estimate the statistics of every normalisation of a path, averaged over batches.

        Args:
            genome: the path.
            outputs: the outputs of PreNet and of the first layers that are known, each a list with
                one (N, H, W, C) per batch; the outputs of later layers are appended.
            known: the statistics of those first layers.
            kept: outputs are appended until there are this many.

        Returns:
            The statistics; PostNet's inputs for each batch, normalised with batch statistics.
        """
        first = len(outputs) - 1
        xs = list(outputs[-1])
        tapped = [outputs[layer + 1] for layer in self.space.taps if layer < first]
        found: list[Tensors] = list(known)
        for layer, one in enumerate(self._path(genome)[first:], start=first):
            sums: list[Any] = []
            if one.program:
                for index, x in enumerate(xs):
                    xs[index], *values = one.functions.estimation(x, *one.sizes)
                    sums = [a + b for a, b in zip(sums, values, strict=True)] if sums else values
            found.append([total / len(xs) for total in sums])
            if layer in self.space.taps:
                tapped.append(list(xs))
            if len(outputs) == layer + 1 < kept:
                outputs.append(list(xs))
        return found, [list(features) for features in zip(*tapped, xs, strict=True)]

    def observe(
        self,
        genome: Genome,
        statistics: Statistics,
        outputs: list[list[Any]],
        known: Sequence[Ranges] = (),
        kept: int = 0,
    ) -> tuple[list[Ranges], list[Any]]:
        """Take the ranges of all activations of a path, over batches.

        Args:
            genome: the path.
            statistics: the statistics of its layers.
            outputs: as for :meth:`statistics`, with these statistics.
            known: the ranges in those first layers.
            kept: as for :meth:`statistics`.

        Returns:
            The ranges in each layer; PostNet's inputs for each batch.
        """
        first = len(outputs) - 1
        xs = list(outputs[-1])
        tapped = [outputs[layer + 1] for layer in self.space.taps if layer < first]
        found = list(known)
        path = list(zip(self._path(genome), statistics, strict=True))
        for layer, (one, values) in enumerate(path[first:], start=first):
            limits: list[Ranges] = []
            if one.program:
                for index, x in enumerate(xs):
                    xs[index], *of_batch = one.functions.observation(x, *one.sizes, *values)
                    limits.append((of_batch[0], of_batch[1]))
            found.append(over_batches(limits))
            if layer in self.space.taps:
                tapped.append(list(xs))
            if len(outputs) == layer + 1 < kept:
                outputs.append(list(xs))
        return found, [list(features) for features in zip(*tapped, xs, strict=True)]

    def infer(
        self,
        genome: Genome,
        statistics: Statistics,
        outputs: list[Any],
        kept: int = 0,
        ranges: Sequence[Ranges] = (),
    ) -> list[Any]:
        """Run a path with given statistics and return PostNet's inputs.

        Args:
            genome: the path.
            statistics: the statistics of its layers.
            outputs: the outputs of PreNet and of the first layers that are known, (N, H, W, C)
                each; the outputs of later layers are appended.
            kept: outputs are appended until there are this many.
            ranges: of the activations in each layer, to compute as in int8; empty for float.
        """
        first, x = len(outputs) - 1, outputs[-1]
        tapped = [outputs[layer + 1] for layer in self.space.taps if layer < first]
        path = list(zip(self._path(genome), statistics, strict=True))
        for layer, (one, values) in enumerate(path[first:], start=first):
            if one.program and ranges:
                (x,) = one.functions.rounding(x, *one.sizes, *values, *ranges[layer])
            elif one.program:
                (x,) = one.functions.inference(x, *one.sizes, *values)
            if layer in self.space.taps:
                tapped.append(x)
            if len(outputs) == layer + 1 < kept:
                outputs.append(x)
        return [*tapped, x]

    def _path(self, genome: Genome) -> list[_Placed]:
        return [self._candidates[layer.key][gene] for layer, gene in self.space.path(genome)]

    def _place(self, program: Program, layer: Layer) -> _Placed:
        """Bind a candidate to its widths; candidates that differ in widths only share functions."""
        wide = bool(self.space.trunks)
        shared = _without_widths(program) if wide else program
        made = self._made.get((layer.index, shared))
        if made is None:
            shape = (None, *layer.in_shape[1:]) if wide else layer.in_shape
            made = _Functions(shared, self.slots, self.space, shape, wide)
            self._made[layer.index, shared] = made
        found = tensors(program)
        sizes = [size for tensor in found for size in slot_layout(tensor.shape)]
        given = (tf.constant(sizes, tf.int32),) if wide else ()
        return _Placed(program, made, [tensor.slot for tensor in found], given)


@dataclass(frozen=True)
class _Placed:
    """A candidate at its widths.

    Attributes:
        program: its program.
        functions: its traced functions.
        names: names of its slots.
        sizes: the concatenated shapes of its tensors, if the functions take them; else empty.
    """

    program: Program
    functions: _Functions
    names: list[str]
    sizes: tuple[Any, ...]


def _without_widths(program: Program) -> Program:
    """Replace the channels of a program; they still distinguish depthwise convolutions."""

    def replaced(op: Op) -> Op:
        if op.programs:
            return op.with_programs(tuple(map(_without_widths, op.programs)))
        if isinstance(op, Norm):
            return replace(op, channels=1)
        if isinstance(op, Conv) and op.groups == 1:
            return replace(op, c_in=1, c_out=1)
        if isinstance(op, Conv) and op.groups == op.c_in:
            return replace(op, c_in=2, c_out=2 * (op.c_out // op.c_in), groups=2)
        return op

    return tuple(replaced(op) for op in program)


class _Functions:
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
        """The same, rounded to int8."""

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
            seen: list[Observer] = []

            def tracker(inputs: Sequence[Any]) -> Observer:
                seen.append(Observer(inputs))
                return seen[0]

            y = fake_quantised(lambda x: self._infer(x, values), tracker, x)
            return [y, *seen[0].ranges]

        given = self._inference_specs
        return self._once("observation", lambda: CompiledFunction(function, *given))

    @property
    def rounding(self) -> CompiledFunction:
        """(x, mean and variance of each normalisation, lows, highs) -> y, as in int8."""

        def function(x: Any, *values: Any) -> list[Any]:
            *given, lows, highs = values
            y = fake_quantised(
                lambda x: self._infer(x, given), lambda x: Rounder(x, lows, highs), x
            )
            return [y]

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
