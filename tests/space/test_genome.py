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
from nasea.space.ops import rename_slots, starting_at_one

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
            programs.append(rename_slots(starting_at_one(candidate.program), lambda _: ""))
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
    assert space.channels(genome) == tuple(filters)


@given(chains(wide=True))
@settings(max_examples=60, deadline=None)
def test_trunks_are_multiples_but_for_what_post_net_reads(chain: Chain) -> None:
    space = chain.space()
    assert chain.widths is not None
    fixed = {len(chain.filters) - 1, *chain.taps}
    trunks = space.trunks or (space.channels((0,) * len(chain.filters)),)
    assert len(set(trunks)) == len(trunks) <= len(chain.widths)
    assert list(trunks) == sorted(trunks)
    assert (chain.filters in trunks) or 1 not in chain.widths
    for trunk in trunks:
        for index, count in enumerate(trunk):
            if index in fixed:
                assert count == chain.filters[index]
            else:
                assert count % chain.divisor == 0 or trunk == chain.filters
        assert trunk <= tuple(layer.out_shape[0] for layer in space.layers)


@given(chains(wide=False))
@settings(max_examples=30, deadline=None)
def test_the_filters_alone_as_widths_change_nothing(chain: Chain) -> None:
    assert replace(chain, widths=(1,), divisor=8).space() == chain.space()


def test_widths_by_name() -> None:
    blocks = [catalogue()[name] for name in ("skip", "basic_x1")]
    space = build_space((4, 8, 8), [8, 8, 16], [2, 1, 2], blocks, widths=[0.5, 1, 2], divisor=4)
    assert space.choices == (1, 2, 1, 3)
    assert space.trunks == ((4, 4, 16), (8, 8, 16), (16, 16, 16))
    assert space.encode(["basic_x1", "skip", "basic_x1"], [16, 16, 16]) == (0, 0, 0, 2)
    assert space.n_architectures == 3 * 2
    with pytest.raises(SpaceError, match="can have 4-4-16, .* output channels, found 12-12-16"):
        space.encode(["basic_x1", "skip", "basic_x1"], [12, 12, 16])
    with pytest.raises(SpaceError, match="found nothing"):
        space.encode(["basic_x1", "skip", "basic_x1"])
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
    for ours, theirs in zip(alone.decode(first), space.decode(genome), strict=True):
        assert (ours.name, ours.program) == (theirs.name, starting_at_one(theirs.program))
    assert meaning(alone, first) == meaning(space, genome)
    programs = [starting_at_one(one.program) for one in space.decode(genome)]
    used = {tensor for program in programs for tensor in tensors(program)}
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


@given(chains())
@settings(max_examples=40, deadline=None)
def test_a_network_alone_starts_with_all_its_branches(chain: Chain) -> None:
    space = chain.space()
    genome = tuple(count - 1 for count in space.choices)
    alone = space.only(genome)
    assert not any(
        tensor.kind == "zero_scale"
        for layer in alone.layers
        for tensor in tensors(layer.candidates[0].program)
    )
    assert list(alone.slots) == [
        tensor.slot for one in space.decode(genome) for tensor in tensors(one.program)
    ]
