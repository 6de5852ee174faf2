"""A predictor-assisted search: scores the candidates that a predictor selects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nasea.strategy.evolution.nsga2 import Nsga2
from nasea.strategy.predictor.acquisition import NoisyFront, expected_improvement
from nasea.strategy.predictor.candidates import CandidatePool
from nasea.strategy.predictor.gaussian_process import GaussianProcess, fit
from nasea.strategy.predictor.kernel import Encoder, Kernel, Points
from nasea.strategy.predictor.output_transform import OutputTransform
from nasea.strategy.predictor.predictor_state import PredictorState
from nasea.strategy.predictor.training_subset import training_subset
from nasea.strategy.problem import FloatArray, Genome, Problem
from nasea.strategy.protocol import Strategy, Study
from nasea.strategy.ranking import spearman_rho
from nasea.strategy.sampling import initial_population, neighbours, random_feasible

_FIRST = 20
"""Scores of architectures spread over the cost, before anything is predicted."""

_LEAST_SCORED = 8
"""Scores without which nothing is predicted."""

_MAX_TRAINING = 1000
"""Scores that the predictor is trained on, at most: its time grows with their square."""

_LEAST_BATCH = 10
_BATCHES = 8
"""A batch is this fraction of the scores so far: the predictor learns most from early scores."""

_EXPLORED = 0.1
"""Share of a batch that is drawn from the neighbours of the front, not by prediction: the
predictor may have learned the effect of a candidate from networks far from the best ones."""

_WORTHLESS = 0.25
"""Share of the range of scores, from the worst, that is not worth a search.

