"""Calls the user's learning-rate schedule, in any form it may be written."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import tensorflow as tf

from nasea.backends.tensorflow.user.describe import describe
from nasea.errors import TrainingError, UserModuleError


class Schedule:
    """``UserModule.lr_scheduler``, called for each update.

    Args:
        user: the ``UserModule``.
        file: name of its file, for messages.
        guard: reports exceptions in its context as failures of the user's code.
    """

    def __init__(
        self, user: Any, file: str, guard: Callable[[str], AbstractContextManager[None]]
    ) -> None:
        self._user = user
        self.file = file
        self.guard = guard
        self._count_from: Callable[[int], Any] | None = None

    def learning_rate(self, initial: float, step: int) -> float:
        """Return the learning rate at a step.

        If ``lr_scheduler`` returns a function or a Keras schedule, that is called.

        Args:
            initial: the initial learning rate.
            step: number of the batch, from 0.

        Raises:
            UserCodeError: the schedule raises.
            UserModuleError: the schedule does not return a number.
            TrainingError: the learning rate is negative or not finite.
        """
        if self._count_from is None:
            self._count_from = self._step_kind(initial, step)
        with self.guard(f"UserModule.lr_scheduler({initial!r}, global_step={step})"):
            rate = self._ask_rate(initial, self._count_from(step))
        if not math.isfinite(rate) or rate < 0:
            raise TrainingError(
                f"{self.file}: lr_scheduler({initial!r}, {step}) is {rate}; a learning rate must "
                "be a number >= 0",
                fix="global_step counts the batches from 0; look at what the schedule divides by "
                "and at its last steps",
            )
        return rate

    def _step_kind(self, initial: float, step: int) -> Callable[[int], Any]:
        """Find out how the schedule accepts the step: as a tensor, an int or a float."""
        kinds: tuple[Callable[[int], Any], ...] = (_tensor, int, float)
        first: BaseException | None = None
        for kind in kinds:
            try:
                self._ask_rate(initial, kind(step))
                return kind
            except UserModuleError:
                raise
            except (Exception, SystemExit) as error:
                first = first or error
        assert first is not None
        with self.guard("UserModule.lr_scheduler(lr_init, global_step)"):
            raise first

    def _ask_rate(self, initial: float, step: Any) -> float:
        rate = self._user.lr_scheduler(initial, step)
        if callable(rate) and not isinstance(rate, tf.Tensor | tf.Variable):
            schedule = isinstance(rate, tf.keras.optimizers.schedules.LearningRateSchedule)
            rate = rate(step) if schedule else rate()  # the decays of TensorFlow 1 return functions
        value = np.asarray(rate)
        if value.size != 1 or not np.issubdtype(value.dtype, np.number):
            raise UserModuleError(
                f"{self.file}: lr_scheduler must return a number, found {describe(rate)}"
            )
        return float(value.item())


def _tensor(step: int) -> Any:
    return tf.constant(step, tf.int64)
