"""What every search strategy must do, as tests; for those who write one.

Derive a test class for pytest::

    class TestMine(StrategyContract):
        def make(self) -> Strategy:
            return Mine()
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nasea.strategy.archive import Archive, Score
from nasea.strategy.problem import CostFeature, FloatArray, Genome, IntArray, Limit, Problem
from nasea.strategy.protocol import Strategy
from nasea.strategy.rescoring import Rescoring
from nasea.strategy.run import GenerationReport, SearchOutcome, run_search
from nasea.strategy.state import SearchState

_POP_SIZE = 24
_GENERATIONS = 3
_NOISE = 0.1
_MEASUREMENTS = 3
_DOUBT = 1.0
"""The noise given to a search: so large that hardly any lead is significant."""


def additive_problem(genes: int, choices: int, *, tightness: float, seed: int = 0) -> Problem:
    """Return a problem whose costs add up over genes, with two names for one network.

    The first two values of the last gene mean the same.

    Args:
        genes: number of genes.
        choices: values of each, at least 2.
        tightness: the budget, as a multiple of the least cost.
        seed: of the costs.
    """
    costs = np.random.default_rng(seed).lognormal(3.0, 1.0, size=(genes, choices))
    costs[-1, 1] = costs[-1, 0]

    def cost(genomes: IntArray) -> FloatArray:
        total: FloatArray = costs[np.arange(genes), genomes].sum(axis=1)
        return total

    def canonical(genome: Genome) -> Genome:
        return (*genome[:-1], 0) if genome[-1] == 1 else genome

    budget = float(tightness * costs.min(axis=1).sum())
    return Problem((choices,) * genes, canonical, cost, tuple(costs), budget)


def problems() -> Mapping[str, Problem]:
    """Return the problems of the tests: roomy, tight, and with another budget and feature."""
    roomy = additive_problem(6, 5, tightness=2.0)
    other = additive_problem(6, 5, tightness=1.6, seed=1)
    return {
        "roomy": roomy,
        "tight": additive_problem(8, 6, tightness=1.05),
        "two budgets": replace(
            additive_problem(6, 5, tightness=4.0),
            limits=(Limit(other.cost, other.layer_costs, 2.0 * other.budget),),
            cost_features=(CostFeature(other.cost, other.cheapest_cost, 1e4),),
        ),
    }


class Killed(BaseException):
    """Stands for a killed process."""


@dataclass
class Evaluator:
    """Scores genomes of an additive problem; every seventh sum of genes fails.

    Attributes:
        problem: whose genomes.
        most: batches that are scored before the process is killed.
        batches: new architectures that were asked for, batch by batch.
        again: those that were asked for again, batch by batch.
    """

    problem: Problem
    most: int | None = None
    batches: list[list[Genome]] = field(default_factory=list)
    again: list[list[Genome]] = field(default_factory=list)

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        """Score a batch."""
        self._enter(self.batches, genomes)
        return [
            Score.failed("out of memory") if sum(genome) % 7 == 0 else self._score(genome, 0)
            for genome in genomes
        ]

    def score_again(self, genomes: Sequence[Genome], turn: int) -> list[Score]:
        """Score a batch once more."""
        self._enter(self.again, genomes)
        return [
            Score.failed("no value") if sum(genome) % 5 == 0 else self._score(genome, turn)
            for genome in genomes
        ]

    def _enter(self, batches: list[list[Genome]], genomes: Sequence[Genome]) -> None:
        if len(self.batches) + len(self.again) == self.most:
            raise Killed
        batches.append(list(genomes))

    def _score(self, genome: Genome, turn: int) -> Score:
        rng = np.random.default_rng([turn, *(gene + 1 for gene in genome)])
        cost = float(self.problem.costs([genome])[0])
        quality = float(np.log(cost) + 0.1 * sum(genome) + _NOISE * rng.normal())
        return Score(quality, quality)


class StrategyContract:
    """The tests; each makes its strategies by :meth:`make`."""

    @abstractmethod
    def make(self) -> Strategy:
        """Return a new strategy, always with the same settings."""

    def test_proposals_are_feasible_canonical_and_new(self) -> None:
        """Check that what is proposed is worth a score."""
        for problem in problems().values():
            evaluate = Evaluator(problem)
            outcome, _ = self._search(problem, evaluate)
            proposed = [genome for batch in evaluate.batches for genome in batch]
            assert problem.feasible(np.array(proposed)).all()
            assert all(problem.canonical(genome) == genome for genome in proposed)
            assert len(set(proposed)) == len(proposed) <= _POP_SIZE * _GENERATIONS
            assert [record.genome for record in outcome.archive] == proposed

    def test_a_seed_is_a_search(self) -> None:
        """Nothing but the seed and the scores decides; the global generator does not."""
        for problem in problems().values():
            found = []
            for seed in (0, 1):
                np.random.seed(seed)
                found.append(self._search(problem, Evaluator(problem))[0])
            assert found[0] == found[1]

    def test_one_object_searches_again(self) -> None:
        """Check that an object that has searched before starts over."""
        problem, strategy = problems()["roomy"], self.make()
        first, _ = self._search(problem, Evaluator(problem), strategy=strategy)
        second, _ = self._search(problem, Evaluator(problem), strategy=strategy)
        assert first == second

    def test_the_state_comes_back_from_json(self) -> None:
        """Check that a new object has the state that it was given."""
        problem = problems()["roomy"]
        _, reports = self._search(problem, Evaluator(problem))
        for report in reports:
            state = json.loads(json.dumps(report.state.strategy))
            strategy = self.make()
            strategy.restore(state)
            assert json.loads(json.dumps(strategy.state())) == state

    def test_resumed_after_any_generation_it_finds_the_same(self) -> None:
        """Check that archive and state are all that a search needs."""
        for problem in problems().values():
            unbroken, reports = self._search(problem, Evaluator(problem))
            for report in reports:
                resumed, _ = self._search(problem, Evaluator(problem), after=report)
                assert resumed == unbroken

    def test_killed_within_a_generation_it_finds_the_same(self) -> None:
        """Check that a generation begun again is the same, batch by batch."""
        problem = problems()["roomy"]
        evaluate = Evaluator(problem)
        unbroken, _ = self._search(problem, evaluate)
        batches = len(evaluate.batches)
        for most in {0, 1, batches // 2, batches - 1}:
            reports: list[GenerationReport] = []
            try:
                self._search(problem, Evaluator(problem, most), on_generation=reports.append)
            except Killed:
                pass
            after = reports[-1] if reports else None
            resumed, _ = self._search(problem, Evaluator(problem), after=after)
            assert resumed == unbroken

    def test_scores_made_again_are_paid_for(self) -> None:
        """Check that scoring the front again leaves fewer new architectures for later."""
        for problem in problems().values():
            evaluate = Evaluator(problem)
            outcome, reports = self._search(problem, evaluate, again=True)
            again = sum(map(len, evaluate.again))
            assert again == sum(report.scored_again for report in reports)
            assert again == sum(record.score.tried - 1 for record in outcome.archive)
            paid = sum(map(len, evaluate.batches)) + again - outcome.state.owed
            assert paid <= _POP_SIZE * _GENERATIONS

    def test_killed_while_the_front_is_scored_again_it_finds_the_same(self) -> None:
        """Also between a generation's scores and those of its front that are made again."""
        problem = problems()["roomy"]
        evaluate = Evaluator(problem)
        unbroken, _ = self._search(problem, evaluate, again=True)
        for most in range(len(evaluate.batches) + len(evaluate.again)):
            reports: list[GenerationReport] = []
            try:
                self._search(
                    problem, Evaluator(problem, most), again=True, on_generation=reports.append
                )
            except Killed:
                pass
            after = reports[-1] if reports else None
            resumed, _ = self._search(problem, Evaluator(problem), again=True, after=after)
            assert resumed == unbroken

    def test_a_small_space_ends_the_search(self) -> None:
        """Check that nothing is proposed once everything is scored."""
        problem = additive_problem(2, 3, tightness=100.0)
        outcome, _ = self._search(problem, Evaluator(problem), generations=20)
        assert outcome.stopped == "exhausted"
        assert len(outcome.archive) <= 6

    def _search(
        self,
        problem: Problem,
        evaluate: Evaluator,
        *,
        strategy: Strategy | None = None,
        generations: int = _GENERATIONS,
        again: bool = False,
        after: GenerationReport | None = None,
        on_generation: Callable[[GenerationReport], None] | None = None,
    ) -> tuple[SearchOutcome, list[GenerationReport]]:
        """Search, from what a checkpoint would hold where ``after`` is given.

        With ``again``, members of the front are scored again.
        """
        archive = state = None
        if after is not None:
            stored = json.loads(json.dumps([after.archive.to_dict(), after.state.to_dict()]))
            archive, state = Archive.from_dict(stored[0]), SearchState.from_dict(stored[1])
        reports: list[GenerationReport] = []
        outcome = run_search(
            problem,
            evaluate,
            pop_size=_POP_SIZE,
            generations=generations,
            seed=3,
            strategy=strategy or self.make(),
            archive=archive,
            state=state,
            rescoring=(Rescoring(evaluate.score_again, _MEASUREMENTS, _DOUBT) if again else None),
            on_generation=on_generation or reports.append,
        )
        return outcome, reports
