"""The consoles: results on stdout, narration on stderr."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from nasea.translation import translate

_PIPE_WIDTH = 120


def results_console() -> Console:
    """Return the console for the results of a command."""
    # In a pipe rich would fold tables at 80 columns.
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return _Results(width=None if known else _PIPE_WIDTH)


class _Results(Console):
    """A console that prints tables as paragraphs if they do not fit."""

    def print(self, *objects: Any, **options: Any) -> None:
        from rich.table import Table

        from nasea.cli.terminal.narrow import fits, stacked
        from nasea.cli.terminal.wording import table_in_words

        objects = tuple(table_in_words(one) if isinstance(one, Table) else one for one in objects)
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
    """Print text without markup, rich's own colours, or folding; a ``str`` in the user's language.

    A ``Text`` is printed as it is: whoever put it together has translated its parts.
    """
    console.print(
        Text(translate(text)) if isinstance(text, str) else text, soft_wrap=True, highlight=False
    )


def silence(stream: TextIO) -> None:
    """Discard all further output to ``stream``, including that at exit."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


class _Narration(Console):
    """A console that stops printing when its pipe is closed, so that the run continues."""

    def on_broken_pipe(self) -> None:
        """Stop printing and let the run continue."""
        self.quiet = True
        silence(sys.stderr)
