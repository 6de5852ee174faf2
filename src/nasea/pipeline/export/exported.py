"""An exported file, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nasea.backends.export.formats import Format
from nasea.pipeline.export.comparison import Comparison


@dataclass(frozen=True)
class ExportedFile:
    """An exported and checked file.

    Attributes:
        format: how it was written.
        path: where it is.
        size: bytes, of all files where it is a folder.
        batch: images it takes at a time; ``None`` for any number.
        comparison: with the network, on the whole of val_dir; ``None``, as is what follows, where
            nothing on this machine runs the file.
        accuracy: higher is better; of the user's metric, through the file.
        drop: accuracy of the network less that of the file.
        milliseconds: median latency on one thread.
        timed_images: images of a timed run: 1, or ``batch``.
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
