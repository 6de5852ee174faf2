"""A loss that hardly moves in the first epoch is said; one that falls is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.config import Scenario, load_scenario
from nasea.pipeline.supernet.slow_start import slow_start_notice, small_rate_notice
from nasea.pipeline.supernet_training import SupernetTraining

from .project import Recorder

_TEXT = """\
scenario:
  strategy:
    name: NASEA
    framework: FRAMEWORK
    batch_size: 8
    epochs: 2
    constraint:
      application_type: TASK
      constraint_type: size
      constraint_value: 1M
    dataset: {pre_train_dir: none, train_dir: a, val_dir: b}
  resource: {name: FRAMEWORK_standalone, gpu_id: 0}
"""


def scenario(tmp_path: Path, framework: str, task: str, rate: str = "") -> Scenario:
    text = _TEXT.replace("FRAMEWORK", framework).replace("TASK", task)
    if rate:
        text = text.replace(
            "    dataset:",
            f"    optimizer: {{weights_optimizer: {{learning_rate: {rate}}}}}\n    dataset:",
        )
    (tmp_path / "scen.yaml").write_text(text)
    return load_scenario(tmp_path / "scen.yaml").scenario


def noise(index: int) -> float:
    return 0.01 * ((index * 7) % 5 - 2)


@given(st.integers(12, 300), st.floats(0.1, 100))
def test_a_flat_loss_is_said_at_any_scale(updates: int, scale: float) -> None:
    notice = slow_start_notice([scale * (2.3 + noise(i)) for i in range(updates)], 1e-5)
    assert notice is not None and "hardly moved" in notice.text and "1e-05" in notice.text


@given(st.integers(12, 300), st.floats(0.1, 100))
def test_a_falling_loss_is_not(updates: int, scale: float) -> None:
    losses = [scale * (2.3 - 0.8 * i / updates + noise(i)) for i in range(updates)]
    assert slow_start_notice(losses, 1e-3) is None


def test_a_rising_loss_is_said() -> None:
    assert slow_start_notice([2.0 + 0.1 * i for i in range(20)], 0.5) is not None


@pytest.mark.parametrize("losses", [[], [2.3] * 11, [float("nan")] * 40])
def test_nothing_is_said_of_too_little(losses: list[float]) -> None:
    assert slow_start_notice(losses, 1e-5) is None


@pytest.mark.parametrize(
    ("framework", "task", "rate", "said"),
    [
        ("pytorch", "semantic_segmentation", "", True),
        ("pytorch", "semantic_segmentation", "1e-4", False),
        ("pytorch", "image_classification", "", False),
        ("tensorflow", "semantic_segmentation", "", False),
    ],
)
def test_the_default_rate_of_segmentation_is_named_by_check(
    tmp_path: Path, framework: str, task: str, rate: str, said: bool
) -> None:
    notice = small_rate_notice(scenario(tmp_path, framework, task, rate))
    assert (notice is not None) == said
    assert notice is None or "1e-4" in notice.text


@pytest.mark.parametrize("trained", [False, True])
def test_nothing_is_said_of_weights_that_a_search_trained(trained: bool) -> None:
    heard = Recorder()
    training = object.__new__(SupernetTraining)
    training.begins_trained, training.epoch, training.epochs = trained, 1, 2
    training.losses, training._sum, training._updates, training._whole = [], 14.0, 20, True
    training.session = SimpleNamespace(listener=heard)
    training.scenario = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=1e-3))
    training.after_epoch(SimpleNamespace(losses=[0.7] * 20, speed=100.0))
    assert ("hardly moved" in heard.text) == (not trained)
