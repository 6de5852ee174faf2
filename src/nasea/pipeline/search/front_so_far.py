"""The front of a search that is not finished, written beside the checkpoints.

``nasea show`` and a browser read it at any time: during the search, after a stop, after a crash.
The search itself never reads it: it resumes from its checkpoints alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nasea.errors import ResultsError
from nasea.results.front import Front
from nasea.results.front.places import FRONT_FILE, REPORT_FILE
from nasea.results.report.html import save_report

_SHARE = 0.01
"""Writing takes at most about this share of the time of the search."""

_LEAST_SECONDS = 2.0
"""Between two writes."""


class FrontSoFar:
    """The files of an unfinished front.

    Args:
        directory: ``checkpoint/``.
        now: returns the current time in seconds.
    """

    def __init__(self, directory: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._files = (directory / FRONT_FILE, directory / REPORT_FILE)
        self._now = now
        self._next = float("-inf")

    @property
    def report(self) -> str:
        """The path of the report below the directory of the search."""
        return self._files[1].relative_to(self._files[1].parents[1]).as_posix()

    @property
    def exists(self) -> bool:
        """Whether there is a front so far."""
        return self._files[0].is_file()

    def write(self, front: Callable[[], Front], *, last: bool = False) -> None:
        """Write the files atomically, unless they were written very recently.

        A failure is ignored: the checkpoint has everything, and reports a full disk.

        Args:
            front: returns the front so far; not called if the files are not written.
            last: whether the run is about to end; the files are then written in any case.
        """
        began = self._now()
        if began < self._next and not last:
            return
        data, report = self._files
        with suppress(ResultsError):
            found = front()
            if found.members:
                found.save(data)
                save_report(found, report)
        ended = self._now()
        self._next = ended + max((ended - began) / _SHARE, _LEAST_SECONDS)

    def remove(self) -> None:
        """Remove the files: the search is finished, or another one begins."""
        for path in self._files:
            # A kill in the middle of writing leaves a temporary file.
            for file in (path, *path.parent.glob(f".{path.name}.*.tmp")):
                with suppress(OSError):
                    file.unlink(missing_ok=True)
