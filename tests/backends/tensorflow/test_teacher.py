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


@pytest.mark.parametrize("axis", [1, 3])
def test_pixels_are_taught_as_images_are(axis: int) -> None:
    images = tf.random.uniform((4, 2, 3, 1))
    layers = [tf.keras.layers.Dense(5)]
    if axis == 1:
        layers.append(tf.keras.layers.Permute((3, 1, 2)))
    network = cast(Any, tf.keras.Sequential(layers))
    user = cast(Any, User())
    teacher = Teacher(network, 0.5, user, images, axis)
    student, loss = tf.random.uniform((4, 2, 3, 5)), tf.constant(1.0)
    given = student if axis == 3 else tf.transpose(student, [0, 3, 1, 2])
    found = teacher.mix_loss(loss, given, teacher(images))

    one_by_one = Teacher(cast(Any, layers[0]), 0.5, user, tf.reshape(images, (-1, 1)))
    scores = tf.reshape(student, (-1, 5))
    expected = one_by_one.mix_loss(loss, scores, one_by_one(tf.reshape(images, (-1, 1))))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    with pytest.raises(NotAvailableError, match="scores of classes"):
        Teacher(network, 0.5, user, images)
