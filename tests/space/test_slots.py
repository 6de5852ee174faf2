"""Slots: what candidates share, and which part of a tensor each one uses."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.errors import SpaceError
from nasea.space import (
    Conv,
    Norm,
    Space,
    Tensor,
    build_space,
    catalogue,
    part,
    select_blocks,
    tensors,
)
from nasea.space.slots import SharingPolicy, collect

from .chains import Chain, chains

POLICIES: tuple[SharingPolicy, ...] = ("entangled", "independent")


def users(space: Space) -> dict[str, list[Tensor]]:
    """Slot name -> every use of it."""
    found: dict[str, list[Tensor]] = defaultdict(list)
    for layer in space.every_layer:
        for candidate in layer.candidates:
            for tensor in tensors(candidate.program):
                found[tensor.slot].append(tensor)
    return found


@st.composite
def nested_shapes(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape of a slot and of a tensor that fits into it; kernels odd."""
    if draw(st.booleans()):
        channels = draw(st.integers(1, 9))
        return (channels,), (draw(st.integers(1, channels)),)
    rows, columns, radius = (draw(st.integers(1, 9)) for _ in range(3))
    inner = draw(st.integers(0, radius))
    small = (draw(st.integers(1, rows)), draw(st.integers(1, columns)))
    return (rows, columns, *[2 * radius + 1] * 2), (*small, *[2 * inner + 1] * 2)


@given(nested_shapes())
def test_part_takes_leading_channels_and_the_centre(
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    slot, shape = shapes
    slices = part(slot, shape)
    assert tuple(s.stop - s.start for s in slices) == shape
    assert all(0 <= s.start < s.stop <= size for s, size in zip(slices, slot, strict=True))
    assert all(s.start == 0 for s in slices[:2])
    for around, size in zip(slices[2:], slot[2:], strict=True):
        assert around.start == size - around.stop, "the margins are equal"


def test_part_of_a_slot_of_equal_shape_is_the_whole() -> None:
    whole = np.arange(2 * 3 * 5 * 5).reshape(2, 3, 5, 5)
    assert np.array_equal(whole[part(whole.shape, whole.shape)], whole)
    assert np.array_equal(whole[part(whole.shape, (1, 2, 3, 3))], whole[:1, :2, 1:4, 1:4])


@given(chains())
@settings(max_examples=40, deadline=None)
def test_slots_are_as_large_as_needed_and_no_larger(chain: Chain) -> None:
    for policy in POLICIES:
        space = chain.space(policy)
        uses = users(space)
        assert set(space.slots) == set(uses)
        for name, slot in space.slots.items():
            assert slot.slot == name
            assert {use.kind for use in uses[name]} == {slot.kind}
            # Tight along each axis; also the proof that every part lies inside.
            largest = tuple(
                max(sizes) for sizes in zip(*(u.shape for u in uses[name]), strict=True)
            )
            assert slot.shape == largest


@pytest.mark.parametrize("blocks", ["size", "flops", "latency", "catalogue"])
def test_entangled_parts_cover_their_slot(blocks: str) -> None:
    """No weight is dead: every one is used by some candidate."""
    chosen = catalogue().values() if blocks == "catalogue" else select_blocks(None, blocks, {})
    space = build_space((8, 8, 8), [8, 16, 16], [1, 2, 1], tuple(chosen), "entangled")
    for name, uses in users(space).items():
        covered = np.zeros(space.slots[name].shape, dtype=bool)
        for use in uses:
            covered[part(covered.shape, use.shape)] = True
        assert covered.all(), name


@given(chains(wide=False))
@settings(max_examples=40, deadline=None)
def test_independent_candidates_share_nothing(chain: Chain) -> None:
    space = chain.space("independent")
    for name, uses in users(space).items():
        assert len(uses) == 1
        assert uses[0] == space.slots[name]


@given(chains(whole=True))
@settings(max_examples=20, deadline=None)
def test_entangled_candidates_share_within_a_family_and_where_they_say(chain: Chain) -> None:
    owners = {name: block.owner for name, block in catalogue().items()}
    for layer in chain.space("entangled").layers:
        for one, other in itertools.combinations(layer.candidates, 2):
            common = {t.slot for t in tensors(one.program)} & {
                t.slot for t in tensors(other.program)
            }
            prefix = f"layer{layer.index}"
            projection = {
                f"{prefix}/shortcut/weight",
                f"{prefix}/shortcut_norm/scale",
                f"{prefix}/shortcut_norm/shift",
            }
            keeps = layer.in_shape[0] == layer.out_shape[0] and layer.stride == 1
            if owners[one.name] == owners[other.name]:
                assert common
            else:
                assert common == (set() if keeps else projection)


def test_attention_is_all_that_a_block_with_it_adds() -> None:
    blocks = [catalogue()[name] for name in ("inverted_k3_e6", "inverted_k3_e6_se")]
    layer = build_space((8, 8, 8), [8], [1], blocks, "entangled").layers[0]
    plain, attentive = (
        {tensor.slot for tensor in tensors(candidate.program)} for candidate in layer.candidates
    )
    added = {name.removeprefix("layer0/inverted/") for name in attentive - plain}
    assert plain < attentive
    assert added == {"squeeze/weight", "squeeze/bias", "excite/weight", "excite/bias"}


@pytest.mark.parametrize("stride, c_out", [(2, 8), (1, 16), (2, 16)])
def test_the_shortcut_is_one_a_layer_when_entangled(stride: int, c_out: int) -> None:
    blocks = tuple(catalogue().values())
    for policy in POLICIES:
        space = build_space((8, 8, 8), [c_out, c_out], [stride, 1], blocks, policy)
        projections = [slot for name, slot in space.slots.items() if "/shortcut" in name]
        copies = 1 if policy == "entangled" else len(space.layers[0].candidates)
        assert all(slot.slot.startswith("layer0/") for slot in projections)
        assert Counter((slot.kind, slot.shape) for slot in projections) == {
            ("weight", (c_out, 8, 1, 1)): copies,
            ("scale", (c_out,)): copies,
            ("shift", (c_out,)): copies,
        }


@given(chains(max_layers=3))
@settings(max_examples=30, deadline=None)
def test_layers_share_nothing(chain: Chain) -> None:
    for policy in POLICIES:
        names = [
            {tensor.slot for candidate in layer.candidates for tensor in tensors(candidate.program)}
            for layer in chain.space(policy).layers
        ]
        assert sum(map(len, names)) == len(set().union(*names))


def test_both_policies_hold_the_same_networks() -> None:
    blocks = tuple(catalogue().values())
    spaces = [build_space((8, 8, 8), [8, 16], [1, 2], blocks, policy) for policy in POLICIES]
    for left, right in zip(spaces[0].layers, spaces[1].layers, strict=True):
        for one, other in zip(left.candidates, right.candidates, strict=True):
            assert one.name == other.name
            assert [t.shape for t in tensors(one.program)] == [
                t.shape for t in tensors(other.program)
            ]


def test_a_slot_serves_one_operation_of_a_program() -> None:
    with pytest.raises(SpaceError, match="'conv/weight' is used twice"):
        collect([(Conv(8, 8, 3, "conv"), Norm(8, "norm"), Conv(8, 8, 1, "conv"))])
