"""Peak memory of this process, and what is left of the machine's."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

_Found = TypeVar("_Found")

_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
_RECLAIMABLE = ("inactive_file", "active_file")


@dataclass(frozen=True)
class Memory:
    """The most that was in use at one time.

    Attributes:
        process: bytes of main memory of this process, data loading processes aside.
        device: bytes of a GPU; ``None`` on the CPU, or if unknown.
    """

    process: int
    device: int | None = None


class ShortOfMemory(Exception):
    """The device or the machine has no memory left; the text is what was said, in one line."""


_highest = 0
"""The peak so far, where the system was asked to forget it."""


def peak_of_process() -> int:
    """Peak main memory of this process, in bytes."""
    return max(_peak(), _highest)


def _peak() -> int:
    peak = _high_water_mark()
    if peak is not None:
        return peak
    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return int(memory.peak_wset)
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(memory.rss)  # what is in use now: not less than that


def _high_water_mark() -> int | None:
    """The peak as Linux keeps it; ``None`` elsewhere."""
    with suppress(OSError):
        peak = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
        return None if peak is None else int(peak[1]) * 1024
    return None


def peak_during(action: Callable[[], _Found]) -> tuple[_Found, int | None]:
    """Run an action; return its result and the peak of main memory in the meantime, in bytes.

    ``None`` where the system does not tell: only Linux can forget an earlier peak.
    """
    global _highest
    _highest = peak_of_process()
    try:
        _CLEAR.write_text("5")  # the peak becomes what is in use now
    except OSError:
        return action(), None
    found = action()
    return found, _high_water_mark()


def machine_memory() -> int:
    """Main memory of this machine, in bytes."""
    return int(psutil.virtual_memory().total)


def available_memory() -> int:
    """Return bytes that this process may still take, what the system keeps of files included."""
    found = int(psutil.virtual_memory().available)
    with suppress(OSError, StopIteration, ValueError):  # that of a container, control groups 2
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        stat = (group / "memory.stat").read_text().splitlines()
        files = sum(int(x.split()[1]) for x in stat if x.split()[0] in _RECLAIMABLE)
        found = min(found, max(0, limit - used + files))
    return found
