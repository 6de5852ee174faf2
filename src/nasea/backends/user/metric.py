"""Valid values of the user's metric, and its failures on an architecture."""

from __future__ import annotations

import math
import numbers

import numpy as np

from nasea.backends.user.module import FILE_NAME
from nasea.errors import MetricError


class CandidateFailed(Exception):
    """The user's metric failed on one architecture; the text is the reason."""

    raised = False


class CandidateRaised(CandidateFailed):
    """The user's code raised an exception on one architecture."""

    raised = True


def finite_number(value: object, name: str) -> float:
    """Convert a metric to a float.

    Args:
        value: what the metric returned.
        name: name of the metric function, for messages.

    Raises:
        MetricError: ``value`` is not a number.
        CandidateFailed: ``value`` is not finite.
    """
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        fix = None
        if isinstance(value, np.ndarray) or hasattr(value, "shape"):
            fix = "return one number, such as the mean over the images: float(values.mean())"
        raise MetricError(
            f"{FILE_NAME}: {name} must return a number, found {type(value).__name__} "
            f"{_text(value)}",
            fix=fix,
        )
    number = float(value)
    if not math.isfinite(number):
        raise CandidateFailed(f"the metric is {number}")
    return number


def _text(value: object) -> str:
    try:
        return repr(str(value)[:60])
    except Exception:  # a user object whose __str__ raises
        return "that cannot be printed"
