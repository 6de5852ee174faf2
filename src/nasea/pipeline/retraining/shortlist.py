"""Selects networks near a budget to retrain: the search's best there, and regular ones.

A search scores few networks near any particular budget. The supernet ranks very different networks
less reliably than its scores suggest, because skipped layers and cheap blocks are trained best. So
half of the candidates come from the search and half are regular networks (one block per stage,
:mod:`nasea.space.regular`). In each half, the supernet selects the best; retraining decides among
all.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nasea.backends.records import EvaluationSubset, Measurement
from nasea.config import Scenario
from nasea.errors import CheckpointError, NaseaError, Notice, ResultsError
from nasea.pipeline.probe import Prepared
from nasea.pipeline.retraining.earlier import planned_by
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.search.members import member_of, rendered
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import Progress
from nasea.pipeline.session.session import Session
from nasea.pipeline.supernet.trained import Trained, open_trained
from nasea.results.front import Front
from nasea.results.front.places import FRONT_FILE
from nasea.results.near import folder_near
from nasea.results.storage.store import write_results
from nasea.results.units import Unit
from nasea.space import Genome
from nasea.space.regular import regular_networks

SLACK = 1.03
"""A candidate may cost at most this many times the budget, as a hand pick may.

But none exceeds the scenario's constraint, unless the budget does."""

NEAR = 0.9
"""Networks that cost less than this many times the budget leave too much of it unused."""

MOST_REGULAR = 100
"""So many regular networks are scored at most."""


def most_expensive(scenario: Scenario, budget: float) -> float:
    """Return the largest cost of a candidate for a budget, in the constraint's unit."""
    limit = scenario.constraint.value
    return SLACK * budget if budget > limit else min(SLACK * budget, limit)


def unreachable(unit: Unit, budget: float, least: float) -> NaseaError:
    """Return the error for a budget below the cost of the cheapest network, ``least``."""
    return NaseaError(
        f"no architecture costs at most {unit.phrase(budget)}",
        fix=f"the cheapest costs {unit.phrase(least)}",
    )


@dataclass(frozen=True)
class Scored:
    """A network with its score on the supernet.

    Attributes:
        genome: the architecture, in canonical form.
        cost: its cost, in the constraint's unit.
        accuracy: its accuracy on the supernet; higher is better.
    """

    genome: Genome
    cost: float
    accuracy: float


