"""Runs the user's schedule ahead of training."""

from __future__ import annotations

from collections.abc import Sequence

from nasea.backends.tensorflow.data.sharding import steps_of
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.config import Scenario

_SIMULATED = 500
"""At most this many learning rates are computed; each takes up to a millisecond."""


def simulate_schedule(
    scenario: Scenario,
    user: UserCode,
    batches_per_epoch: int,
    paths_per_update: int,
    processes: int,
) -> tuple[Sequence[float], int]:
    """Return the learning rates of evenly spaced updates, and the total number of updates.

    Restores ``UserModule`` and the random generators.

    Args:
        scenario: learning rate and epochs.
        user: the user's schedule.
        batches_per_epoch: batches of one device in one pass over the training images.
        paths_per_update: paths of an update, one batch for each.
        processes: number of devices, which scales the learning rate.

    Raises:
        TrainingError: the schedule returns an invalid learning rate.
        UserCodeError: the schedule raises.
    """
    steps = steps_of(steps_of(batches_per_epoch, processes), paths_per_update)
    updates = steps * scenario.epochs
    count = min(updates, _SIMULATED)
    chosen = [round(i * (updates - 1) / max(count - 1, 1)) for i in range(count)]
    initial = scenario.optimizer.learning_rate * processes
    attributes, before = user.attributes(), generator_state()
    try:
        return [
            user.learning_rate(
                initial,
                update // steps * batches_per_epoch + update % steps * paths_per_update * processes,
            )
            for update in chosen
        ], updates
    finally:
        attributes.undo()
        set_generator_state(before)
