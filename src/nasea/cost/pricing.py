"""Prices everything a space can choose by one profile, and reports all gaps at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nasea.cost.lowering import operators_of
from nasea.cost.operators import Subgraph
from nasea.cost.profiles.base import Gap, Profile, UnpricedError
from nasea.errors import LatencyError
from nasea.space import Layer, Space

_MAX_SHOWN = 12
"""At most this many gaps are listed in a message."""


@dataclass(frozen=True)
class Prices:
    """Latencies, milliseconds at batch size 1.

    Attributes:
        fixed_ms: latency that all networks share: PreNet, PostNet and the profile's own constant.
        layers_ms: for each of ``space.every_layer``, the latencies of its candidates.
    """

    fixed_ms: float
    layers_ms: tuple[tuple[float, ...], ...]


def subgraphs_of(layer: Layer) -> Iterator[Subgraph]:
    """Yield the candidates of a layer as subgraphs."""
    for candidate in layer.candidates:
        label = f"layer {layer.index}: {candidate.name}"
        operators = operators_of(candidate.program, layer.in_shape)
        yield Subgraph(label, tuple(operator.named(label) for operator in operators))


def price_space(profile: Profile, space: Space, user_subgraphs: Sequence[Subgraph]) -> Prices:
    """Price PreNet, PostNet and every candidate of every layer at every width.

    Raises:
        LatencyError: the profile cannot price some operators; the message names them all.
    """
    gaps: dict[str, Gap] = {}
    fixes: list[str] = []

    def price(subgraph: Subgraph) -> float:
        try:
            return profile.latency_ms(subgraph)
        except UnpricedError as error:
            for gap in error.gaps:
                gaps.setdefault(str(gap), gap)
            fixes.append(error.fix or "")
            return 0.0  # never used: the gaps are raised below

    fixed = profile.per_network_ms + sum(price(subgraph) for subgraph in user_subgraphs)
    layers = tuple(
        tuple(price(subgraph) for subgraph in subgraphs_of(layer)) for layer in space.every_layer
    )
    if gaps:
        lines = [f"  {gap}" for gap in list(gaps.values())[:_MAX_SHOWN]]
        if len(gaps) > _MAX_SHOWN:
            lines.append(f"  and {len(gaps) - _MAX_SHOWN} more")
        head = f"profile {profile.name} does not know what these parts of the networks cost:"
        raise LatencyError("\n".join([head, *lines]), fix=fixes[0])
    return Prices(fixed, layers)
