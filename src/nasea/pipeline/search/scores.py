"""The score book: no architecture is measured twice with the same weights and images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nasea.backends.records import Measurement
from nasea.space import Genome

Condition = tuple[int | str | None, ...]
"""(validation images, statistics images): what a measurement was made on; at a second score and
later ones also the turn, from 1; where it is that of an int8 file, ``int8`` in the end."""


class ScoreBook:
    """Measurements of one supernet by architecture and by the images they were made on.

    Args:
        weights_version: digest of the weights.
        condition: the images that the current search measures on.
        score_as: whether ``float`` networks or their ``int8`` files are measured.
    """

    def __init__(
        self, weights_version: str, condition: tuple[int | None, int], score_as: str = "float"
    ) -> None:
        self.score_as = score_as
        self.weights_version = weights_version
        self.condition = condition
        self._measured: dict[tuple[Genome, Condition], Measurement] = {}

    def get(
        self, genome: Genome, *, whole: bool = False, turn: int = 0, in_float: bool = False
    ) -> Measurement | None:
        """Return the measurement on the search's images, at a turn, or on all of val_dir."""
        return self._measured.get((genome, self._condition(whole, turn, in_float)))

    def put(
        self,
        genome: Genome,
        measured: Measurement,
        *,
        whole: bool = False,
        turn: int = 0,
        in_float: bool = False,
    ) -> None:
        """Enter a measurement."""
        self._measured[genome, self._condition(whole, turn, in_float)] = measured

    def __len__(self) -> int:
        present = self._condition(False, 0, False)
        return sum(condition == present for _, condition in self._measured)

    def to_list(self) -> list[list[Any]]:
        """Return the scores as JSON values."""
        return [
            [list(genome), list(condition), measured.metric, measured.failure]
            for (genome, condition), measured in self._measured.items()
        ]

    def update(self, stored: Iterable[Sequence[Any]]) -> None:
        """Add the output of :meth:`to_list`, without failures, so that they are retried."""
        for genome, condition, metric, failure in stored:
            if failure is None:
                self._measured[tuple(genome), tuple(condition)] = Measurement(metric)

    def _condition(self, whole: bool, turn: int, in_float: bool) -> Condition:
        images, statistics = self.condition
        kind = () if in_float or self.score_as == "float" else (self.score_as,)
        if whole:
            return (None, statistics, *kind)
        return (images, statistics, *([turn] if turn else []), *kind)
