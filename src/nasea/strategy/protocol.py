"""The protocol of search strategies: propose genomes, learn from their scores, be stored."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np

from nasea.errors import StrategyError
from nasea.strategy.archive import Archive, Record, Score, records_of
from nasea.strategy.problem import Genome, Problem

_BATCH_STREAM = 2


@dataclass(frozen=True, eq=False)
class Study:
    """The search as a strategy sees it when it is called.

    Attributes:
        problem: the space and its budget.
        archive: every score so far, earlier batches of this generation included.
        generation: the present generation, from 0.
        pop_size: architectures that a generation scores.
        seed: seed of the search.
        proposed: architectures of this generation that are scored already.
        spent: scores that this generation has fewer, for members of the front that were scored
            again after the last one.
    """

    problem: Problem
    archive: Archive
    generation: int
    pop_size: int
    seed: int
    proposed: int = 0
    spent: int = 0

    @property
    def missing(self) -> int:
        """How many genomes this generation still takes."""
        return self.pop_size - self.spent - self.proposed

    @property
    def latest(self) -> tuple[Record, ...]:
        """The records of this generation."""
        return self.archive.records[len(self.archive) - self.proposed :]

    @cached_property
    def rng(self) -> np.random.Generator:
        """The generator to draw from; a resumed search gets the same one at the same place."""
        return self.stream(_BATCH_STREAM, self.proposed)

    def stream(self, *key: int) -> np.random.Generator:
        """Return a generator for this generation; different keys give independent numbers."""
        return np.random.default_rng([self.seed, self.generation, *key])

    def with_scores(self, genomes: Sequence[Genome], scores: Sequence[Score]) -> Study:
        """Return the study after another batch, one score a genome."""
        archive = self.archive.extended(records_of(self.problem, genomes, scores, self.generation))
        return replace(self, archive=archive, proposed=self.proposed + len(genomes))


@runtime_checkable
class Strategy(Protocol):
    """Proposes what is scored next; like a sampler of Optuna or an algorithm of pymoo.

    For each generation the search calls :meth:`ask` and scores what it returns until the generation
    is full, then :meth:`tell` once, then :meth:`state`. Derive from this class to inherit the
    defaults: only :meth:`ask` must be written. Everything that a strategy remembers between calls
    belongs in :meth:`state`, and random numbers come from ``study.rng``. Then a killed search
    resumes exactly. ``nasea.strategy.testing`` checks that.
    """

    @property
    def name(self) -> str:
        """The name in reports and checkpoints; a search under another name starts over."""
        return type(self).__name__

    @abstractmethod
    def ask(self, study: Study) -> Sequence[Genome]:
        """Propose the next batch.

        Returns:
            At most ``study.missing`` genomes: distinct, feasible, not in the archive. None ends the
            generation, and the search where the generation is empty.
        """

    def tell(self, study: Study) -> None:
        """Learn from a finished generation, ``study.latest``."""
        return None

    def state(self) -> Mapping[str, Any]:
        """Return what :meth:`restore` needs after a generation, as JSON values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state` returned; begin a new search if it is empty."""
        return None

    def describe(self) -> str | None:
        """Return a line for the log after a generation."""
        return None


def require_strategy(strategy: object) -> None:
    """Raise StrategyError unless ``strategy`` is an object with the methods of a strategy."""
    if inspect.isclass(strategy):
        raise StrategyError(
            f"strategy: {strategy.__name__} is a class, a strategy is an object of it",
            fix=f"write strategy={strategy.__name__}(...)",
        )
    if not isinstance(strategy, Strategy):
        methods = ("name", "ask", "tell", "state", "restore", "describe")
        lacking = ", ".join(name for name in methods if not hasattr(strategy, name))
        raise StrategyError(
            f"strategy: a {type(strategy).__name__} is not a search strategy, it lacks {lacking}",
            fix="derive its class from nasea.strategy.Strategy, which has all but ask(self, study)",
        )


def checked_batch(strategy: Strategy, study: Study) -> list[Genome]:
    """Ask a strategy for a batch, as canonical genomes.

    Raises:
        StrategyError: it proposed what it must not.
    """
    problem = study.problem
    genomes: dict[Genome, None] = {}
    for proposed in strategy.ask(study):
        genome = tuple(int(gene) for gene in proposed)
        fault = None
        if len(genome) != problem.layers:
            fault = f"a genome has {problem.layers} genes"
        elif not all(0 <= g < size for g, size in zip(genome, problem.choices, strict=True)):
            fault = f"genes count from 0 and have {problem.choices} values"
        elif not problem.feasible(np.array([genome], dtype=np.int64))[0]:
            fault = "it must meet every budget"
        else:
            genome = problem.canonical(genome)
            if genome in study.archive or genome in genomes:
                fault = "it must not be proposed twice"
            elif len(genomes) == study.missing:
                fault = f"this generation takes {study.missing} more, no further ones"
        if fault is not None:
            raise StrategyError(
                f"{strategy.name}.ask proposed {genome} in generation {study.generation}: {fault}",
                fix="nasea.strategy.Proposals(study.problem, study.archive, study.missing) keeps "
                "only what may be proposed",
            )
        genomes[genome] = None
    return list(genomes)
