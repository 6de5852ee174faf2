"""Runs the search from the first generation, or from a stored one, to the last."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nasea.errors import MetricError
from nasea.strategy.archive import Archive, Evaluate, Record, Score, records_of
from nasea.strategy.budget.enumeration import feasible_genomes
from nasea.strategy.pareto import HypervolumeReference
from nasea.strategy.problem import Genome, Problem
from nasea.strategy.protocol import Strategy, Study, checked_batch
from nasea.strategy.registry import strategy_for
from nasea.strategy.rescoring import Rescoring, confirmed
from nasea.strategy.sampling import random_feasible
from nasea.strategy.state import SearchState
from nasea.strategy.stopping import Patience, volume_of


@dataclass(frozen=True)
class GenerationReport:
    """Result of a generation; a resumed search starts from (archive, state).

    Attributes:
        generation: the generation just finished, from 0.
        scored: architectures scored since the search began, failed ones included.
        failures: how many of them failed.
        scored_again: members of the front that were measured once more after this generation.
        front: the feasible records that no other dominates, by rising cost.
        hypervolume: of the front.
        archive: everything scored so far.
        state: of the search.
        note: the strategy's own line for the log.
        proposal_seconds: seconds of choosing the candidates, without scoring; the only value that
            differs when the same search is repeated.
    """

    generation: int
    scored: int
    failures: int
    scored_again: int
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
        state: of the search; it can be extended from here.
        stopped: ``completed`` all generations; ``exhausted`` the feasible architectures; or
            ``stalled``, when the last ones brought no progress.
        reason: the reason in a sentence.
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
    patience: Patience | None = None,
    rescoring: Rescoring | None = None,
    quality_reference: float | None = None,
    on_generation: Callable[[GenerationReport], None] | None = None,
) -> SearchOutcome:
    """Search for the Pareto front of cost and quality under the budget.

    At most ``generations`` × ``pop_size`` scores are paid for, the first generation and members of
    the front that are scored again included; only those of the very last front come on top.
    A search resumed from the archive and the state of any generation continues exactly as the
    unbroken one; with a larger ``generations`` a finished one is extended, also one that ended
    for want of progress: it then continues for at least as long again.

    Args:
        problem: the space and its budget.
        evaluate: measures the scores of architectures, one batch at a time.
        pop_size: most candidates of a generation, at least 1.
        generations: how many in all, those already finished included, at least 1.
        seed: at least 0; the same seed and scores give the same search.
        strategy: proposes the candidates; by default NSGA-II, or NSGA-III if the problem has
            further objectives.
        archive: of a stored search, together with ``state``.
        state: of a stored search under the same budget.
        patience: when to stop for lack of progress; by default never.
        rescoring: how members of the front are scored again before they stay there; by default not
            at all.
        quality_reference: the quality that hypervolume counts from; by default the lowest of the
            first generation. Without effect on a resumed search.
        on_generation: called after each generation.

    Raises:
        BudgetError: the cheapest architecture exceeds the budget.
        MetricError: no candidate of the first generation could be scored.
        StrategyError: the strategy proposed invalid genomes.
        ValueError: an argument is out of range, archive and state do not belong together, or
            ``evaluate`` gave too few or too many scores.
    """
    for name, value, least in (
        ("generations", generations, 1),
        ("pop_size", pop_size, 1),
        ("seed", seed, 0),
    ):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, found {value}")
    patience = patience or Patience()
    strategy = strategy or strategy_for("evolutionary", problem)
    archive, state = _starting_point(problem, archive, state)
    if state.stalled_within is not None and state.stalled_within < generations:
        state = replace(state, stalled_within=None, patient_from=state.generation)
    strategy.restore(state.strategy)
    while True:
        if state.generation >= generations:
            reason = f"all {generations} generations are done"
            return SearchOutcome(archive, state, "completed", reason)
        why = patience.exhausted(archive, state, problem.budget)
        if why is not None:
            stalled = replace(state, stalled_within=generations)
            return SearchOutcome(archive, stalled, "stalled", why)
        began, scoring_seconds = time.perf_counter(), 0.0
        # At least half of a generation is left to new architectures.
        spent = min(state.owed, pop_size // 2)
        study = Study(problem, archive, state.generation, pop_size, seed, spent=spent)
        while study.missing and (batch := checked_batch(strategy, study)):
            asked = time.perf_counter()
            scores = evaluate(batch)
            scoring_seconds += time.perf_counter() - asked
            study = study.with_scores(batch, _one_each(batch, scores))
        if not study.proposed:
            return SearchOutcome(archive, state, "exhausted", _why_exhausted(problem, archive))
        reference = state.reference or _reference(study, quality_reference)
        scored_again = 0
        if rescoring is not None:
            asked = time.perf_counter()
            archive, scored_again = confirmed(study.archive, problem.budget, rescoring)
            study = replace(study, archive=archive)
            scoring_seconds += time.perf_counter() - asked
        archive = study.archive
        front = archive.front(problem.budget)
        volume = volume_of(front, reference)
        strategy.tell(study)
        state = replace(
            state,
            generation=state.generation + 1,
            reference=reference,
            hypervolumes=(*state.hypervolumes, volume),
            strategy=strategy.state(),
            owed=state.owed - spent + scored_again,
        )
        if on_generation is not None:
            on_generation(
                GenerationReport(
                    generation=study.generation,
                    scored=len(archive),
                    failures=len(archive.failures),
                    scored_again=scored_again,
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
            f"start over"
        )
    return archive, state


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
            fix="remove the reason above; the log names the reason of every candidate",
        )
    return HypervolumeReference(
        quality=float(min(qualities) if quality is None else quality),
        cost_low=study.problem.cheapest_cost,
        cost_high=float(study.problem.budget),
        further=tuple((one.low, one.high) for one in study.problem.objectives),
    )


def _why_exhausted(problem: Problem, archive: Archive) -> str:
    if feasible_genomes(problem) is not None:
        return f"all {len(archive)} feasible architectures are scored"
    return f"no feasible architecture beyond the {len(archive)} scored could be found"
