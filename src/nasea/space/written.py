"""The text form of a network: its blocks, and its widths if those are searched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from nasea.errors import SpaceError
from nasea.space.space import Genome, Space

_WIDTHS = re.compile(r"(?:widths|channels):?\s*([0-9][0-9\s-]*)")
_REPEATED = re.compile(r"(\S+)\s*[×*]\s*([0-9]{1,3})")


def written(blocks: Sequence[str], widths: Sequence[int] = ()) -> str:
    """Return the text of a network, which :func:`genome_of` reads.

    >>> written(["basic_x1", "skip"], [8, 16])
    'basic_x1, skip; widths 8-16'

    Args:
        blocks: one name for each layer.
        widths: output channels of each layer, if they are searched.
    """
    behind = f"; widths {'-'.join(map(str, widths))}" if widths else ""
    return ", ".join(blocks) + behind


def genome_of(space: Space, text: str) -> Genome:
    """Return the canonical genome of the network that a text describes.

    Args:
        space: the space that the network belongs to.
        text: the blocks of all layers, separated by commas; repeats may be written as a count
            (``skip ×2``). If widths are searched, ``; widths`` and the output channels follow,
            either for every layer or once for each run of equal ones: ``8-8-16`` or ``8-16``.

    Raises:
        SpaceError: the space has no such network.
    """
    blocks: list[str] = []
    widths: tuple[int, ...] = ()
    for part in filter(None, (part.strip() for part in re.split("[,;]", text))):
        found = _WIDTHS.fullmatch(part)
        if found is not None:
            widths = tuple(int(width) for width in re.findall("[0-9]+", found[1]))
        else:
            blocks += _named(part)
    if widths and not space.trunks:
        if widths not in set(_spellings(tuple(la.out_shape[0] for la in space.layers))):
            raise SpaceError("widths are not searched here: supernet.widths is not set")
    full = [trunk for trunk in space.trunks if widths in set(_spellings(trunk))]
    return space.canonical(space.encode(blocks, full[0] if full else widths))


def _named(part: str) -> list[str]:
    repeated = _REPEATED.fullmatch(part)
    return [part] if repeated is None else [repeated[1]] * int(repeated[2])


def _spellings(trunk: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    yield trunk
    yield tuple(width for width, _ in groupby(trunk))
