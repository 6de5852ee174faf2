"""The result of exporting and checking a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nasea.backends.export.formats import Format
from nasea.pipeline.export.comparison import Comparison


@dataclass(frozen=True)
class ExportedFile:
    """An exported and checked file.

    Attributes:
        format: its format.
        path: its path.
        size: its size in bytes; that of all files if it is a folder.
        batch: images per call; ``None`` for any number.
        comparison: comparison with the network on all of val_dir. Like the next attributes, it is
            ``None`` if no runtime on this machine runs the file.
        accuracy: accuracy of the file by the user's metric; higher is better.
        drop: accuracy of the network minus that of the file.
        milliseconds: median latency on one thread.
        timed_images: images per timed run: 1, or ``batch``.
    """

    format: Format
    path: Path
    size: int
    batch: int | None
    comparison: Comparison | None = None
    accuracy: float | None = None
    drop: float | None = None
    milliseconds: float | None = None
    timed_images: int | None = None
