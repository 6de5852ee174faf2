"""The supernet: every slot once, and the candidates of every layer as functions of them.

The path is data. A candidate is traced once for training, once for estimating statistics and once
for inference, when it is first needed; an architecture is a sequence of such functions, so the
thousandth one costs no more than the tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.network.operations import (
    Weights,
    batch_statistics,
    batch_statistics_kept,
    given_statistics,
    norms_of,
    run_program,
    slot_layout,
)
from nasea.backends.tensorflow.network.subgraphs import Called, Piece, Tensors
from nasea.space import Genome, Program, Shape, Space
from nasea.space.slots import Tensor, part, tensors

Statistics = Sequence[Tensors]
"""Of each layer, mean and variance of each normalisation, one behind the other."""


class Supernet(tf.Module):
    """All slots of a space, between the user's ends.

    Args:
        space: the space.
        seed: what the initial values depend on.
    """

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(name="supernet")
        self.space = space
        generator = tf.random.Generator.from_seed(seed)
        self.slots = {
            name: tf.Variable(_initial(slot, generator), name=name.replace("/", "."))
            for name, slot in space.slots.items()
        }
        self._layers = [
            [
                _Functions(candidate.program, self.slots, space, layer.in_shape)
                for candidate in layer.candidates
            ]
            for layer in space.layers
        ]

    @property
    def traces(self) -> int:
        """Functions traced so far."""
        return sum(functions.traces for layer in self._layers for functions in layer)

    def slots_of(self, layer: int, gene: int) -> list[str]:
        """Names of the slots that a candidate uses."""
        return self._layers[layer][gene].names

    def forward(self, genome: Genome, x: Any) -> tuple[list[Any], list[Tensors]]:
        """Through a path with the statistics of the batch, ready for :meth:`backward`.

        Args:
            genome: the path.
            x: (N, H, W, C).

        Returns:
            What PostNet gets, the last layer last; the residuals of each layer.
        """
        tapped, residuals = [], []
        for layer, functions in zip(self.space.layers, self._path(genome), strict=True):
            kept: Tensors = ()
            if functions.program:
                x, kept = functions.trained.forward(x)
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
    ) -> Any:
        """From the gradients of what PostNet got to that of the path's input.

        Args:
            genome: the path.
            gradients: as many as :meth:`forward` returned outputs.
            residuals: what :meth:`forward` kept; emptied on the way.
            add: gets the gradient of each slot of the path.
        """
        *tapped, gradient = gradients
        layers = list(zip(self.space.layers, self._path(genome), strict=True))
        for layer, functions in reversed(layers):
            if layer.tapped:
                gradient = gradient + tapped.pop()
            kept = residuals.pop()
            if functions.program:
                gradient, of_slots = functions.trained.backward(gradient, kept)
                for name, value in zip(functions.names, of_slots, strict=True):
                    add(name, value)
        return gradient

    def statistics(
        self,
        genome: Genome,
        outputs: list[list[Any]],
        known: Statistics = (),
        kept: int = 0,
    ) -> tuple[Statistics, list[Any]]:
        """Statistics of every normalisation of a path, averaged over batches.

        Args:
            genome: the path.
            outputs: of PreNet, and of the first layers where they are known, one (N, H, W, C) a
                batch; those of the layers behind them are appended.
            known: the statistics of those first layers.
            kept: up to how many outputs are appended.

        Returns:
            The statistics; what PostNet gets for each batch, normalised by the batch.
        """
        first = len(outputs) - 1
        xs = list(outputs[-1])
        tapped = [outputs[layer + 1] for layer in self.space.taps if layer < first]
        found: list[Tensors] = list(known)
        for layer, functions in enumerate(self._path(genome)[first:], start=first):
            sums: list[Any] = []
            if functions.program:
                for index, x in enumerate(xs):
                    xs[index], *values = functions.estimated(x)
                    sums = [a + b for a, b in zip(sums, values, strict=True)] if sums else values
            found.append([total / len(xs) for total in sums])
            if layer in self.space.taps:
                tapped.append(list(xs))
            if len(outputs) == layer + 1 < kept:
                outputs.append(list(xs))
        return found, [list(features) for features in zip(*tapped, xs, strict=True)]

    def infer(
        self, genome: Genome, statistics: Statistics, outputs: list[Any], kept: int = 0
    ) -> list[Any]:
        """What PostNet gets for images, normalised with given statistics.

        Args:
            genome: the path.
            statistics: of its layers.
            outputs: of PreNet, and of the first layers where they are known, (N, H, W, C) each;
                those of the layers behind them are appended.
            kept: up to how many outputs are appended.
        """
        first, x = len(outputs) - 1, outputs[-1]
        tapped = [outputs[layer + 1] for layer in self.space.taps if layer < first]
        path = list(zip(self._path(genome), statistics, strict=True))
        for layer, (functions, values) in enumerate(path[first:], start=first):
            if functions.program:
                (x,) = functions.inferred(x, *values)
            if layer in self.space.taps:
                tapped.append(x)
            if len(outputs) == layer + 1 < kept:
                outputs.append(x)
        return [*tapped, x]

    def _path(self, genome: Genome) -> list[_Functions]:
        return [layer[gene] for layer, gene in zip(self._layers, genome, strict=True)]


class _Functions:
    """A candidate's three functions, each traced when it is first asked for.

    Args:
        program: what the candidate does.
        slots: all slots.
        space: for their shapes.
        in_shape: (C, H, W) of its input.
    """

    def __init__(
        self, program: Program, slots: dict[str, tf.Variable], space: Space, in_shape: Shape
    ) -> None:
        self.program = program
        self.names = [tensor.slot for tensor in tensors(program)]
        self._slots = slots
        self._space = space
        channels, height, width = in_shape
        self._spec = tf.TensorSpec((None, height, width, channels), tf.float32)
        self._made: dict[str, Any] = {}

    @property
    def traces(self) -> int:
        """Functions traced so far; a piece counts as two."""
        return sum(2 if isinstance(made, Piece) else 1 for made in self._made.values())

    @property
    def trained(self) -> Piece:
        """X -> y with the statistics of the batch, with gradients."""

        def function(x: Any) -> Any:
            return run_program(self.program, x, self._bound(), batch_statistics)

        variables = [self._slots[name] for name in self.names]
        return self._once("trained", lambda: Piece(function, self._spec, variables))

    @property
    def estimated(self) -> Called:
        """X -> y, then mean and variance of each normalisation."""

        def function(x: Any) -> list[Any]:
            kept: list[Any] = []
            y = run_program(self.program, x, self._bound(), batch_statistics_kept(kept))
            return [y, *kept]

        return self._once("estimated", lambda: Called(function, self._spec))

    @property
    def inferred(self) -> Called:
        """x, then mean and variance of each normalisation -> y."""

        def function(x: Any, *values: Any) -> list[Any]:
            return [run_program(self.program, x, self._bound(), given_statistics(values))]

        specs = [
            tf.TensorSpec((norm.channels,), tf.float32)
            for norm in norms_of(self.program)
            for _ in ("mean", "variance")
        ]
        return self._once("inferred", lambda: Called(function, self._spec, *specs, rewritten=True))

    def _once(self, what: str, make: Callable[[], Any]) -> Any:
        if what not in self._made:
            self._made[what] = make()
        return self._made[what]

    def _bound(self) -> Weights:
        """The parts of the slots that the candidate uses, in the graph being traced."""
        weights: Weights = {}
        for tensor in tensors(self.program):
            whole = self._space.slots[tensor.slot].shape
            value = self._slots[tensor.slot]
            where = slot_layout(part(whole, tensor.shape))
            weights[tensor.slot] = value[where] if tensor.shape != whole else value
        return weights


def _initial(slot: Tensor, generator: tf.random.Generator) -> Any:
    shape = slot_layout(slot.shape)
    if slot.kind == "weight":
        fan_out = slot.shape[0] * slot.shape[2] * slot.shape[3]
        return generator.normal(shape, stddev=(2 / fan_out) ** 0.5)
    return tf.ones(shape) if slot.kind == "scale" else tf.zeros(shape)
