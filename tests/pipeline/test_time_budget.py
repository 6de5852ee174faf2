"""A job in a given time: the plan, the clock over several starts, the search that keeps to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.config import load_scenario
from nasea.config.schema.spans import read_span
from nasea.errors import NaseaError, TimeBudgetError
from nasea.pipeline.planning.clock import Clock, as_planned, stored_plan
from nasea.pipeline.planning.time_plan import (
    SLACK,
    Begun,
    Least,
    Speeds,
    TimePlan,
    make_plan,
    parse_time,
    span,
)
from nasea.pipeline.search import timed
from nasea.pipeline.search.within_time import WithinTime
from nasea.pipeline.session.events import Progress
from nasea.pipeline.supernet import training
from nasea.pipeline.supernet.training import OtherPace, Training
from nasea.results.retrained import Retrained
from nasea.space import Genome
from nasea.strategy import Strategy, Study

from .project import Project, Recorder, both_frameworks

pytest_plugins = ["pipeline.fixtures"]

SPEEDS = Speeds(
    probing=10.0, epoch=20.0, pre_epoch=0.0, pre_epochs=None, fixed=60.0, score=2.0, alone_epoch=15
)
LEAST = Least.of(choices=8, pop_size=20, most_scores=400)


@pytest.mark.parametrize(
    "text, seconds",
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("1.5 hours", 5400), ("45 S", 45),
     ("1d 2h 3m 4s", 93784), ("2", None), ("1:30", None), ("", None), ("30m1h", None),
     ("1h1h", None), ("-2h", None), ("2x", None), ("h", None)],
)  # fmt: skip
def test_spans_of_time(text: str, seconds: float | None) -> None:
    assert read_span(text) == seconds


@given(st.integers(1, 10**7))
def test_a_span_that_is_told_can_be_given_and_is_no_less(seconds: int) -> None:
    again = read_span(span(seconds))
    assert again is not None
    assert seconds <= again < seconds + 60


def test_a_time_of_nothing_is_refused() -> None:
    with pytest.raises(NaseaError, match="--time must be a time with its unit"):
        parse_time("0h", "--time")


@given(
    budget=st.floats(100, 1e6),
    epoch=st.floats(0.01, 1000),
    score=st.floats(0.01, 100),
    alone=st.floats(0.01, 1000),
    pre=st.sampled_from([(0.0, None), (5.0, None), (5.0, 10)]),
)
def test_a_plan_fits_or_the_smallest_that_would_is_told(
    budget: float, epoch: float, score: float, alone: float, pre: tuple[float, int | None]
) -> None:
    speeds = Speeds(10.0, epoch, *pre, 60.0, score, alone)
    try:
        plan = make_plan(budget, 5.0, speeds, LEAST)
    except TimeBudgetError as error:
        message = str(error.fix).removeprefix("give at least ").partition(",")[0]
        enough = read_span(message)
        assert enough is not None and enough > budget
        plan = make_plan(enough, 5.0, speeds, LEAST)
    total = sum(stage.seconds for stage in plan.stages)
    assert total <= plan.budget * (1 - SLACK) * (1 + 1e-9)
    assert (plan.epochs >= LEAST.epochs, plan.scores >= LEAST.scores) == (True, True)
    assert LEAST.scores <= plan.scores <= LEAST.most_scores
    # Nothing that would fit is left out.
    largest = max(epoch + (pre[0] if pre[1] is None else 0), alone)
    assert plan.budget * (1 - SLACK) - total <= largest * (1 + 1e-6) + score
    assert TimePlan.from_dict(plan.to_dict()) == plan


def test_a_supernet_that_is_begun_is_trained_to_its_end() -> None:
    plan = make_plan(7200, 20, SPEEDS, LEAST, Begun(epochs=100, trained=40))
    free = 7200 * (1 - SLACK) - 20 - 60 - 20
    assert (plan.epochs, plan.scores) == (100, int(0.1 * free / 2))
    assert plan.retraining == int((free - 60 * 20 - 0.1 * free) / 15)
    named = {stage.name: stage.seconds for stage in plan.stages}
    assert named["supernet training"] == 60 * 20
    assert "supernet training" not in {
        stage.name for stage in make_plan(7200, 20, SPEEDS, LEAST, Begun(100, 100)).stages
    }
    with pytest.raises(TimeBudgetError, match="999 epochs of the supernet") as caught:
        make_plan(7200, 20, SPEEDS, LEAST, Begun(1000, 1))
    assert "--restart, which plans the epochs anew" in str(caught.value.fix)


def test_another_search_after_a_job_has_its_time(tmp_path: Path) -> None:
    tick = Ticking()
    clock = Clock(1000.0, tmp_path, now=tick)
    clock.plan = make_plan(1000.0, 0.0, replace(SPEEDS, epoch=5), LEAST)
    clock.update(search_until=500.0)
    tick.seconds = 600.0
    clock.another_search()  # while the first is under way: what is left is shared anew
    assert (clock.left, clock.plan.search_until) == (400.0, None)
    clock.update(search_until=700.0, retrained=20)
    tick.seconds = 950.0
    clock.another_search()  # after its end
    assert (clock.left, clock.plan.search_until, clock.plan.retrained) == (1000.0, None, None)
    assert Clock(1000.0, tmp_path, now=Ticking()).spent == 0.0


def test_another_plan_leaves_out_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pre-training is in the time that is spent."""
    tick = Ticking()
    clock = Clock(7200.0, tmp_path, now=tick)
    before = make_plan(7200, 20, replace(SPEEDS, pre_epoch=60.0, pre_epochs=20), LEAST)
    tick.seconds = 1300.0
    monkeypatch.setattr(training, "least_of", lambda prepared: LEAST)
    session = SimpleNamespace(listener=Recorder())
    under_way = cast(Any, SimpleNamespace(prepared=None, session=session))
    with pytest.raises(OtherPace) as found:
        Training._plan_again(under_way, clock, before, 28.0)
    alone = make_plan(7200, 1300, replace(SPEEDS, epoch=28.0), LEAST)
    plan = found.value.plan
    assert (plan.epochs, plan.retraining) == (alone.epochs, alone.retraining)
    assert plan.measured
    # Where no other plan fits, training goes on under the first.
    Training._plan_again(under_way, clock, before, 3000.0)
    assert "less will be searched and retrained than planned" in session.listener.text


