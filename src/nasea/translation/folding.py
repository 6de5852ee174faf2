"""Folds text with wide characters: a Chinese character takes two columns of a terminal."""

from __future__ import annotations

import re
import unicodedata

_NEVER_FIRST = "，。；：、）！？》”’］,.;:)!?%"
_NEVER_LAST = "（《“‘［("


def width(text: str) -> int:
    """Return the columns that a text takes."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fold(text: str, columns: int, first: str = "", other: str = "") -> list[str]:
    """Return a paragraph as lines.

    Lines end at a space or beside a wide character, but none begins with a closing mark, or ends
    with an opening one. A word that is too long for a line stands alone on its own.

    Args:
        text: one paragraph.
        columns: of a line, indentation included.
        first: indentation of the first line.
        other: indentation of the others.
    """
    lines: list[str] = []
    line = first
    for piece in _pieces(re.sub(r"[ \t\n]+", " ", text.strip(" \n"))):
        begun = line not in (first if not lines else other,)
        if begun and width(line) + width(piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = other + piece.lstrip()
        else:
            line += piece if begun else piece.lstrip()
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """What must not be broken: commands in quotes, words with the space before them, characters."""
    pieces: list[str] = []
    for unit in re.findall(r" *(?:`[^`]*`|[^ \u2e80-\uffff]+|[\u2e80-\uffff])", text):
        closes = unit[0] in _NEVER_FIRST and pieces
        opened = bool(pieces) and pieces[-1][-1] in _NEVER_LAST
        if pieces and (closes or opened):
            pieces[-1] += unit
        else:
            pieces.append(unit)
    return pieces
