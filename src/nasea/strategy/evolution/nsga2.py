"""NSGA-II (Deb et al. 2002) under a budget that is free to check, as ask and tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nasea.errors import MetricError
from nasea.strategy.archive import Archive, records_of
from nasea.strategy.cost_grid import CostGrid
from nasea.strategy.evolution.operators import mutate, repair, tournament, uniform_crossover
from nasea.strategy.proposals import Proposals
from nasea.strategy.pareto import HypervolumeReference, Ranking, hypervolume, rank_and_crowding
from nasea.strategy.problem import Genome, Problem
from nasea.strategy.sampling import initial_population, fill_randomly
from nasea.strategy.archive import Score
from nasea.strategy.state import SearchState

_BREEDING_ROUNDS = 10


@dataclass(frozen=True)
class Nsga2:
    """Proposes generations and learns from their scores; holds nothing between calls.

    Cost is checked before anything is proposed, so every true evaluation goes to a feasible
    architecture that was never scored before. Generation g draws from generators seeded by (seed,
    g): what it proposes depends only on the arguments, not on what happened in between.

    Attributes:
        problem: the space and its budget.
        pop_size: size of the population and the most that a generation proposes, at least 1.
        seed: at least 0.
        quality_reference: the quality that hypervolume counts from; by default the lowest of the
            first generation.
    """

    problem: Problem
    pop_size: int
    seed: int
    quality_reference: float | None = None

    def __post_init__(self) -> None:
        if self.pop_size < 1:
            raise ValueError(f"pop_size must be at least 1, found {self.pop_size}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, found {self.seed}")

    def ask(self, state: SearchState, archive: Archive) -> list[Genome]:
        """The next generation's candidates: distinct, feasible, canonical, not in the archive.

        Returns:
            ``pop_size`` genomes; fewer when the space runs out of feasible ones, none when it has.

        Raises:
            BudgetError: the cheapest architecture exceeds the budget.
        """
        rng = np.random.default_rng([self.seed, state.generation])
        if state.generation == 0:
            return initial_population(self.problem, self.pop_size, rng)
        proposals = Proposals(self.problem, archive, self.pop_size)
        self._breed(state, archive, proposals, rng)
        if proposals.missing > 0:
            fill_randomly(proposals, self.problem, CostGrid(self.problem), rng)
        return proposals.genomes

    def advance(
        self,
        state: SearchState,
        archive: Archive,
        score: Callable[[Sequence[Genome]], Sequence[Score]],
    ) -> tuple[SearchState, Archive] | None:
        """Ask for a generation, score it and tell; ``None`` when no feasible one is left."""
        genomes = self.ask(state, archive)
        if not genomes:
            return None
        return self.tell(state, archive, genomes, score(genomes))

    def tell(
        self,
        state: SearchState,
        archive: Archive,
        genomes: Sequence[Genome],
        scores: Sequence[Score],
    ) -> tuple[SearchState, Archive]:
        """The state and the archive after a generation.

        Args:
            state: what ``ask`` was given.
            archive: what ``ask`` was given.
            genomes: what ``ask`` returned.
            scores: one a genome.

        Raises:
            MetricError: no candidate of the first generation could be scored.
            ValueError: there are more or fewer scores than genomes.
        """
        archive = archive.extended(records_of(self.problem, genomes, scores, state.generation))
        reference = state.reference or self._reference(scores)
        front = archive.front(self.problem.budget)
        volume = hypervolume(
            np.array([(record.cost, *record.further_costs) for record in front]),
            np.array([record.score.quality for record in front], dtype=np.float64),
            reference,
        )
        population = [
            *state.population,
            *(genome for genome in genomes if archive.scores[genome].failure is None),
        ]
        # The third number keeps this stream apart from the one that `ask` draws from.
        rng = np.random.default_rng([self.seed, state.generation, 1])
        survivors = self._rank(population, archive, self.pop_size, rng).survivors
        state = SearchState(
            generation=state.generation + 1,
            population=tuple(population[i] for i in survivors),
            reference=reference,
            hypervolumes=(*state.hypervolumes, volume),
        )
        return state, archive

    def _breed(
        self, state: SearchState, archive: Archive, proposals: Proposals, rng: np.random.Generator
    ) -> None:
        """Adds offspring of the population; those over budget are repaired as a last resort."""
        order, rank, crowding = self._rank(state.population, archive, len(state.population), rng)
        parents = np.array(state.population, dtype=np.int64)[order]
        infeasible = parents[:0]
        for _ in range(_BREEDING_ROUNDS):
            mothers, fathers = (
                parents[tournament(rank, crowding, self.pop_size, rng)] for _ in range(2)
            )
            children = mutate(uniform_crossover(mothers, fathers, rng), self.problem.choices, rng)
            infeasible = np.concatenate([infeasible, proposals.offer(children)])
            if proposals.missing == 0:
                return
        for row in infeasible.tolist():
            repaired = repair(tuple(row), self.problem, rng)
            proposals.offer(np.array([repaired], dtype=np.int64))
            if proposals.missing == 0:
                return

    def _rank(
        self,
        population: Sequence[Genome],
        archive: Archive,
        survive: int,
        rng: np.random.Generator,
    ) -> Ranking:
        qualities = [archive.scores[genome].quality for genome in population]
        return rank_and_crowding(
            self.problem.costs(population),
            np.array(qualities, dtype=np.float64),
            survive=survive,
            rng=rng,
        )

    def _reference(self, scores: Sequence[Score]) -> HypervolumeReference:
        qualities = [score.quality for score in scores if score.quality is not None]
        if not qualities:
            reasons = Counter(score.failure for score in scores)
            reason, count = reasons.most_common(1)[0]
            raise MetricError(
                f"none of the {len(scores)} architectures of the first generation could be "
                f"scored; the most common reason ({count} of {len(scores)}): {reason}",
                fix="mend the reason above; the log names the reason of every candidate",
            )
        quality = min(qualities) if self.quality_reference is None else self.quality_reference
        return HypervolumeReference(
            quality=float(quality),
            cost_low=self.problem.cheapest_cost,
            cost_high=float(self.problem.budget),
            further=tuple((one.low, one.high) for one in self.problem.objectives),
        )
