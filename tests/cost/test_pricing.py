"""Latency in the cost table: additive, whole, and never silent about what is not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from nasea.cost import Costs, Operator, Subgraph, build_cost_model, operators_of
from nasea.cost.profiles import Gap, UnpricedError
from nasea.errors import LatencyError
from nasea.space import Space, build_space, catalogue

END = Subgraph("PreNet", (Operator("conv", (3, 16, 16), (8, 9, 7), (3, 3)),))


@dataclass(frozen=True)
class PerOperator:
    """A millisecond an operator; does not know some kinds."""

    unknown: tuple[str, ...] = ()
    name: str = "counting"
    digest: str = ""
    per_network_ms: float = 0.5

    def describe(self) -> str:
        return "a test"

    def latency_ms(self, subgraph: Subgraph) -> float:
        gaps = [Gap.of(op, "not measured") for op in subgraph.operators if op.kind in self.unknown]
        if gaps:
            raise UnpricedError(gaps, "measure it")
        return float(len(subgraph.operators))

    def guesses(self, subgraph: Subgraph) -> list[str]:
        return []


@pytest.fixture(scope="module")
def space() -> Space:
    blocks = [catalogue()[name] for name in ("skip", "separable_k3", "basic_x1")]
    return build_space((8, 9, 7), [8, 12], [1, 2], blocks)


def test_latency_is_of_the_whole_network(space: Space) -> None:
    model = build_cost_model(space, "latency", [Costs(1, 2)], PerOperator(), [END])
    genomes = np.array([(a, b) for a in range(space.choices[0]) for b in range(space.choices[1])])
    for genome, found in zip(genomes.tolist(), model(genomes), strict=True):
        chosen = zip(space.layers, space.decode(genome), strict=True)
        operators = sum(len(operators_of(c.program, layer.in_shape)) for layer, c in chosen)
        assert found == model.costs(tuple(genome)).latency_ms == 0.5 + 1 + operators


def test_parameters_and_flops_stay_as_they_are(space: Space) -> None:
    without = build_cost_model(space, "size", [Costs(1, 2)])
    with_latency = build_cost_model(space, "size", [Costs(1, 2)], PerOperator(), [END])
    for kind in ("size", "flops"):
        for one, other in zip(
            without.layer_costs_of(kind), with_latency.layer_costs_of(kind), strict=True
        ):
            assert one.tolist() == other.tolist()
    assert without.costs((0, 0)).latency_ms is None


def test_everything_unknown_is_told_at_once_with_the_place_and_the_remedy(space: Space) -> None:
    end = Subgraph("PreNet", (Operator("odd", (3, 4, 4), (8, 9, 7), name="PreNet, odd"),))
    with pytest.raises(LatencyError) as caught:
        build_cost_model(space, "latency", [], PerOperator(("odd", "add")), [end])
    text = caught.value.message
    assert text.startswith("profile counting does not know what these parts")
    assert "odd, 3x4x4 -> 8x9x7 (PreNet, odd): not measured" in text
    assert "add, 8x9x7 (layer 0: separable_k3): not measured" in text
    assert caught.value.fix == "measure it"
