"""A teacher of a network whose outputs differ between training and evaluation."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, cast

import numpy as np
import pytest

from nasea.backends.tensorflow.environment import load_tensorflow
from nasea.errors import NotAvailableError

tf = load_tensorflow(keras_version=2)

from nasea.backends.tensorflow.training.teacher import Teacher  # noqa: E402


class User:
    def guard(self, doing: str) -> Any:
        return nullcontext()


def test_the_main_output_is_taught_and_auxiliary_ones_are_left_alone() -> None:
    images = tf.random.uniform((4, 2, 2, 1))
    layers = [tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)]
    teacher = Teacher(cast(Any, tf.keras.Sequential(layers)), 0.5, cast(Any, User()), images)
    main, other, loss = tf.random.uniform((4, 10)), tf.random.uniform((4, 10)), tf.constant(1.0)
    alone = teacher.mix_loss(loss, main, teacher(images))
    for outputs in ((main, other), {"a_main": main, "aux": other}):
        assert np.array_equal(alone, teacher.mix_loss(loss, outputs, teacher(images)))
    with pytest.raises(NotAvailableError, match="no scores of the same classes"):
        teacher.mix_loss(loss, (tf.random.uniform((4, 7)), other), teacher(images))
