"""Advice on labels of a type that losses reject."""

from __future__ import annotations

import re

_SMALL = re.compile(r"\b(?:int8|int16|uint8|uint16|uint32)\b")


def advice_on_labels(shown: str, convert: str) -> str:
    """Return advice on labels for a loss or metric that failed; empty if they are not the cause.

    Args:
        shown: the labels, described with their types.
        convert: how to convert them to wide integers in the framework.
    """
    small = _SMALL.search(shown)
    if small is None:
        return ""
    return (
        f". Losses and metrics of the framework mostly refuse {small[0]} labels: give them as "
        f"int64, e.g. {convert} in the data set"
    )
