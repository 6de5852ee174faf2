"""The consoles: results on stdout, narration on stderr."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_PIPE_WIDTH = 120
_HANG = 2
"""Rows after the first of a folded line are indented by so much more."""


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
    """Print text unchanged: without markup or rich's own colours.

    A terminal gets it folded between words. Longer words, such as paths, stay whole; the terminal
    itself continues them in the next row, so that they can be copied.
    """
    text = Text(text) if isinstance(text, str) else text
    if console.is_terminal:
        text = _folded(text, console.width)
    console.print(text, soft_wrap=True, highlight=False)


def tell(text: str) -> None:
    """Print a line of a command's results, as :func:`print_line` does."""
    print_line(results_console(), text)


def _folded(text: Text, width: int) -> Text:
    """Return the text with lines of at most this width, the further rows of each indented."""
    rows: list[Text] = []
    for line in text.split(allow_blank=True):
        indent = len(line.plain) - len(line.plain.lstrip(" ")) + _HANG
        first, *more = line.divide(_breaks(line.plain, width, width - indent))
        rows.append(first)
        rows += [Text(" " * indent) + one for one in more]
    return Text("\n").join(rows)


def _breaks(line: str, width: int, width_of_more: int) -> list[int]:
    """Return where to break a line: before the words that do not fit into its row."""
    found: list[int] = []
    used = 0
    for word in re.finditer(r"\s*\S+", line):
        needed = cell_len(word.group())
        if used and used + needed > (width_of_more if found else width):
            start = word.end() - len(word.group().lstrip())
            found.append(start)
            needed, used = cell_len(line[start : word.end()]), 0
        used += needed
    return found


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
