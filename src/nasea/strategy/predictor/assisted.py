"""A search that asks a predictor which architectures are worth a true score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from nasea.strategy.archive import Archive, records_of
from nasea.strategy.evolution.nsga2 import Nsga2
from nasea.strategy.predictor.acquisition import Staircase
from nasea.strategy.predictor.candidates import Pool
from nasea.strategy.predictor.gaussian_process import Posterior, Predictor, fit
from nasea.strategy.predictor.insight import Insight
from nasea.strategy.predictor.kernel import Encoder, Kernel, Points
from nasea.strategy.predictor.output_transform import Warp
from nasea.strategy.predictor.training_subset import training_subset
from nasea.strategy.problem import FloatArray, Genome, Problem
from nasea.strategy.ranking import spearman_rho
from nasea.strategy.sampling import initial_population, neighbours, random_feasible
from nasea.strategy.archive import Score
from nasea.strategy.state import SearchState

_FIRST = 20
"""Scores of architectures spread over the cost, before anything is predicted."""

_LEAST_SCORED = 8
"""Scores without which nothing is predicted."""

_TOLD = 1000
"""Scores that the predictor is told of, at most: the time it takes grows with their square."""

_LEAST_BATCH = 10
_BATCHES = 8
"""A batch is a share of what is scored: early scores teach most."""

_EXPLORED = 0.1
"""Share of a batch that is drawn from the neighbours of the front, whatever is predicted: what a
candidate adds among the best, the predictor may have concluded from networks far from them."""

_WORTHLESS = 0.25
"""Share of the range of scores, from the worst, that is not worth a search.

