"""Optimisers over many variables, of which each update changes a few.

Variables that no path of an update used keep their moments and step counts: strict fairness trains
every candidate equally often, and its weights must not drift in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from nasea.config.schema.sections import Optimizer as Settings

_ADAM_EPSILON = 1e-7  # the default of tf.keras
Arrays = dict[str, np.ndarray[Any, Any]]


class Optimizer(Protocol):
    """An optimiser that keeps its state by variable name."""

    def apply(self, gradients: Mapping[str, Any], rate: float) -> None:
        """Update the variables that have a gradient.

        Args:
            gradients: gradients by variable name.
            rate: the learning rate.
        """

    def state(self) -> Arrays:
        """Return the state, as arrays by name."""

    def restore(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Load what :meth:`state` returned.

        Raises:
            KeyError: an array is missing.
            ValueError: an array has another shape.
        """


def make_optimizer(settings: Settings, variables: Mapping[str, tf.Variable]) -> Optimizer:
    """Make the optimiser of a scenario.

    Args:
        settings: its type and constants.
        variables: all trainable variables, by name.
    """
    if settings.type == "adam":
        return Adam(variables, *settings.betas)
    momentum = settings.momentum if settings.type == "momentum" else None
    return Sgd(variables, momentum)


class Adam:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) with a step count for each variable.

    Args:
        variables: the variables, by name.
        beta1: decay rate of the first moment.
        beta2: decay rate of the second moment.
    """

    def __init__(self, variables: Mapping[str, tf.Variable], beta1: float, beta2: float) -> None:
        self._variables = variables
        self._betas = (beta1, beta2)
        self._moments = {
            name: (tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v)))
            for name, v in variables.items()
        }
        self._steps = dict.fromkeys(variables, 0)

    def apply(self, gradients: Mapping[str, Any], rate: float) -> None:
        """See :class:`Optimizer`."""
        beta1, beta2 = self._betas
        for name, gradient in gradients.items():
            self._steps[name] += 1
            mean, square = self._moments[name]
            tf.raw_ops.ResourceApplyAdam(
                var=self._variables[name].handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=beta1 ** self._steps[name],
                beta2_power=beta2 ** self._steps[name],
                lr=rate,
                beta1=beta1,
                beta2=beta2,
                epsilon=_ADAM_EPSILON,
                grad=gradient,
            )

    def state(self) -> Arrays:
        """See :class:`Optimizer`."""
        content: Arrays = {}
        for name, (mean, square) in self._moments.items():
            if self._steps[name]:
                content[f"steps/{name}"] = np.array(self._steps[name])
                content[f"mean/{name}"] = mean.numpy()
                content[f"square/{name}"] = square.numpy()
        return content

    def restore(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """See :class:`Optimizer`."""
        for name, (mean, square) in self._moments.items():
            self._steps[name] = int(state.get(f"steps/{name}", np.array(0)))
            known = self._steps[name] > 0
            mean.assign(state[f"mean/{name}"] if known else tf.zeros_like(mean))
            square.assign(state[f"square/{name}"] if known else tf.zeros_like(square))


class Sgd:
    """Stochastic gradient descent, with or without momentum.

    Momentum is that of Keras: it accumulates steps, which include the learning rate.

    Args:
        variables: the variables, by name.
        momentum: decay rate of the accumulated steps; ``None`` for plain gradient descent.
    """

    def __init__(self, variables: Mapping[str, tf.Variable], momentum: float | None) -> None:
        self._variables = variables
        self._momentum = momentum
        self._sums: dict[str, tf.Variable] = {}
        if momentum is not None:
            self._sums = {n: tf.Variable(tf.zeros_like(v)) for n, v in variables.items()}

    def apply(self, gradients: Mapping[str, Any], rate: float) -> None:
        """See :class:`Optimizer`."""
        for name, gradient in gradients.items():
            handle = self._variables[name].handle
            if self._momentum is None:
                tf.raw_ops.ResourceApplyGradientDescent(var=handle, alpha=rate, delta=gradient)
            else:
                tf.raw_ops.ResourceApplyKerasMomentum(
                    var=handle,
                    accum=self._sums[name].handle,
                    lr=rate,
                    grad=gradient,
                    momentum=self._momentum,
                )

    def state(self) -> Arrays:
        """See :class:`Optimizer`."""
        return {f"sum/{name}": value.numpy() for name, value in self._sums.items()}

    def restore(self, state: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """See :class:`Optimizer`."""
        for name, value in self._sums.items():
            value.assign(state[f"sum/{name}"])
