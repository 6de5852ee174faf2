"""Prints tables on narrow terminals: one paragraph per row, nothing truncated."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.measure import Measurement
from rich.text import Text

from nasea.translation import chinese
from nasea.translation.folding import fold

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Column, Table

_SHARE = "%"
"""Title of a column that tells the share of the one before it."""

_UNBOUNDED = 10_000
_TIE = "\N{NO-BREAK SPACE}"
_SHORT = 16
"""Characters of a cell that stays in one line: ``16 × 16``."""


def fit(table: Table, console: Console) -> bool:
    """Give the columns widths that neither truncate a cell nor break a word.

    rich itself takes from the widest columns, whatever words they hold.

    Args:
        table: a table; its columns get fixed widths if it is too wide for the terminal.
        console: where it will be printed.

    Returns:
        Whether there are such widths.
    """
    wide = console.options.update_width(_UNBOUNDED)
    needs = [_needs(column, console, wide) for column in table.columns]
    most = sum(need.maximum for need in needs)
    edges = Measurement.get(console, wide, table).maximum - most
    if edges + most <= console.width:
        return True
    spare = console.width - edges - sum(need.minimum for need in needs)
    if spare < 0:
        return False
    for column, width in zip(table.columns, _shared(needs, spare), strict=True):
        column.width = width
    return True


def _needs(column: Column, console: Console, wide: ConsoleOptions) -> Measurement:
    """Return the least width of a column, which breaks no word, and that of its longest cell."""
    cells = (column.header, *column.cells, column.footer)
    found = [Measurement.get(console, wide, cell) for cell in cells]
    most = max(one.maximum for one in found)
    return Measurement(most if column.no_wrap else max(one.minimum for one in found), most)


def _shared(needs: list[Measurement], spare: int) -> list[int]:
    """Return the least widths with ``spare`` shared out, one by one, to the narrowest columns."""
    widths = [need.minimum for need in needs]
    for _ in range(spare):
        short = [n for n, need in enumerate(needs) if widths[n] < need.maximum]
        if not short:
            break
        widths[min(short, key=widths.__getitem__)] += 1
    return widths


def untitled(table: Table) -> list[Text]:
    """Take the title off a table, which would fold it to its own width, and return it."""
    if table.title is None:
        return []
    title, table.title = Text(_plain(table.title), table.title_style or ""), None
    return [title]


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


def _plain(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
