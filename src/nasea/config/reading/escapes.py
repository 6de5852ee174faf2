r"""Backslashes in double quotes, where YAML reads ``"C:\new\train"`` as a line break and a tab."""

from __future__ import annotations

import re

from nasea.config.reading.nodes import Scalar
from nasea.config.reading.report import shorten

_DRIVE = re.compile(r"[A-Za-z]:\\[^\\/]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.){1,300})"')
_NAMES = {"\n": "a line break", "\t": "a tab", "\r": "a line break"}


def is_misread(node: Scalar) -> bool:
    r"""Return whether a text in double quotes has escapes that were meant as backslashes.

    That is so if an escape stands for a non-printable character, or if a drive letter and colon are
    followed by a single backslash: ``"C:\x64\data"``.
    """
    inside = node.inside_double_quotes
    if inside is None or "\\" not in inside:
        return False
    made = set(node.text) - set(inside)
    return not "".join(made).isprintable() or _DRIVE.match(inside) is not None


def in_single_quotes(inside: str) -> str:
    """Return a text without its double quotes as YAML in single quotes, with its backslashes."""
    return "'" + inside.replace("'", "''") + "'"


def advice_on_backslashes(node: Scalar) -> str:
    """Suggest a spelling for a text for which :func:`is_misread` is true."""
    inside = node.inside_double_quotes or ""
    wrong = next((name for char, name in _NAMES.items() if char in node.text), "another character")
    return (
        f"in double quotes a backslash starts an escape, here {wrong}; "
        f"write {shorten(in_single_quotes(inside))}, in single quotes"
    )


def advice_on_unknown_escape(line: str) -> str | None:
    r"""Suggest a spelling for a line that YAML rejects because of an escape such as ``\d``."""
    found = next((one[1] for one in _QUOTED.finditer(line) if "\\" in one[1]), None)
    if found is None:
        return None
    return (
        "in double quotes a backslash starts an escape; "
        f"write {shorten(in_single_quotes(found))}, in single quotes"
    )
