"""The search space: a chain of layers, each with its candidates.

A genome is one integer a layer, the index of the chosen candidate. Two genomes can mean the same
network: in a run of layers that all keep their shape, it makes no difference which of them is
skipped. The canonical genome of such a network skips last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nasea.errors import SpaceError
from nasea.space.blocks import Block
from nasea.space.ops import Program, rename_slots
from nasea.space.shapes import Shape, output_shape
from nasea.space.slots import SharingPolicy, Tensor, collect, place

Genome = tuple[int, ...]


@dataclass(frozen=True)
class Candidate:
    """A block placed in a layer: its program reads slots of the whole supernet."""

    name: str
    family: str
    program: Program

    @property
    def is_skip(self) -> bool:
        """Whether the candidate does nothing."""
        return not self.program


@dataclass(frozen=True)
class Layer:
    """One searched layer.

    Attributes:
        index: position in the chain, from 0.
        in_shape: (channels, height, width) that arrive.
        out_shape: (channels, height, width) that leave, whatever is chosen.
        stride: 1 or 2.
        tapped: whether PostNet reads this layer's output too (``supernet.feature_choose``).
        candidates: what can be chosen here.
    """

    index: int
    in_shape: Shape
    out_shape: Shape
    stride: int
    tapped: bool
    candidates: tuple[Candidate, ...]

    @property
    def skip(self) -> int | None:
        """Index of the candidate that does nothing; ``None`` where there is none."""
        return next((i for i, c in enumerate(self.candidates) if c.is_skip), None)


@dataclass(frozen=True)
class Space:
    """All architectures of a body."""

    layers: tuple[Layer, ...]
    policy: SharingPolicy

    @property
    def choices(self) -> tuple[int, ...]:
        """Number of candidates at each layer."""
        return tuple(len(layer.candidates) for layer in self.layers)

    @property
    def out_shape(self) -> Shape:
        """(channels, height, width) that PostNet gets."""
        return self.layers[-1].out_shape

    @property
    def taps(self) -> tuple[int, ...]:
        """Layers whose outputs PostNet gets besides the last one."""
        return tuple(layer.index for layer in self.layers if layer.tapped)

    @cached_property
    def slots(self) -> dict[str, Tensor]:
        """Every tensor of the supernet by name."""
        return collect(c.program for layer in self.layers for c in layer.candidates)

    @cached_property
    def n_architectures(self) -> int:
        """Number of different networks, exactly."""
        interchangeable = {i for run in self._runs for i in run}
        total = math.prod(n for i, n in enumerate(self.choices) if i not in interchangeable)
        for run in self._runs:
            blocks = self.choices[run[0]] - 1
            total *= sum(int(blocks**used) for used in range(len(run) + 1))
        return total

    def validate(self, genome: Sequence[int]) -> Genome:
        """The genome as a tuple; raises SpaceError when it does not belong to this space."""
        if len(genome) != len(self.layers):
            raise SpaceError(
                f"a genome of this space has {len(self.layers)} genes, found {len(genome)}"
            )
        for layer, gene in zip(self.layers, genome, strict=True):
            if not 0 <= gene < len(layer.candidates):
                raise SpaceError(
                    f"gene {layer.index} must be 0 to {len(layer.candidates) - 1}, found {gene}"
                )
        return tuple(int(gene) for gene in genome)

    def canonical(self, genome: Genome) -> Genome:
        """The one genome that stands for all that mean the same network."""
        result = list(genome)
        for run in self._runs:
            skip = self.layers[run[0]].skip
            used = [genome[i] for i in run if genome[i] != skip]
            for position, i in enumerate(run):
                result[i] = used[position] if position < len(used) else genome[i]
                if position >= len(used) and skip is not None:
                    result[i] = skip
        return tuple(result)

    def decode(self, genome: Sequence[int]) -> tuple[Candidate, ...]:
        """The chosen candidate of every layer."""
        valid = self.validate(genome)
        return tuple(layer.candidates[gene] for layer, gene in zip(self.layers, valid, strict=True))

    def blocks(self, genome: Sequence[int]) -> tuple[str, ...]:
        """The names of the chosen blocks, what people read and write."""
        return tuple(candidate.name for candidate in self.decode(genome))

    def only(self, genome: Sequence[int]) -> Space:
        """The space of one architecture: of each layer's candidates the chosen one alone."""
        layers = zip(self.layers, self.decode(genome), strict=True)
        return Space(tuple(replace(layer, candidates=(one,)) for layer, one in layers), self.policy)

    def tapped(self, taps: Sequence[int]) -> Space:
        """The same space with PostNet reading these layers besides the last one."""
        layers = (replace(layer, tapped=layer.index in taps) for layer in self.layers)
        return Space(tuple(layers), self.policy)

    def encode(self, blocks: Sequence[str]) -> Genome:
        """The genome of the named blocks; the inverse of :meth:`blocks`."""
        if len(blocks) != len(self.layers):
            raise SpaceError(
                f"this space has {len(self.layers)} layers, found {len(blocks)} blocks"
            )
        genome = []
        for layer, name in zip(self.layers, blocks, strict=True):
            names = [candidate.name for candidate in layer.candidates]
            if name not in names:
                raise SpaceError(
                    f"layer {layer.index} has no block {name!r}; it has {', '.join(names)}"
                )
            genome.append(names.index(name))
        return tuple(genome)

    @cached_property
    def _runs(self) -> tuple[tuple[int, ...], ...]:
        """Maximal runs of consecutive layers whose choices can be exchanged among them."""
        runs: list[tuple[int, ...]] = []
        current: list[int] = []
        for layer in self.layers:
            names = [candidate.name for candidate in layer.candidates]
            movable = layer.skip is not None
            if current:
                before = self.layers[current[-1]]
                same = names == [c.name for c in before.candidates] and not before.tapped
                if not (movable and same and before.in_shape == layer.in_shape):
                    runs.append(tuple(current))
                    current = []
            if movable:
                current.append(layer.index)
        if current:
            runs.append(tuple(current))
        return tuple(run for run in runs if len(run) > 1)