def test_retraining_gets_most_of_the_time() -> None:
    plan = make_plan(7200, 20, SPEEDS, LEAST)
    free = 7200 * (1 - SLACK) - 20 - 60 - 20
    assert plan.scores == int(0.1 * free / 2)
    assert plan.epochs == int(0.2 * free / 20)
    assert plan.retraining == int((free - 0.1 * free - plan.epochs * 20) / 15)
    # Where all scores there are take less, the others have more.
    plan = make_plan(7200, 20, SPEEDS, replace(LEAST, most_scores=100))
    assert plan.scores == 100
    assert plan.epochs == int((0.3 * free - 200) / 20)


class Ticking:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_time_counts_over_all_starts(tmp_path: Path) -> None:
    tick = Ticking()
    clock = Clock(1000.0, tmp_path, now=tick)
    assert clock.plan is None and stored_plan(tmp_path) is None
    tick.seconds = 100.0
    clock.plan = make_plan(1000.0, clock.spent, replace(SPEEDS, epoch=5.0), LEAST)
    clock.save()
    tick.seconds = 130.0
    clock.progress(Progress("train", 1, 10, "update"))  # what is written down stays spent
    tick.seconds = 140.0

    again = Clock(1000.0, tmp_path, now=Ticking())
    assert again.plan == clock.plan
    assert (again.spent, again.left) == (130.0, 870.0)
    other = Clock(2000.0, tmp_path, now=Ticking())
    assert other.plan is not None
    assert (other.plan.epochs, other.left) == (clock.plan.epochs, 1870.0)
    anew = Clock(1000.0, tmp_path, restart=True, now=Ticking())
    assert (anew.plan, anew.spent) == (None, 0.0)


