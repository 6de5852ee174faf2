"""Peak memory of this process."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """The most that was in use at one time.

    Attributes:
        process: bytes of main memory of this process, data loading processes aside.
        device: bytes of a GPU; ``None`` where it runs on the CPU, or cannot be told.
    """

    process: int
    device: int | None = None


class ShortOfMemory(Exception):
    """The device or the machine has no memory left; the text is what was said, in one line."""


def peak_of_process() -> int:
    """Peak main memory of this process, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
