"""The search space: a chain of layers, each with its candidates.

A genome has one integer for each layer, the index of the chosen candidate. If widths are searched,
one more integer follows: the index of the trunk. Several genomes can stand for the same network: in
a run of layers that all keep their shape, it makes no difference which of them is skipped, and at
some widths two blocks are equal. The canonical genome skips the last layers of such a run, and uses
the first of equal blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nasea.errors import SpaceError
from nasea.space.ops import Program, Shape, Tensor, starting_at_one
from nasea.space.slots import SharingPolicy, collect

Genome = tuple[int, ...]


@dataclass(frozen=True)
class Candidate:
    """A block placed in a layer; its program reads slots of the whole supernet."""

    name: str
    family: str
    program: Program

    @property
    def is_skip(self) -> bool:
        """Whether the candidate does nothing."""
        return not self.program


@dataclass(frozen=True)
class Layer:
    """One searched layer, at one pair of widths.

    Attributes:
        index: position in the chain, from 0.
        in_shape: (channels, height, width) of the input.
        out_shape: (channels, height, width) of the output of every candidate.
        stride: 1 or 2.
        tapped: whether PostNet reads this layer's output too (``supernet.feature_choose``).
        candidates: the candidates, in the same order at all widths. If two are the same network at
            these widths, the first one stands in both places.
    """

    index: int
    in_shape: Shape
    out_shape: Shape
    stride: int
    tapped: bool
    candidates: tuple[Candidate, ...]

    @property
    def key(self) -> tuple[int, int, int]:
        """(index, channels in, channels out), which identifies the layer in its space."""
        return self.index, self.in_shape[0], self.out_shape[0]

    @cached_property
    def firsts(self) -> tuple[int, ...]:
        """For each candidate, the index of the first one that is the same network."""
        names = [candidate.name for candidate in self.candidates]
        return tuple(names.index(name) for name in names)

    @property
    def skip(self) -> int | None:
        """Index of the candidate that does nothing; ``None`` if there is none."""
        return next((i for i, c in enumerate(self.candidates) if c.is_skip), None)


@dataclass(frozen=True)
class Space:
    """All architectures of a body.

    Attributes:
        layers: the chain with its widest trunk.
        policy: which tensors candidates share.
        trunks: output channels of every layer, for each value of the width gene; empty if there is
            only one trunk, and so no such gene.
        variants: the chain with each of the trunks; empty if ``trunks`` is.
    """

    layers: tuple[Layer, ...]
    policy: SharingPolicy
    trunks: tuple[tuple[int, ...], ...] = ()
    variants: tuple[tuple[Layer, ...], ...] = ()

    @property
    def block_choices(self) -> tuple[int, ...]:
        """Number of candidates in each layer."""
        return tuple(len(layer.candidates) for layer in self.layers)

    @property
    def width_choices(self) -> tuple[int, ...]:
        """Number of values of the width gene; empty if there is no such gene."""
        return (len(self.trunks),) if self.trunks else ()

    @property
    def choices(self) -> tuple[int, ...]:
        """Number of values of each gene: the candidates of each layer, then the trunks."""
        return self.block_choices + self.width_choices

    @property
    def out_shape(self) -> Shape:
        """(channels, height, width) of PostNet's input."""
        return self.layers[-1].out_shape

    @property
    def taps(self) -> tuple[int, ...]:
        """Layers whose outputs PostNet gets in addition to the last one."""
        return tuple(layer.index for layer in self.layers if layer.tapped)

    @property
    def every_layer(self) -> Iterator[Layer]:
        """Every layer at every pair of widths, in the order of the chain."""
        for at_place in zip(*(self.variants or (self.layers,)), strict=True):
            yield from {layer.key: layer for layer in at_place}.values()

    @cached_property
    def slots(self) -> dict[str, Tensor]:
        """Every tensor of the supernet, by name."""
        return collect(c.program for layer in self.every_layer for c in layer.candidates)

    @cached_property
    def n_architectures(self) -> int:
        """Exact number of different networks."""
        return sum(map(self._n_in_trunk, self.variants or (self.layers,)))

    def _n_in_trunk(self, layers: tuple[Layer, ...]) -> int:
        """Return the number of different networks with one trunk."""
        lengths = {run[0]: len(run) for run in self._runs}
        within = {i for run in self._runs for i in run[1:]}
        count = 1
        for layer in layers:
            ways = len(set(layer.firsts))
            if layer.index in lengths:
                count *= sum((ways - 1) ** used for used in range(lengths[layer.index] + 1))
            elif layer.index not in within:
                count *= ways
        return count

    def validate(self, genome: Sequence[int]) -> Genome:
        """Return the genome as a tuple; raise SpaceError if it does not belong to this space."""
        if len(genome) != len(self.choices):
            raise SpaceError(
                f"a genome of this space has {len(self.choices)} genes, found {len(genome)}"
            )
        for number, (count, gene) in enumerate(zip(self.choices, genome, strict=True)):
            if not 0 <= gene < count:
                raise SpaceError(f"gene {number} must be 0 to {count - 1}, found {gene}")
        return tuple(int(gene) for gene in genome)

    def canonical(self, genome: Genome) -> Genome:
        """Return the canonical genome of the same network."""
        result = list(genome)
        for layer in self.trunk(genome):
            result[layer.index] = layer.firsts[genome[layer.index]]
        for run in self._runs:
            skip = self.layers[run[0]].skip
            assert skip is not None
            used = [result[i] for i in run if result[i] != skip]
            for i, gene in zip(run, used + [skip] * len(run), strict=False):
                result[i] = gene
        return tuple(result)

    def channels(self, genome: Genome) -> tuple[int, ...]:
        """Return the output channels of each layer of an architecture."""
        return tuple(layer.out_shape[0] for layer in self.trunk(genome))

    def trunk(self, genome: Genome) -> tuple[Layer, ...]:
        """Return the layers of an architecture at its widths, with all candidates."""
        return self.variants[genome[len(self.layers)]] if self.trunks else self.layers

    def path(self, genome: Genome) -> tuple[tuple[Layer, int], ...]:
        """Return (layer at its widths, chosen candidate) from the first layer to the last.

        Two architectures are the same up to the point where their paths differ.
        """
        return tuple(zip(self.trunk(genome), genome, strict=False))

    def steps(self, genome: Genome) -> tuple[tuple[int, ...], ...]:
        """Return the path as numbers, which are equal and ordered as the layers of :meth:`path`."""
        return tuple((*layer.key, gene) for layer, gene in self.path(genome))

    def decode(self, genome: Sequence[int]) -> tuple[Candidate, ...]:
        """Return the chosen candidate of every layer."""
        return tuple(layer.candidates[gene] for layer, gene in self.path(self.validate(genome)))

    def blocks(self, genome: Sequence[int]) -> tuple[str, ...]:
        """Return the names of the chosen blocks, which users read and write."""
        return tuple(candidate.name for candidate in self.decode(genome))

    def only(self, genome: Sequence[int]) -> Space:
        """Return the space of one architecture: each layer has only the chosen candidate.

        None of its branches starts at zero. That helps candidates to agree at first, but a single
        network learns more slowly with it (docs/decisions/0001).
        """
        layers = []
        for layer, gene in self.path(self.validate(genome)):
            chosen = layer.candidates[gene]
            alone = replace(chosen, program=starting_at_one(chosen.program))
            layers.append(replace(layer, candidates=(alone,)))
        return Space(tuple(layers), self.policy)

    def tapped(self, taps: Sequence[int]) -> Space:
        """Return the same space with PostNet reading these layers in addition to the last one.

        Raises:
            SpaceError: widths are searched; then the taps must be known when the space is built.
        """
        if self.trunks:
            raise SpaceError("taps must be known before widths are searched")
        layers = (replace(layer, tapped=layer.index in taps) for layer in self.layers)
        return Space(tuple(layers), self.policy)

    def encode(self, blocks: Sequence[str], filters: Sequence[int] = ()) -> Genome:
        """Return the genome of the named blocks; inverse of :meth:`blocks`.

        Args:
            blocks: one name for each layer.
            filters: output channels of each layer, if widths are searched; otherwise ignored.

        Raises:
            SpaceError: the space has no such network.
        """
        if len(blocks) != len(self.layers):
            raise SpaceError(
                f"this space has {len(self.layers)} layers, found {len(blocks)} blocks"
            )
        width = (self._trunk_of(tuple(filters)),) if self.trunks else ()
        genome = []
        for layer, name in zip(self.trunk((*(0 for _ in blocks), *width)), blocks, strict=True):
            names = [candidate.name for candidate in layer.candidates]
            if name not in names:
                raise SpaceError(
                    f"layer {layer.index} has no block {name!r}; it has {', '.join(names)}"
                )
            genome.append(names.index(name))
        return (*genome, *width)

    def _trunk_of(self, filters: tuple[int, ...]) -> int:
        if filters not in self.trunks:
            listed = ", ".join("-".join(map(str, trunk)) for trunk in self.trunks)
            found = "-".join(map(str, filters)) or "nothing"
            raise SpaceError(f"layers can have {listed} output channels, found {found}")
        return self.trunks.index(filters)

    @cached_property
    def _runs(self) -> tuple[tuple[int, ...], ...]:
        """Maximal runs of consecutive layers whose choices are interchangeable."""
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
