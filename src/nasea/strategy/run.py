"""The search from the first generation to the last, or from where it was left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nasea.errors import MetricError
from nasea.strategy.archive import Archive, Evaluate, Record, Score, records_of
from nasea.strategy.budget.enumeration import feasible_genomes
from nasea.strategy.pareto import HypervolumeReference, hypervolume
from nasea.strategy.problem import Genome, Problem
from nasea.strategy.protocol import Strategy, Study, checked_batch
from nasea.strategy.registry import strategy_for
from nasea.strategy.sampling import random_feasible
from nasea.strategy.state import SearchState

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
        note: what the strategy says of itself, for the log.
        proposal_seconds: what choosing the candidates took, their scores apart; only this differs
            when the same search is run again.
    """

    generation: int
    scored: int
    failures: int
    front: tuple[Record, ...]
    hypervolume: float
    archive: Archive
    state: SearchState
    note: str | None
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
    strategy: Strategy | None = None,
    archive: Archive | None = None,
    state: SearchState | None = None,
    stall_generations: int | None = None,
    quality_reference: float | None = None,
    on_generation: Callable[[GenerationReport], None] | None = None,
) -> SearchOutcome:
    """Search for the Pareto front of cost and quality under the budget.

    At most ``generations`` × ``pop_size`` architectures are scored, the first generation included.
    A search resumed from the archive and the state of any generation goes on exactly as the
    unbroken one; with a larger ``generations`` a finished one is extended.

    Args:
        problem: the space and its budget.
        evaluate: scores architectures truly, a batch at a time.
        pop_size: most candidates of a generation, at least 1.
        generations: how many in all, those already finished included, at least 1.
        seed: at least 0; the same seed and scores give the same search.
        strategy: proposes the candidates; by default NSGA-II, or NSGA-III where the problem has
            further objectives.
        archive: where to go on from, with ``state``.
        state: where to go on from, with ``archive``; both under this very budget.
        stall_generations: stop once this many generations in a row left the hypervolume as it was;
            by default never.
        quality_reference: the quality that hypervolume counts from; by default the lowest of the
            first generation. Without effect on a resumed search.
        on_generation: called after each generation.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
        MetricError: no candidate of the first generation could be scored.
        StrategyError: the strategy proposed what it must not.
        ValueError: an argument is out of range, archive and state do not belong together, or
            ``evaluate`` gave too few or too many scores.
    """
    for name, value, least in (
        ("generations", generations, 1),
        ("pop_size", pop_size, 1),
        ("seed", seed, 0),
        ("stall_generations", stall_generations, 1),
    ):
        if value is not None and value < least:
            raise ValueError(f"{name} must be at least {least}, found {value}")
    strategy = strategy or strategy_for("evolutionary", problem)
    archive, state = _starting_point(problem, archive, state)
    strategy.restore(state.strategy)
    while True:
        if state.generation >= generations:
            reason = f"all {generations} generations are done"
            return SearchOutcome(archive, state, "completed", reason)
        if stall_generations is not None and _stalled(state.hypervolumes, stall_generations):
            reason = f"the hypervolume has not risen for {stall_generations} generations"
            return SearchOutcome(archive, state, "stalled", reason)
        began, scoring_seconds = time.perf_counter(), 0.0
        study = Study(problem, archive, state.generation, pop_size, seed)
        while study.missing and (batch := checked_batch(strategy, study)):
            asked = time.perf_counter()
            scores = evaluate(batch)
            scoring_seconds += time.perf_counter() - asked
            study = study.with_scores(batch, _one_each(batch, scores))
        if not study.proposed:
            return SearchOutcome(archive, state, "exhausted", _why_exhausted(problem, archive))
        archive = study.archive
        reference = state.reference or _reference(study, quality_reference)
        front = archive.front(problem.budget)
        volume = _volume(front, reference)
        strategy.tell(study)
        state = SearchState(
            state.generation + 1, reference, (*state.hypervolumes, volume), strategy.state()
        )
        if on_generation is not None:
            on_generation(
                GenerationReport(
                    generation=study.generation,
                    scored=len(archive),
                    failures=len(archive.failures),
                    front=tuple(front),
                    hypervolume=volume,
                    archive=archive,
                    state=state,
                    note=strategy.describe(),
                    proposal_seconds=time.perf_counter() - began - scoring_seconds,
                )
            )


def random_search(problem: Problem, evaluate: Evaluate, count: int, seed: int) -> Archive:
    """Score ``count`` random feasible architectures in one generation, as a baseline.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
    """
    genomes = random_feasible(problem, count, np.random.default_rng(seed))
    return Archive(tuple(records_of(problem, genomes, evaluate(genomes), generation=0)))


def _starting_point(
    problem: Problem, archive: Archive | None, state: SearchState | None
) -> tuple[Archive, SearchState]:
    if archive is None and state is None:
        return Archive(), SearchState()
    if archive is None or state is None:
        raise ValueError("a search is resumed from an archive and a state, not from one of them")
    finished = 1 + max((record.generation for record in archive), default=-1)
    if finished != state.generation:
        raise ValueError(
            f"the archive holds {finished} generations, the state {state.generation}: they do not "
            f"belong together"
        )
    if state.reference is not None and state.reference.cost_high != problem.budget:
        raise ValueError(
            f"the state belongs to a budget of {state.reference.cost_high}, not {problem.budget}; "
            f"begin anew"
        )
    return archive, state


def _stalled(hypervolumes: Sequence[float], generations: int) -> bool:
    if len(hypervolumes) <= generations:
        return False
    before, now = hypervolumes[-1 - generations], hypervolumes[-1]
    return now <= before * (1 + _STALL_TOLERANCE)


def _one_each(genomes: Sequence[Genome], scores: Sequence[Score]) -> Sequence[Score]:
    if len(scores) != len(genomes):
        raise ValueError(f"evaluate gave {len(scores)} scores for {len(genomes)} architectures")
    return scores


def _reference(study: Study, quality: float | None) -> HypervolumeReference:
    """Return the reference that the first generation fixes; ``quality`` replaces its lowest."""
    scores = [record.score for record in study.latest]
    qualities = [score.quality for score in scores if score.quality is not None]
    if not qualities:
        reason, count = Counter(score.failure for score in scores).most_common(1)[0]
        raise MetricError(
            f"none of the {len(scores)} architectures of the first generation could be "
            f"scored; the most common reason ({count} of {len(scores)}): {reason}",
            fix="mend the reason above; the log names the reason of every candidate",
        )
    return HypervolumeReference(
        quality=float(min(qualities) if quality is None else quality),
        cost_low=study.problem.cheapest_cost,
        cost_high=float(study.problem.budget),
        further=tuple((one.low, one.high) for one in study.problem.objectives),
    )


def _volume(front: Sequence[Record], reference: HypervolumeReference) -> float:
    return hypervolume(
        np.array([(record.cost, *record.further_costs) for record in front]),
        np.array([record.score.quality for record in front], dtype=np.float64),
        reference,
    )


def _why_exhausted(problem: Problem, archive: Archive) -> str:
    if feasible_genomes(problem) is not None:
        return f"all {len(archive)} feasible architectures are scored"
    return f"no feasible architecture beyond the {len(archive)} scored could be found"
