"""Regular networks: one block a stage, two at most."""

from __future__ import annotations

import itertools
from contextlib import suppress

from hypothesis import given, settings

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
    offered = [[c.name for c in layer.candidates] for layer in space.layers]
    widths = [(index,) for index in range(len(space.trunks))] or [()]
    expected = set()
    for blocks, width in itertools.product(patterns, widths):
        # In a narrow trunk two blocks may be one network: names there would miss the second.
        with suppress(ValueError):  # a layer lacks the block
            genes = [known.index(name) for known, name in zip(offered, blocks, strict=True)]
            expected.add(space.canonical((*genes, *width)))
    assert len(found) == len(set(found))
    assert set(found) == expected
