"""A search of either mode from the scenario to the results, stopped and killed in the middle."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from nasea.config import load_scenario
from nasea.errors import Interrupted, StrategyError
from nasea.strategy import Genome, Strategy, Study, random_feasible

from . import children
from .project import HOME, Project, Recorder, assert_same_results
from .stopping import Stops

pytest_plugins = ["pipeline.fixtures"]

MODES = ("assisted", "evolutionary")


def searched_by(mode: str) -> tuple[tuple[str, str], ...]:
    """What to change in the scenario.

    Assisted, the second generation is three batches: 10 architectures, 10, and 2.
    """
    return (
        ("pop_size: 6", f"pop_size: 22\n      mode: {mode}"),
        ("generation_num: 3", "generation_num: 2"),
    )


def after(scored: int) -> Stops:
    """Presses Ctrl-C once so many architectures of the search have their scores."""
    return Stops(lambda progress: progress.stage == "search", scored)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Who proposes."""
    return str(request.param)


@pytest.fixture(scope="module")
def searched_in(
    tmp_path_factory: pytest.TempPathFactory, searched: Callable[[str], Project]
) -> Callable[[str], Project]:
    """For each mode a project searched to the end; to be looked at only."""

    @cache
    def of(mode: str) -> Project:
        trained = searched("pytorch").copy(tmp_path_factory.mktemp(mode) / HOME).without_search()
        project = trained.scenario(*searched_by(mode))
        listener = Recorder()
        front = project.search(listener)
        assert ("rank correlation with left-out scores" in listener.text) == (mode == "assisted")
        assert front.info.proposer == mode
        assert 22 < len(front.evaluated) <= 44
        return project

    return of


@pytest.fixture
def unbroken(searched_in: Callable[[str], Project], mode: str) -> Project:
    """A project searched to the end; to be looked at only."""
    return searched_in(mode)


def test_stopped_within_a_generation_it_finds_the_same(
    project: Project, unbroken: Project, mode: str
) -> None:
    project.without_search().scenario(*searched_by(mode))
    for count in (10, 12, 4):
        with pytest.raises(Interrupted):
            project.search(after(count))
    project.search()
    assert_same_results(unbroken, project)


def test_killed_within_each_generation_it_finds_the_same(
    project: Project, unbroken: Project, mode: str
) -> None:
    project.without_search().scenario(*searched_by(mode))
    for doom in ("search-000012.tmp", "search-000030.tmp"):
        assert children.run(project, doom=doom) == -signal.SIGKILL
    assert children.run(project, save_seconds=180) == 0
    assert_same_results(unbroken, project)


def test_another_mode_searches_the_same_supernet_from_known_scores(
    unbroken: Project, mode: str, tmp_path: Path
) -> None:
    (other,) = {*MODES} - {mode}
    listener = Recorder()
    again = unbroken.copy(tmp_path / HOME).scenario((f"mode: {mode}", f"mode: {other}"))
    front = again.search(listener)
    assert front.info.proposer == other
    assert listener.updates == 0
    assert "another search on the same supernet, with another searcher.mode:" in listener.text


class ByChance(Strategy):
    """A user's own."""

    name = "by chance"

    def ask(self, study: Study) -> list[Genome]:
        return random_feasible(study.problem, study.missing, study.rng, seen=study.archive)

    def describe(self) -> str:
        return "drawn by chance"


def test_a_strategy_given_from_python_searches_and_is_named(
    project: Project, tmp_path: Path
) -> None:
    unbroken = project.without_search().copy(tmp_path / "unbroken" / HOME)
    listener = Recorder()
    front = unbroken.search(listener, strategy=ByChance())
    assert front.info.proposer == unbroken.front().info.proposer == "by chance"
    assert "drawn by chance; " in listener.text
    assert "by chance (given from Python)" in (unbroken.home / "results" / "report.html").read_text(
        encoding="utf-8"
    )
    with pytest.raises(Interrupted):
        project.search(after(9), strategy=ByChance())
    project.search(strategy=ByChance())
    assert_same_results(unbroken, project)
    listener = Recorder()
    assert project.search(listener).info.proposer == "assisted"
    assert "another search on the same supernet, with another searcher.mode:" in listener.text


def test_what_is_no_strategy_is_refused_before_anything_is_done(fresh: Project) -> None:
    with pytest.raises(StrategyError, match="ByChance is a class"):
        fresh.search(strategy=ByChance)  # type: ignore[arg-type]
    assert not (fresh.home / "log_classification").exists()


def test_an_unknown_mode_is_refused_with_the_known_ones(fresh: Project) -> None:
    fresh.scenario(("pop_size: 6", "pop_size: 6\n      mode: asisted"))
    with pytest.raises(Exception, match="assisted") as caught:
        load_scenario(fresh.home / "scen.yaml")
    assert "evolutionary" in str(caught.value)
