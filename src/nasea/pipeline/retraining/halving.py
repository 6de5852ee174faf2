"""``nasea retrain --budget``: train several networks near a budget, finish the best.

:mod:`nasea.pipeline.retraining.shortlist` selects the networks of the first round.

Successive halving (Karnin et al. 2013; Jamieson & Talwalkar 2016, arXiv:1502.07943): all networks
are retrained for a few epochs, the better half for as many more, and so on; the last one is trained
to the end. The learning-rate schedule always covers all epochs, and an interrupted retraining gives
the same weights as an uninterrupted one. So the winner equals the result of ``nasea retrain
--arch``. Each retraining has its own checkpoints; they suffice to resume.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasea.config import Scenario, ScenarioSource, load_scenario
from nasea.errors import MetricError, NaseaError
from nasea.pipeline.retraining.earlier import Length, length_of, planned_by
from nasea.pipeline.retraining.outcome import Outcome, Progressed
from nasea.pipeline.retraining.plan import Request, plan_of, retrained_name
from nasea.pipeline.retraining.retrain import checkpoints_of, retrain, train_until, wanted_formats
from nasea.pipeline.retraining.shortlist import SLACK, Shortlist
from nasea.pipeline.retraining.teaching import teacher_of
from nasea.pipeline.search.direction import Direction
from nasea.pipeline.session.events import Listener, NoticesOnce, NullListener
from nasea.pipeline.session.session import session
from nasea.results.front import Front, FrontMember
from nasea.results.near import folder_near
from nasea.results.picked import load_finished, pick_result

_MOST_ROUNDS = 3
"""Before the last: the first one takes an eighth of the epochs."""

_CANDIDATES = (8, 4, 2)
"""How many networks begin where the time is limited, the most that it allows."""
_LEAST_EPOCHS = 16
"""With fewer, the rounds are so short that they choose by chance."""
_LEAST_UPDATES = 16_000
"""With fewer, one network gains more from a longer training than from being chosen among several.

