"""A private working directory for the user's metric.

Metrics written for one process save files under fixed names. Each call gets a directory of its
own, in which everything of the real one appears as a link, so relative input paths still resolve.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def private_directory() -> Iterator[Path]:
    """Change into a temporary directory that mirrors the present one; change back after."""
    home = Path.cwd()
    private = Path(tempfile.mkdtemp(prefix="nasea-metric-"))
    try:
        for entry in os.scandir(home):
            with suppress(OSError):  # a file that went away meanwhile
                (private / entry.name).symlink_to(entry.path)
        os.chdir(private)
        yield private
    finally:
        os.chdir(home)
        shutil.rmtree(private, ignore_errors=True)