Networks that learn nothing are cheap, and all score alike, at chance. The predictor does not know
that chance is the minimum, so it expects some of them to be much better; where the front has no
member yet, such an expected improvement would be large."""

_SHORTLIST = 400
"""Candidates whose predictions are made in double precision: those of the highest acquisition."""


class Assisted(Strategy):
    """A strategy that maximises the expected hypervolume improvement of a Gaussian process.

    It is fitted to the true scores so far and predicts every feasible architecture (in large
    spaces, a sample that is bred). The acquisition function is the expected improvement of the
    hypervolume under noise, so a lucky score is not taken at face value. Costs are exact, and no
    prediction leaves this module: all proposals are scored.

    If leave-one-out predictions rank the architectures worse than their cost does, by more than
    chance explains, NSGA-II breeds the batch.
    """

    name = "assisted"

    def __init__(self) -> None:
        self._nsga = Nsga2()
        self._fitted: PredictorState | None = None
        self._space: _Space | None = None

    def ask(self, study: Study) -> list[Genome]:
        """Propose a batch; a generation consists of several batches.

        Raises:
            BudgetError: the cheapest architecture exceeds the budget.
            ValueError: the problem has further objectives.
        """
        if study.problem.objectives:
            raise ValueError("the predictor supports one cost, the problem has further objectives")
        # The matrices are small: several threads would mostly wait for each other, and much longer
        # beside any other job (docs/decisions/0007). One thread also makes sums repeatable.
        with threadpool_limits(1, user_api="blas"):
            return self._propose(study)

    def tell(self, study: Study) -> None:
        """Let NSGA-II choose its survivors, in case it has to breed."""
        self._nsga.tell(study)

    def state(self) -> dict[str, Any]:
        """Return the population of NSGA-II, and the fitted parameters."""
        fitted = None if self._fitted is None else self._fitted.to_dict()
        return {**self._nsga.state(), "insight": fitted}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a population and fitted parameters."""
        self._nsga.restore(state)
        fitted = state.get("insight")
        self._fitted = None if fitted is None else PredictorState.from_dict(fitted)
        self._space = None

    def describe(self) -> str | None:
        """Return how well the predictor ranks; ``None`` before it is fitted."""
        return None if self._fitted is None else self._fitted.describe()

    def _propose(self, study: Study) -> list[Genome]:
        archive, problem = study.archive, study.problem
        if len(archive) == 0:
            first = max(_FIRST, len(problem.initial))
            return initial_population(problem, min(study.missing, first), study.rng)
        size = min(study.missing, max(_LEAST_BATCH, len(archive) // _BATCHES))
        scored = [record for record in archive if record.score.quality is not None]
        if len(scored) < _LEAST_SCORED:
            return self._unassisted(study, size)
        if self._space is None:
            self._space = _Space(problem)
        space = self._space
        costs = np.array([record.cost for record in scored])
        qualities = np.array([record.score.quality for record in scored], dtype=np.float64)
        floor = float(qualities.min() + _WORTHLESS * np.ptp(qualities))
        rows, even = training_subset(costs, qualities, _MAX_TRAINING)
        qualities = qualities[rows]
        points = space.encode(np.array([scored[row].genome for row in rows], dtype=np.int64))
        transform = OutputTransform.fit(qualities)
        targets = transform.apply(qualities)
        logs = space.kernel.prior.mean
        # Earlier versions had other parameters.
        if self._fitted and len(self._fitted.logs) == len(logs):
            logs = np.array(self._fitted.logs)
        logs = fit(space.kernel, points, targets, logs)
        predictor = GaussianProcess(space.kernel, logs, points, targets)
        self._fitted = PredictorState(
            logs=tuple(logs.tolist()),
            fitted_on=len(scored),
            correlation=spearman_rho(predictor.leave_one_out_means[even], targets[even]),
            cost_correlation=abs(spearman_rho(points.costs[even], targets[even])),
            compared=len(even),
        )
        if not self._fitted.trusted:
            return self._unassisted(study, size)
        expected = transform.invert(predictor.training_means)
        front = NoisyFront.of(points.costs, qualities, expected, floor)
        chosen = _best(study, space, predictor, transform, front, size - int(_EXPLORED * size))
        return [*chosen, *_explored(study, size - len(chosen), {*archive.scores, *chosen})]

    def _unassisted(self, study: Study, size: int) -> list[Genome]:
        if self._nsga.population:
            return self._nsga.offspring(study)[:size]
        return random_feasible(study.problem, size, study.rng, seen=study.archive)


@dataclass(frozen=True, eq=False)
class _Space:
    """Objects that depend on the problem only."""

    problem: Problem

    @cached_property
    def encode(self) -> Encoder:
        return Encoder(self.problem)

    @cached_property
    def kernel(self) -> Kernel:
        return self.encode.kernel

    @cached_property
    def pool(self) -> CandidatePool:
        return CandidatePool(self.problem)


def _best(
    study: Study,
    space: _Space,
    predictor: GaussianProcess,
    transform: OutputTransform,
    front: NoisyFront,
    size: int,
) -> list[Genome]:
    """Choose the candidates one by one, as if the earlier ones had been scored as expected."""

    def acquisition(points: Points) -> FloatArray:
        return expected_improvement(predictor.posterior(points), transform, front)

    genomes, values = space.pool.candidates(study.archive, acquisition, study.rng)
    genomes = genomes[np.argsort(-values, kind="stable")[:_SHORTLIST]]
    posterior = predictor.posterior(space.encode(genomes))
    chosen: list[int] = []
    while len(chosen) < min(size, len(genomes)):
        improvement = expected_improvement(posterior, transform, front)
        improvement[chosen] = -np.inf
        row = int(np.argmax(improvement))
        chosen.append(row)
        quality = float(transform.invert(posterior.means[row]))
        front = front.with_point(float(posterior.points.costs[row]), quality, quality)
        posterior = posterior.conditioned_on_mean(row)
    return [tuple(genome) for genome in genomes[chosen].tolist()]


def _explored(study: Study, count: int, seen: set[Genome]) -> list[Genome]:
    """Draw neighbours of the front, and random architectures if those are too few."""
    front = [record.genome for record in study.archive.front(study.problem.budget)]
    near = neighbours(study.problem, front, count, study.rng, seen=seen)
    missing = count - len(near)
    return near + random_feasible(study.problem, missing, study.rng, seen={*seen, *near})