def build_space(
    in_shape: Shape,
    filters: Sequence[int],
    strides: Sequence[int],
    blocks: Sequence[Block],
    policy: SharingPolicy = "entangled",
    taps: Sequence[int] = (),
) -> Space:
    """Place the blocks in every layer of a chain.

    Args:
        in_shape: (channels, height, width) of PreNet's output.
        filters: output channels of each layer.
        strides: 1 or 2 for each layer.
        blocks: the candidates; where one does not apply, or means the same network as an earlier
            one at these widths, the layer does without it.
        policy: which tensors candidates share.
        taps: layers whose outputs PostNet gets besides the last one.

    Raises:
        SpaceError: a layer has no candidate, a program does not produce the layer's shape.
    """
    layers: list[Layer] = []
    shape = in_shape
    for index, (c_out, stride) in enumerate(zip(filters, strides, strict=True)):
        c_in, height, width = shape
        out_shape = (c_out, -(-height // stride), -(-width // stride))
        candidates = _candidates(index, shape, out_shape, stride, blocks, policy)
        layers.append(Layer(index, shape, out_shape, stride, index in taps, candidates))
        shape = out_shape
    return Space(tuple(layers), policy)


def _candidates(
    index: int,
    in_shape: Shape,
    out_shape: Shape,
    stride: int,
    blocks: Sequence[Block],
    policy: SharingPolicy,
) -> tuple[Candidate, ...]:
    found: dict[Program, Candidate] = {}
    for block in blocks:
        local = block.build(in_shape[0], out_shape[0], stride)
        if local is None:
            continue
        try:
            produced = output_shape(local, in_shape)
        except SpaceError as error:
            raise SpaceError(f"block {block.name!r} in layer {index}: {error}") from error
        if produced != out_shape:
            raise SpaceError(
                f"block {block.name!r} in layer {index}: {in_shape} at stride {stride} must become "
                f"{out_shape}, but its program gives {produced}"
            )
        network = rename_slots(local, lambda _: "")
        placed = place(local, policy, index, block.family, block.name)
        found.setdefault(network, Candidate(block.name, block.family, placed))
    if not found:
        raise SpaceError(
            f"layer {index} ({in_shape[0]} -> {out_shape[0]} channels, stride {stride}) has no "
            f"candidate among {', '.join(block.name for block in blocks)}"
        )
    return tuple(found.values())
