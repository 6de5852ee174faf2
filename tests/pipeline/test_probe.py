from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from nasea.backends.trials import Trials
from nasea.config import load_scenario
from nasea.errors import BudgetError
from nasea.pipeline.diagnosis.check import CheckReport, check
from nasea.pipeline.planning.speeds import choosing_seconds
from nasea.pipeline.probe import Prepared, describe_costs, prepare
from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.pipeline.session.events import NullListener
from nasea.pipeline.supernet.trained import trial_of
from nasea.strategy import strategy_for

from .project import Project, Recorder, both_frameworks

pytest_plugins = ["pipeline.fixtures"]


def probe(project: Project) -> Prepared:
    return prepare(load_scenario(project.home / "scen.yaml").scenario, project.home, NullListener())


def report(project: Project) -> tuple[CheckReport, dict[str, str]]:
    found = check(project.home / "scen.yaml", directory=project.home)
    return found, dict(found.lines)


def test_what_the_probe_finds(fresh: Project) -> None:
    found = probe(fresh)
    assert (found.data.train_images, found.data.val_images) == (280, 200)
    assert found.data.batches_per_epoch == 9
    assert found.pre_net.out_shape == (8, 8, 8)
    assert found.pre_net.costs.parameters == 8 * 9 + 2 * 8
    assert found.post_net.costs.parameters == 16 * 10 + 10
    assert found.space.n_architectures == 64
    assert found.paths_per_update == 2
    assert found.epochs_per_candidate == 6 / 4
    assert found.condition == (None, 64)
    cheapest, median, most_expensive = (costs.parameters for _, costs, _ in describe_costs(found))
    assert cheapest <= median <= most_expensive
    assert not (fresh.home / "checkpoint").exists(), "a probe leaves nothing behind"


def test_samples_are_feasible_distinct_and_repeatable(fresh: Project) -> None:
    found = probe(fresh.scenario(("constraint_value: 12000", "constraint_value: 4000")))
    sample = found.sample(6)
    assert sample == found.sample(6)
    assert len(set(sample)) == 6
    assert all(found.costs.costs(genome).parameters <= 4000 for genome in sample)


def test_the_search_sees_the_count_that_nothing_limits(fresh: Project) -> None:
    found = probe(fresh)
    (feature,) = found.problem.cost_features
    every = np.array(list(np.ndindex(*found.space.choices)))
    flops = [found.costs.costs(tuple(genome)).flops for genome in every.tolist()]
    assert feature.cost(every).tolist() == flops
    assert (feature.low, feature.high) == (min(flops), max(flops))
    assert (feature(every).min(), feature(every).max()) == (0.0, pytest.approx(1.0))


@pytest.mark.parametrize("asked, images", [(90, 90), (200, None), (1000, None)])
def test_images_that_the_search_measures_on(fresh: Project, asked: int, images: int | None) -> None:
    fresh.scenario(("bn_images: 64", f"bn_images: 64\n      eval_images: {asked}"))
    assert probe(fresh).eval_images == images


def test_a_budget_is_satisfiable_from_the_cheapest_architecture_on(fresh: Project) -> None:
    cheapest = describe_costs(probe(fresh))[0][1].parameters
    fresh.scenario(("constraint_value: 12000", f"constraint_value: {cheapest}"))
    assert probe(fresh).sample(1)
    fresh.scenario((f"constraint_value: {cheapest}", f"constraint_value: {cheapest - 1}"))
    with pytest.raises(BudgetError) as caught:
        probe(fresh)
    text = caught.value.message
    assert "cheapest architecture: 1 k parameters; budget " in text
    assert "not satisfiable (PreNet and PostNet alone: 258 parameters)" in text
    assert f"raise constraint_value above {cheapest}" in str(caught.value.fix)


