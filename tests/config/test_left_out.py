"""Keys that a user may leave out: what is meant then."""

from __future__ import annotations

import pytest

from nasea.config.schema.strides import spread_strides
from nasea.terms import TASKS

from .builders import Load, set_keys


def test_boilerplate_may_be_left_out(load: Load, minimal: str) -> None:
    short = minimal[: minimal.index("  resource:")].replace("    name: NASEA\n", "")
    loaded = load(short)
    assert loaded.scenario == load(minimal).scenario
    assert loaded.notices == ()
    turned = load(short.replace("PyTorch", "TensorFlow")).scenario
    assert turned.resource.name == "tensorflow_standalone"


def test_a_part_of_resource_may_be_left_out(load: Load, minimal: str) -> None:
    for line in ("    name: pytorch_standalone\n", "    gpu_id: 0\n"):
        assert load(minimal.replace(line, "")).scenario == load(minimal).scenario


def test_strides_follow_the_number_of_layers(load: Load, minimal: str) -> None:
    text = set_keys(
        minimal, "supernet", "input_shape: [3, 32, 32]", "filters: [8, 8, 16, 16, 32, 32]"
    )
    loaded = load(text)
    assert loaded.scenario.supernet.strides == (1, 1, 2, 1, 2, 1)
    (notice,) = loaded.notices
    assert notice.text == "supernet.strides: not given; using [1, 1, 2, 1, 2, 1]"


def test_eight_layers_have_the_classic_strides(load: Load, minimal: str) -> None:
    text = set_keys(minimal, "supernet", "input_shape: [3, 8, 8]", f"filters: {[16] * 8}")
    loaded = load(text)
    assert loaded.scenario.supernet.strides == TASKS["classification"].strides
    assert loaded.notices == ()


@pytest.mark.parametrize("layers", range(1, 24))
@pytest.mark.parametrize("side", [1, 8, 15, 32, 64, 224])
def test_strides_leave_something_to_see(layers: int, side: int) -> None:
    for task in TASKS:
        strides = spread_strides(task, layers, side, 2 * side)
        assert len(strides) == layers and set(strides) <= {1, 2} and strides[0] == 1
        halvings = strides.count(2)
        assert halvings <= TASKS[task].strides.count(2)
        assert halvings == 0 or side / 2 / 2**halvings >= 4


def test_the_rule_is_the_classic_one_at_the_classic_size() -> None:
    assert spread_strides("classification", 8, 224, 224) == TASKS["classification"].strides
