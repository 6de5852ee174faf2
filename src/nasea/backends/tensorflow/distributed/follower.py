"""What every rank but 0 runs, with TensorFlow, imported once it is known with which Keras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasea.backends.distributed.follower import (
    OpenBackend,
    follow_noting_signals,
    follow_spawned,
)
from nasea.backends.records import Role
from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.config import Scenario

if TYPE_CHECKING:
    from nasea.backends.tensorflow.backend import TensorFlowBackend
    from nasea.backends.tensorflow.distributed.ranks import TensorFlowRanks


def follow_launched(scenario: Scenario) -> Any:
    """Follow as a process that a launcher started; see :func:`nasea.backends.opening.follow`."""
    from nasea.backends.tensorflow.distributed.processes import join_launched

    ranks = join_launched(scenario)
    return follow_noting_signals(ranks, _opening(ranks))


def _start(settings: dict[str, Any]) -> tuple[TensorFlowRanks, OpenBackend]:
    load_tensorflow(Scenario.from_dict(settings["scenario"]).keras_version)
    from nasea.backends.tensorflow.distributed.processes import join_spawned

    ranks = join_spawned(settings)
    return ranks, _opening(ranks)


def _opening(ranks: TensorFlowRanks) -> OpenBackend:
    from nasea.backends.tensorflow.backend import TensorFlowBackend

    def open_backend(scenario: Scenario, directory: Path, role: Role) -> TensorFlowBackend:
        return TensorFlowBackend(scenario, directory, role, ranks)

    return open_backend


if __name__ == "__main__":
    follow_spawned(_start)
    os._exit(0)  # nothing is left to do, and TensorFlow would take seconds for it
