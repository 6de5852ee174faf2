"""Placing blocks in layers: shapes, candidates, the default spaces."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings

from nasea.cost import build_cost_model
from nasea.errors import SpaceError
from nasea.space import (
    Block,
    Conv,
    Genome,
    Space,
    build_space,
    catalogue,
    output_shape,
    select_blocks,
)
from nasea.space.ops import rename_slots

from .chains import Chain, chains

FILTERS = (64, 64, 128, 128, 256, 256, 512, 512)
STRIDES = (1, 1, 2, 1, 2, 1, 2, 1)
PRE_NET_OUT = (64, 56, 56)
RESNET18_BODY = 11_166_976
"""torchvision's resnet18, 11 689 512, without conv1 (9 408), bn1 (128) and fc (513 000)."""


def default_space(constraint_type: str) -> Space:
    return build_space(PRE_NET_OUT, FILTERS, STRIDES, select_blocks(None, constraint_type, {}))


def parameters(space: Space, genome: Genome) -> int:
    return build_cost_model(space, "size", []).costs(genome).parameters


@given(chains(whole=True))
@settings(max_examples=40, deadline=None)
def test_every_candidate_gives_the_shape_of_its_layer(chain: Chain) -> None:
    space = chain.space()
    widths = itertools.product(*map(range, space.width_choices))
    for genome in ((*(0 for _ in space.layers), *genes) for genes in widths):
        shape = chain.in_shape
        for layer, c_out, stride in zip(
            space.trunk(genome), chain.filters, chain.strides, strict=True
        ):
            if chain.widths is None:
                assert layer.out_shape[0] == c_out
            assert layer.in_shape == shape
            assert layer.out_shape[1:] == (-(-shape[1] // stride), -(-shape[2] // stride))
            for candidate in layer.candidates:
                assert output_shape(candidate.program, layer.in_shape) == layer.out_shape
            shape = layer.out_shape
        assert space.out_shape == shape
    assert space.taps == chain.taps


@given(chains(whole=True))
@settings(max_examples=40, deadline=None)
def test_candidates_of_a_layer_are_different_networks(chain: Chain) -> None:
    space = chain.space()
    different: dict[int, set[int]] = {}
    for layer in space.every_layer:
        networks = [rename_slots(c.program, lambda _: "") for c in layer.candidates]
        assert layer.firsts == tuple(networks.index(network) for network in networks)
        different.setdefault(layer.index, set()).update(layer.firsts)
    for layer in space.layers:
        assert different[layer.index] == set(range(len(layer.candidates)))


@given(chains(whole=True))
@settings(max_examples=40, deadline=None)
def test_skip_stands_where_a_layer_changes_nothing(chain: Chain) -> None:
    space = chain.space()
    changing = {
        one.index for one in space.every_layer if one.stride == 2 or one.in_shape != one.out_shape
    }
    for layer in space.every_layer:
        keeps = layer.index not in changing
        assert (layer.skip is not None) == keeps
        assert [c.name for c in layer.candidates if c.is_skip] == ["skip"] * keeps


def test_of_equal_candidates_the_first_stays() -> None:
    blocks = [catalogue()[name] for name in ("basic_x0.5", "basic_x0.25", "basic_x1")]
    layer = build_space((4, 4, 4), [1], [1], blocks).layers[0]
    # At one output channel the inner widths 0.5, 0.25 and 1 all round to 1.
    assert [candidate.name for candidate in layer.candidates] == ["basic_x0.5"]


def test_a_layer_without_candidates_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"layer 1 \(8 -> 16 channels, stride 2\).*among skip"):
        build_space((8, 4, 4), [8, 16], [1, 2], [catalogue()["skip"]])


def test_a_block_that_gives_another_shape_is_refused() -> None:
    block = Block("flat", "flat", lambda c_in, c_out, stride: (Conv(c_in, c_out, 3, "conv"),))
    with pytest.raises(SpaceError, match=r"'flat' in layer 1: \(8, 4, 4\) at stride 2 must become"):
        build_space((8, 4, 4), [8, 8], [1, 2], [block])


def test_a_block_that_does_not_fit_together_is_named() -> None:
    block = Block("odd", "odd", lambda c_in, c_out, stride: (Conv(7, c_out, 3, "conv"),))
    with pytest.raises(SpaceError, match="block 'odd' in layer 0: 'conv' reads 7 channels, but 8"):
        build_space((8, 4, 4), [8], [1], [block])


@pytest.mark.parametrize("constraint_type", ["size", "flops", "latency"])
def test_default_spaces_span_the_classic_budgets(constraint_type: str) -> None:
    space = default_space(constraint_type)
    model = build_cost_model(space, "size", [])
    assert model.costs(model.cheapest).parameters <= 500_000
    assert model.costs(model.most_expensive).parameters >= 20_000_000
    assert parameters(space, space.encode(["basic_x1"] * 8)) == RESNET18_BODY
    assert space.n_architectures > 1_000_000
