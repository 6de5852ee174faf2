"""The processes of a run, with TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import tensorflow as tf

from nasea.backends.distributed.visibility import show_only
from nasea.backends.distributed.world import open_several
from nasea.backends.tensorflow.distributed.leader import LeadingBackend
from nasea.backends.tensorflow.distributed.processes import join_launched, spawn
from nasea.backends.world import World
from nasea.config import Scenario


def open_tensorflow_world(
    scenario: Scenario, on_stop: Callable[[], None]
) -> AbstractContextManager[World]:
    """See :func:`nasea.backends.world.open_world`."""
    return open_several(
        scenario,
        on_stop,
        join=join_launched,
        spawn=spawn,
        has_devices=_has_devices,
        leader=LeadingBackend,
    )


def _has_devices(scenario: Scenario) -> bool:
    """Whether there is a device for each id; on the CPU they are processes."""
    if scenario.resource.device == "cpu":
        return True
    show_only(scenario.resource.gpu_ids[0])
    return scenario.resource.device == "cuda" or bool(tf.config.list_physical_devices("GPU"))
