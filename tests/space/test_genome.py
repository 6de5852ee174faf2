"""Genomes: encoding, and which of them mean the same network."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.cost import build_cost_model
from nasea.errors import SpaceError
from nasea.space import Genome, Program, Space, build_space, catalogue, tensors
from nasea.space.ops import rename_slots

from .chains import CATALOGUE, Chain, chains

Meaning = tuple[tuple[Program, ...], tuple[tuple[int, int], ...]]


def all_genomes(space: Space) -> list[Genome]:
    return list(itertools.product(*(range(n) for n in space.choices)))


def meaning(space: Space, genome: Genome) -> Meaning:
    """The network itself: what runs in which order, and after how much of it each tap reads."""
    programs: list[Program] = []
    taps: list[tuple[int, int]] = []
    for layer, candidate in zip(space.layers, space.decode(genome), strict=True):
        if candidate.program:
            programs.append(rename_slots(candidate.program, lambda _: ""))
        if layer.tapped:
            taps.append((layer.index, len(programs)))
    return tuple(programs), tuple(taps)


@given(chains(), st.data())
@settings(max_examples=60, deadline=None)
def test_blocks_and_encode_are_inverse(chain: Chain, data: st.DataObject) -> None:
    space = chain.space()
    genome = tuple(data.draw(st.integers(0, n - 1)) for n in space.choices)
    trunk = space.trunk(genome)
    # Of blocks that are one network at these widths, the first is named.
    named = tuple(layer.firsts[gene] for layer, gene in zip(trunk, genome, strict=False))
    widths = genome[len(trunk) :]
    filters = [layer.out_shape[0] for layer in trunk]
    assert space.encode(space.blocks(genome), filters) == (*named, *widths)
    assert space.decode(genome) == tuple(
        layer.candidates[gene] for layer, gene in zip(trunk, genome, strict=False)
    )
    for stage, channels in zip(space.stages, space.channels(genome), strict=True):
        assert {filters[i] for i in stage.layers} == {channels}


@given(chains(wide=True))
@settings(max_examples=60, deadline=None)
def test_stages_choose_and_what_post_net_reads_does_not(chain: Chain) -> None:
    space = chain.space()
    assert chain.widths is not None
    for number, stage in enumerate(space.stages):
        assert list(stage.channels) == sorted(set(stage.channels)) and len(stage.channels) > 1
        assert stage.layers == tuple(range(stage.layers[0], stage.layers[-1] + 1))
        assert all(space.wires[i] == number for i in stage.layers)
        (filters,) = {chain.filters[i] for i in stage.layers}
        own = {filters} if 1 in chain.widths else set()
        assert all(c % chain.divisor == 0 for c in set(stage.channels) - own)
        assert own <= set(stage.channels)
    for index in {len(chain.filters) - 1, *chain.taps}:
        assert space.wires[index] is None
        assert space.layers[index].out_shape[0] == chain.filters[index]


@given(chains(wide=False))
@settings(max_examples=30, deadline=None)
def test_the_filters_alone_as_widths_change_nothing(chain: Chain) -> None:
    assert replace(chain, widths=(1,), divisor=8).space() == chain.space()


def test_widths_by_name() -> None:
    blocks = [catalogue()[name] for name in ("skip", "basic_x1")]
    space = build_space((4, 8, 8), [8, 8, 16], [2, 1, 2], blocks, widths=[0.5, 1, 2], divisor=4)
    assert space.choices == (1, 2, 1, 3)
    assert space.encode(["basic_x1", "skip", "basic_x1"], [16, 16, 16]) == (0, 0, 0, 2)
    assert space.n_architectures == 3 * 2
    with pytest.raises(SpaceError, match="layers 0, 1 can put out 4, 8, 16 channels, found 12"):
        space.encode(["basic_x1", "skip", "basic_x1"], [12, 12, 16])
    with pytest.raises(SpaceError, match="layers 0, 1 .* found 4, 8"):
        space.encode(["basic_x1", "skip", "basic_x1"], [4, 8, 16])
    with pytest.raises(SpaceError, match="before widths are searched"):
        space.tapped([0])


@given(chains(max_layers=5, max_blocks=2))
@settings(max_examples=60, deadline=None)
def test_canonical_names_each_network_once(chain: Chain) -> None:
    space = chain.space()
    cost = build_cost_model(space, "size", [])
    meanings: dict[Genome, Meaning] = {}
    for genome in all_genomes(space):
        canonical = space.canonical(genome)
        assert space.canonical(canonical) == canonical
        assert meaning(space, canonical) == meaning(space, genome)
        assert cost.costs(canonical) == cost.costs(genome)
        meanings[canonical] = meaning(space, genome)
    assert len(set(meanings.values())) == len(meanings), "one network has two canonical genomes"
    assert space.n_architectures == len(meanings)


def test_canonical_skips_last() -> None:
    blocks = [catalogue()[name] for name in ("skip", "basic_x1", "basic_x2")]
    space = build_space((8, 4, 4), [8, 8, 8], [1, 1, 1], blocks)
    assert space.canonical((0, 2, 0)) == (2, 0, 0)
    assert space.canonical((2, 0, 1)) == (2, 1, 0)
    assert space.canonical((0, 0, 0)) == (0, 0, 0)
    assert space.n_architectures == 1 + 2 + 4 + 8


def test_a_tap_fixes_what_is_before_it() -> None:
    blocks = [catalogue()[name] for name in ("skip", "basic_x1")]
    space = build_space((8, 4, 4), [8, 8, 8], [1, 1, 1], blocks, taps=[1])
    assert space.taps == (1,)
    assert space.canonical((0, 1, 0)) == (1, 0, 0)
    assert space.canonical((0, 0, 1)) == (0, 0, 1)
    assert space.n_architectures == 3 * 2


@given(chains(), st.data())
@settings(max_examples=30, deadline=None)
def test_the_space_of_one_architecture(chain: Chain, data: st.DataObject) -> None:
    space = chain.space()
    genome = tuple(data.draw(st.integers(0, count - 1)) for count in space.choices)
    alone = space.only(genome)
    first = (0,) * len(space.layers)
    assert alone.choices == (1,) * len(space.layers)
    assert alone.decode(first) == space.decode(genome)
    assert meaning(alone, first) == meaning(space, genome)
    used = {tensor for one in space.decode(genome) for tensor in tensors(one.program)}
    assert set(alone.slots.values()) == used, "slots are as large as this network needs them"


@given(chains(), st.data())
@settings(max_examples=30, deadline=None)
def test_foreign_genomes_are_refused(chain: Chain, data: st.DataObject) -> None:
    space = chain.space()
    genome = [0] * len(space.choices)
    with pytest.raises(SpaceError, match=f"has {len(genome)} genes, found {len(genome) + 1}"):
        space.validate([*genome, 0])
    gene = data.draw(st.integers(0, len(genome) - 1))
    for wrong in (-1, space.choices[gene]):
        genome[gene] = wrong
        with pytest.raises(SpaceError, match=f"gene {gene} must be 0 to .* found {wrong}"):
            space.decode(genome)


def test_foreign_block_names_are_refused() -> None:
    space = build_space((8, 4, 4), [8, 16], [1, 2], [catalogue()["skip"], catalogue()["basic_x1"]])
    with pytest.raises(SpaceError, match="2 layers, found 1"):
        space.encode(["skip"])
    with pytest.raises(SpaceError, match="layer 1 has no block 'skip'; it has basic_x1"):
        space.encode(["skip", "skip"])


@given(chains(wide=True))
@settings(max_examples=20, deadline=None)
def test_layers_fixed_for_another_network_have_the_slots_of_tapped_ones(chain: Chain) -> None:
    # Pre-training has no taps, and hands its weights to a search that has.
    space = chain.space()
    blocks = [CATALOGUE[name] for name in chain.blocks]
    untapped = build_space(
        chain.in_shape,
        chain.filters,
        chain.strides,
        blocks,
        widths=chain.widths,
        divisor=chain.divisor,
        fixed=chain.taps,
    )
    assert untapped.slots == space.slots and untapped.taps == ()
