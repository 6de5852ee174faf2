import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.strategy.evolution.operators import mutate, repair, tournament, uniform_crossover

from .synthetic import random_problem, wide_problem

SEEDS = st.integers(0, 2**32 - 1)
CHOICES = st.lists(st.integers(1, 7), min_size=1, max_size=12).map(tuple)


@given(choices=CHOICES, count=st.integers(0, 20), seed=SEEDS)
@settings(deadline=None)
def test_children_stay_in_range_and_inherit_every_gene(
    choices: tuple[int, ...], count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mothers, fathers = rng.integers(choices, size=(2, count, len(choices)))
    children = uniform_crossover(mothers, fathers, rng)
    assert ((children == mothers) | (children == fathers)).all()
    mutants = mutate(children, choices, rng)
    assert mutants.shape == children.shape
    assert ((mutants >= 0) & (mutants < choices)).all()


def test_mutation_changes_one_gene_on_average_to_any_other_value_alike() -> None:
    choices = (4, 1, 5, 2)
    genomes = np.tile([1, 0, 3, 1], (30_000, 1))
    mutants = mutate(genomes, choices, np.random.default_rng(0))
    changed = mutants != genomes
    assert abs(changed.sum(axis=1).mean() - 1.0) < 0.02
    assert not changed[:, 1].any()
    values, counts = np.unique(mutants[changed[:, 2], 2], return_counts=True)
    assert values.tolist() == [0, 1, 2, 4]
    assert counts.min() > 0.9 * counts.max()


def test_mutation_leaves_its_input_alone() -> None:
    genomes = np.zeros((50, 3), dtype=np.int64)
    mutate(genomes, (3, 3, 3), np.random.default_rng(0))
    assert not genomes.any()


def test_tournament_prefers_rank_then_crowding() -> None:
    rank = np.array([1, 0, 0])
    crowding = np.array([np.inf, 0.5, 2.0])
    wins = np.bincount(tournament(rank, crowding, 9000, np.random.default_rng(0)), minlength=3)
    # The best wins unless it is not drawn (4/9), the worst only against itself (1/9).
    np.testing.assert_allclose(wins / 9000, [1 / 9, 3 / 9, 5 / 9], atol=0.02)


@given(seed=SEEDS, tightness=st.floats(1.01, 3.0))
@settings(deadline=None)
def test_repair_meets_the_budget_and_only_makes_genes_cheaper(seed: int, tightness: float) -> None:
    problem = random_problem(6, 5, seed=seed % 1000, tightness=tightness)
    rng = np.random.default_rng(seed)
    genome = tuple(rng.integers(problem.choices).tolist())
    repaired = repair(genome, problem, rng)
    if problem.costs([genome])[0] <= problem.budget:
        assert repaired == genome
    assert problem.costs([repaired])[0] <= problem.budget * (1 + 1e-12)
    for costs, old, new in zip(problem.layer_costs, genome, repaired, strict=True):
        assert new == old or costs[new] < costs[old]


@given(seed=SEEDS, tightness=st.floats(1.01, 3.0))
@settings(deadline=None)
def test_repair_meets_the_budget_with_widths(seed: int, tightness: float) -> None:
    problem = wide_problem(6, 5, seed=seed % 1000, tightness=tightness)
    rng = np.random.default_rng(seed)
    genome = tuple(rng.integers(problem.choices).tolist())
    repaired = repair(genome, problem, rng)
    if problem.costs([genome])[0] <= problem.budget:
        assert repaired == genome
    assert problem.costs([repaired])[0] <= problem.budget * (1 + 1e-12)


def test_repair_gives_up_where_nothing_is_cheaper() -> None:
    problem = random_problem(3, 4, seed=0, tightness=0.9)
    rng = np.random.default_rng(0)
    assert repair(problem.cheapest, problem, rng) == problem.cheapest
