"""Spans of time as people write them: ``2h``, ``90m``, ``1h30m``, ``1.5 hours``, ``2 days``."""

from __future__ import annotations

import re

_UNITS = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "d": 86400.0, "day": 86400.0, "days": 86400.0,
}  # fmt: skip
# Bounded in length, so that no text takes long to read.
_PART = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{0,9})?)\s?([a-z]{1,7})\s*")
_CLOCK = re.compile(r"([0-9]{1,4}):([0-5][0-9])(?::([0-5][0-9]))?")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,9})?")

SPAN_WORDS = "a time with its unit, such as 90m, 2h or 1h30m"
"""The rule, following "must be"."""


def read_span(text: str) -> float | None:
    """Read a span of time, in seconds; ``None`` where the text is none.

    >>> read_span("2h"), read_span("1h30m"), read_span("45 min"), read_span("2")
    (7200.0, 5400.0, 2700.0, None)

    Args:
        text: as written, without quotes; units from days to seconds, each at most once and the
            larger first.
    """
    place, total, smallest = 0, 0.0, float("inf")
    bare = text.strip().casefold()
    while place < len(bare):
        part = _PART.match(bare, place)
        if part is None:
            return None
        unit = _UNITS.get(part[2])
        if unit is None or unit >= smallest:
            return None
        total += float(part[1]) * unit
        smallest, place = unit, part.end()
    return total if bare else None


def span_advice(text: str) -> str | None:
    """Suggest a spelling for a span that cannot be read, if it can be guessed."""
    bare = text.strip()
    clock = _CLOCK.fullmatch(bare)
    if clock is not None:
        parts = [f"{int(n)}{u}" for n, u in zip(clock.groups("0"), "hms", strict=True) if int(n)]
        return f"write {''.join(parts)}" if parts else None
    if _NUMBER.fullmatch(bare):
        return f"write {bare}h, {bare}m or {bare}s"
    return None
