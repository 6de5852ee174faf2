from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nasea.errors import Interrupted
from nasea.pipeline.retraining.halving import Choice
from nasea.pipeline.retraining.outcome import Outcome
from nasea.pipeline.retraining.plan import Request
from nasea.results.front import Front
from nasea.results.retrained import EpochRow, Retrained, TrainingPlan

from .conftest import Pretend, Run


@pytest.mark.parametrize(
    "words, request_, formats",
    [
        ([], Request(), None),
        (["--epochs", "9", "--learning-rate", "0.1", "--no-export"], Request(False, 9, 0.1), []),
        (
            ["--from-scratch", "--distill", "--teacher-share", "0.7", "--format", "pt2"],
            Request(True, None, None, True, 0.7),
            ["pt2"],
        ),
    ],
)
def test_it_retrains_and_says_what_became_of_it(
    run: Run,
    pretend: Pretend,
    front: Front,
    words: list[str],
    request_: Request,
    formats: list[str] | None,
) -> None:
    member = replace(front[1], accuracy=0.97, metric=0.97)
    rows = (EpochRow(0, 0.95), EpochRow(1, 0.97, 0.3), EpochRow(2, 0.96, 0.2))
    plan = TrainingPlan(False, 2, 0.01)
    made = Retrained(front.info, member, 0.95, plan, 1, rows, "retrained_1")

    def retrain(path: Path, number: int, asked: Request, **options: Any) -> Outcome:
        assert (path, number, asked) == (Path("scen.yaml"), 1, request_)
        assert (options["formats"], options["restart"]) == (formats, False)
        return Outcome(made, Path("results/retrained_1"), ())

    pretend("nasea.pipeline.retraining.retrain", "retrain", retrain)
    done = run("retrain", "--arch", "1", *words)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "accuracy on val_dir: 0.9500 in the search, 0.9500 before training, 0.9700 after epoch 1 "
        "of 2, the best",
        "model:  results/retrained_1/retrained_1.py",
        "export: nasea export results/retrained_1 --format FORMAT",
    ]


@pytest.mark.parametrize(
    "metrics, best, rounds, reason",
    [
        ([0.95, 0.90, 0.91], 0, False, "the best"),  # no epoch of training reached it
        ([0.50, 0.80, 0.79], 2, False, "within the noise of the best (0.8000 after epoch 1)"),
        ([0.50, 0.80, 0.80, 0.81, 0.75], 4, True, "the best"),  # of those that are rounded
    ],
)
def test_why_an_epoch_was_kept(
    front: Front, metrics: list[float], best: int, rounds: bool, reason: str
) -> None:
    member = replace(front[1], accuracy=metrics[best], metric=metrics[best])
    rows = tuple(EpochRow(epoch, metric) for epoch, metric in enumerate(metrics))
    plan = TrainingPlan(False, len(metrics) - 1, 0.01, quantisation_aware=rounds)
    made = Retrained(front.info, member, 0.95, plan, best, rows, "retrained_1")
    assert Outcome(made, Path("results"), ()).summary[0].endswith(f", {reason}")


def test_what_was_retrained_before_a_stop_is_told(run: Run, pretend: Pretend, front: Front) -> None:
    rows = (EpochRow(0, 0.95), EpochRow(1, 0.97, 0.3))
    made = Retrained(
        front.info, front[1], 0.95, TrainingPlan(False, 1, 0.01), 1, rows, "retrained_1"
    )

    def stopped(scenario: Any, costs: Any, request: Request, retrain: Any, **places: Any) -> None:
        assert costs == [50e3, 20e3]
        retrain(50e3, request)
        raise Interrupted("stopped")

    outcome = Outcome(made, Path("results/near_50k_size/retrained_1"), ())
    scenario = SimpleNamespace(constraint=SimpleNamespace(type="size"))
    pretend("nasea.config", "load_scenario", lambda path: SimpleNamespace(scenario=scenario))
    pretend("nasea.pipeline.retraining.budgets", "for_each_budget", stopped)
    pretend(
        "nasea.pipeline.retraining.halving", "retrain_best", lambda *_, **__: Choice((), outcome)
    )
    done = run("retrain", "--budget", "50k,20k")
    assert done.status == 130
    assert "model:  results/near_50k_size/retrained_1/retrained_1.py" in done.out


def test_what_is_not_there_is_told(run: Run, front: Front, tmp_path: Path) -> None:
    front.save(tmp_path / "front.json")
    done = run("retrain", str(tmp_path), "--arch", "7")
    assert done.status == 2
    assert done.err.startswith("error: the front has no architecture 7")
    assert "fix: give a number from 0 to 1" in done.err


def test_a_retrained_network_is_shown(run: Run, front: Front, tmp_path: Path) -> None:
    rows = (EpochRow(0, 0.95), EpochRow(1, 0.97, 0.3))
    member = replace(front[1], accuracy=0.97, metric=0.97)
    plan = TrainingPlan(True, 1, 0.01)
    made = Retrained(front.info, member, 0.95, plan, 1, rows, "retrained_1")
    made.save(tmp_path / "retrained.json")
    done = run("show", str(tmp_path))
    assert (done.status, done.err) == (0, "")
    assert "architecture 1 retrained, accuracy 0.9700" in done.out
    assert "retrained: 1 epoch from scratch, learning rate 0.01; weights of epoch 1" in done.out


def test_one_network_or_the_best_of_several(run: Run) -> None:
    for words in ([], ["--arch", "1", "--budget", "3M"]):
        done = run("retrain", *words)
        assert done.status == 2
        assert "--arch N takes one of the front, --budget COST the best of several" in done.err