class Shortlist:
    """The candidates for one budget, written in the format of search results.

    Args:
        scenario: the scenario of the search.
        home: the directory of the search.
        front: the Pareto front of the search.
        direction: converts a metric into an accuracy.
        budget: the budget, in the constraint's unit.
        count: number of candidates.
        results: results directory of the search; the candidates get a folder inside it.
        session: listener, stop and processes.
    """

    def __init__(
        self,
        scenario: Scenario,
        home: Path,
        front: Front,
        direction: Direction,
        budget: float,
        count: int,
        results: Path,
        session: Session,
    ) -> None:
        self.scenario = scenario
        self.home = home
        self.front = front
        self.direction = direction
        self.budget = budget
        self.count = count
        self.session = session
        self.directory = results / folder_near(scenario.constraint.type, budget)
        self.store = CheckpointStore(home / "checkpoint" / self.directory.name, "shortlist")

    def written(self, restart: bool) -> Path | None:
        """Return the folder of the candidates, creating it if necessary.

        Args:
            restart: replace an existing folder.

        Returns:
            The folder; ``None``, with a notice, if there is none and the search's supernet cannot
            be opened.

        Raises:
            CheckpointError: candidates of another choice are being retrained.
            NaseaError: the input is invalid, or no network is within the budget.
        """
        listener = self.session.listener
        listener.begin("probe", f"candidates near {self.front.unit.phrase(self.budget)}")
        earlier = None if restart or not self._is_there() else self.store.load([])
        try:
            trained = open_trained(self.scenario, self.home, listener, self.session.group)
        except CheckpointError as error:
            if earlier is not None and earlier.meta["count"] == self.count:
                listener.line(f"the candidates of {self.directory.name}/ are kept")
                return self.directory
            text = f"the candidates are members of the front alone: {error.message}"
            listener.notice(Notice("retrain", text))
            return None
        try:
            mark = self._mark(trained)
            if earlier is not None and earlier.meta == mark:
                listener.line(f"the candidates of {self.directory.name}/ are kept")
            else:
                if earlier is not None:
                    is_count = earlier.meta["count"] != self.count
                    self._make_way("--candidates" if is_count else "what the search scored")
                self._write(trained)
                self.store.save(mark)
        finally:
            trained.prepared.backend.close()
        return self.directory

    def _make_way(self, changed: str) -> None:
        """Discard the checkpoints of retrainings of an earlier choice, whose numbers it gave.

        Args:
            changed: what the choice depended on that is another now.

        Raises:
            CheckpointError: none of those networks is finished.
        """
        stores = [
            CheckpointStore(path, "train") for path in self.store.directory.glob("retrained_*")
        ]
        begun = [store for store in stores if store.files()]
        made = [planned_by(path) for path in self.directory.glob("retrained_*")]
        if begun and not any(made):
            raise CheckpointError(
                f"the candidates of {self.directory.name}/ are being retrained; changed since "
                f"then: {changed}",
                fix="undo the change, and the same command goes on; or choose others and start "
                "over with --restart",
            )
        for store in begun:
            store.clear()

    def _mark(self, trained: Trained) -> dict[str, Any]:
        """Return what identifies this selection of candidates."""
        return {
            "weights": trained.weights_version,
            "budget": self.budget,
            "count": self.count,
            "evaluated": len(self.front.evaluated),
            "condition": list(trained.prepared.condition),
            **({"score_as": "int8"} if self.scenario.searcher.score_as == "int8" else {}),
        }

    def _is_there(self) -> bool:
        try:
            Front.load(self.directory / FRONT_FILE)
        except ResultsError:
            return False
        return True

    def _write(self, trained: Trained) -> None:
        prepared = trained.prepared
        found = scored_near(self.front, prepared, self.budget)
        # One network is the best that the search scored: scoring others costs more than it brings.
        alone = self.count == 1 and bool(found)
        regular = [] if alone else self._scored(prepared, self._regular(prepared))
        chosen = sorted(seated(found, regular, self.count), key=lambda one: one.cost)
        if not chosen:
            raise unreachable(self.front.unit, self.budget, prepared.problem.cheapest_cost)
        searched = set(one.genome for one in found)
        part = sum(one.genome in searched for one in chosen)
        words = (
            f"{len(chosen)} candidates near {self.front.unit.phrase(self.budget)}: {part} that the "
            f"search scored, {len(chosen) - part} of {len(regular)} regular networks"
        )
        self.session.listener.line(words)
        front = self._front(trained, [one.genome for one in chosen], words)
        models = [rendered(prepared, front, member) for member in front]
        write_results(
            self.directory,
            front,
            models,
            lambda member, path: prepared.backend.write_weights(member.genome, path),
            weights_limit=sys.maxsize,  # all of them: the retrainings begin with them
        )

    def _front(self, trained: Trained, genomes: Sequence[Genome], words: str) -> Front:
        """Return the candidates, measured on all of val_dir."""
        prepared = trained.prepared
        score_as = self.scenario.searcher.score_as
        searched = self._measured(prepared, genomes, EvaluationSubset(prepared.eval_images))
        whole = self._measured(prepared, genomes, EvaluationSubset())
        in_float = [Measurement(None)] * len(genomes)
        if score_as == "int8":
            in_float = self._measured(prepared, genomes, EvaluationSubset(in_float=True))
        members = [
            member_of(prepared, self.direction, 0, genome, part.metric, one.metric, plain.metric)
            for genome, part, one, plain in zip(genomes, searched, whole, in_float, strict=True)
            if part.metric is not None and one.metric is not None
        ]
        info = replace(
            self.front.info,
            notes=(words,),
            evaluations=len(members),
            hypervolumes=(),
            score_as=score_as,
            supernet=trained.weights_version,
        )
        numbered = tuple(replace(member, number=n) for n, member in enumerate(members))
        return Front(info, numbered)

    def _regular(self, prepared: Prepared) -> list[Genome]:
        """Return regular networks near the budget, or else the most expensive ones within it."""
        genomes = list(_feasible(prepared, self.budget, regular_networks(prepared.space)))
        if not genomes:
            return []
        costs = prepared.costs(np.array(genomes))
        order = np.argsort(-costs, kind="stable")
        near = [genomes[k] for k in order if costs[k] >= NEAR * self.budget]
        near = near or [genomes[k] for k in order[: self.count]]
        every = -(-len(near) // MOST_REGULAR)
        return near[::every]

    def _scored(self, prepared: Prepared, genomes: Sequence[Genome]) -> list[Scored]:
        """Return the networks with their scores, best first, without those that fail."""
        measured = self._measured(prepared, genomes, EvaluationSubset(prepared.eval_images))
        costs = prepared.costs(np.array(genomes)).tolist() if genomes else []
        scored = [
            Scored(genome, cost, self.direction.accuracy(one.metric))
            for genome, cost, one in zip(genomes, costs, measured, strict=True)
            if one.metric is not None
        ]
        return sorted(scored, key=lambda one: -one.accuracy)

    def _measured(
        self, prepared: Prepared, genomes: Sequence[Genome], data: EvaluationSubset
    ) -> list[Measurement]:
        """Return the supernet's measurements, in the order of ``genomes``."""
        # Networks with the same first layers follow each other: they share those outputs.
        order = sorted(genomes, key=prepared.space.steps)
        found: list[Measurement] = []

        def on_measured(measured: Measurement) -> None:
            found.append(measured)
            progress = Progress("probe", len(found), len(order), "architecture")
            self.session.listener.progress(progress)
            self.session.stop.check()

        prepared.backend.measure_each([(genome, data) for genome in order], on_measured)
        by_genome = dict(zip(order, found, strict=True))
        return [by_genome[genome] for genome in genomes]


def scored_near(front: Front, prepared: Prepared, budget: float) -> list[Scored]:
    """Return the networks that the search scored near a budget, most accurate first.

    If there is none, the most accurate one that costs less is returned alone.

    Args:
        front: the front of the search, with all that was scored.
        prepared: the run of the search.
        budget: the budget, in the constraint's unit.
    """
    choices = prepared.space.choices
    scored = [
        Scored(one.genome, one.cost, one.accuracy)
        for one in front.evaluated
        if one.accuracy is not None and one.cost <= most_expensive(prepared.scenario, budget)
        # The results may come from an earlier search, whose space was not the supernet's.
        if len(one.genome) == len(choices) and all(map(operator.lt, one.genome, choices))
    ]
    keep = _feasible(prepared, budget, [one.genome for one in scored])
    scored = sorted((one for one in scored if one.genome in keep), key=lambda one: -one.accuracy)
    return [one for one in scored if one.cost >= NEAR * budget] or scored[:1]


def _feasible(prepared: Prepared, budget: float, genomes: Sequence[Genome]) -> dict[Genome, None]:
    """Return the genomes that meet the budget and every limit, in the given order."""
    if not genomes:
        return {}
    problem = replace(prepared.problem, budget=most_expensive(prepared.scenario, budget))
    fits = problem.feasible(np.array(genomes))
    return dict.fromkeys(genome for genome, fit in zip(genomes, fits, strict=True) if fit)


def seated(found: Sequence[Scored], regular: Sequence[Scored], count: int) -> list[Scored]:
    """Merge two lists alternately, each sorted best first, and drop near duplicates.

    Similar networks (see :func:`alike`) train similarly, so one of them is enough.

    Args:
        found: networks found by the search.
        regular: regular networks.
        count: number of networks to return; fewer are returned if not enough differ.
    """
    chosen: list[Scored] = []
    lists = [iter(found), iter(regular)]
    while lists and len(chosen) < count:
        for each in tuple(lists):
            new = next((one for one in each if not _any_alike(one, chosen)), None)
            if new is None:
                lists.remove(each)
            elif len(chosen) < count:
                chosen.append(new)
    return chosen


def _any_alike(one: Scored, others: Iterable[Scored]) -> bool:
    return any(alike(one.genome, other.genome) for other in others)


def alike(one: Genome, other: Genome) -> bool:
    """Return whether two architectures differ in at most one gene."""
    return sum(a != b for a, b in zip(one, other, strict=True)) <= 1
