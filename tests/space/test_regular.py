"""Regular networks: one block a stage, two at most."""

from __future__ import annotations

import itertools
from contextlib import suppress

from hypothesis import given, settings

from nasea.errors import SpaceError
from nasea.space.regular import regular_networks, smallest_block

from .chains import Chain, chains


@given(chain=chains())
@settings(deadline=None)
def test_they_have_one_or_two_blocks_by_stage_or_a_small_first_layer(
    chain: Chain,
) -> None:
    space = chain.space()
    found = regular_networks(space)
    starts = [i for i, layer in enumerate(space.layers) if layer.stride > 1 and i > 0]
    names = {c.name for layer in space.layers for c in layer.candidates if c.program}
    patterns = [
        [early] * change + [late] * (len(space.layers) - change)
        for early, late in itertools.product(names, repeat=2)
        for change in (*starts, len(space.layers))
    ]
    smallest = smallest_block(space.layers[0])
    if smallest is not None:
        patterns += [[smallest, *blocks[1:]] for blocks in patterns]
    expected = set()
    for blocks, trunk in itertools.product(patterns, space.trunks or [()]):
        with suppress(SpaceError):  # a layer lacks the block
            expected.add(space.canonical(space.encode(blocks, trunk)))
    assert len(found) == len(set(found))
    assert set(found) == expected
