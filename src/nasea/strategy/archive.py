"""All measured scores of a search, and their Pareto front."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from nasea.strategy.problem import Genome, Problem


@dataclass(frozen=True)
class Score:
    """The outcome of true evaluations: a quality, or the reason why there is none.

    Attributes:
        quality: finite, higher is better; ``None`` when the candidate failed.
        metric: what the user's metric returned, in its own direction; ``None`` when the candidate
            failed.
        failure: why the candidate failed; ``None`` when it did not.
        measurements: number of measurements averaged in quality and metric.
        failed_again: number of further measurements that failed.
    """

    quality: float | None
    metric: float | None
    failure: str | None = None
    measurements: int = 1
    failed_again: int = 0

    def __post_init__(self) -> None:
        if (self.quality is None) == (self.failure is None):
            raise ValueError("a score has either a quality or a failure")
        if self.quality is None and self.metric is not None:
            raise ValueError("a failed candidate has no metric")
        if any(x is not None and not math.isfinite(x) for x in (self.quality, self.metric)):
            raise ValueError(f"a value that is not finite is a failure, found {self}")

    @classmethod
    def failed(cls, reason: str) -> Score:
        """Return the score of a candidate that could not be scored."""
        return cls(quality=None, metric=None, failure=reason)

    @property
    def tried(self) -> int:
        """The number of measurements, failed ones included."""
        return self.measurements + self.failed_again

    def measured_again(self, other: Score) -> Score:
        """Return the score with another measurement included in its mean.

        A failed measurement leaves the mean unchanged: the candidate is the same, and a metric may
        have no value on other images.
        """
        if other.quality is None or self.quality is None:
            return replace(self, failed_again=self.failed_again + 1)
        count = self.measurements

        def mean(one: float | None, another: float | None) -> float | None:
            if one is None or another is None:
                return None
            return one + (another - one) / (count + 1)

        return replace(
            self,
            quality=mean(self.quality, other.quality),
            metric=mean(self.metric, other.metric),
            measurements=count + 1,
        )


Evaluate: TypeAlias = Callable[[Sequence[Genome]], Sequence[Score]]
"""Scores genomes truly: one score a genome, in their order."""


@dataclass(frozen=True)
class Record:
    """One scored architecture.

    Attributes:
        genome: the architecture, in canonical form.
        cost: its cost, in the constraint's unit.
        score: its score, or the reason of its failure.
        generation: the generation that proposed it, from 0.
        further_costs: costs of the problem's further objectives, in their order.
    """

    genome: Genome
    cost: float
    score: Score
    generation: int
    further_costs: tuple[float, ...] = ()


def records_of(
    problem: Problem, genomes: Sequence[Genome], scores: Sequence[Score], generation: int
) -> list[Record]:
    """Return the records of a generation, one per genome.

    Raises:
        ValueError: there are more or fewer scores than genomes.
    """
    costs = problem.costs(genomes).tolist()
    further = problem.further_costs(genomes).tolist()
    return [
        Record(genome, cost, score, generation, tuple(others))
        for genome, cost, score, others in zip(genomes, costs, scores, further, strict=True)
    ]


@dataclass(frozen=True)
class Archive:
    """All records of a search in the order they were scored, failures included.

    It is immutable: adding records returns a new archive, so a checkpoint can keep an old one.

    Raises:
        ValueError: a genome occurs twice.
    """

    records: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.records):
            raise ValueError("an architecture was scored twice")

    @cached_property
    def scores(self) -> Mapping[Genome, Score]:
        """The score of every genome."""
        return {record.genome: record.score for record in self.records}

    @cached_property
    def failures(self) -> tuple[Record, ...]:
        """The records of the candidates that failed."""
        return tuple(record for record in self.records if record.score.failure is not None)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __contains__(self, genome: object) -> bool:
        return genome in self.scores

    def extended(self, records: Iterable[Record]) -> Archive:
        """Return a new archive with ``records`` appended."""
        return Archive((*self.records, *records))

    def rescored(self, scores: Mapping[Genome, Score]) -> Archive:
        """Return a new archive, in the same order, with other scores for some architectures."""
        return Archive(
            tuple(
                replace(one, score=scores[one.genome]) if one.genome in scores else one
                for one in self.records
            )
        )

    def front(self, budget: float) -> list[Record]:
        """Return the non-dominated feasible records, by rising cost.

        Of records with equal costs and quality, the first scored is kept; failed ones are dropped.
        """
        feasible = [r for r in self.records if r.score.quality is not None and r.cost <= budget]
        if not feasible:
            return []
        rows = np.array([(r.cost, *r.further_costs, -(r.score.quality or 0.0)) for r in feasible])
        front: list[int] = []
        # In this order, a row comes after all rows that dominate it and after its earlier equals.
        for index in np.lexsort(rows.T[::-1]):
            if not (rows[front] <= rows[index]).all(axis=1).any():
                front.append(int(index))
        return [feasible[index] for index in front]

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, strings and numbers; JSON keeps every float to the last bit."""
        return {"records": [_record_to_dict(record) for record in self.records]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Archive:
        """Return the inverse of :meth:`to_dict`."""
        return cls(tuple(_record_from_dict(record) for record in data["records"]))


def _record_to_dict(record: Record) -> dict[str, Any]:
    score = record.score
    plain = {
        "genome": [int(gene) for gene in record.genome],
        "cost": float(record.cost),
        "quality": None if score.quality is None else float(score.quality),
        "metric": None if score.metric is None else float(score.metric),
        "failure": score.failure,
        "generation": record.generation,
        "further_costs": [float(cost) for cost in record.further_costs],
    }
    if score.tried > 1:  # omitted for the many others
        plain |= {"measurements": score.measurements, "failed_again": score.failed_again}
    return plain


def _record_from_dict(data: Mapping[str, Any]) -> Record:
    return Record(
        genome=tuple(data["genome"]),
        cost=data["cost"],
        score=Score(
            data["quality"],
            data["metric"],
            data["failure"],
            data.get("measurements", 1),
            data.get("failed_again", 0),
        ),
        generation=data["generation"],
        further_costs=tuple(data.get("further_costs", ())),  # missing in earlier versions
    )
