"""The nodes of a file: values, lists and sections that know where they stand."""

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
        text: what it says.
        quoted: tells ``"128"`` from ``128``.
        inside_double_quotes: what stands between double quotes, escapes unread; ``None`` without.
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
        entries: in the order of the file, duplicates included; those that a merge key ``<<``
            brings come last.
        hidden: keys of sections that ``<<`` brings and that this mapping writes anew, each with
            the line where the other one stands.
    """

    entries: tuple[tuple[Scalar, Node], ...]
    hidden: tuple[tuple[Scalar, int], ...] = ()


def folded(key: str) -> str:
    """Return a key without its letter case and character width."""
    return unicodedata.normalize("NFKC", key).strip().casefold()
