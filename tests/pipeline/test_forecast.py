"""How long a stage and the whole run take: what progress says of it."""

from __future__ import annotations

import pickle

import pytest

from nasea.pipeline.session.events import NullListener, Progress, Round
from nasea.pipeline.session.forecast import Forecast
from nasea.pipeline.session.pace import Pace


class Heard(NullListener):
    """Keeps the last progress."""

    last = Progress("probe", 0, 1, "path")

    def progress(self, progress: Progress) -> None:
        self.last = progress


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def forecast(heard: Heard) -> Forecast:
    return Forecast(heard)


def test_the_run_is_the_stage_and_the_later_ones(forecast: Forecast, heard: Heard) -> None:
    forecast.begin("train", "training")
    training = Progress("train", 1, 10, "update", 90.0)
    forecast.progress(training)
    assert heard.last.run_seconds_left is None, "the later stages are not known yet"
    forecast.expect({"separation": 20.0, "search": 300.0, "results": 5.0})
    forecast.progress(training)
    assert heard.last.run_seconds_left == 90 + 20 + 300 + 5
    assert heard.last.seconds_left == 90
    forecast.begin("search", "searching, with no separation before it")
    forecast.progress(Progress("search", 1, 10, "architecture", 200.0))
    assert heard.last.run_seconds_left == 205


def test_a_stage_that_gives_no_time_is_judged_by_its_pace(forecast: Forecast, heard: Heard) -> None:
    forecast.begin("results", "scoring")
    forecast.expect({})
    forecast.progress(Progress("results", 1, 3, "architecture"))
    assert heard.last.seconds_left is None
    forecast.progress(Progress("results", 3, 3, "architecture"))
    assert heard.last.seconds_left == heard.last.run_seconds_left == 0


def test_a_time_budget_is_what_is_left(forecast: Forecast, heard: Heard) -> None:
    left = 50.0
    forecast.deadline = lambda: left
    forecast.progress(Progress("train", 1, 10, "update", 90.0))
    assert heard.last.run_seconds_left == 50
    left = -1.0
    forecast.progress(Progress("train", 1, 10, "update", 90.0))
    assert heard.last.run_seconds_left == 0


def test_a_round_can_go_to_another_process() -> None:
    line = pickle.loads(pickle.dumps(Round("epoch 2/3", 2, 3, "epoch")))
    assert (line, line.number, line.total, line.about) == ("epoch 2/3", 2, 3, "epoch")


def test_more_than_all_leaves_no_negative_time() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.seconds_left(18, 18)
    now[0] = 3.0
    assert pace.seconds_left(19, 18) == 0.0, "a search that holds more scores than it asks for"
