"""Every strategy of nasea, and one as a user would write it, keeps the contract of strategies."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from nasea.config.schema.sections import Searcher
from nasea.errors import NaseaError, StrategyError
from nasea.strategy import (
    STRATEGIES,
    Assisted,
    GenerationReport,
    Genome,
    Nsga2,
    Nsga3,
    Problem,
    Strategy,
    Study,
    random_feasible,
    require_strategy,
    run_search,
)
from nasea.strategy.state import SearchState
from nasea.strategy.testing import Evaluator, Killed, StrategyContract, additive_problem, problems


class RandomSearch(Strategy):
    """The least that a user must write."""

    def ask(self, study: Study) -> list[Genome]:
        return random_feasible(study.problem, study.missing, study.rng, seen=study.archive)


class LocalSearch:
    """A strategy with a memory, in several batches, that derives from nothing."""

    name = "local search, 8 at a time"

    def __init__(self) -> None:
        self.best: list[int] | None = None

    def ask(self, study: Study) -> Sequence[Genome]:
        if self.best is None:
            return random_feasible(
                study.problem, min(8, study.missing), study.rng, seen=study.archive
            )
        best = self.best
        found = random_feasible(study.problem, 200, study.rng, seen=study.archive)
        near = sorted(found, key=lambda genome: sum(abs(np.subtract(genome, best))))
        return near[: min(8, study.missing)]

    def tell(self, study: Study) -> None:
        scored = [record for record in study.archive if record.score.quality is not None]
        best = max(scored, key=lambda record: record.score.quality or 0.0)
        self.best = list(best.genome)

    def state(self) -> Mapping[str, Any]:
        return {"best": self.best}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.best = state.get("best")

    def describe(self) -> str | None:
        return f"near {self.best}"


def documented() -> type[StrategyContract]:
    """The strategy of the documentation, with its tests."""
    page = Path(__file__).parents[2] / "docs" / "add-a-strategy.md"
    names: dict[str, Any] = {"__name__": "documented"}
    for example in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(example, names)
    found: type[StrategyContract] = names["TestLocalSearch"]
    return found


TestDocumented = documented()


class TestNsga2(StrategyContract):
    def make(self) -> Strategy:
        return Nsga2()


class TestNsga3(StrategyContract):
    def make(self) -> Strategy:
        return Nsga3()


class TestAssisted(StrategyContract):
    def make(self) -> Strategy:
        return Assisted()


class TestRandomSearch(StrategyContract):
    def make(self) -> Strategy:
        return RandomSearch()


class TestLocalSearch(StrategyContract):
    def make(self) -> Strategy:
        return LocalSearch()


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        ("forgets", "test_resumed_after_any_generation_it_finds_the_same"),
        ("begins where it ended", "test_one_object_searches_again"),
        ("global random numbers", "test_a_seed_is_a_search"),
        ("infeasible", "test_proposals_are_feasible_canonical_and_new"),
        ("endless", "test_a_small_space_ends_the_search"),
    ],
)
def test_the_contract_finds_what_is_broken(broken: str, test: str) -> None:
    class Broken(LocalSearch):
        def ask(self, study: Study) -> Sequence[Genome]:
            if broken == "global random numbers":
                count = np.random.randint(1, 5)
                return random_feasible(study.problem, count, study.rng, seen=study.archive)
            if broken == "infeasible":
                return [tuple(size - 1 for size in study.problem.choices)]
            if broken == "endless" and study.archive.records:
                return [study.archive.records[0].genome]
            return super().ask(study)

        def state(self) -> Mapping[str, Any]:
            return {} if broken == "forgets" else super().state()

        def restore(self, state: Mapping[str, Any]) -> None:
            if broken != "begins where it ended" or state:
                super().restore(state)

    class Contract(StrategyContract):
        def make(self) -> Strategy:
            return Broken()

    with pytest.raises((AssertionError, StrategyError, Killed)):
        getattr(Contract(), test)()


class Proposes(Strategy):
    """Proposes whatever it is made with."""

    def __init__(self, *genomes: Sequence[int]) -> None:
        self.genomes = genomes

    def ask(self, study: Study) -> Sequence[Genome]:
        return self.genomes  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("genomes", "fault"),
    [
        ([(0, 0)], "a genome has 3 genes"),
        ([(0, 0, 3)], r"genes count from 0 and have \(3, 3, 3\) values"),
        ([(0, -1, 0)], "genes count from 0"),
        ([(2, 2, 2)], "must meet every budget"),
        ([(0, 0, 0), (0, 0, 1)], "proposed twice"),
        ([(0, 0, 0), (0, 1, 0), (1, 0, 0)], "takes 2 more"),
    ],
)
def test_what_must_not_be_proposed_is_refused_with_the_rule(
    genomes: list[tuple[int, ...]], fault: str
) -> None:
    costs = (np.array([1.0, 2.0, 5.0]), np.array([1.0, 2.0, 5.0]), np.array([1.0, 1.0, 5.0]))
    problem = Problem(
        (3, 3, 3),
        lambda genome: (*genome[:2], 0) if genome[2] == 1 else genome,
        lambda rows: np.asarray(sum(costs[i][rows[:, i]] for i in range(3))),
        costs,
        6.0,
    )
    with pytest.raises(StrategyError, match=f"Proposes.ask proposed .* generation 0: .*{fault}"):
        run_search(
            problem,
            Evaluator(problem),
            pop_size=2,
            generations=1,
            seed=0,
            strategy=Proposes(*genomes),
        )


def test_proposals_may_be_arrays_and_need_not_be_canonical() -> None:
    problem = additive_problem(3, 3, tightness=100.0)
    strategy = Proposes(*np.array([[2, 2, 1], [1, 2, 2]]))
    evaluate = Evaluator(problem)
    run_search(problem, evaluate, pop_size=2, generations=1, seed=0, strategy=strategy)
    assert evaluate.batches == [[(2, 2, 0), (1, 2, 2)]]


def test_an_object_that_is_no_strategy_is_refused_by_what_it_lacks() -> None:
    for strategy in (Nsga2(), RandomSearch(), LocalSearch()):
        require_strategy(strategy)
    with pytest.raises(StrategyError, match=r"RandomSearch is a class[^$]*strategy=RandomSearch\("):
        require_strategy(RandomSearch)

    class Half:
        def ask(self) -> None: ...

    with pytest.raises(NaseaError, match="a Half .* lacks name, tell, state, restore, describe"):
        require_strategy(Half())


def test_modes_of_the_scenario_are_those_of_the_registry() -> None:
    modes = set(get_args(Searcher.model_fields["mode"].annotation)) - {"auto"}
    assert {mode for mode, _ in STRATEGIES} == modes
    for (mode, _), entry in STRATEGIES.items():
        assert entry.make().name == mode


@pytest.mark.parametrize("mode", ["evolutionary", "assisted"])
def test_states_of_earlier_versions_go_on(mode: str) -> None:
    """They held what is the strategy's beside what is the search's."""
    problem = problems()["roomy"]
    entry = STRATEGIES[mode, False]
    reports: list[GenerationReport] = []
    outcome = run_search(
        problem,
        Evaluator(problem),
        pop_size=24,
        generations=3,
        seed=3,
        strategy=entry.make(),
        on_generation=reports.append,
    )
    state = reports[1].state.to_dict()
    flat = {"insight": None, **state.pop("strategy"), **state}
    resumed = run_search(
        problem,
        Evaluator(problem),
        pop_size=24,
        generations=3,
        seed=3,
        strategy=entry.make(),
        archive=reports[1].archive,
        state=SearchState.from_dict(json.loads(json.dumps(flat))),
    )
    assert resumed == outcome
