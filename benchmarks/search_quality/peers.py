"""What others would use on a landscape: pymoo's NSGA-II, Optuna's GPSampler, BoTorch's qLogNEHVI.

Each yields genomes in the order in which it would have paid for them, and is told the noisy score.
As in ``rivals.py``, what is over budget and what is scored already costs nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from landscapes import Landscape

from nasea.strategy import Genome, random_feasible
from nasea.strategy.evolution.operators import mutate, uniform_crossover
from nasea.strategy.problem import FloatArray, IntArray

Score = Callable[[Genome], float]

_UNPAID = 50
"""After so many proposals in a row that cost nothing, a random architecture is paid for."""

_BATCH = 10
_CANDIDATES = 1000


def paid(of: Landscape, proposed: Iterator[Genome], score: Score, seed: int) -> Iterator[Genome]:
    """The distinct feasible genomes of a stream; a random one where it proposes no others."""
    known: set[Genome] = set()
    rng = np.random.default_rng([seed, 1])
    unpaid = 0
    for genome in proposed:
        unpaid += 1
        if float(of.cost(np.array([genome]))[0]) <= of.problem.budget and genome not in known:
            new = [genome]
        elif unpaid >= _UNPAID:
            new = random_feasible(of.problem, 1, rng, seen=known)
        else:
            continue
        unpaid = 0
        for one in new:
            known.add(one)
            score(one)
            yield one


def pymoo_nsga2(of: Landscape, score: Score, seed: int) -> Iterator[Genome]:
    """Pymoo's NSGA-II with the categorical operators of this project, population 40."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.crossover import Crossover
    from pymoo.core.mutation import Mutation
    from pymoo.core.problem import Problem
    from pymoo.core.sampling import Sampling

    choices = np.array(of.problem.choices)

    class Landscaped(Problem):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(
                n_var=len(choices), n_obj=2, n_ieq_constr=1, xl=0, xu=choices - 1, vtype=int
            )

    class Genomes(Sampling):  # type: ignore[misc]
        def _do(self, problem: Any, n_samples: int, *args: Any, **kwargs: Any) -> IntArray:
            return kwargs["random_state"].integers(choices, size=(n_samples, len(choices)))

    class Uniform(Crossover):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(n_parents=2, n_offsprings=1, prob=1.0)

        def _do(self, problem: Any, X: IntArray, *args: Any, **kwargs: Any) -> IntArray:
            return uniform_crossover(X[0], X[1], kwargs["random_state"])[None]

    class OneGeneInL(Mutation):  # type: ignore[misc]
        def _do(self, problem: Any, X: IntArray, *args: Any, **kwargs: Any) -> IntArray:
            return mutate(X.astype(np.int64), of.problem.choices, kwargs["random_state"])

    algorithm = NSGA2(
        pop_size=40,
        sampling=Genomes(),
        crossover=Uniform(),
        mutation=OneGeneInL(),
        eliminate_duplicates=True,
    )
    algorithm.setup(Landscaped(), termination=("n_gen", 100_000), seed=seed)
    while algorithm.has_next():
        asked = algorithm.ask()
        genomes = asked.get("X").astype(np.int64)
        costs = of.cost(genomes)
        scores = np.array([score(tuple(genome)) for genome in genomes.tolist()])
        asked.set("F", np.column_stack([costs, -scores]))
        asked.set("G", (costs - of.problem.budget)[:, None])
        for individual in asked:
            individual.evaluated.update({"F", "G", "H"})
        yield from map(tuple, genomes.tolist())
        algorithm.tell(infills=asked)


def optuna_gp(of: Landscape, score: Score, seed: int) -> Iterator[Genome]:
    """Optuna's GPSampler as it comes, told of the budget as a constraint."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.GPSampler(seed=seed)
        study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
        genes = {
            f"layer {i}": optuna.distributions.CategoricalDistribution(range(n))
            for i, n in enumerate(of.problem.choices)
        }
        while True:
            trial = study.ask(genes)
            genome = tuple(trial.params[name] for name in genes)
            cost = float(of.cost(np.array([genome]))[0])
            trial.set_constraint("budget", cost - of.problem.budget)
            study.tell(trial, [cost, score(genome)])
            yield genome


def botorch_qlognehvi(of: Landscape, score: Score, seed: int) -> Iterator[Genome]:
    """BoTorch's qLogNEHVI, batches of 10, after 20 random ones; it knows the cost of all.

    A Gaussian process with BoTorch's default kernel on one-hot genes predicts the accuracy. What is
    maximised over: random architectures, and neighbours of the front.
    """
    import torch
    from botorch import fit_gpytorch_mll
    from botorch.acquisition.multi_objective.logei import (
        qLogNoisyExpectedHypervolumeImprovement,
    )
    from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from botorch.optim import optimize_acqf_discrete
    from botorch.sampling import SobolQMCNormalSampler
    from gpytorch.mlls import ExactMarginalLogLikelihood

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    problem, rng = of.problem, np.random.default_rng(seed)
    weights = torch.tensor(np.concatenate(of.layer_costs) / problem.budget)
    ends = np.cumsum([0, *problem.choices])

    def one_hot(genomes: list[Genome]) -> Any:
        hot = torch.zeros(len(genomes), int(ends[-1]), dtype=torch.double)
        columns = torch.tensor(np.array(genomes) + ends[:-1])
        return hot.scatter_(1, columns, 1.0)

    genomes = random_feasible(problem, 20, rng)
    yield from genomes
    scores = [score(genome) for genome in genomes]

    def both(samples: Any, X: Any) -> Any:
        costs = (X @ weights).unsqueeze(-1).expand(samples.shape)
        return torch.cat([samples, -costs], dim=-1)

    while True:
        x, y = one_hot(genomes), torch.tensor(scores, dtype=torch.double).unsqueeze(-1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            process = SingleTaskGP(x, y, outcome_transform=Standardize(1))
            fit_gpytorch_mll(ExactMarginalLogLikelihood(process.likelihood, process))
            acquisition = qLogNoisyExpectedHypervolumeImprovement(
                model=process,
                ref_point=[of.reference.quality, -1.0],
                X_baseline=x,
                sampler=SobolQMCNormalSampler(torch.Size([64]), seed=seed),
                objective=GenericMCMultiOutputObjective(both),
                prune_baseline=True,
                cache_root=False,
            )
            choices = _choices(of, genomes, np.array(scores), rng)
            chosen, _ = optimize_acqf_discrete(
                acquisition, q=_BATCH, choices=one_hot(choices), max_batch_size=500
            )
        row_of = {tuple(row.tolist()): g for row, g in zip(one_hot(choices), choices, strict=True)}
        new = [row_of[tuple(row.tolist())] for row in chosen]
        yield from new
        genomes += new
        scores += [score(genome) for genome in new]


def _choices(
    of: Landscape, genomes: list[Genome], scores: FloatArray, rng: np.random.Generator
) -> list[Genome]:
    from tables import front

    from nasea.strategy.sampling import neighbours

    known = set(genomes)
    rows = front(of.cost(np.array(genomes)), scores, np.arange(len(genomes)))
    parents = [genomes[row] for row in rows]
    near = neighbours(of.problem, parents, _CANDIDATES // 2, rng, seen=known)
    far = random_feasible(of.problem, _CANDIDATES // 2, rng, seen={*known, *near})
    return near + far
