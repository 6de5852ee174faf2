"""The strategies that a scenario can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from nasea.strategy.evolution.nsga2 import Nsga2
from nasea.strategy.evolution.nsga3 import Nsga3
from nasea.strategy.predictor.assisted import Assisted
from nasea.strategy.problem import Problem
from nasea.strategy.protocol import Strategy


@dataclass(frozen=True)
class RegisteredStrategy:
    """A strategy of nasea.

    Attributes:
        make: builds one.
        title: what the report calls it.
    """

    make: Callable[[], Strategy]
    title: str


STRATEGIES: Final[Mapping[tuple[str, bool], RegisteredStrategy]] = {
    ("evolutionary", False): RegisteredStrategy(Nsga2, "NSGA-II"),
    ("evolutionary", True): RegisteredStrategy(Nsga3, "NSGA-III"),
    ("assisted", False): RegisteredStrategy(
        Assisted, "a predictor, fitted to the true scores (searcher.mode: assisted)"
    ),
}
"""``searcher.mode``, and whether there are further objectives -> the strategy."""


def strategy_for(mode: str, problem: Problem) -> Strategy:
    """Build the strategy of a mode that suits a problem.

    Raises:
        ValueError: no strategy fits.
    """
    entry = STRATEGIES.get((mode, bool(problem.objectives)))
    if entry is None:
        objectives = "further objectives" if problem.objectives else "one cost"
        raise ValueError(f"no strategy of mode {mode} searches a problem with {objectives}")
    return entry.make()


def title_of(name: str, *, objectives: bool) -> str:
    """Return the title of a built-in strategy, or the name of a user's strategy."""
    entry = STRATEGIES.get((name, objectives))
    return f"{name} (given from Python)" if entry is None else entry.title
