"""Where the indentation of a file slips: asked of a text that YAML refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A key, perhaps the first of a list's item. Bounded, so that no line takes long.
_KEY = re.compile(r"(?P<indent> *)(?P<dashes>(?:- +){0,4})[\w<.-]{1,80} *:(?P<value>\s.*)?$")
_OPENS = re.compile(r"\s*(?:&\S+\s*)?(?:#.*)?$")
_BLOCK_TEXT = re.compile(r"\s*(?:&\S+\s*)?[|>][-+0-9]*\s*(?:#.*)?$")


@dataclass(frozen=True)
class Slip:
    """A line that is indented like none that it could belong with.

    Attributes:
        line: the line, from 1.
        indent: the spaces before its text.
        wanted: the columns nearest to it that would fit, each with the last line that has it.
    """

    line: int
    indent: int
    wanted: tuple[tuple[int, int], ...]

    @property
    def fix(self) -> str:
        """What to do about it.

        >>> Slip(18, 9, ((8, 17),)).fix
        'indent it by 8, as line 17'
        """
        return "indent it " + " or ".join(f"by {n}, as line {line}" for n, line in self.wanted)


@dataclass(frozen=True)
class _KeyLine:
    number: int
    starts: tuple[int, ...]
    """The column of the line's text; with ``- `` before a key also that of the key."""
    opens: bool


def find_slip(text: str) -> Slip | None:
    """Return the first line of keys whose indentation fits no section that is open there."""
    levels: list[tuple[int, int]] = []  # column, and the last line that began there
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
    block: int | None = None  # the column of the key whose block text we are in
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
