"""Python source text: literals, comments and calls, formatted like the usual formatters.

External text, such as a name, enters generated code only through :func:`literal` or
:func:`comment`, so it is never executed as code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WIDTH = 88
INDENT = " " * 4

Value = int | float | str | None

_MAX_COMMENT = 40
_UNPRINTABLE = re.compile(r"[^ -~]")


@dataclass(frozen=True)
class Call:
    """The call ``name(arguments)``, or other brackets; arguments are calls or source text."""

    name: str
    arguments: tuple[Call | str, ...] = ()
    brackets: tuple[str, str] = ("(", ")")

    def source(self, indent: str = "") -> str:
        """Return the source text; lines after the first begin with ``indent``."""
        texts = [a for a in self.arguments if isinstance(a, str)]
        opening, closing = self.brackets
        line = f"{self.name}{opening}{', '.join(texts)}{closing}"
        nested = len(texts) < len(self.arguments)
        if not nested and len(indent) + len(line) < WIDTH:  # one column is for a comma
            return line
        inner = indent + INDENT
        parts = (a if isinstance(a, str) else a.source(inner) for a in self.arguments)
        lines = (f"{inner}{part},\n" for part in parts)
        return f"{self.name}{opening}\n{''.join(lines)}{indent}{closing}"


def literal(value: Value) -> str:
    """Return a value as source text in ASCII, with double quotes."""
    text = ascii(value)
    plain = isinstance(value, str) and not set(value) & set("\"'")
    return f'"{text[1:-1]}"' if plain else text


def assignment(name: str, value: Value | tuple[Value, ...], remark: str = "") -> str:
    """Return ``name = value``; a tuple that does not fit in a line has one line per item."""
    if not isinstance(value, tuple):
        return f"{name} = {literal(value)}" + (f"  # {remark}" if remark else "")
    line = f"{name} = {_one_line(value)}"
    if len(line) <= WIDTH:
        return line
    items = "".join(f"{INDENT}{literal(item)},\n" for item in value)
    return f"{name} = (\n{items})"


def _one_line(values: tuple[Value, ...]) -> str:
    """Return a tuple as source text."""
    items = ", ".join(map(literal, values))
    return f"({items},)" if len(values) == 1 else f"({items})"


def comment(text: str) -> str:
    """Return text that is safe inside a comment line: printable ASCII, shortened if long."""
    shown = _UNPRINTABLE.sub("?", text)
    return shown if len(shown) <= _MAX_COMMENT else f"{shown[: _MAX_COMMENT - 3]}..."
