"""The search from the first generation to the last, or from where it was left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from nasea.strategy.archive import Archive, Record, records_of
from nasea.strategy.enumeration import feasible_genomes
from nasea.strategy.evolution.nsga2 import Nsga2
from nasea.strategy.evolution.nsga3 import Nsga3
from nasea.strategy.predictor.assisted import Assisted
from nasea.strategy.problem import Genome, Problem
from nasea.strategy.sampling import random_feasible
from nasea.strategy.archive import Evaluate, Score
from nasea.strategy.state import SearchState

Mode: TypeAlias = Literal["evolutionary", "assisted"]

STRATEGIES: Final[Mapping[Mode, type[Nsga2] | type[Assisted]]] = {
    "evolutionary": Nsga2,
    "assisted": Assisted,
}
"""Who proposes what is scored, by mode."""

# A gain below this share of the hypervolume is rounding, not progress.
_STALL_TOLERANCE = 1e-9


@dataclass(frozen=True)
class GenerationReport:
    """What a generation led to; (archive, state) is what a resumed search starts from.

    Attributes:
        generation: the generation just finished, from 0.
        scored: architectures scored since the search began, failed ones included.
        failures: how many of them failed.
        front: the feasible records that no other dominates, by rising cost.
        hypervolume: of the front.
        archive: everything scored so far.
        state: where the search stands.
        proposal_seconds: what choosing the candidates took, their scores apart; the one thing here
            that another run of the same search does not share.
    """

    generation: int
    scored: int
    failures: int
    front: tuple[Record, ...]
    hypervolume: float
    archive: Archive
    state: SearchState
    proposal_seconds: float


@dataclass(frozen=True)
class SearchOutcome:
    """How a search ended.

    Attributes:
        archive: everything scored.
        state: where the search stands; it can be extended from here.
        stopped: ``completed`` all generations; ``exhausted`` the feasible architectures; or
            ``stalled``, when no generation of the last few raised the hypervolume.
        reason: the same in a sentence.
    """

    archive: Archive
    state: SearchState
    stopped: Literal["completed", "exhausted", "stalled"]
    reason: str


def run_search(
    problem: Problem,
    evaluate: Evaluate,
    *,
    pop_size: int,
    generations: int,
    seed: int,
    mode: Mode = "evolutionary",
    archive: Archive | None = None,
    state: SearchState | None = None,
    known: Mapping[Genome, Score] | None = None,
    stall_generations: int | None = None,
    quality_reference: float | None = None,
    on_generation: Callable[[GenerationReport], None] | None = None,
) -> SearchOutcome:
    """Searches for the Pareto front of cost and quality under the budget.

    At most ``generations`` × ``pop_size`` architectures are scored, the first generation included.
    A search resumed from the archive and the state of any generation goes on exactly as the
    unbroken one; with a larger ``generations`` a finished one is extended.

    Args:
        problem: the space and its budget.
        evaluate: scores architectures truly; called with those not in ``known``, once a generation
            or, in mode ``assisted``, once a batch.
        pop_size: population and most candidates of a generation, at least 1.
        generations: how many in all, those already finished included, at least 1.
        seed: at least 0; the same seed and scores give the same search.
        mode: who proposes: NSGA-II (NSGA-III where the problem has further objectives), or a
            predictor of the qualities.
        archive: where to go on from, with ``state``.
        state: where to go on from, with ``archive``; both under this very budget.
        known: scores of canonical genomes, made with the same weights (by a search under another
            budget, say). A candidate found here takes its score from here and is not evaluated;
            what is proposed does not depend on it. Known failures stay failures: leave out those
            worth another try.
        stall_generations: stop once this many generations in a row left the hypervolume as it was;
            by default never.
        quality_reference: the quality that hypervolume counts from; by default the lowest of the
            first generation. Without effect on a resumed search.
        on_generation: called after each generation.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
        MetricError: no candidate of the first generation could be scored.
        ValueError: an argument is out of range, archive and state do not belong together, or
            ``evaluate`` broke its promise.
    """
    if generations < 1:
        raise ValueError(f"generations must be at least 1, found {generations}")
    if problem.objectives and mode != "evolutionary":
        raise ValueError(f"mode {mode} knows one cost, the problem has further objectives")
    if stall_generations is not None and stall_generations < 1:
        raise ValueError(f"stall_generations must be at least 1, found {stall_generations}")
    strategy = Nsga3 if problem.objectives else STRATEGIES[mode]
    algorithm = strategy(problem, pop_size, seed, quality_reference)
    scorer = _Scorer(evaluate, known or {})
    archive, state = _starting_point(problem, archive, state)
    while True:
        if state.generation >= generations:
            reason = f"all {generations} generations are done"
            return SearchOutcome(archive, state, "completed", reason)
        if stall_generations is not None and _stalled(state.hypervolumes, stall_generations):
            reason = f"the hypervolume has not risen for {stall_generations} generations"
            return SearchOutcome(archive, state, "stalled", reason)
        began, scorer.seconds = time.perf_counter(), 0.0
        advanced = algorithm.advance(state, archive, scorer)
        if advanced is None:
            return SearchOutcome(archive, state, "exhausted", _why_exhausted(problem, archive))
        state, archive = advanced
        if on_generation is not None:
            thinking = time.perf_counter() - began - scorer.seconds
            on_generation(_report(problem, archive, state, thinking))


def random_search(problem: Problem, evaluate: Evaluate, count: int, seed: int) -> Archive:
    """The baseline: scores ``count`` random feasible architectures, all in one generation.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
    """
    genomes = random_feasible(problem, count, np.random.default_rng(seed))
    scores = _Scorer(evaluate, {})(genomes)
    return Archive(tuple(records_of(problem, genomes, scores, generation=0)))


def _starting_point(
    problem: Problem, archive: Archive | None, state: SearchState | None
) -> tuple[Archive, SearchState]:
    if archive is None and state is None:
        return Archive(), SearchState()
    if archive is None or state is None:
        raise ValueError("a search is resumed from an archive and a state, not from one of them")
    if any(record.generation >= state.generation for record in archive):
        raise ValueError("the archive is ahead of the state")
    if not all(genome in archive for genome in state.population):
        raise ValueError("the state's population is not in the archive")
    if state.reference is not None and state.reference.cost_high != problem.budget:
        raise ValueError(
            f"the state belongs to a budget of {state.reference.cost_high}, not {problem.budget}; "
            f"begin anew and pass the archive's scores as known"
        )
    return archive, state


def _stalled(hypervolumes: Sequence[float], generations: int) -> bool:
    if len(hypervolumes) <= generations:
        return False
    before, now = hypervolumes[-1 - generations], hypervolumes[-1]
    return now <= before * (1 + _STALL_TOLERANCE)


class _Scorer:
    """Gives known scores and evaluates the rest, and takes the time of it."""

    def __init__(self, evaluate: Evaluate, known: Mapping[Genome, Score]) -> None:
        self._evaluate = evaluate
        self._known = known
        self.seconds = 0.0

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        """One score a genome."""
        began = time.perf_counter()
        unknown = [genome for genome in genomes if genome not in self._known]
        fresh = self._evaluate(unknown) if unknown else []
        self.seconds += time.perf_counter() - began
        if len(fresh) != len(unknown):
            raise ValueError(f"evaluate gave {len(fresh)} scores for {len(unknown)} architectures")
        scores = {**self._known, **dict(zip(unknown, fresh, strict=True))}
        return [scores[genome] for genome in genomes]


def _why_exhausted(problem: Problem, archive: Archive) -> str:
    if feasible_genomes(problem) is not None:
        return f"all {len(archive)} feasible architectures are scored"
    return f"no feasible architecture beyond the {len(archive)} scored could be found"


def _report(
    problem: Problem, archive: Archive, state: SearchState, proposal_seconds: float
) -> GenerationReport:
    return GenerationReport(
        generation=state.generation - 1,
        scored=len(archive),
        failures=len(archive.failures),
        front=tuple(archive.front(problem.budget)),
        hypervolume=state.hypervolumes[-1],
        archive=archive,
        state=state,
        proposal_seconds=proposal_seconds,
    )
