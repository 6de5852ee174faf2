"""Estimates: what each stage takes, what holds a job up, and training whose data come slowly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from nasea.backends.records import ReadSeconds, ScoreSeconds
from nasea.backends.training.trial import Pace, Trial, TrialReport
from nasea.pipeline.planning import stages
from nasea.pipeline.planning.speeds import ScoringSpeed, TrainingSpeed, with_reading
from nasea.pipeline.planning.stages import (
    Counts,
    StageTime,
    bottleneck,
    duration,
    loading_notice,
    search_stages,
    table,
    training_stage,
)

TRIED = TrialReport(0.5, 128, 128)
TRAINING = TrainingSpeed(TRIED, Pace(2.0, 0.5, 0.0, 0.0, 40), 100, 0, save_seconds=3.0)
SCORING = ScoringSpeed(ScoreSeconds(1.0, 3.0), 30.0, 7.0, 500, 500)


def test_an_epoch_is_its_start_its_batches_and_its_checkpoint() -> None:
    found = training_stage("supernet training", 60, TRAINING)
    assert found.seconds == pytest.approx(60 * (2 + 100 * 0.5 + 3))
    assert found.detail == "60 epochs of 55 s"


def test_every_stage_counts_what_it_scores() -> None:
    named = {s.name: s.seconds for s in search_stages(Counts(60, 400, subset=True), SCORING, 9.0)}
    assert named["direction of the metric"] == pytest.approx(12 * 4.0 + 7.0)
    assert named["separation check"] == pytest.approx(20 * 4 * (1.0 + 1.5))
    assert named["batch-norm statistics"] == pytest.approx(400 * 1.0)
    assert named["scoring"] == pytest.approx(400 * 3.0)
    assert named["choosing candidates"] == 9.0
    on_all = {s.name: s.seconds for s in search_stages(Counts(60, 400, subset=False), SCORING, 9.0)}
    members = Counts(60, 400, subset=True).front
    assert named["final front"] - on_all["final front"] == pytest.approx(members * (1.0 + 30.0))


def test_reading_counts_where_images_are_not_kept() -> None:
    one = ScoreSeconds(1.0, 3.0)
    assert with_reading(one, ReadSeconds(9.0, 0.0)) == one
    assert with_reading(one, ReadSeconds(9.0, 2.0)) == one  # meanwhile, by others
    assert with_reading(one, ReadSeconds(9.0, 5.0)) == ScoreSeconds(1.0, 5.0)
    assert with_reading(one, ReadSeconds(9.0, 2.0, aside=False)) == ScoreSeconds(1.0, 5.0)
    slow = replace(SCORING, one=ScoreSeconds(1.0, 138.0), reading=138.0)
    found = search_stages(Counts(60, 4000, subset=False), slow, 9.0)
    assert "resource.image_cache" in bottleneck(found, TRAINING, slow, "pytorch")


def test_the_final_front_reads_the_other_images_and_scores_int8_in_float_too() -> None:
    def final(scoring: ScoringSpeed, **counts: bool) -> float:
        named = {s.name: s for s in search_stages(Counts(60, 400, **counts), scoring, 9.0)}
        return named["final front"].seconds

    usual = final(SCORING, subset=True)
    assert final(replace(SCORING, rest=50.0), subset=True) == pytest.approx(usual + 50.0)
    members = Counts(60, 400, subset=True).front
    assert final(SCORING, subset=True, int8=True) == pytest.approx(usual + members * (1.0 + 30.0))


def test_the_table_gives_shares_and_the_total() -> None:
    rows = table([StageTime("one", 90, "a"), StageTime("two", 270, "b")])
    assert rows == [("one", "2 min, 25%: a"), ("two", "4 min, 75%: b"), ("in all", "about 6 min")]


def waiting(waits: float, workers: int, batch: float = 1.0) -> TrainingSpeed:
    """Training that waits for images."""
    return replace(TRAINING, pace=Pace(1.0, batch, waits, waits, 40), workers=workers)


@pytest.mark.parametrize(
    "speed, cores, message",
    [
        (waiting(0.05, 0), 16, None),
        (waiting(0.75, 0), 16, "75% of the time; 3 workers would be needed: resource.data_workers"),
        (waiting(0.96, 0), 16, "24 workers would be needed, this machine has 16 cores"),
        (waiting(0.5, 4), 16, "8 workers would be needed: resource.data_workers: 8"),
        (waiting(0.5, 1), 1, "2 workers would be needed, this machine has 1 core:"),
    ],
)
def test_loading_that_holds_training_up_is_named_with_the_fix(
    speed: TrainingSpeed, cores: int, message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "usable_cores", lambda: cores)
    found = loading_notice(speed, "pytorch")
    assert (found is None) == (message is None)
    assert (message or "") in (found or "")


def test_reading_of_tensorflow_is_told_how_much_faster_it_should_be() -> None:
    message = loading_notice(waiting(0.75, 0), "tensorflow")
    assert message is not None and "4 times as fast" in message and "AUTOTUNE" in message


def test_the_bottleneck_is_the_longest_stage() -> None:
    one, two = StageTime("supernet training", 900, ""), StageTime("scoring", 100, "")
    slow = bottleneck([one, two], waiting(0.75, 0), SCORING, "pytorch")
    assert slow.startswith("supernet training, 90%: loading: training waits")
    fast = bottleneck([one, two], TRAINING, SCORING, "pytorch")
    assert fast.startswith("supernet training, 90%: computing, not loading")
    many = replace(SCORING, scored=50_000)
    scores = bottleneck([StageTime("scoring", 900, ""), one], TRAINING, many, "pytorch")
    assert "searcher.eval_images below 50000" in scores


class _Trainer:
    """Trains nothing, in no time."""

    paths_per_update = 2

    def plan_update(self, epoch: int, step: int, paths: Any) -> Any:
        return paths

    def learn(self, update: Any, batches: Any) -> float:
        assert len(update) == len(batches) == 2
        return 0.0

    def state(self) -> bytes:
        return b"state"


@pytest.mark.parametrize("first_step, trains", [(0.0, True), (0.03, True), (0.05, False)])
def test_a_batch_takes_what_it_waits_for(first_step: float, trains: bool) -> None:
    """Sleeping takes at least so long, however busy the machine is.

    A slow first step does not keep from training: it may be slow because it was the first.
    """
    undone: list[bool] = []

    def epoch(number: int) -> Iterator[Any]:
        for _ in range(6):
            time.sleep(0.01)
            yield np.zeros((4, 1)), np.zeros(4)

    trial = Trial(cast(Any, _Trainer()), cast(Any, SimpleNamespace()), lambda: undone.append(True))
    pace = trial.updates(epoch, lambda index: (0,), 0.05, first_step)
    assert bool(pace.state_bytes) is trains
    assert pace.waiting_seconds >= (0.01 if trains else 0)
    assert pace.batch_seconds >= (0.01 if trains else first_step)
    assert pace.loading_seconds >= 0.01
    assert pace.start_seconds >= 0.01
    assert undone == [True]


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0 s"), (0.2, "200 ms"), (1.23, "1.2 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h"),
     (200_000, "2.3 days")],
)  # fmt: skip
def test_durations_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
