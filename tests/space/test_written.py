"""Networks as people write them."""

from __future__ import annotations

import random
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.errors import SpaceError
from nasea.space.written import genome_of, written

from .chains import Chain, chains


@given(chain=chains(), seed=st.integers(0, 100))
@settings(deadline=None)
def test_what_is_written_is_read_back(chain: Chain, seed: int) -> None:
    space, draw = chain.space(), random.Random(seed)
    genome = space.canonical(tuple(draw.randrange(count) for count in space.choices))
    blocks = space.blocks(genome)
    widths = space.channels(genome) if space.trunks else ()
    assert genome_of(space, written(blocks, widths)) == genome
    runs = ", ".join(f"{block} ×{len(list(run))}" for block, run in groupby(blocks))
    assert genome_of(space, runs + written([], widths)) == genome


@given(chain=chains())
@settings(deadline=None)
def test_what_the_space_lacks_is_named(chain: Chain) -> None:
    space = chain.space()
    blocks = [layer.candidates[0].name for layer in space.layers]
    widths = space.trunks[0] if space.trunks else ()
    for text, message in (
        (written([*blocks, blocks[0]], widths), f"found {len(blocks) + 1} blocks"),
        (written(["no_such_block", *blocks[1:]], widths), "layer 0 has no block 'no_such_block'"),
        (written(blocks, [9999] * len(blocks)), "widths|channels"),
    ):
        with pytest.raises(SpaceError, match=message):
            genome_of(space, text)
