"""When beginnings are shared and how much is kept, whatever the framework."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nasea.backends.scoring.prefix_cache import CacheCheck, PrefixCache, outputs_within
from nasea.space import Genome, build_space, catalogue


@dataclass(frozen=True)
class Scored:
    genome: Genome
    depth: int


def test_a_proof_takes_several_candidates() -> None:
    check = CacheCheck()
    for _ in range(CacheCheck.WANTED):
        assert not check.is_complete
        check.record(True)
    assert check.is_complete and not check.failed
    check.record(False)
    assert check.failed


def test_what_is_shared_is_what_is_kept_and_alike_for_the_same_images() -> None:
    last: PrefixCache[Scored] = PrefixCache(lambda genome: genome)
    assert last.lookup((0, 1, 2), 0) == (None, 0)
    path = Scored((0, 1, 2), 4)
    for genome, depth in (((0, 1, 2), 4), ((0, 1, 0), 3), ((0, 0, 2), 2), ((1, 1, 2), 1)):
        last.store(path, 0)
        assert last.lookup(genome, 0) == (path, depth), "PreNet counts"
    last.store(Scored((0, 1, 2), 2), 0)
    assert last.lookup((0, 1, 0), 0)[1] == 2, "no more than is kept"
    assert last.lookup((0, 1, 0), 1) == (None, 0), "other statistics images"
    assert not last.is_filled
    last.store(Scored((0, 1, 2), 0), 0)
    assert last.lookup((0, 1, 2), 0) == (None, 0), "nothing fits"


def test_outputs_are_kept_while_they_fit() -> None:
    blocks = [catalogue()["basic_x0.5"]]
    space = build_space((3, 8, 8), (4, 6), (1, 2), blocks, "entangled", ())
    sizes = [math.prod(shape) for shape in ((3, 8, 8), (4, 8, 8), (6, 4, 4))]
    assert outputs_within(space, 10, 40 * sum(sizes)) == 3
    assert outputs_within(space, 10, 40 * sum(sizes) - 1) == 2
    assert outputs_within(space, 10, 40 * sum(sizes[:2]), image=1) == 1, "images are kept as well"
    assert outputs_within(space, 10, 40 * sizes[0] - 1) == 0
