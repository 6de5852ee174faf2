"""Regular networks: one block per stage, as in networks designed by hand.

A stage is a run of layers of one resolution. The known families use one block throughout, or one in
the first stages and another in the later ones (MobileNetV3, Howard et al. 2019). Most begin with a
block without expansion, since the first resolution is the most expensive one (MobileNetV2, Sandler
et al. 2018; EfficientNet, Tan & Le 2019).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from nasea.space.ops import tensors
from nasea.space.space import Genome, Layer, Space


def regular_networks(space: Space) -> list[Genome]:
    """Return networks with one block, or one in the first stages and another in the later ones.

    Each is returned unchanged and with the smallest block in its first layer, in canonical form and
    without duplicates. ``skip`` and blocks that some layer of their stages lacks are omitted.
    """
    trunks = range(len(space.trunks)) if space.trunks else (None,)
    found: dict[Genome, None] = {}
    for blocks in _arrangements(space):
        for trunk in trunks:
            width = () if trunk is None else (trunk,)
            found[space.canonical((*blocks, *width))] = None
    return list(found)


def _arrangements(space: Space) -> Iterator[tuple[int, ...]]:
    """Yield the block genes of each arrangement."""
    indices = [{c.name: i for i, c in enumerate(layer.candidates)} for layer in space.layers]
    names = list(dict.fromkeys(c.name for la in space.layers for c in la.candidates if c.program))
    smallest = smallest_block(space.layers[0])
    starts = [layer.index for layer in space.layers if layer.stride > 1 and layer.index > 0]
    for early in names:
        for late in names:
            # A network of one block has no later stages: their start is set after the last layer.
            for change in starts if early != late else [len(space.layers)]:
                chosen = [early] * change + [late] * (len(space.layers) - change)
                for first in dict.fromkeys((early, smallest or early)):
                    pairs = list(zip(indices, [first, *chosen[1:]], strict=True))
                    if all(name in index for index, name in pairs):
                        yield tuple(index[name] for index, name in pairs)


def smallest_block(layer: Layer) -> str | None:
    """Return the block with the fewest parameters, except ``skip``, by name; ``None`` if none."""
    sizes = {
        candidate.name: sum(prod(tensor.shape) for tensor in tensors(candidate.program))
        for candidate in layer.candidates
        if candidate.program
    }
    return min(sizes, key=lambda name: sizes[name], default=None)
