"""The resolved scenario as a value: frozen, JSON round trip, digests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from nasea.config import Scenario, load_scenario
from nasea.errors import ConfigError

from .builders import Load, set_keys


def test_json_round_trip(sample_path: Path) -> None:
    scenario = load_scenario(sample_path).scenario
    stored = json.loads(json.dumps(scenario.to_dict()))
    again = Scenario.from_dict(stored)
    assert again == scenario
    assert again.digest() == scenario.digest()
    assert hash(again) == hash(scenario)


def test_a_damaged_stored_scenario_is_refused(sample_path: Path) -> None:
    stored = load_scenario(sample_path).scenario.to_dict()
    stored["epochs"] = "many"
    with pytest.raises(ConfigError, match="epochs"):
        Scenario.from_dict(stored)


def test_a_scenario_cannot_be_changed(sample_path: Path) -> None:
    scenario = load_scenario(sample_path).scenario
    with pytest.raises(ValidationError, match="frozen"):
        scenario.epochs = 3


def test_the_digest_is_stable_and_sees_everything(load: Load, minimal: str) -> None:
    scenario = load(minimal).scenario
    assert len(scenario.digest()) == 64
    assert load(minimal).scenario.digest() == scenario.digest()
    assert load(minimal.replace("gpu_id: 0", "gpu_id: 1")).scenario.digest() != scenario.digest()


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("gpu_id: 0", "gpu_id: 0,1", True),
        ("2.5e6", "1e6", True),
        ("constraint_type: size", "constraint_type: flops", False),
        ("epochs: 10", "epochs: 11", False),
        ("/data/train", "/data/other", False),
    ],
)
def test_the_training_digest_sees_only_what_shapes_the_supernet(
    load: Load, minimal: str, old: str, new: str, same: bool
) -> None:
    before = load(minimal).scenario.training_digest()
    after = load(minimal.replace(old, new)).scenario.training_digest()
    assert (before == after) is same


def test_the_training_digest_ignores_the_search_and_with_given_blocks_the_constraint(
    load: Load, minimal: str
) -> None:
    digest = load(minimal).scenario.training_digest()
    assert load(set_keys(minimal, "searcher", "pop_size: 9")).scenario.training_digest() == digest
    blocks = set_keys(minimal, "supernet", "blocks: [basic]")
    other = blocks.replace("constraint_type: size", "constraint_type: latency")
    assert load(blocks).scenario.training_digest() == load(other).scenario.training_digest()
