"""Stateful objects that a user's metric keeps between calls.

A metric of Keras or torchmetrics, or a meter, accumulates until it is reset. Kept in UserModule and
never reset, it would carry the results of one candidate into the next. So each call finds these
objects reset, and their state is restored afterwards.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nasea.backends.user.reachable import reachable
from nasea.errors import MetricError

_RESETS = ("reset_state", "reset_states", "reset")
_UPDATES = ("update_state", "update", "add", "append")


class MetricMemory:
    """The objects of a UserModule that accumulate and can be reset.

    Args:
        user: the UserModule.
        directory: the directory of the user's files.
    """

    def __init__(self, user: object, directory: Path) -> None:
        self._objects = [each for _, each in reachable(user, directory) if has_memory(each)]

    def reset(self) -> None:
        """Reset all of them."""
        for each in self._objects:
            _reset(each)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Restore their state when the context exits."""
        before = [_state(each) for each in self._objects]
        try:
            yield
        finally:
            for each, state in zip(self._objects, before, strict=True):
                _put_back(each, state)


def unequal(first: float, again: float) -> MetricError:
    """Return the error of a metric that differs between two calls on the same outputs.

    Args:
        first: value of the first call.
        again: value of the second call.
    """
    return MetricError(
        f"the user's metric is {first:.6g} and then {again:.6g} for the same network and images: "
        "it remembers earlier calls, or draws from a generator of its own, so scores cannot be "
        "compared",
        fix="compute the metric from what one call gets alone: a counter, list or running mean "
        "kept in UserModule must be made anew, or reset, at the beginning of each call",
    )


def same_metric(first: float, again: float, tolerance: float = 1e-6) -> bool:
    """Return whether two metrics of the same outputs are equal up to rounding."""
    return abs(first - again) <= tolerance * max(abs(first), abs(again), 1.0)


def has_memory(value: Any) -> bool:
    """Return whether an object accumulates what it is given until it is reset."""
    return not isinstance(value, np.ndarray) and (
        any(callable(getattr(value, name, None)) for name in _UPDATES)
        and any(callable(getattr(value, name, None)) for name in _RESETS)
    )


def _reset(value: Any) -> None:
    next(getattr(value, name) for name in _RESETS if callable(getattr(value, name, None)))()


def _variables(value: Any) -> list[Any]:
    found = getattr(value, "variables", None)
    every = list(found) if isinstance(found, list | tuple) else []
    return [each for each in every if callable(getattr(each, "assign", None))]


def _state(value: Any) -> Any:
    """Return what restores an object; ``None`` if it can only be reset."""
    variables = _variables(value)
    if variables:  # graphs refer to them, so they must stay the same objects
        return [(each, each.numpy()) for each in variables]
    try:
        return copy.deepcopy(vars(value))
    except Exception:
        return None


def _put_back(value: Any, state: Any) -> None:
    if isinstance(state, list):
        for variable, before in state:
            variable.assign(before)
    elif isinstance(state, dict) and not _variables(value):
        vars(value).clear()
        vars(value).update(state)
    else:
        _reset(value)
