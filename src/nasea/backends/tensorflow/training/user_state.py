"""The training state in UserModule: variables, layers, their statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from nasea.backends.user.attributes import Attributes
from nasea.backends.user.metric_memory import has_memory
from nasea.backends.user.reachable import reachable

_APART = (tf.Module, tf.Variable, tf.data.Dataset, tf.keras.layers.Layer)


def user_variables(
    user: object, directory: Path
) -> tuple[dict[str, tf.Variable], dict[str, tf.Variable]]:
    """Return the variables of UserModule by name: those that are trained, and all others.

    Args:
        user: the UserModule.
        directory: the directory of the user's files.
    """
    trained: dict[str, tf.Variable] = {}
    kept: dict[str, tf.Variable] = {}
    for name, each in reachable(user, directory, _APART):
        if isinstance(each, tf.Variable):
            (trained if _is_trained(each) else kept)[name] = each
        elif not has_memory(each):
            learned = [v for v in _listed(each, "trainable_variables") if v.dtype.is_floating]
            ids = {id(variable) for variable in learned}
            rest = [v for v in _listed(each, "variables") if id(v) not in ids]
            trained |= {f"{name}/{i}": v for i, v in enumerate(learned)}
            kept |= {f"{name}/state{i}": v for i, v in enumerate(rest)}
    return _named(trained), _named(kept)


def attributes_of(user: object, directory: Path) -> Attributes:
    """Take a snapshot of the plain attributes of UserModule."""
    return Attributes(user, directory, tf.Tensor, _APART, lambda tensor: tensor)


def _is_trained(variable: tf.Variable) -> bool:
    """Return whether a variable gets gradients; integer counters are "trainable" by default."""
    return bool(variable.trainable and variable.dtype.is_floating)


def _listed(value: Any, name: str) -> list[tf.Variable]:
    found = getattr(value, name, None)
    if not isinstance(found, list | tuple) or not all(hasattr(each, "assign") for each in found):
        return []
    plain = [each if isinstance(each, tf.Variable) else each.value for each in found]  # of Keras 3
    return [each for each in plain if isinstance(each, tf.Variable)]


def _named(variables: dict[str, tf.Variable]) -> dict[str, tf.Variable]:
    """Return each variable once, under its name in checkpoints."""
    once = {id(variable): name for name, variable in reversed(variables.items())}
    return {f"UserModule/{name}": variables[name] for name in reversed(once.values())}
