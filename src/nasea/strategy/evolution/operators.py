"""The genetic operators of a categorical genome, on whole populations at a time."""

from __future__ import annotations

import numpy as np

from nasea.strategy.problem import FloatArray, Genome, IntArray, Problem


def tournament(
    rank: IntArray, crowding: FloatArray, count: int, rng: np.random.Generator
) -> IntArray:
    """Hold ``count`` binary tournaments: lower rank, then higher crowding, then the first wins.

    Args:
        rank: shape (n,).
        crowding: shape (n,).
        count: how many winners.
        rng: draws the contestants.

    Returns:
        Indices of the winners in the population, shape (count,).
    """
    first, second = rng.integers(len(rank), size=(2, count))
    second_wins = (rank[second] < rank[first]) | (
        (rank[second] == rank[first]) & (crowding[second] > crowding[first])
    )
    winners: IntArray = np.where(second_wins, second, first)
    return winners


def uniform_crossover(mothers: IntArray, fathers: IntArray, rng: np.random.Generator) -> IntArray:
    """Cross pairs; each gene comes from either parent with equal probability.

    Args:
        mothers: shape (n, layers).
        fathers: shape (n, layers).
        rng: draws the parent of each gene.

    Returns:
        Children, shape (n, layers).
    """
    children: IntArray = np.where(rng.random(mothers.shape) < 0.5, mothers, fathers)
    return children


def mutate(genomes: IntArray, choices: tuple[int, ...], rng: np.random.Generator) -> IntArray:
    """Change each gene with probability 1/L, to any other value with equal probability.

    L counts the genes that have another value to take.

    Args:
        genomes: shape (n, layers).
        choices: number of values of each gene.
        rng: draws the genes and their values.

    Returns:
        Mutated copies, shape (n, layers).
    """
    sizes = np.array(choices, dtype=np.int64)
    mutable = sizes > 1
    rate = mutable / max(int(mutable.sum()), 1)
    # An offset of 1 .. size - 1, modulo the size, is any value but the present one.
    offsets = rng.integers(1, np.maximum(sizes, 2), size=genomes.shape)
    mutated: IntArray = np.where(
        rng.random(genomes.shape) < rate, (genomes + offsets) % sizes, genomes
    )
    return mutated


def repair(genome: Genome, problem: Problem, rng: np.random.Generator) -> Genome:
    """Bring a genome under the budget and then every limit, keeping most of its genes.

    Gene after gene in random order gets a random cheaper value until the budget is met. A
    genome that is feasible is returned unchanged; one that meets a limit may exceed an earlier one.
    """
    for view in problem.views:
        genome = _repaired(genome, view, rng)
    return genome


def _repaired(genome: Genome, problem: Problem, rng: np.random.Generator) -> Genome:
    genes = list(genome)
    excess = float(problem.costs([genome])[0]) - problem.budget
    changed = True
    while excess > 0 and changed:
        changed = False
        for layer in rng.permutation(len(genes)):
            costs = _alternatives(problem, genes, layer)
            cheaper = np.flatnonzero(costs < costs[genes[layer]])
            if len(cheaper) > 0:
                gene = int(rng.choice(cheaper))
                excess -= float(costs[genes[layer]] - costs[gene])
                genes[layer] = gene
                changed = True
            if excess <= 0:
                break
    return tuple(genes)


def _alternatives(problem: Problem, genes: list[int], position: int) -> FloatArray:
    """Costs with each value of one gene, up to a constant, shape (choices of the gene,)."""
    if not problem.has_width:
        return problem.layer_costs[position]
    rows = np.tile(np.array(genes, dtype=np.int64), (problem.choices[position], 1))
    rows[:, position] = np.arange(len(rows))
    return problem.cost(rows)
