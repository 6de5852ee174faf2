"""The supernet: the weights of all slots, and the candidates of every layer as functions of them.

The path is data. A candidate is traced once for training, once for estimating statistics and once
for inference, each on first use. An architecture is a sequence of such functions, so the thousandth
one costs no more than the tenth. If widths are searched, they are data too: a function takes the
sizes of its weights and serves all widths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.network.candidate_functions import CandidateFunctions
from nasea.backends.tensorflow.network.fake_quantisation import Ranges, over_batches
from nasea.backends.tensorflow.network.operations import initial_values, slot_layout
from nasea.backends.tensorflow.network.subgraphs import Tensors
from nasea.space import Conv, Genome, Layer, Norm, Op, Program, Space, tensors

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
        self._made: dict[tuple[int, Program], CandidateFunctions] = {}
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
            made = CandidateFunctions(shared, self.slots, self.space, shape, wide)
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
    functions: CandidateFunctions
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
