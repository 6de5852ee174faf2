"""The consoles: results on stdout, narration on stderr."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from nasea.translation import translate

_PIPE_WIDTH = 120
_DUMB = ("dumb", "unknown")
_HANG = 2
"""Rows after the first of a folded line are indented by so much more."""


def results_console() -> Console:
    """Return the console for the results of a command."""
    # In a pipe rich would fold tables at 80 columns.
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    width, height = _size_if_dumb(sys.stdout) if known else (_PIPE_WIDTH, None)
    return _Results(width=width, height=height)


class _Results(Console):
    """A console that prints tables as paragraphs if they do not fit."""

    def print(self, *objects: Any, **options: Any) -> None:
        from rich.table import Table

        from nasea.cli.terminal.narrow import fit, stacked, untitled
        from nasea.cli.terminal.wording import table_in_words

        parts: list[Any] = []
        for one in objects:
            if isinstance(one, Table):
                one = table_in_words(one)
            if not isinstance(one, Table) or not one.show_header:
                parts.append(one)
            elif fit(one, self):
                parts += [*untitled(one), one]
            else:
                parts.append(stacked(one, self.width))
        for part in parts:
            super().print(part, **options)


def narration_console() -> Console:
    """Return the console for progress, notes and errors."""
    width, height = _size_if_dumb(sys.stderr)
    return _Narration(stderr=True, width=width, height=height)


def _size_if_dumb(stream: TextIO) -> tuple[int | None, int | None]:
    """Return the size of a terminal without cursor movement, which rich takes for 80 x 25."""
    if "COLUMNS" in os.environ or os.environ.get("TERM", "").lower() not in _DUMB:
        return None, None
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):  # no terminal, or closed
        return None, None
    return columns or None, lines or None


def print_line(console: Console, text: Text | str) -> None:
    """Print text without markup or rich's own colours; a ``str`` in the user's language.

    A ``Text`` is printed as it is: whoever put it together has translated its parts.

    A terminal gets it folded between words. Longer words, such as paths, stay whole; the terminal
    itself continues them in the next row, so that they can be copied.
    """
    text = Text(translate(text)) if isinstance(text, str) else text
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
        for row in (first, *more[:-1]):
            row.rstrip()  # a space in the last column would begin another row
        rows += [first, *(Text(" " * indent) + row for row in more)]
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
