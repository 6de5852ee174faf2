"""NSGA-II (Deb et al. 2002) under a budget that costs nothing to check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasea.strategy.budget.cost_grid import CostGrid
from nasea.strategy.evolution.operators import mutate, repair, tournament, uniform_crossover
from nasea.strategy.pareto import Ranking, rank_and_crowding
from nasea.strategy.problem import FloatArray, Genome
from nasea.strategy.proposals import Proposals
from nasea.strategy.protocol import Strategy, Study
from nasea.strategy.sampling import fill_randomly, initial_population

_BREEDING_ROUNDS = 10
_SURVIVAL_STREAM = 1


class Nsga2(Strategy):
    """NSGA-II: breeds each generation from the survivors of all earlier ones.

    Cost is checked before the proposal, so every evaluation is of a feasible architecture that was
    never scored before.
    """

    name = "evolutionary"

    def __init__(self) -> None:
        self.population: tuple[Genome, ...] = ()

    def ask(self, study: Study) -> list[Genome]:
        """Propose a whole generation, or fewer if the feasible architectures run out.

        Raises:
            BudgetError: the cheapest architecture exceeds the budget.
        """
        if study.proposed:
            return []
        if study.generation == 0:
            return initial_population(study.problem, study.pop_size, study.stream())
        return self.offspring(study)[: study.missing]

    def tell(self, study: Study) -> None:
        """Keep the best of the population and the generation; the archive holds their scores."""
        new = [record.genome for record in study.latest if record.score.failure is None]
        population = [*self.population, *new]
        ranking = self._rank(study, population, study.pop_size, study.stream(_SURVIVAL_STREAM))
        self.population = tuple(population[i] for i in ranking.survivors)

    def state(self) -> dict[str, Any]:
        """Return the population."""
        return {"population": [list(genome) for genome in self.population]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a population."""
        self.population = tuple(tuple(genome) for genome in state.get("population", ()))

    def offspring(self, study: Study) -> list[Genome]:
        """Return ``study.pop_size`` children of the population, where there are as many.

        Children over budget are repaired as a last resort; any still missing are drawn at random.
        """
        problem, rng = study.problem, study.stream()
        proposals = Proposals(problem, study.archive, study.pop_size)
        order, rank, crowding = self._rank(study, self.population, len(self.population), rng)
        parents = np.array(self.population, dtype=np.int64)[order]
        infeasible = parents[:0]
        for _ in range(_BREEDING_ROUNDS):
            mothers, fathers = (
                parents[tournament(rank, crowding, study.pop_size, rng)] for _ in range(2)
            )
            children = mutate(uniform_crossover(mothers, fathers, rng), problem.choices, rng)
            infeasible = np.concatenate([infeasible, proposals.offer(children)])
            if not proposals.missing:
                return proposals.genomes
        for row in infeasible.tolist():
            proposals.offer(np.array([repair(tuple(row), problem, rng)], dtype=np.int64))
            if not proposals.missing:
                return proposals.genomes
        fill_randomly(proposals, problem, CostGrid(problem), rng)
        return proposals.genomes

    def _rank(
        self, study: Study, population: Sequence[Genome], survive: int, rng: np.random.Generator
    ) -> Ranking:
        costs = study.problem.costs(population)
        return rank_and_crowding(costs, qualities(study, population), survive=survive, rng=rng)


def qualities(study: Study, genomes: Sequence[Genome]) -> FloatArray:
    """Return the qualities of scored genomes, shape (n,)."""
    scores = study.archive.scores
    return np.array([scores[genome].quality for genome in genomes], dtype=np.float64)
