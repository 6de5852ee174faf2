"""What every rank except 0 runs; imports TensorFlow once the version of Keras is known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nasea.backends.distributed.follower import follow_spawned, follow_with_signals
from nasea.backends.framework import OpenFramework
from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.config import Scenario

if TYPE_CHECKING:
    from nasea.backends.tensorflow.distributed.ranks import TensorFlowRanks


def follow_launched(scenario: Scenario) -> Any:
    """Follow as a process that a launcher started; see :func:`nasea.backends.opening.follow`."""
    from nasea.backends.tensorflow.distributed.processes import join_launched
    from nasea.backends.tensorflow.framework import TensorFlowFramework

    return follow_with_signals(join_launched(scenario), TensorFlowFramework)


def _start(settings: dict[str, Any]) -> tuple[TensorFlowRanks, OpenFramework]:
    load_tensorflow(Scenario.from_dict(settings["scenario"]).keras_version)
    from nasea.backends.tensorflow.distributed.processes import join_spawned
    from nasea.backends.tensorflow.framework import TensorFlowFramework

    return join_spawned(settings), TensorFlowFramework


if __name__ == "__main__":
    follow_spawned(_start)
    os._exit(0)  # TensorFlow's own shutdown takes seconds and does nothing we need
