"""Ways to load a scenario from text, and a small valid one to start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.config import LoadedScenario, load_scenario
from nasea.errors import ConfigError, Problem

from .builders import Load, Refusals

_PYTORCH = """\
scenario:
  strategy:
    name: NASEA
    framework: PyTorch
    batch_size: 64
    epochs: 10
    constraint:
      application_type: image_classification
      constraint_type: size
      constraint_value: 2.5e6
    dataset:
      train_dir: /data/train
      val_dir: /data/val
  resource:
    name: pytorch_standalone
    gpu_id: 0
"""


@pytest.fixture
def minimal() -> str:
    """Only the required keys, for PyTorch classification; nothing in it needs mending."""
    return _PYTORCH


@pytest.fixture
def sample_path() -> Path:
    """The sample as users paste it from the documentation, faults included."""
    return Path(__file__).parent / "data" / "documented_sample.yaml"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a text as a scenario."""

    def load_text(text: str) -> LoadedScenario:
        path = tmp_path / "scen.yaml"
        path.write_bytes(text.encode())
        return load_scenario(path)

    return load_text


@pytest.fixture
def refusals(load: Load) -> Refusals:
    """The problems of a text that must not load, each at ``scen.yaml:line``."""

    def load_text(text: str) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return caught.value.problems

    return load_text
