"""What others would use: random draws, pymoo's NSGA-II, Optuna's samplers.

Each gives the rows of a table in the order it would have paid for them. All may look at the cost
for free, as ours do: an architecture over budget and one already scored cost nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.crossover import Crossover
from pymoo.core.mutation import Mutation
from pymoo.core.problem import Problem
from pymoo.core.sampling import Sampling
from tables import Table

from nasea.strategy.evolution.operators import mutate, uniform_crossover
from nasea.strategy.problem import FloatArray, IntArray

TRIALS = 4
"""Optuna's samplers may propose this many times what is paid for; then random draws go on."""


def random_rows(table: Table, seed: int, count: int) -> IntArray:
    """Feasible architectures, drawn uniformly without replacement."""
    return np.random.default_rng(seed).permutation(table.feasible)[:count]


def pymoo_nsga2(table: Table, seed: int, count: int, *, pop_size: int) -> IntArray:
    """Pymoo's NSGA-II with the categorical operators of this project, duplicates eliminated.

    A random first population, uniform crossover, mutation of one gene in L, tournaments and
    survival of pymoo.
    """
    return pymoo_rows(table, seed, count, make=partial(NSGA2, pop_size=pop_size))


def pymoo_rows(table: Table, seed: int, count: int, *, make: Callable[..., Any]) -> IntArray:
    """An algorithm of pymoo on all objectives of a table, with the same operators."""
    algorithm = make(
        sampling=_RandomGenomes(),
        crossover=_Uniform(),
        mutation=_OneGeneInL(),
        eliminate_duplicates=True,
    )
    algorithm.setup(_Tabulated(table, seed), termination=("n_gen", 10_000), seed=seed)
    return _paid(table, _asked(algorithm), seed, count)


def optuna_nsga2(table: Table, seed: int, count: int) -> IntArray:
    """Optuna's NSGA-II as it comes, told of the budget as a constraint."""
    import optuna

    sampler = optuna.samplers.NSGAIISampler(seed=seed)
    return _paid(table, _trials(table, sampler, seed, count), seed, count)


def optuna_tpe(table: Table, seed: int, count: int) -> IntArray:
    """Optuna's multi-objective TPE as it comes, told of the budget as a constraint."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
    return _paid(table, _trials(table, sampler, seed, count), seed, count)


def _paid(table: Table, proposed: Iterator[int], seed: int, count: int) -> IntArray:
    """The first ``count`` distinct feasible rows of a stream; random ones where it ends."""
    new: dict[int, None] = {}
    for row in proposed:
        if row >= 0 and table.costs[row] <= table.budget:
            new[row] = None
        if len(new) == count:
            break
    for row in np.random.default_rng([seed, 1]).permutation(table.feasible).tolist():
        if len(new) == count:
            break
        new[row] = None
    return np.array(list(new), dtype=np.int64)


# --- pymoo ---


class _Tabulated(Problem):
    """Minimise every cost, and error."""

    def __init__(self, table: Table, training_seed: int) -> None:
        self.table = table
        self.accuracies = table.evaluator(training_seed).accuracies
        layers = len(table.choices)
        super().__init__(
            n_var=layers,
            n_obj=2 + len(table.further),
            n_ieq_constr=1,
            xl=np.zeros(layers),
            xu=np.array(table.choices) - 1,
            vtype=int,
        )

    def _evaluate(self, x: IntArray, out: dict[str, FloatArray], *args: Any, **kwargs: Any) -> None:
        rows = self.table.rows(x)
        costs = np.minimum(self.table.all_costs(rows), 1e30)
        out["F"] = np.column_stack([costs, -self.accuracies[rows]])
        out["G"] = costs[:, :1] - self.table.budget


class _RandomGenomes(Sampling):
    def _do(self, problem: _Tabulated, n_samples: int, *args: Any, **kwargs: Any) -> IntArray:
        rng = kwargs["random_state"]
        return rng.integers(problem.table.choices, size=(n_samples, problem.n_var))


class _Uniform(Crossover):
    """Two parents, one child, as ours."""

    def __init__(self) -> None:
        super().__init__(n_parents=2, n_offsprings=1, prob=1.0)

    def _do(self, problem: _Tabulated, X: IntArray, *args: Any, **kwargs: Any) -> IntArray:
        return uniform_crossover(X[0], X[1], kwargs["random_state"])[None]


class _OneGeneInL(Mutation):
    def _do(self, problem: _Tabulated, X: IntArray, *args: Any, **kwargs: Any) -> IntArray:
        return mutate(X.astype(np.int64), problem.table.choices, kwargs["random_state"])


def _asked(algorithm: Any) -> Iterator[int]:
    table = algorithm.problem.table
    while algorithm.has_next():
        asked = algorithm.ask()
        algorithm.evaluator.eval(algorithm.problem, asked)
        yield from table.rows(asked.get("X").astype(np.int64)).tolist()
        algorithm.tell(infills=asked)


# --- Optuna ---


def _trials(table: Table, sampler: Any, seed: int, count: int) -> Iterator[int]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    accuracies = table.evaluator(seed).accuracies
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    genes = {
        f"layer {i}": optuna.distributions.CategoricalDistribution(range(n))
        for i, n in enumerate(table.choices)
    }

    def propose() -> Iterator[int]:
        while True:
            trial = study.ask(genes)
            row = int(table.rows([tuple(trial.params[name] for name in genes)])[0])
            cost = float(min(table.costs[row], 1e30))
            trial.set_constraint("budget", cost - table.budget)
            study.tell(trial, [cost, float(accuracies[row])])
            yield row

    return islice(propose(), TRIALS * count)
