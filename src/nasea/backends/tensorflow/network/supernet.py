"""The supernet: every slot once, and the candidates of every layer as functions of them.

The path is data. A candidate is traced once for training, once for estimating statistics and once
for inference, when it is first needed; an architecture is a sequence of such functions, so the
thousandth one costs no more than the tenth. Where widths are searched they are data too: a
function gets the sizes of its weights, and serves all widths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

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
from nasea.backends.tensorflow.network.subgraphs import Called, Piece, Tensors
from nasea.space import Conv, Genome, Layer, Norm, Op, Program, Space, part, tensors

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
            name: tf.Variable(initial_values(slot, generator), name=name.replace("/", "."))
            for name, slot in space.slots.items()
        }
        self._made: dict[tuple[int, Program], _Functions] = {}
        self._candidates = {
            layer.key: [self._placed(candidate.program, layer) for candidate in layer.candidates]
            for layer in space.every_layer
        }

    @property
    def traces(self) -> int:
        """Functions traced so far."""
        return sum(functions.traces for functions in self._made.values())

    def slots_of(self, genome: Genome) -> list[str]:
        """Names of the slots that a path uses."""
        return [name for one in self._path(genome) for name in one.names]

    def forward(self, genome: Genome, x: Any) -> tuple[list[Any], list[Tensors]]:
        """Through a path with the statistics of the batch, ready for :meth:`backward`.

        Args:
            genome: the path.
            x: (N, H, W, C).

        Returns:
            What PostNet gets, the last layer last; the residuals of each layer.
        """
        tapped, residuals = [], []
        for layer, one in zip(self.space.layers, self._path(genome), strict=True):
            kept: Tensors = ()
            if one.program:
                x, kept = one.functions.trained.forward(x, *one.sizes)
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
        for layer, one in reversed(layers):
            if layer.tapped:
                gradient = gradient + tapped.pop()
            kept = residuals.pop()
            if one.program:
                gradient, of_slots = one.functions.trained.backward(gradient, kept)
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
        for layer, one in enumerate(self._path(genome)[first:], start=first):
            sums: list[Any] = []
            if one.program:
                for index, x in enumerate(xs):
                    xs[index], *values = one.functions.estimated(x, *one.sizes)
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
        for layer, (one, values) in enumerate(path[first:], start=first):
            if one.program:
                (x,) = one.functions.inferred(x, *one.sizes, *values)
            if layer in self.space.taps:
                tapped.append(x)
            if len(outputs) == layer + 1 < kept:
                outputs.append(x)
        return [*tapped, x]

    def _path(self, genome: Genome) -> list[_Placed]:
        return [self._candidates[layer.key][gene] for layer, gene in self.space.path(genome)]

    def _placed(self, program: Program, layer: Layer) -> _Placed:
        """A candidate at its widths; at others it has the same functions."""
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
        program: what it does.
        functions: what does it.
        names: of its slots.
        sizes: the shapes of its tensors one behind the other, if the functions must be told.
    """

    program: Program
    functions: _Functions
    names: list[str]
    sizes: tuple[Any, ...]


def _without_widths(program: Program) -> Program:
    """The program with channels that only tell depthwise convolutions from others."""

    def changed(op: Op) -> Op:
        if op.programs:
            return op.with_programs(tuple(map(_without_widths, op.programs)))
        if isinstance(op, Norm):
            return replace(op, channels=1)
        if isinstance(op, Conv) and op.groups == 1:
            return replace(op, c_in=1, c_out=1)
        if isinstance(op, Conv) and op.groups == op.c_in:
            return replace(op, c_in=2, c_out=2 * (op.c_out // op.c_in), groups=2)
        return op

    return tuple(changed(op) for op in program)


class _Functions:
    """A candidate's three functions, each traced when it is first asked for.

    Args:
        program: what the candidate does.
        slots: all slots.
        space: for their shapes.
        in_shape: (C, H, W) of its input; C may be ``None``.
        wide: whether widths are data: every function then gets the shapes of the tensors, one
            behind the other, after its first argument.
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
        """Functions traced so far; a piece counts as two."""
        return sum(2 if isinstance(made, Piece) else 1 for made in self._made.values())

    @property
    def trained(self) -> Piece:
        """X -> y with the statistics of the batch, with gradients."""

        def function(x: Any, *sizes: Any) -> Any:
            return OPERATIONS.run(self._program, x, self._bound(*sizes), batch_statistics)

        variables = [self._slots[tensor.slot] for tensor in self._tensors]
        return self._once("trained", lambda: Piece(function, self._spec, variables, self._sizes))

    @property
    def estimated(self) -> Called:
        """X -> y, then mean and variance of each normalisation."""

        def function(x: Any, *sizes: Any) -> list[Any]:
            kept: list[Any] = []
            y = OPERATIONS.run(self._program, x, self._bound(*sizes), batch_statistics_kept(kept))
            return [y, *kept]

        return self._once("estimated", lambda: Called(function, self._spec, *self._size_specs))

    @property
    def inferred(self) -> Called:
        """x, then mean and variance of each normalisation -> y."""

        def function(x: Any, *values: Any) -> list[Any]:
            sizes, values = values[: len(self._size_specs)], values[len(self._size_specs) :]
            weights = self._bound(*sizes)
            return [OPERATIONS.run(self._program, x, weights, given_statistics(values))]

        specs = [
            tf.TensorSpec((None if self._sizes is not None else norm.channels,), tf.float32)
            for norm in norms_of(self._program)
            for _ in ("mean", "variance")
        ]
        given = (self._spec, *self._size_specs, *specs)
        return self._once("inferred", lambda: Called(function, *given, rewritten=True))

    @property
    def _size_specs(self) -> list[tf.TensorSpec]:
        return [] if self._sizes is None else [self._sizes]

    def _once(self, what: str, make: Callable[[], Any]) -> Any:
        if what not in self._made:
            self._made[what] = make()
        return self._made[what]

    def _bound(self, sizes: Any = None) -> Weights:
        """The parts of the slots that the candidate uses, in the graph being traced."""
        weights: Weights = {}
        first = 0
        for tensor in self._tensors:
            whole = self._space.slots[tensor.slot].shape
            value = self._slots[tensor.slot]
            if sizes is None:
                where = slot_layout(part(whole, tensor.shape))
                weights[tensor.slot] = value[where] if tensor.shape != whole else value
                continue
            # Kernels are the same at all widths, so their margins are known here.
            around = slot_layout(part(whole, (*whole[:2], *tensor.shape[2:])))
            last = first + len(tensor.shape)
            cut = value[around[:2]] if len(whole) == 4 else value
            weights[tensor.slot] = tf.slice(
                cut, tf.zeros_like(sizes[first:last]), sizes[first:last]
            )
            first = last
        return weights
