"""Labels of a type that losses refuse: what to tell their owner."""

from __future__ import annotations

import re

_SMALL = re.compile(r"\b(?:int8|int16|uint8|uint16|uint32)\b")


def advice_on_labels(shown: str, convert: str) -> str:
    """What to look at where a loss or metric failed.

    Args:
        shown: the labels, described with their types.
        convert: how the framework makes wide integers of them.
    """
    small = _SMALL.search(shown)
    if small is None:
        return ""
    return (
        f". Losses and metrics of the framework mostly refuse {small[0]} labels: give them as "
        f"int64, e.g. {convert} in the data set"
    )