Networks that learn nothing are cheap, and score all alike. The predictor does not know that
chance is the least, so to it any of them may be the one that is much better; and where there was
none before, that one would gain a lot."""

_SIFTED = 400
"""Candidates looked at closely: those that promise most."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True)
class Assisted:
    """Proposes what a Gaussian process expects to raise the hypervolume most.

    Fitted to the true scores so far, it is asked about every feasible architecture (in large
    spaces, about some that are bred for it). The expected gain in hypervolume is that of the front
    as it will be seen, valued by the quality to expect: a score is taken to be noisy, and a lucky
    one neither ends the search for better ones nor counts as what it seems. Costs are exact, and
    no prediction leaves this module: what is proposed is scored.

    Where predictions, each made without the score in question, rank the architectures worse than
    their cost does, by more than chance explains, the batch is bred as NSGA-II breeds.

    Everything it knows is in the state and the archive, so a resumed search goes on as the
    unbroken one.

    Attributes:
        problem: the space and its budget.
        pop_size: architectures scored in a generation, in several batches, at least 1.
        seed: at least 0.
        quality_reference: the quality that hypervolume counts from; by default the lowest of the
            first generation.
    """

    problem: Problem
    pop_size: int
    seed: int
    quality_reference: float | None = None

    def advance(
        self,
        state: SearchState,
        archive: Archive,
        score: Callable[[Sequence[Genome]], Sequence[Score]],
    ) -> tuple[SearchState, Archive] | None:
        """Score a generation; ``None`` when no feasible architecture is left.

        Raises:
            BudgetError: the cheapest architecture exceeds the budget.
            MetricError: no candidate of the first generation could be scored.
        """
        genomes: list[Genome] = []
        scores: list[Score] = []
        insight = state.insight
        known = archive
        while len(genomes) < self.pop_size:
            rng = np.random.default_rng([self.seed, state.generation, 2, len(genomes)])
            missing = self.pop_size - len(genomes)
            # The matrices are small: threads that share one wait for each other, and beside any
            # other job for much longer (docs/decisions/0007). Nor does the sum of a row depend on
            # how many there are.
            with threadpool_limits(1, user_api="blas"):
                batch, insight = self._propose(state, known, insight, rng, missing)
            if not batch:
                break
            fresh = score(batch)
            genomes += batch
            scores += fresh
            known = known.extended(records_of(self.problem, batch, fresh, state.generation))
        if not genomes:
            return None
        state, archive = self._nsga.tell(state, archive, genomes, scores)
        return replace(state, insight=insight), archive

    def _propose(
        self,
        state: SearchState,
        archive: Archive,
        insight: Insight | None,
        rng: np.random.Generator,
        missing: int,
    ) -> tuple[list[Genome], Insight | None]:
        """The next batch, and what was learnt on the way; an empty batch when none is left."""
        if len(archive) == 0:
            return initial_population(self.problem, min(missing, _FIRST), rng), None
        size = min(missing, max(_LEAST_BATCH, len(archive) // _BATCHES))
        scored = [record for record in archive if record.score.quality is not None]
        if len(scored) < _LEAST_SCORED:
            return self._unassisted(state, archive, rng, size), insight
        costs = np.array([record.cost for record in scored])
        qualities = np.array([record.score.quality for record in scored], dtype=np.float64)
        floor = float(qualities.min() + _WORTHLESS * np.ptp(qualities))
        rows, even = training_subset(costs, qualities, _TOLD)
        qualities = qualities[rows]
        points = self._encode(np.array([scored[row].genome for row in rows], dtype=np.int64))
        warp = Warp.of(qualities)
        merits = warp.merit(qualities)
        logs = self._kernel.prior.mean
        if insight and len(insight.logs) == len(logs):  # earlier versions had other parameters
            logs = np.array(insight.logs)
        logs = fit(self._kernel, points, merits, logs)
        predictor = Predictor(self._kernel, logs, points, merits)
        insight = Insight(
            logs=tuple(logs.tolist()),
            fitted_on=len(scored),
            correlation=spearman_rho(predictor.left_out[even], merits[even]),
            cost_correlation=abs(spearman_rho(points.costs[even], merits[even])),
            compared=len(even),
        )
        if not insight.trusted:
            return self._unassisted(state, archive, rng, size), insight
        stairs = Staircase.of(points.costs, qualities, warp.quality(predictor.believed), floor)
        chosen = self._chosen(predictor, warp, stairs, archive, rng, size - int(_EXPLORED * size))
        taken = {*archive.scores, *chosen}
        explored = self._explored(archive, size - len(chosen), rng, taken)
        return [*chosen, *explored], insight

    def _chosen(
        self,
        predictor: Predictor,
        warp: Warp,
        stairs: Staircase,
        archive: Archive,
        rng: np.random.Generator,
        size: int,
    ) -> list[Genome]:
        """One after the other, as if each had been scored as expected."""

        def promise(points: Points) -> FloatArray:
            return _expected_gain(predictor.posterior(points), warp, stairs)

        genomes, promised = self._pool.candidates(archive, promise, rng)
        genomes = genomes[np.argsort(-promised, kind="stable")[:_SIFTED]]
        posterior = predictor.posterior(self._encode(genomes))
        chosen: list[int] = []
        while len(chosen) < min(size, len(genomes)):
            expected = _expected_gain(posterior, warp, stairs)
            expected[chosen] = -np.inf
            row = int(np.argmax(expected))
            chosen.append(row)
            quality = float(warp.quality(posterior.means[row]))
            stairs = stairs.with_point(float(posterior.points.costs[row]), quality, quality)
            posterior = posterior.believing(row)
        return [tuple(genome) for genome in genomes[chosen].tolist()]

    def _explored(
        self, archive: Archive, count: int, rng: np.random.Generator, taken: set[Genome]
    ) -> list[Genome]:
        """Members of the front with one layer changed; random ones where those are too few."""
        front = [record.genome for record in archive.front(self.problem.budget)]
        near = neighbours(self.problem, front, count, rng, seen=taken)
        missing = count - len(near)
        return near + random_feasible(self.problem, missing, rng, seen={*taken, *near})

    def _unassisted(
        self, state: SearchState, archive: Archive, rng: np.random.Generator, size: int
    ) -> list[Genome]:
        if state.population:
            return self._nsga.ask(state, archive)[:size]
        return random_feasible(self.problem, size, rng, seen=archive)

    @cached_property
    def _nsga(self) -> Nsga2:
        return Nsga2(self.problem, self.pop_size, self.seed, self.quality_reference)

    @cached_property
    def _encode(self) -> Encoder:
        return Encoder(self.problem)

    @cached_property
    def _kernel(self) -> Kernel:
        return self._encode.kernel

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self.problem)


def _expected_gain(posterior: Posterior, warp: Warp, stairs: Staircase) -> FloatArray:
    """Hypervolume that each architecture is expected to add, shape (n,)."""
    means = posterior.means[:, None]
    variances = posterior.predictor.calibration * posterior.variances[:, None]
    # A score strays from the expected merit; of that, the better known part is quality.
    strays = np.sqrt(variances + posterior.predictor.noise) * _NODES
    trust = variances / (variances + posterior.predictor.noise)
    gains = stairs.gain(
        posterior.points.costs,
        warp.quality(means + strays),
        warp.quality(means + trust * strays),
    )
    expected: FloatArray = gains @ _WEIGHTS
    return expected
