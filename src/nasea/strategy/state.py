"""The state of a search between two generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nasea.strategy.pareto import HypervolumeReference


@dataclass(frozen=True)
class SearchState:
    """Together with the archive, everything that a search needs to resume exactly.

    It holds no random state: each generation draws from generators of its own.

    Attributes:
        generation: number of finished generations.
        reference: reference of the hypervolume; fixed by the first generation.
        hypervolumes: of the whole archive, after each generation.
        strategy: what the strategy remembers, JSON values; see :meth:`Strategy.state`.
        owed: repeated measurements of the front that later generations have to save.
        stalled_within: the requested number of generations when the search ended for lack of
            progress; ``None`` if it did not.
        patient_from: the generation that such a search was extended at: progress is judged from
            there on.
    """

    generation: int = 0
    reference: HypervolumeReference | None = None
    hypervolumes: tuple[float, ...] = ()
    strategy: Mapping[str, Any] = field(default_factory=dict)
    owed: int = 0
    stalled_within: int | None = None
    patient_from: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers; JSON keeps every float to the last bit."""
        return {
            "generation": self.generation,
            "reference": None if self.reference is None else self.reference.to_dict(),
            "hypervolumes": list(self.hypervolumes),
            "strategy": dict(self.strategy),
            "owed": self.owed,
            "stalled_within": self.stalled_within,
            "patient_from": self.patient_from,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SearchState:
        """Return the state that ``to_dict`` wrote."""
        reference = data["reference"]
        strategy = data.get("strategy")
        if strategy is None:  # earlier versions kept it beside the rest
            strategy = {key: data[key] for key in ("population", "insight") if data.get(key)}
        return cls(
            generation=data["generation"],
            reference=None if reference is None else HypervolumeReference.from_dict(reference),
            hypervolumes=tuple(data["hypervolumes"]),
            strategy=strategy,
            owed=data.get("owed", 0),  # earlier versions have none of these
            stalled_within=data.get("stalled_within"),
            patient_from=data.get("patient_from", 0),
        )
