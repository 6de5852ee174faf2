"""Learning from the outputs of another network besides the labels."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.network.layers import Network
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.training.distillation import (
    TEMPERATURE,
    matched,
    nothing_in_common,
    nothing_to_learn,
)
from nasea.backends.user.nesting import flatten

_SMALLEST = 1e-8


class Teacher:
    """A trained network whose class scores a student learns to match.

    Args:
        network: not changed.
        share: of the teacher in the loss, from 0 to 1.
        user: guards the user's ends.
        example: images to see what the output is like.

    Raises:
        NotAvailableError: no output is scores of classes.
    """

    def __init__(self, network: Network, share: float, user: UserCode, example: Any) -> None:
        self.share = share
        self.user = user
        # A graph for each size of batch, of which there are few: the ends may read it.
        self._run = tf.function(lambda images: _scores(network(images, training=False)))
        outputs = self(example)
        if not outputs:
            raise nothing_to_learn(describe(network(example, training=False)))
        example_output = network(example, training=False)
        self._names = [name for name, _ in _named_scores(example_output)]
        self._described = describe(example_output)
        self._are_probabilities = [_are_probabilities(scores) for scores in outputs]

    def __call__(self, images: Any) -> list[Any]:
        """The teacher's scores of classes for images, (N, classes) each."""
        with self.user.guard("PreNet, PostNet: call(inputs, training)"):
            return list(self._run(images))

    def mixed(self, loss: Any, outputs: Any, taught: list[Any]) -> Any:
        """The loss of the user with the teacher's share in it; also while traced.

        The Kullback-Leibler divergence of the student's softened scores from the teacher's, times
        the squared temperature (Hinton et al. 2015, arXiv:1503.02531), summed over the outputs.
        """
        total = (1.0 - self.share) * loss
        given = _named_scores(outputs)
        pairs = matched(given, list(zip(self._names, taught, strict=True)), lambda t: t.shape[1])
        if not pairs:
            raise nothing_in_common(describe(outputs), self._described)
        for mine, its in pairs:
            student, teacher = given[mine][1], taught[its]
            probabilities = self._are_probabilities[its]
            ours, theirs = (_softened(scores, probabilities) for scores in (student, teacher))
            divergence = tf.reduce_sum(tf.exp(theirs) * (theirs - ours), axis=1)
            weight = self.share * TEMPERATURE**2
            total += tf.cast(weight * tf.reduce_mean(divergence), total.dtype)
        return total


def _scores(outputs: Any) -> list[Any]:
    return [tensor for _, tensor in _named_scores(outputs)]


def _named_scores(outputs: Any) -> list[tuple[str, Any]]:
    return [
        (name, tensor)
        for name, tensor in flatten(outputs, tf.Tensor)
        if tensor.shape.rank == 2 and tensor.shape[1] != 1 and tensor.dtype.is_floating
    ]


def _are_probabilities(scores: Any) -> bool:
    sums = tf.reduce_sum(scores, 1)
    return bool(tf.reduce_all(scores >= 0)) and bool(tf.reduce_all(tf.abs(sums - 1.0) < 1e-3))


def _softened(scores: Any, are_probabilities: bool) -> Any:
    """Logarithms of the probabilities of classes, softened."""
    logits = tf.math.log(tf.maximum(scores, _SMALLEST)) if are_probabilities else scores
    return tf.nn.log_softmax(logits / TEMPERATURE, axis=1)
