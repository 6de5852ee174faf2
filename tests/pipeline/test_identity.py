from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nasea.backends.records import DataReport
from nasea.config import load_scenario
from nasea.errors import CheckpointError
from nasea.pipeline.probe import Prepared
from nasea.pipeline.session.identity import (
    digest_of,
    identity,
    parts_of_code,
    require_same,
    require_same_supernet,
)
from nasea.space import build_space, catalogue

from .project import Project

pytest_plugins = ["pipeline.fixtures"]

IDENTITY = {"scenario": "s", "user_module": "u", "blocks": "", "space": "p", "data": "280 + 200"}


@pytest.mark.parametrize(
    "changes",
    [{"user_module": "v"}, {"data": "281 + 200", "space": "q"}, {"blocks": "b", "scenario": "t"}],
)
def test_what_changed_is_named_and_nothing_else(changes: dict[str, str]) -> None:
    names = {
        "scenario": "the scenario",
        "user_module": "user_module.py",
        "blocks": "blocks.py",
        "space": "the search space",
        "data": "the number of images",
    }
    require_same(IDENTITY, dict(IDENTITY))
    with pytest.raises(CheckpointError, match="belongs to another run") as caught:
        require_same(IDENTITY, {**IDENTITY, **changes})
    text = caught.value.message.partition("changed since then: ")[2]
    for key, name in names.items():
        assert (name in text) is (key in changes)
    assert "--restart" in str(caught.value.fix)


def test_an_identity_is_made_of_what_shapes_training(fresh: Project) -> None:
    before = prepared(fresh)
    same = of(before, fresh)
    assert of(before, fresh) == same
    assert same["data"] == "280 + 200"
    for change in (
        ("constraint_value: 12000", "constraint_value: 9000"),
        ("generation_num: 3", "generation_num: 30"),
        ("pop_size: 6", "pop_size: 8"),
        ("metric_mode: auto", "metric_mode: max"),
        ("gpu_id: 0", "gpu_id: 1"),
    ):
        assert of(prepared(fresh.scenario(change)), fresh) == same, change
    fresh.scenario(("seed: 0", "seed: 1"))
    assert different(same, of(prepared(fresh), fresh)) == {"scenario"}


def test_files_space_and_data_count(fresh: Project) -> None:
    before = prepared(fresh)
    same = of(before, fresh)
    more = replace(before, backend=opened(replace(before.data, val_images=201)))
    assert different(same, of(more, fresh)) == {"data"}
    other = replace(before, space=space("basic_x1"))
    assert different(same, of(other, fresh)) == {"space"}
    (fresh.home / "blocks.py").write_text("BLOCKS = []\n")
    assert different(same, of(before, fresh)) == {"blocks"}
    fresh.module(("Dropout(0.1)", "Dropout(0.2)"))
    assert different(same, of(before, fresh)) == {"blocks", "user_module", "training_code"}


MODULE = """
class UserModule:
    def metrics_func(self, loader, evaluate):
        return {metric}

    def scheduler_define(self, optimizer, steps_per_epoch):
        return {schedule}

    def loss_func(self, labels, logits):
        return {loss}
"""


@pytest.mark.parametrize(
    "changes, is_same, metric_changed",
    [
        ({}, True, False),
        ({"metric": "2"}, True, True),
        ({"schedule": "2"}, True, False),
        ({"metric": "2", "schedule": "2"}, True, True),
        ({"loss": "2"}, False, False),
    ],
    ids=["nothing", "metric", "schedule", "both", "loss"],
)
def test_a_mend_of_metric_or_schedule_does_not_cost_the_supernet(
    tmp_path: Path, changes: dict[str, str], is_same: bool, metric_changed: bool
) -> None:
    found = []
    for values in ({}, changes):
        texts = {"metric": "1", "schedule": "1", "loss": "1", **values}
        path = tmp_path / "user_module.py"
        path.write_text(MODULE.format(**texts))
        found.append({**IDENTITY, "user_module": digest_of([path]), **parts_of_code(path, [])})
    if is_same:
        assert require_same_supernet(*found) is metric_changed
    else:
        with pytest.raises(CheckpointError, match=r"user_module\.py"):
            require_same_supernet(*found)
    earlier = {key: value for key, value in found[0].items() if not key.endswith("_code")}
    if changes:  # a checkpoint of an earlier version cannot tell what was changed
        with pytest.raises(CheckpointError, match=r"user_module\.py"):
            require_same_supernet(earlier, found[1])


def of(prepared: Prepared, project: Project) -> dict[str, str]:
    return identity(prepared.scenario, prepared.data, prepared.space, project.home)


def different(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {key for key in one if one[key] != other[key]}


def space(*names: str) -> Any:
    blocks = [catalogue()[name] for name in names]
    return build_space((8, 8, 8), (8, 16), (1, 2), blocks, "independent")


def opened(data: DataReport) -> Any:
    """As much of a backend as an identity needs."""
    return SimpleNamespace(data_report=data)


def prepared(project: Project) -> Prepared:
    """As much of a prepared run as an identity needs; nothing is opened."""
    scenario = load_scenario(project.home / "scen.yaml").scenario
    nothing = cast(Any, SimpleNamespace())
    return Prepared(
        scenario=scenario,
        backend=opened(DataReport(280, 200, 9)),
        space=space("basic_x1", "basic_x0.5"),
        costs=nothing,
        profile=None,
        paths_per_update=2,
        step_seconds=0.1,
        schedule="",
    )
