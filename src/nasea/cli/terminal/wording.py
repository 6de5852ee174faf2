"""What is printed, in the language of the user: lines, notices, errors and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from nasea.errors import ConfigError, NaseaError, Notice, Problem
from nasea.translation import chinese, translate, translate_label

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def say(text: str, *, err: bool = False) -> None:
    """Print a text for a person; data (JSON, CSV) is printed as it is instead."""
    typer.echo(translate(text), err=err)


def say_row(label: str, text: str, columns: int) -> None:
    """Print a text behind a label that takes so many columns."""
    from nasea.translation.folding import width

    shown = translate_label(label)
    typer.echo(f"{shown}{' ' * max(columns - width(shown), 0)}{translate(text)}")


def notice_in_words(notice: Notice) -> str:
    """Return a notice with its place, which stays as it is."""
    return str(Notice(notice.where, translate(notice.text)))


def error_in_words(error: NaseaError) -> tuple[str, str | None]:
    """Return the message of an error, and its fix."""
    if not chinese():
        return error.message, error.fix
    fix = None if error.fix is None else translate(error.fix)
    if not isinstance(error, ConfigError):
        return translate(error.message), fix
    head = translate(error.message.split("\n", 1)[0])
    return "\n".join([head, *(f"  {_problem(one)}" for one in error.problems)]), fix


def _problem(problem: Problem) -> str:
    """As ``str(problem)``, with the rule and the fix in the user's language."""
    where = ": ".join(part for part in (problem.where, problem.key) if part)
    found = "" if problem.found is None else translate(f", found {problem.found}")
    text = (
        f"{where}: {translate(problem.rule)}{found}" if where else translate(problem.rule) + found
    )
    if problem.fix is not None:
        text += f"\n    {translate_label('fix: ')}{translate(problem.fix)}"
    return text


def table_in_words(table: Table) -> Table:
    """Translate a table in place: titles, words in its cells, totals."""
    from rich.text import Text

    if not chinese():
        return table
    if table.title is not None:
        title = _cell(table.title)
        table.title = title if isinstance(title, str | Text) else table.title
    for place, column in enumerate(table.columns):
        names = not table.show_header and place == 0
        column.header = _cell(column.header, label=True)
        column.footer = _cell(column.footer)
        # Public ways lead to columns and to adding rows, but to no cell that is there.
        column._cells[:] = [_cell(one, label=names) for one in column._cells]
    return table


def _cell(content: RenderableType, *, label: bool = False) -> RenderableType:
    """A cell in the user's language, in its style; what is no text stays as it is."""
    from rich.text import Text

    plain = content.plain if isinstance(content, Text) else content
    if not isinstance(plain, str):
        return content
    indent = plain[: len(plain) - len(plain.lstrip())]
    shown = indent + translate_label(plain.lstrip()) if label else translate(plain)
    if shown == plain:
        return content
    return Text(shown, content.style) if isinstance(content, Text) else shown
