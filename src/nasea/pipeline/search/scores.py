"""The score book: no architecture is measured twice with the same weights and images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nasea.backends.records import Measurement
from nasea.space import Genome

Condition = tuple[int | None, int] | tuple[int | None, int, int]
"""(validation images, statistics images): what a measurement was made on; at a second score and
later ones also the turn, from 1."""


class ScoreBook:
    """Measurements of one supernet by architecture and by the images they were made on.

    Args:
        weights_version: digest of the weights.
        condition: the images that the present search measures on.
    """

    def __init__(self, weights_version: str, condition: tuple[int | None, int]) -> None:
        self.weights_version = weights_version
        self.condition = condition
        self._measured: dict[tuple[Genome, Condition], Measurement] = {}

    def get(self, genome: Genome, *, whole: bool = False, turn: int = 0) -> Measurement | None:
        """Return the measurement on the search's images, at a turn, or on the whole of val_dir."""
        return self._measured.get((genome, self._condition(whole, turn)))

    def put(
        self, genome: Genome, measured: Measurement, *, whole: bool = False, turn: int = 0
    ) -> None:
        """Enter a measurement."""
        self._measured[genome, self._condition(whole, turn)] = measured

    def __len__(self) -> int:
        return sum(condition == self.condition for _, condition in self._measured)

    def to_list(self) -> list[list[Any]]:
        """Return the scores as JSON values."""
        return [
            [list(genome), list(condition), measured.metric, measured.failure]
            for (genome, condition), measured in self._measured.items()
        ]

    def update(self, stored: Iterable[Sequence[Any]]) -> None:
        """Add what :meth:`to_list` returned. Failures are dropped, so that they are tried again."""
        for genome, (images, statistics, *turn), metric, failure in stored:
            if failure is None:
                key = (tuple(genome), (images, statistics, *turn))
                self._measured[key] = Measurement(metric)

    def _condition(self, whole: bool, turn: int) -> Condition:
        images, statistics = self.condition
        if whole:
            return (None, statistics)
        return (images, statistics, turn) if turn else (images, statistics)
