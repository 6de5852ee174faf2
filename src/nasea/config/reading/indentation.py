"""Finds wrong indentation in a text that is not valid YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A key, or the first key of a list item. Bounded, so that a long line does not take long.
_KEY = re.compile(r"(?P<indent> *)(?P<dashes>(?:- +){0,4})[\w<.-]{1,80} *:(?P<value>\s.*)?$")
_OPENS = re.compile(r"\s*(?:&\S+\s*)?(?:#.*)?$")
_BLOCK_TEXT = re.compile(r"\s*(?:&\S+\s*)?[|>][-+0-9]*\s*(?:#.*)?$")


@dataclass(frozen=True)
class Slip:
    """A line whose indentation matches no open section.

    Attributes:
        line: the line, from 1.
        indent: number of spaces before its text.
        wanted: the nearest valid columns, each with the last line that uses it.
    """

    line: int
    indent: int
    wanted: tuple[tuple[int, int], ...]

    @property
    def fix(self) -> str:
        """The fix, in words.

        >>> Slip(18, 9, ((8, 17),)).fix
        'indent it by 8, as line 17'
        """
        return "indent it " + " or ".join(f"by {n}, as line {line}" for n, line in self.wanted)


@dataclass(frozen=True)
class _KeyLine:
    number: int
    starts: tuple[int, ...]
    """Column of the line's text; with ``- `` before a key, also the column of the key."""
    opens: bool


def find_slip(text: str) -> Slip | None:
    """Return the first key line whose indentation matches no open section."""
    levels: list[tuple[int, int]] = []  # column, and the last line that starts there
    before: _KeyLine | None = None
    for line in _key_lines(text.split("\n")):
        column = line.starts[0]
        if before is not None and column > before.starts[-1] and not before.opens:
            return Slip(line.number, column, ((before.starts[-1], before.number),))
        if before is not None and column <= before.starts[-1]:
            known = [level for level in levels if level[0] == column]
            if not known:
                nearest = min(abs(level[0] - column) for level in levels)
                wanted = [level for level in levels if abs(level[0] - column) == nearest]
                return Slip(line.number, column, tuple(wanted))
        levels = [level for level in levels if level[0] < column]
        levels += [(start, line.number) for start in line.starts]
        before = line
    return None


def _key_lines(lines: Sequence[str]) -> Iterator[_KeyLine]:
    block: int | None = None  # column of the key whose block scalar contains the line
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and (not line.strip() or indent > block):
            continue
        block = None
        found = _KEY.match(line)
        if found is None:
            continue
        value = found["value"] or ""
        starts = [indent]
        if found["dashes"]:
            starts.append(indent + len(found["dashes"]))
        opens = _OPENS.fullmatch(value) is not None
        if _BLOCK_TEXT.fullmatch(value):
            block = starts[-1]
        yield _KeyLine(number, tuple(starts), opens)
