"""Prints tables on narrow terminals: one paragraph per row, nothing truncated."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.measure import Measurement
from rich.text import Text

from nasea.translation import chinese
from nasea.translation.folding import fold

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_SHARE = "%"
"""Title of a column that tells the share of the one before it."""

_TIE = "\N{NO-BREAK SPACE}"
_SHORT = 16
"""Characters of a cell that stays in one line: ``16 × 16``."""


def fits(table: Table, console: Console) -> bool:
    """Return whether the table can be printed without truncating or breaking a word."""
    measured = Measurement.get(console, console.options.update_width(10_000), table)
    return measured.minimum <= console.width


def stacked(table: Table, width: int) -> Text:
    """Return the content as paragraphs: each row with the titles of its cells.

    Args:
        table: a table with column titles.
        width: width of the terminal, in characters.
    """
    titles = [_plain(column.header) for column in table.columns]
    rows = [list(map(_plain, row)) for row in zip(*(c.cells for c in table.columns), strict=True)]
    if table.show_footer:
        rows.append([_plain(column.footer) for column in table.columns])
    lines = [] if table.title is None else [_plain(table.title), ""]
    for row in rows:
        sentence = _sentence(titles, row)
        if chinese():
            lines += fold(sentence, width, other="    ")
        else:
            lines += textwrap.wrap(
                sentence, width, subsequent_indent="    ", break_on_hyphens=False
            )
    return Text("\n".join(lines).replace(_TIE, " "))


def _sentence(titles: list[str], row: list[str]) -> str:
    """``layer 0: block skip; channels 8 → 8``; cells without content are left out."""
    parts: list[str] = []
    for title, cell in zip(titles, row, strict=True):
        if not cell:
            continue
        if title == _SHARE and parts:
            parts[-1] += f" ({cell}%)"
        else:
            part = f"{title} {cell}".strip()
            parts.append(part.replace(" ", _TIE) if len(cell) <= _SHORT else part)
    head, rest = parts[:1], parts[1:]
    return ": ".join([*head, "; ".join(rest)] if rest else head)


def _plain(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
