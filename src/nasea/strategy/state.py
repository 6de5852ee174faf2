"""Where a search stands between two generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasea.strategy.pareto import HypervolumeReference
from nasea.strategy.predictor.insight import Insight
from nasea.strategy.problem import Genome


@dataclass(frozen=True)
class SearchState:
    """With the archive, all that a search needs to go on as if it had never stopped.

    It holds no random state: each generation draws from a generator of its own.

    Attributes:
        generation: how many generations are finished.
        population: the surviving genomes, canonical; the archive holds their scores.
        reference: what hypervolume is measured from; fixed by the first generation.
        hypervolumes: of the whole archive, after each generation.
        insight: what an assisted search knows of its predictor; ``None`` in any other.
    """

    generation: int = 0
    population: tuple[Genome, ...] = ()
    reference: HypervolumeReference | None = None
    hypervolumes: tuple[float, ...] = ()
    insight: Insight | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers; JSON keeps every float to the last bit."""
        return {
            "generation": self.generation,
            "population": [list(genome) for genome in self.population],
            "reference": None if self.reference is None else self.reference.to_dict(),
            "hypervolumes": list(self.hypervolumes),
            "insight": None if self.insight is None else self.insight.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SearchState:
        """The state that ``to_dict`` wrote."""
        reference = data["reference"]
        insight = data.get("insight")  # states of earlier versions have none
        return cls(
            generation=data["generation"],
            population=tuple(tuple(genome) for genome in data["population"]),
            reference=None if reference is None else HypervolumeReference.from_dict(reference),
            hypervolumes=tuple(data["hypervolumes"]),
            insight=None if insight is None else Insight.from_dict(insight),
        )
