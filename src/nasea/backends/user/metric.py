"""What the user's metric may return, and how it may fail on an architecture."""

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
    """A metric as a float.

    Args:
        value: what the metric returned.
        name: the metric's function, for messages.

    Raises:
        MetricError: it is not a number.
        CandidateFailed: it is not finite.
    """
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise MetricError(
            f"{FILE_NAME}: {name} must return a number, found {type(value).__name__} {_text(value)}"
        )
    number = float(value)
    if not math.isfinite(number):
        raise CandidateFailed(f"the metric is {number}")
    return number


def _text(value: object) -> str:
    try:
        return repr(str(value)[:60])
    except Exception:  # an object of the user's that cannot be printed
        return "that cannot be printed"
