from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nasea.strategy import (
    Archive,
    Genome,
    HypervolumeReference,
    Patience,
    Problem,
    Record,
    Rescoring,
    Score,
    SearchOutcome,
    SearchState,
    run_search,
)

from .synthetic import random_problem

NOISE = 0.1


def flat(genomes: Sequence[Genome]) -> list[Score]:
    return [Score(0.5, 0.5) for _ in genomes]


def noise_alone(genomes: Sequence[Genome], turn: int = 0) -> list[Score]:
    """Every architecture is as good as the other."""
    found = [NOISE * np.random.default_rng([turn, *genome]).normal() for genome in genomes]
    return [Score(quality, quality) for quality in found]


class Rising:
    """Every architecture is better than the one before, whatever it is."""

    def __init__(self, step: float) -> None:
        self.step = step
        self.count = 0

    def __call__(self, genomes: Sequence[Genome]) -> list[Score]:
        self.count += len(genomes)
        first = self.count - len(genomes)
        return [Score(self.step * (first + i), 0.0) for i in range(len(genomes))]


@pytest.fixture
def problem() -> Problem:
    return random_problem(12, 6, seed=0, tightness=2.0)


def search(
    problem: Problem, evaluate: object, patience: Patience, *, generations: int = 60, **more: object
) -> SearchOutcome:
    return run_search(
        problem, evaluate, pop_size=10, generations=generations, seed=0, patience=patience, **more
    )  # type: ignore[arg-type]


def test_it_ends_after_that_many_idle_generations_also_when_resumed(problem: Problem) -> None:
    outcome = search(problem, flat, Patience(3))
    assert outcome.stopped == "stalled"
    assert outcome.state.generation == 4
    resumed = search(problem, flat, Patience(3), archive=outcome.archive, state=outcome.state)
    assert resumed == outcome


def test_zero_is_never(problem: Problem) -> None:
    assert search(problem, flat, Patience(0, NOISE)).stopped == "completed"


def test_without_knowing_the_noise_it_never_ends_by_itself(problem: Problem) -> None:
    assert search(problem, flat, Patience()).stopped == "completed"


@pytest.mark.parametrize("again", [False, True])
def test_what_luck_alone_gains_is_no_progress(problem: Problem, again: bool) -> None:
    rescoring = Rescoring(noise_alone, 2, NOISE) if again else None
    outcome = search(problem, noise_alone, Patience(noise=NOISE), rescoring=rescoring)
    assert outcome.stopped == "stalled"
    assert "no more than luck" in outcome.reason and "±0.1" in outcome.reason
    assert 200 <= len(outcome.archive) < 600


def test_what_exceeds_the_noise_is_progress(problem: Problem) -> None:
    assert search(problem, Rising(NOISE), Patience(noise=NOISE)).stopped == "completed"
    assert search(problem, Rising(NOISE), Patience(3, NOISE)).stopped == "completed"


def test_a_small_search_is_not_cut_short(problem: Problem) -> None:
    outcome = search(problem, flat, Patience(noise=NOISE), generations=19)
    assert outcome.stopped == "completed"


@pytest.mark.parametrize("patience", [Patience(5, NOISE), Patience(noise=NOISE)])
def test_more_generations_go_on_and_nothing_else_does(problem: Problem, patience: Patience) -> None:
    first = search(problem, flat, patience)
    stored = SearchState.from_dict(first.state.to_dict())
    assert stored == first.state
    again = search(problem, flat, patience, archive=first.archive, state=stored)
    assert again == first
    extended = search(problem, flat, patience, generations=80, archive=first.archive, state=stored)
    assert extended.stopped == "stalled"
    done = first.state.generation
    assert extended.state.generation == (done + 5 if patience.generations else 2 * done)
    assert extended.archive.records[: len(first.archive)] == first.archive.records
    patient = search(problem, flat, Patience(0), archive=first.archive, state=stored)
    assert patient.state.generation == 60


def test_an_extended_search_resumes_from_any_generation(problem: Problem) -> None:
    patience = Patience(noise=NOISE)
    first = search(problem, flat, patience)
    reports: list[object] = []
    extended = search(
        problem, flat, patience, generations=80, archive=first.archive, state=first.state,
        on_generation=reports.append,
    )  # fmt: skip
    for report in reports:
        state = SearchState.from_dict(report.state.to_dict())  # type: ignore[attr-defined]
        resumed = search(
            problem, flat, patience, generations=80,
            archive=report.archive, state=state,  # type: ignore[attr-defined]
        )  # fmt: skip
        assert resumed == extended


@pytest.mark.parametrize("rise", [0.0, 0.1])
def test_progress_is_judged_by_what_is_known_today(rise: float) -> None:
    """A lucky score that was corrected since made earlier hypervolumes larger than today's."""
    records = tuple(
        Record((number,), 1.0 + number, Score(rise * number, None), generation=number)
        for number in range(6)
    )
    state = SearchState(
        generation=6,
        reference=HypervolumeReference(quality=-1.0, cost_low=0.0, cost_high=10.0),
        hypervolumes=(9.0, 8.0, 7.0, 6.0, 5.0, 4.0),
    )
    why = Patience(3, 1e-6).exhausted(Archive(records), state, budget=10.0)
    assert (why is None) == (rise > 0)
