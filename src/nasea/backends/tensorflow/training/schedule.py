"""The user's schedule played through before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

from nasea.backends.tensorflow.data.sharding import steps_of
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.training.randomness import generator_state, set_generator_state
from nasea.config import Scenario

_PLAYED = 500
"""Updates whose learning rate is asked for beforehand; asking takes up to a millisecond."""


def play(
    scenario: Scenario,
    user: UserCode,
    batches_per_epoch: int,
    paths_per_update: int,
    processes: int,
) -> tuple[Sequence[float], int]:
    """The learning rates of updates that are spread evenly, and how many updates there are.

    Leaves no trace in ``UserModule`` nor in the random generators.

    Raises:
        TrainingError, UserCodeError: the schedule fails, or gives no learning rate.
    """
    steps = steps_of(steps_of(batches_per_epoch, processes), paths_per_update)
    updates = steps * scenario.epochs
    count = min(updates, _PLAYED)
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