@pytest.mark.parametrize(
    "budget, images, retrained, candidates, scratch",
    [(300.0, 4000, 13, 1, False), (4000.0, 16_000, 73, 8, True), (4000.0, 1000, 192, 1, False)],
)  # fmt: skip
def test_candidates_are_as_many_as_can_be_trained_well(
    budget: float,
    images: int,
    retrained: int,
    candidates: int,
    scratch: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Several with the speed of the most expensive one, and 16,000 updates for the best."""
    clock = Clock(budget, tmp_path, now=Ticking())
    clock.plan = make_plan(1000.0, 0.0, replace(SPEEDS, epoch=5.0, score=0.1), LEAST)
    monkeypatch.setattr(timed, "_most_expensive", lambda *_: (9,))
    monkeypatch.setattr(timed, "discard_retrainings", lambda *_: None)
    monkeypatch.setattr(timed, "training_speed", lambda *_: SimpleNamespace(epoch_seconds=19.0))
    backend = SimpleNamespace(time_score=lambda *_: (None, SimpleNamespace(total=1.0)))
    scenario = SimpleNamespace(batch_size=64, task="classification")
    data = SimpleNamespace(train_images=images)
    prepared = cast(Any, SimpleNamespace(backend=backend, scenario=scenario, data=data))
    timed.TimedSearch(clock, tmp_path, cast(Any, None)).plan_retraining(prepared, cast(Any, None))
    assert (clock.plan.retrained, clock.plan.candidates) == (retrained, candidates)
    assert clock.plan.from_scratch == scratch


class _Proposes(Strategy):
    def __init__(self, count: int) -> None:
        self.count = count

    def ask(self, study: Study) -> Sequence[Genome]:
        return [(i,) for i in range(self.count)]


def study(scored: int) -> Any:
    class _Study:
        archive = range(scored)

    return _Study()


def test_no_more_is_proposed_than_there_is_time_for(tmp_path: Path) -> None:
    tick = Ticking()
    clock = Clock(1000.0, tmp_path, now=tick)
    clock.plan = replace(make_plan(1000.0, 0.0, replace(SPEEDS, epoch=5), LEAST), search_until=200)
    tick.seconds = 150.0
    within = WithinTime(_Proposes(40), clock)
    assert within.name == "_Proposes"
    assert len(within.ask(study(10))) == 25  # of 2 s each
    tick.seconds = 205.0
    assert within.ask(study(10)) == () and within.is_over
    fresh = WithinTime(_Proposes(40), clock)
    assert len(fresh.ask(study(0))) == 2, "without a score there would be no front"


def test_the_end_of_the_search_is_settled_once(tmp_path: Path) -> None:
    tick = Ticking()
    clock = Clock(1000.0, tmp_path, now=tick)
    clock.plan = make_plan(1000.0, 0.0, replace(SPEEDS, epoch=5), LEAST)
    tick.seconds = 600.0  # training took longer than planned
    WithinTime(_Proposes(1), clock).ask(study(0))
    until = clock.plan.search_until
    assert until is not None and 600 < until < 1000 * (1 - SLACK)
    tick.seconds = 650.0
    WithinTime(_Proposes(1), clock).ask(study(0))
    assert clock.plan.search_until == until


def test_scenarios_without_a_time_mean_what_they_meant(fresh: Project) -> None:
    plain = load_scenario(fresh.home / "scen.yaml").scenario
    assert "time_budget" not in plain.to_dict()
    timed = fresh.scenario(("    epochs: 6\n", "    epochs: 6\n    time_budget: 90m\n"))
    loaded = load_scenario(timed.home / "scen.yaml")
    assert loaded.scenario.time_budget == 5400
    assert loaded.scenario.training_digest() == plain.training_digest()
    assert "strategy.epochs: not used: time_budget plans the epochs" in str(loaded.notices[0])
    timed.scenario(("    epochs: 6\n", ""))
    assert load_scenario(timed.home / "scen.yaml").scenario.epochs == 60


@both_frameworks
def test_a_search_in_a_given_time_retrains_in_what_is_left(
    fresh: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[TimePlan] = []

    def small_plan(
        budget: float, spent: float, speeds: Speeds, least: Least, begun: Begun | None = None
    ) -> TimePlan:
        """The real plan, with less of everything: this is no matter of time."""
        plan = make_plan(1e6, spent, speeds, least)
        made.append(replace(plan, epochs=2 + len(made), scores=6, budget=budget, search_until=1e9))
        return made[-1]

    def other_pace(under_way: Training) -> None:
        monkeypatch.setattr(Training, "_keep_time", lambda under_way: None)
        assert under_way.clock is not None and under_way.clock.plan is not None
        under_way._plan_again(under_way.clock, under_way.clock.plan, 1.0)

    def few_epochs(self: timed.TimedSearch, prepared: Any, front: Any) -> None:
        self.clock.update(retrained=1, candidates=2)

    monkeypatch.setattr(timed, "make_plan", small_plan)
    monkeypatch.setattr(training, "make_plan", small_plan)
    monkeypatch.setattr(timed, "PACE_SECONDS", 0.01)
    monkeypatch.setattr(Training, "_keep_time", other_pace)
    monkeypatch.setattr(timed.TimedSearch, "plan_retraining", few_epochs)
    fresh.scenario(
        ("    epochs: 6\n", "    time_budget: 1d\n"), ("generation_num: 3", "generation_num: 1")
    )
    heard = Recorder()
    front = fresh.search(heard)
    assert [plan.epochs for plan in made] == [2, 3], "planned again after the first epoch"
    assert "planned again, training starts over" in heard.text
    assert "epoch 3/3" in heard.text
    assert len(front) > 0
    (retrained,) = (fresh.home / "results").glob("near_*/retrained_*/retrained.json")
    cost = Retrained.load(retrained).member.parameters
    assert cost <= load_scenario(fresh.home / "scen.yaml").scenario.constraint.value
    assert "retraining 2 networks near the budget" in heard.text
    scenario = load_scenario(fresh.home / "scen.yaml").scenario
    assert as_planned(scenario, fresh.home).epochs == 3

    again = Recorder()
    fresh.search(again)
    assert "the supernet is trained: 3 epochs" in again.text
    assert "the network is retrained" in again.text
    assert again.updates == 0

    fresh.scenario(("constraint_value: 12000", "constraint_value: 11000"))
    another = Recorder()
    front = fresh.search(another)
    assert "another search on the same supernet, with another constraint" in another.text
    assert 1 < len(front.evaluated), "it has the time of a job"
    assert "retraining 2 networks near the budget" in another.text

    fresh.scenario(("    time_budget: 1d\n", "    epochs: 6\n"))
    unlimited = Recorder()
    fresh.search(unlimited)
    assert "the supernet keeps its 3 epochs, as planned for 24h" in unlimited.text
    assert unlimited.updates == 0


def test_too_little_time_is_refused_with_the_smallest_that_would_do(
    fresh: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "PACE_SECONDS", 0.01)
    fresh.scenario(("    epochs: 6\n", "    time_budget: 1s\n"))
    with pytest.raises(TimeBudgetError, match="the time of 1s is too short: 4 epochs") as caught:
        fresh.search()
    assert "give at least" in str(caught.value.fix)
    assert not (fresh.home / "results").exists()
