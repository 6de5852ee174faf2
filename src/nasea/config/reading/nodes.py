"""The nodes of a file: values, lists and sections with their positions."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A piece of the file.

    Attributes:
        line: its first line, from 1.
        source: its text in the file.
    """

    line: int
    source: str


@dataclass(frozen=True)
class Scalar(Node):
    """A single value.

    Attributes:
        text: its text.
        quoted: whether it is quoted, as in ``"128"``.
        inside_double_quotes: the text between double quotes, with escapes as written; ``None`` if
            there are no double quotes.
    """

    text: str
    quoted: bool
    inside_double_quotes: str | None = None


@dataclass(frozen=True)
class Sequence(Node):
    """A list."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Mapping(Node):
    """Keys and values.

    Attributes:
        entries: in file order, including duplicates; entries from a merge key ``<<`` come last.
        hidden: keys of merged sections that this mapping sets again, each with the line of the
            merged one.
    """

    entries: tuple[tuple[Scalar, Node], ...]
    hidden: tuple[tuple[Scalar, int], ...] = ()


def folded(key: str) -> str:
    """Return a key in lower case with normal-width characters, for comparisons."""
    return unicodedata.normalize("NFKC", key).strip().casefold()
