"""Peak memory of this process, and what is left of the machine's."""

from __future__ import annotations

import os
import re
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
    return max(peak, _highest)


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
    peak = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    return found, None if peak is None else int(peak[1]) * 1024


def machine_memory() -> int | None:
    """Main memory of this machine, in bytes; ``None`` where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def available_memory() -> int:
    """Return bytes that this process may still take, what the system keeps of files included."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = next(int(x.split()[1]) for x in lines if x.startswith("MemAvailable")) * 1024
    with suppress(OSError, StopIteration, ValueError):  # that of a container, control groups 2
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        stat = (group / "memory.stat").read_text().splitlines()
        files = sum(int(x.split()[1]) for x in stat if x.split()[0] in _RECLAIMABLE)
        found = min(found, max(0, limit - used + files))
    return found
