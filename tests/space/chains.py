"""Random chains of layers, shared by the tests of the space."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from nasea.space import Shape, Space, build_space, catalogue
from nasea.space.slots import SharingPolicy

CATALOGUE = catalogue()
DENSE = sorted(set(CATALOGUE) - {"skip"})


@dataclass(frozen=True)
class Chain:
    """The arguments of a space, kept apart so that a test can build it under both policies."""

    in_shape: Shape
    filters: tuple[int, ...]
    strides: tuple[int, ...]
    blocks: tuple[str, ...]
    taps: tuple[int, ...]
    widths: tuple[float, ...] | None = None
    divisor: int = 1

    def space(self, policy: SharingPolicy = "entangled") -> Space:
        blocks = [CATALOGUE[name] for name in self.blocks]
        return build_space(
            self.in_shape,
            self.filters,
            self.strides,
            blocks,
            policy,
            self.taps,
            self.widths,
            self.divisor,
        )


@st.composite
def chains(
    draw: st.DrawFn,
    *,
    max_layers: int = 4,
    max_blocks: int = 6,
    whole: bool = False,
    wide: bool | None = None,
) -> Chain:
    """Chains with few different widths, so that runs of interchangeable layers are common.

    Args:
        draw: given by hypothesis.
        max_layers: of the chain.
        max_blocks: besides skip.
        whole: use the whole catalogue.
        wide: whether widths are searched; by default in half of the chains.
    """
    channels = st.sampled_from([1, 8, 8, 12])
    n_layers = draw(st.integers(1, max_layers))
    in_shape = (draw(channels), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    filters = tuple(draw(channels) for _ in range(n_layers))
    strides = tuple(draw(st.sampled_from([1, 1, 2])) for _ in range(n_layers))
    taps = tuple(i for i in range(n_layers) if draw(st.booleans()))
    multiples = st.lists(st.sampled_from([0.125, 0.5, 1, 1.5]), min_size=1, max_size=3, unique=True)
    searched = draw(st.booleans()) if wide is None else wide
    widths = (tuple(draw(multiples)), draw(st.sampled_from([1, 4]))) if searched else (None, 1)
    if whole:
        return Chain(in_shape, filters, strides, tuple(CATALOGUE), taps, *widths)
    blocks = draw(st.lists(st.sampled_from(DENSE), min_size=1, max_size=max_blocks, unique=True))
    if draw(st.booleans()):
        blocks.insert(draw(st.integers(0, len(blocks))), "skip")
    return Chain(in_shape, filters, strides, tuple(blocks), taps, *widths)
