"""Where a person reads: results on stdout, narration on stderr."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

_PIPE_WIDTH = 120


def results_console() -> Console:
    """Return the console for what a command was asked for."""
    # In a pipe rich would fold tables at 80 columns.
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return _Results(width=None if known else _PIPE_WIDTH)


class _Results(Console):
    """Prints tables that do not fit as paragraphs."""

    def print(self, *objects: Any, **options: Any) -> None:
        from rich.table import Table

        from nasea.cli.terminal.narrow import fits, stacked

        fitting = [
            stacked(one, self.width)
            if isinstance(one, Table) and one.show_header and not fits(one, self)
            else one
            for one in objects
        ]
        super().print(*fitting, **options)


def narration_console() -> Console:
    """Return the console for progress, notes and errors."""
    return _Narration(stderr=True)


def print_line(console: Console, text: Text | str) -> None:
    """Print text as it is: no markup, no colours of rich's own, no folding."""
    console.print(Text(text) if isinstance(text, str) else text, soft_wrap=True, highlight=False)


def silence(stream: TextIO) -> None:
    """Send what is still to be written to ``stream`` nowhere, that of the exit included."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


class _Narration(Console):
    """Goes quiet when its reader has left: a run is worth more than its narration."""

    def on_broken_pipe(self) -> None:
        """Say nothing more, and let the run go on."""
        self.quiet = True
        silence(sys.stderr)
