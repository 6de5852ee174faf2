"""Knowledge distillation: training with the outputs of another network as well as the labels."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.network.layers import Network
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.training import teacher
from nasea.backends.training.distillation import TEMPERATURE
from nasea.backends.user.nesting import flatten

_SMALLEST = 1e-8


class Teacher(teacher.Teacher):
    """See :class:`nasea.backends.training.teacher.Teacher`.

    Args:
        network: the network; not changed.
        share: weight of the teacher in the loss, from 0 to 1.
        user: guards calls of the user's PreNet and PostNet.
        example: images in the user's layout, run to find the class scores among the outputs.
        dense_axis: axis of the classes in outputs of rank 4 that are class scores of pixels;
            ``None`` if there are none.
    """

    def __init__(
        self,
        network: Network,
        share: float,
        user: UserCode,
        example: Any,
        dense_axis: int | None = None,
    ) -> None:
        self.user = user
        self.dense_axis = dense_axis
        # One graph for each batch size, of which there are few: the user's models may read it.
        self._run = tf.function(
            lambda images: [x for _, x in self.named_scores(network(images, training=False))]
        )
        with user.guard("PreNet, PostNet: call(inputs, training)"):
            outputs = network(example, training=False)
        super().__init__(share, outputs)

    def __call__(self, images: Any) -> list[Any]:
        """See :class:`nasea.backends.training.teacher.Teacher`."""
        with self.user.guard("PreNet, PostNet: call(inputs, training)"):
            return list(self._run(images))

    describe = staticmethod(describe)

    def named_scores(self, outputs: Any) -> list[tuple[str, Any]]:
        """See :class:`nasea.backends.training.teacher.Teacher`."""
        found = [
            (name, self._by_pixel(tensor))
            for name, tensor in flatten(outputs, tf.Tensor)
            if tensor.dtype.is_floating
        ]
        return [
            (name, scores)
            for name, scores in found
            if scores.shape.rank == 2 and scores.shape[1] != 1
        ]

    def _by_pixel(self, scores: Any) -> Any:
        """Return a map of class scores as (pixels, classes), anything else unchanged."""
        if self.dense_axis is None or scores.shape.rank != 4:
            return scores
        last = scores if self.dense_axis == 3 else tf.transpose(scores, [0, 2, 3, 1])
        return tf.reshape(last, [-1, last.shape[3]])

    @staticmethod
    def are_probabilities(scores: Any) -> bool:
        """See :class:`nasea.backends.training.teacher.Teacher`."""
        sums = tf.reduce_sum(scores, 1)
        return bool(tf.reduce_all(scores >= 0)) and bool(tf.reduce_all(tf.abs(sums - 1.0) < 1e-3))

    @staticmethod
    def add_divergence(
        total: Any, weight: float, student: Any, teacher: Any, are_probabilities: bool
    ) -> Any:
        """See :class:`nasea.backends.training.teacher.Teacher`."""
        ours, theirs = (_softened(scores, are_probabilities) for scores in (student, teacher))
        divergence = tf.reduce_sum(tf.exp(theirs) * (theirs - ours), axis=1)
        return total + tf.cast(weight * tf.reduce_mean(divergence), total.dtype)


def _softened(scores: Any, are_probabilities: bool) -> Any:
    """Return the logarithms of the softened class probabilities."""
    logits = tf.math.log(tf.maximum(scores, _SMALLEST)) if are_probabilities else scores
    return tf.nn.log_softmax(logits / TEMPERATURE, axis=1)
