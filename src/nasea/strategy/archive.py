"""Every true score of a search, and the Pareto front among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nasea.strategy.problem import Genome, Problem
from nasea.strategy.archive import Score


@dataclass(frozen=True)
class Record:
    """One architecture that was truly scored.

    Attributes:
        genome: in canonical form.
        cost: in the constraint's unit.
        score: its true score, or why there is none.
        generation: the generation that proposed it, from 0.
        further_costs: of the problem's further objectives, in their order.
    """

    genome: Genome
    cost: float
    score: Score
    generation: int
    further_costs: tuple[float, ...] = ()


def records_of(
    problem: Problem, genomes: Sequence[Genome], scores: Sequence[Score], generation: int
) -> list[Record]:
    """The records of a generation, one a genome.

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

    A value: adding records makes a new archive, so a checkpoint can hold on to an old one.

    Raises:
        ValueError: a genome occurs twice.
    """

    records: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.records):
            raise ValueError("an architecture was scored twice")

    @cached_property
    def scores(self) -> Mapping[Genome, Score]:
        """The score of every genome; also what a later search takes as ``known``."""
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
        """A new archive with ``records`` appended."""
        return Archive((*self.records, *records))

    def front(self, budget: float) -> list[Record]:
        """The feasible records that no other dominates, by rising cost.

        Of records equal in every cost and in quality the first scored is kept; failed ones never
        are.
        """
        feasible = [r for r in self.records if r.score.quality is not None and r.cost <= budget]
        if not feasible:
            return []
        rows = np.array([(r.cost, *r.further_costs, -(r.score.quality or 0.0)) for r in feasible])
        front: list[int] = []
        # What dominates a row comes before it in this order, and so does the first of equals.
        for index in np.lexsort(rows.T[::-1]):
            if not (rows[front] <= rows[index]).all(axis=1).any():
                front.append(int(index))
        return [feasible[index] for index in front]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, strings and numbers; JSON keeps every float to the last bit."""
        return {"records": [_record_to_dict(record) for record in self.records]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Archive:
        """The archive that ``to_dict`` wrote."""
        return cls(tuple(_record_from_dict(record) for record in data["records"]))


def _record_to_dict(record: Record) -> dict[str, Any]:
    score = record.score
    return {
        "genome": [int(gene) for gene in record.genome],
        "cost": float(record.cost),
        "quality": None if score.quality is None else float(score.quality),
        "metric": None if score.metric is None else float(score.metric),
        "failure": score.failure,
        "generation": record.generation,
        "further_costs": [float(cost) for cost in record.further_costs],
    }


def _record_from_dict(data: Mapping[str, Any]) -> Record:
    return Record(
        genome=tuple(data["genome"]),
        cost=data["cost"],
        score=Score(data["quality"], data["metric"], data["failure"]),
        generation=data["generation"],
        further_costs=tuple(data.get("further_costs", ())),  # earlier versions have none
    )
