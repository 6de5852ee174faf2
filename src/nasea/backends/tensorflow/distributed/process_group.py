"""The processes of a run, with TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import tensorflow as tf

from nasea.backends.distributed.multi_process import open_several
from nasea.backends.distributed.process_group import ProcessGroup
from nasea.backends.distributed.visibility import show_only
from nasea.backends.tensorflow.distributed.processes import join_launched, spawn
from nasea.backends.tensorflow.framework import TensorFlowFramework
from nasea.config import Scenario


def open_tensorflow_group(
    scenario: Scenario, on_stop: Callable[[], None]
) -> AbstractContextManager[ProcessGroup]:
    """See :func:`nasea.backends.opening.open_process_group`."""
    return open_several(
        scenario,
        on_stop,
        join=join_launched,
        spawn=spawn,
        has_devices=_has_devices,
        open_framework=TensorFlowFramework,
    )


def _has_devices(scenario: Scenario) -> bool:
    """Return whether there is a device for each id; on the CPU each id is a process."""
    if scenario.resource.device == "cpu":
        return True
    show_only(scenario.resource.gpu_ids[0])
    return scenario.resource.device == "cuda" or bool(tf.config.list_physical_devices("GPU"))