CIFAR-10 subset, 3 M FLOPs: twice the updates are worth 2 points at 3,000 to 12,000 updates, and 1
to 2 at 8,000 to 20,000; the choice, which takes up to 2.6 times the updates, brings 1 or 2."""
_MANY_EPOCHS = 800
"""Of a retraining whose rounds are as long as they should be, without rounding."""


@dataclass(frozen=True)
class Rung:
    """A round of successive halving.

    Attributes:
        count: number of candidates that are trained.
        epoch: the epoch up to which they are trained.
    """

    count: int
    epoch: int


@dataclass(frozen=True)
class Choice:
    """The rounds of a successive halving and its winner.

    Attributes:
        rounds: per round, the candidates with their accuracies, best first.
        outcome: the outcome of the candidate that was trained to the end.
    """

    rounds: tuple[tuple[Progressed, ...], ...]
    outcome: Outcome


def rungs_of(candidates: int, epochs: int) -> tuple[Rung, ...]:
    """Return the rounds: each has half the networks and twice the epochs of the one before.

    The first round takes at least an eighth of the epochs; accuracies of shorter trainings are
    mostly noise. So with more than eight networks, several are left after half of the epochs; then
    only the best continues.

    Args:
        candidates: number of networks in the first round.
        epochs: epochs of a full retraining; if there are few, rounds are omitted.
    """
    rounds = min(_MOST_ROUNDS, math.ceil(math.log2(candidates)) if candidates > 1 else 0)
    rungs: list[Rung] = []
    count = candidates
    for left in range(rounds, 0, -1):
        epoch = max(1, round(epochs / 2**left))
        if not rungs or epoch > rungs[-1].epoch:
            rungs.append(Rung(count, epoch))
        count = math.ceil(count / 2)
    return (*rungs, Rung(1, epochs))


@dataclass(frozen=True)
class Affordable:
    """The retraining that a time allows.

    Attributes:
        candidates: number of networks in the first round.
        epochs: epochs of the one that is trained to the end.
    """

    candidates: int
    epochs: int


def affordable(
    seconds: float,
    epoch: float,
    start: float,
    choosing: float,
    measuring: float = 0.0,
    *,
    updates: int = _LEAST_UPDATES,
) -> Affordable:
    """Return how many candidates can be retrained in a time, and for how many epochs.

    The more time, the more candidates: more epochs gain less and less. The winner has at least
    16 epochs and 16,000 updates, or else there is one candidate only.

    Args:
        seconds: the time.
        epoch: seconds of an epoch of one network.
        start: seconds to open one network; each round opens its networks again.
        choosing: seconds to choose the candidates.
        measuring: seconds to measure a network on all of val_dir; each is measured twice before
            training, with the weights of the search: as a candidate and as the first epoch.
        updates: updates of the weights in an epoch.
    """
    least = max(_LEAST_EPOCHS, math.ceil(_LEAST_UPDATES / max(updates, 1)))
    for candidates in _CANDIDATES:
        rungs = rungs_of(candidates, _MANY_EPOCHS)
        starts = sum(rung.count for rung in rungs)
        room = seconds - choosing - starts * start - 2 * candidates * measuring
        epochs = int(room / max(epoch, 1e-9) / (epochs_of(rungs) / _MANY_EPOCHS))
        if epochs >= least:
            return Affordable(candidates, epochs)
    # Opened and measured twice: as a candidate, where nothing else is chosen among, and to train.
    alone = (seconds - 2 * start - 2 * measuring) / max(epoch, 1e-9)
    return Affordable(1, max(0, int(alone)))


def epochs_of(rungs: Sequence[Rung]) -> int:
    """Return the epochs of all networks together."""
    before = (0, *(rung.epoch for rung in rungs))
    return sum(
        rung.count * (rung.epoch - begun) for rung, begun in zip(rungs, before, strict=False)
    )


def candidates_of(front: Front, budget: float, count: int) -> list[FrontMember]:
    """Return the members within the budget that are nearest to it, most expensive first.

    Raises:
        NaseaError: no member is within the budget.
    """
    members = [m for m in front if front.cost_of(m) <= SLACK * budget]
    if not members:
        raise NaseaError(
            f"no architecture costs at most {front.unit.phrase(budget)}",
            fix=f"the cheapest costs {front.unit.phrase(min(map(front.cost_of, front)))}",
        )
    return sorted(members, key=lambda m: -front.cost_of(m))[:count]


def retrain_best(
    config: ScenarioSource,
    budget: float,
    candidates: int,
    request: Request,
    *,
    formats: Sequence[str] | None = None,
    results: Path = Path("results"),
    directory: Path | None = None,
    restart: bool = False,
    listener: Listener | None = None,
) -> Choice:
    """Retrain several results near a budget by successive halving; finish the best.

    A repeated run with the same arguments resumes where it was stopped.

    Args:
        config: the scenario of the search.
        budget: the budget, in the unit of the scenario's constraint.
        candidates: number of networks in the first round.
        request: the training options.
        formats: as for :func:`nasea.pipeline.retraining.retrain.retrain`.
        results: as for ``formats``.
        directory: as for ``formats``.
        restart: as for ``formats``, for every candidate.
        listener: receives progress.

    Raises:
        NaseaError: any fault that the user can fix; everything done so far is kept.
    """
    if candidates < 1:
        raise NaseaError(
            f"--candidates must be a whole number greater than 0, found {candidates}",
            fix="give another value",
        )
    heard_by = NoticesOnce(listener or NullListener())
    home = (directory or Path.cwd()).resolve()
    scenario = load_scenario(config).scenario
    plan = plan_of(scenario, request, None)
    wanted_formats(scenario.framework, formats)  # said before any of them is trained
    root = results
    results = _shortlisted(scenario, budget, candidates, results, home, restart, heard_by)
    front = load_finished(results)
    numbers = [m.number for m in candidates_of(front, budget, candidates)]
    if restart and results != root:  # all at once: a stop may come before the last one begins
        for number in numbers:
            checkpoints_of(home, results / retrained_name(number, request)).clear()
    decided = _decided([results / retrained_name(number, request) for number in numbers])
    if request.distill:  # said before any of them is trained
        for number in numbers:
            teacher_of(results, pick_result(results, number))
    rounds: list[tuple[Progressed, ...]] = []
    for rung in rungs_of(len(numbers), plan.epochs)[:-1]:
        numbers = numbers[: rung.count]
        if len(numbers) == 1:
            break
        heard_by.begin("retrain", f"{len(numbers)} candidates, each to epoch {rung.epoch}")
        found = [
            train_until(
                config,
                number,
                request,
                rung.epoch,
                results=results,
                directory=directory,
                restart=restart and not rounds,
                listener=heard_by,
                decided=decided,
            )
            for number in numbers
        ]
        ranked = tuple(sorted(found, key=_order))
        rounds.append(ranked)
        numbers = [one.number for one in ranked]
        heard_by.line(_in_words(ranked, rung.epoch))
    if rounds and rounds[-1][0].accuracy is None:
        raise MetricError("the user's metric failed on every candidate")
    outcome = retrain(
        config,
        numbers[0],
        request,
        formats=formats,
        results=results,
        directory=directory,
        restart=restart and not rounds,
        listener=heard_by,
        decided=decided,
    )
    return Choice(tuple(rounds), outcome)


def _decided(targets: Sequence[Path]) -> frozenset[Length]:
    """Return the lengths of the halvings among these candidates that ended.

    Args:
        targets: folders of the candidates' retrainings.
    """
    plans = (planned_by(target) for target in targets)
    return frozenset(length_of(plan) for plan in plans if plan is not None)


def _shortlisted(
    scenario: Scenario,
    budget: float,
    candidates: int,
    results: Path,
    home: Path,
    restart: bool,
    listener: Listener,
) -> Path:
    """Return the folder of the candidates: their own, or else that of the front."""
    front = load_finished(results)
    direction = Direction.of_search(results)
    log = home / f"log_{scenario.task}" / folder_near(scenario.constraint.type, budget)
    with session(home, results, log, listener, scenario, restart=restart) as ready:
        shortlist = Shortlist(scenario, home, front, direction, budget, candidates, results, ready)
        return shortlist.written(restart) or results


def _order(one: Progressed) -> tuple[float, int]:
    """Return the sort key: most accurate first, the cheaper one first among equals."""
    return (math.inf if one.accuracy is None else -one.accuracy, one.number)


def _in_words(ranked: Sequence[Progressed], epoch: int) -> str:
    listed = ", ".join(
        f"architecture {one.number} failed"
        if one.accuracy is None
        else f"architecture {one.number} {one.accuracy:.4f}"
        for one in ranked
    )
    return f"after epoch {epoch}: {listed}"
