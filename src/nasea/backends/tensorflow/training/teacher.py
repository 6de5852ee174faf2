"""Knowledge distillation: training with the outputs of another network as well as the labels."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from nasea.backends.tensorflow.network.layers import Network
from nasea.backends.tensorflow.user.code import UserCode
from nasea.backends.tensorflow.user.describe import describe
from nasea.backends.training.distillation import (
    TEMPERATURE,
    match_outputs,
    no_class_scores_error,
    no_matching_outputs_error,
)
from nasea.backends.user.nesting import flatten

_SMALLEST = 1e-8


class Teacher:
    """A trained network whose class scores a student learns to match.

    Args:
        network: the network; not changed.
        share: weight of the teacher in the loss, from 0 to 1.
        user: guards calls of the user's PreNet and PostNet.
        example: images in the user's layout, run to find the class scores among the outputs.

    Raises:
        NotAvailableError: no output holds class scores.
    """

    def __init__(self, network: Network, share: float, user: UserCode, example: Any) -> None:
        self.share = share
        self.user = user
        # One graph for each batch size, of which there are few: the user's models may read it.
        self._run = tf.function(lambda images: _scores(network(images, training=False)))
        outputs = self(example)
        if not outputs:
            raise no_class_scores_error(describe(network(example, training=False)))
        example_output = network(example, training=False)
        self._names = [name for name, _ in _named_scores(example_output)]
        self._described = describe(example_output)
        self._are_probabilities = [_are_probabilities(scores) for scores in outputs]

    def __call__(self, images: Any) -> list[Any]:
        """Return the teacher's class scores for images, (N, classes) each."""
        with self.user.guard("PreNet, PostNet: call(inputs, training)"):
            return list(self._run(images))

    def mix_loss(self, loss: Any, outputs: Any, teacher_scores: list[Any]) -> Any:
        """Return (1 - share) times the user's loss plus share times the distillation loss.

        The distillation loss is the Kullback-Leibler divergence of the student's softened class
        probabilities from the teacher's, times the squared temperature (Hinton et al. 2015,
        arXiv:1503.02531), summed over the outputs. May be called while a graph is traced.

        Args:
            loss: the user's loss, a scalar.
            outputs: the student's outputs.
            teacher_scores: what calling the teacher on the same images returned.

        Raises:
            NotAvailableError: no output of the student matches one of the teacher's.
        """
        total = (1.0 - self.share) * loss
        given = _named_scores(outputs)
        pairs = match_outputs(
            given, list(zip(self._names, teacher_scores, strict=True)), lambda t: t.shape[1]
        )
        if not pairs:
            raise no_matching_outputs_error(describe(outputs), self._described)
        for mine, its in pairs:
            student, teacher = given[mine][1], teacher_scores[its]
            probabilities = self._are_probabilities[its]
            ours, theirs = (_softened(s, probabilities) for s in (student, teacher))
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
    """Return the logarithms of the softened class probabilities."""
    logits = tf.math.log(tf.maximum(scores, _SMALLEST)) if are_probabilities else scores
    return tf.nn.log_softmax(logits / TEMPERATURE, axis=1)