@both_frameworks
def test_the_report_estimates_and_warns(fresh: Project) -> None:
    found, lines = report(fresh)
    assert lines["data"] == "280 training images, 200 validation images"
    assert lines["PreNet"].startswith("1x8x8 -> 8x8x8")
    assert lines["PostNet"].startswith("reads 16x4x4")
    assert lines["architectures"] == "64 different networks"
    assert lines["budget"].startswith("12 k parameters, satisfiable: 100.0%")
    assert lines["training"].startswith("6 epochs, 2 paths an update, ")
    assert lines["search"].startswith("at most 3 x 6 = 18 architectures, ")
    assert [label for label in lines if label.startswith("time: ")] == [
        "time: probing",
        "time: supernet training",
        "time: direction of the metric",
        "time: separation check",
        "time: batch-norm statistics",
        "time: scoring",
        "time: choosing candidates",
        "time: final front",
        "time: in all",
    ]
    assert lines["bottleneck"]
    assert lines["retraining"].startswith("6 epochs of one network: about ")
    assert "about 1.5 epochs' worth" in lines["warning"]
    assert "epochs: 40 would do" in lines["warning"]
    assert [row[:4] for row in found.layers] == [
        ("0", "8x8x8", "8x8x8", "1"),
        ("1", "8x8x8", "8x8x8", "1"),
        ("2", "8x8x8", "16x4x4", "2"),
    ]
    assert found.layers[0][4] == "separable_k3, inverted_k3_e3, basic_x0.5, basic_x1"
    assert sorted(path.name for path in fresh.home.iterdir() if path.is_file()) == [
        "scen.yaml",
        "user_module.py",
    ]


def test_a_time_budget_is_planned_without_a_search(fresh: Project) -> None:
    _, lines = report(fresh.scenario(("    epochs: 6\n", "    time_budget: 3d\n")))
    planned = {k.partition(": ")[2]: v for k, v in lines.items() if k.startswith("plan for 72h")}
    assert set(planned) == {
        "so far",
        "supernet training",
        "search",
        "direction, separation check, results",
        "retraining",
        "in all",
    }
    assert "about 18 scores of " in planned["search"]


@pytest.mark.parametrize(
    "keys",
    ["mode: evolutionary", "mode: evolutionary\n      objectives: [flops]", "mode: assisted"],
)
def test_choosing_candidates_takes_time_in_every_mode(fresh: Project, keys: str) -> None:
    found = probe(fresh.scenario(("metric_mode: auto", f"metric_mode: auto\n      {keys}")))
    strategy = strategy_for(found.scenario.searcher.proposer, found.problem)
    assert choosing_seconds(found, strategy) > 0


def test_enough_epochs_are_not_warned_of(fresh: Project) -> None:
    _, lines = report(fresh.scenario(("epochs: 6", "epochs: 40")))
    assert "warning" not in lines


@both_frameworks
def test_candidates_are_tried_only_where_there_is_training_to_do(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    usual = Trials.try_candidates

    def trying(backend: Trials, *arguments: Any, **options: Any) -> float:
        tries.append(backend)
        return usual(backend, *arguments, **options)

    monkeypatch.setattr(Trials, "try_candidates", trying)
    before = project.front()
    project.search()
    assert not tries and project.front() == before

    # In the middle of it they are: the rest may run elsewhere, with less memory.
    stored = CheckpointStore(project.home / "checkpoint", "train").load([])
    assert stored is not None
    epochs = int(stored.meta["epoch"])
    assert trial_of(stored.meta, epochs) is not None
    assert trial_of(stored.meta, epochs + 1) is None
    assert trial_of({**stored.meta, "ended_early": True}, epochs + 1) is not None


@both_frameworks
def test_what_a_loss_imports_when_it_is_called_is_no_change(fresh: Project) -> None:
    """Nothing is tried again after training, so it is not imported again by then."""
    (fresh.home / "late.py").write_text("FACTOR = 1.0\n", encoding="utf-8")
    text = (fresh.home / "user_module.py").read_text(encoding="utf-8")
    (start,) = re.findall(r"    def loss_\w+\(.*\n", text)
    fresh.module((start, f"{start}        import late\n"))
    fresh.scenario(("generation_num: 3", "generation_num: 1"))
    fresh.search()
    heard = Recorder()
    fresh.search(heard)
    assert "the supernet is trained" in heard.text
