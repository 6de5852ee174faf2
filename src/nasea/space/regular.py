"""Regular networks: one block a stage, as in networks that people design.

A stage is a run of layers of one resolution. The known families use one block throughout
(MobileNetV2, Sandler et al. 2018), or one in the first stages and another in the later ones
(MobileNetV3, Howard et al. 2019; EfficientNet, Tan & Le 2019).
"""

from __future__ import annotations

from collections.abc import Iterator

from nasea.space.space import Genome, Space


def regular_networks(space: Space) -> list[Genome]:
    """Every network with one block, or one in its first stages and another in the later ones.

    In canonical form, each once. Blocks that some layer of their stages lacks are left out, and so
    is ``skip``.
    """
    trunks = range(len(space.trunks)) if space.trunks else (None,)
    found: dict[Genome, None] = {}
    for blocks in _arrangements(space):
        for trunk in trunks:
            width = () if trunk is None else (trunk,)
            found[space.canonical((*blocks, *width))] = None
    return list(found)


def _arrangements(space: Space) -> Iterator[tuple[int, ...]]:
    """The block genes."""
    indices = [{c.name: i for i, c in enumerate(layer.candidates)} for layer in space.layers]
    names = list(dict.fromkeys(c.name for la in space.layers for c in la.candidates if c.program))
    starts = [layer.index for layer in space.layers if layer.stride > 1 and layer.index > 0]
    for first in names:
        for second in names:
            # A network of one block has no second, which begins behind the last layer.
            for change in starts if first != second else [len(space.layers)]:
                chosen = [first] * change + [second] * (len(space.layers) - change)
                pairs = list(zip(indices, chosen, strict=True))
                if all(name in index for index, name in pairs):
                    yield tuple(index[name] for index, name in pairs)
