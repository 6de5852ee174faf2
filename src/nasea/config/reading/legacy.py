"""Repairs the known defects of pasted scenario files, in the text and in single values.

Copies of the classic documentation contain full-width punctuation, tabs and no-break spaces. These
are corrected only outside of quotes and comments; quoted text is not changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nasea.config.reading.report import Report
from nasea.config.reading.tree import Document, parse
from nasea.errors import ConfigError, Problem

_TAB_WIDTHS = (2, 4, 8)
_WIDE_SPACES = "\u00a0\u3000"
_SPACES = " \t" + _WIDE_SPACES
_WIDE_COLON = re.compile(rf"([{_SPACES}]*\w+)[{_SPACES}]*：")
_BLOCK_TEXT = re.compile(r"[:：]\s+[|>][-+0-9]*\s*$")
_CLOSE = {
    '"': re.compile(r'(?=((?:\\.|[^"\\])*))\1"'),
    "'": re.compile(r"(?=((?:''|[^'])*))\1'"),
}
"""A lookahead never gives back what it took, as ``*+`` would not, which Python 3.10 lacks."""
_BEFORE_QUOTE = ":[{(,-?：，（"
_NARROW = str.maketrans("：，（）［］｛｝．。－＋＿；\u3000", ":,()[]{}..-+_; ")
_CURLY = {"“": "”", "‘": "’", "＂": "＂", "＇": "＇", "「": "」"}


def narrow(text: str) -> str:
    """Replace full-width punctuation with its ASCII counterpart."""
    return text.translate(_NARROW)


def uncurl(text: str) -> str | None:
    """Return the text inside typographic quotes; ``None`` if there are none."""
    if len(text) >= 2 and _CURLY.get(text[0]) == text[-1]:
        return text[1:-1]
    return None


def parse_mended(text: str, report: Report) -> Document:
    """Repair the text of a scenario and parse it.

    A tab in an indentation may stand for 2, 4 or 8 columns. If all widths that result in valid YAML
    result in the same content, that content is used; otherwise the file is ambiguous and refused.

    Raises:
        ConfigError: the text is not YAML, or its indentation is ambiguous.
    """
    lines = _scan(text)
    _note(lines, report)
    tabbed = [number for number, line in enumerate(lines, 1) if "\t" in line.indent]
    if not tabbed:
        return parse("\n".join(line.written(0) for line in lines), report.file)
    documents: list[Document] = []
    failure: ConfigError | None = None
    for width in _TAB_WIDTHS:
        try:
            documents.append(parse("\n".join(line.written(width) for line in lines), report.file))
        except ConfigError as error:
            failure = failure or error
    if failure is not None and not documents:
        raise failure
    if any(document.outline != documents[0].outline for document in documents):
        problem = Problem(
            f"{report.file}:{tabbed[0]}",
            "",
            "the indentation mixes tabs and spaces and can be read in more than one way",
            fix="indent with spaces only",
        )
        raise ConfigError([problem])
    report.notice(tabbed[0], f"tabs in the indentation of {_places(tabbed)} read as spaces")
    return documents[0]


@dataclass(frozen=True)
class _Line:
    """A line of the file, corrected except for the width of its leading tabs."""

    indent: str
    body: str
    tabs: bool = False
    wide_spaces: bool = False
    wide_colon: bool = False

    def written(self, tab_width: int) -> str:
        return self.indent.expandtabs(tab_width) + self.body


def _note(lines: list[_Line], report: Report) -> None:
    for number, line in enumerate(lines, 1):
        if line.wide_colon:
            key = line.body.partition(":")[0].strip()
            report.notice(number, f"full-width colon after '{key}' read as ':'")
    tabs = [number for number, line in enumerate(lines, 1) if line.tabs]
    if tabs:
        report.notice(tabs[0], f"tabs in {_places(tabs)} read as spaces")
    wide = [number for number, line in enumerate(lines, 1) if line.wide_spaces]
    if wide:
        report.notice(wide[0], f"no-break or full-width spaces in {_places(wide)} read as spaces")


def _places(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (", …" if len(numbers) > 8 else "")
    return f"line{'s' if len(numbers) > 1 else ''} {shown}"


def _scan(text: str) -> list[_Line]:
    lines = []
    quote = ""  # the quote that is still open at the start of the line
    block: int | None = None  # indentation of the key whose block scalar contains the line
    for written in text.split("\n"):
        depth = len(written) - len(written.lstrip(_SPACES))
        if block is not None and (depth == len(written) or depth > block):
            lines.append(_Line("", written))
            continue
        outside, still_open = _outside(written, quote)
        comment = not quote and written[depth : depth + 1] == "#"
        lines.append(_Line("", written.strip()) if comment else _mend(written, outside))
        quote = still_open
        free = "".join(char for char, flag in zip(written, outside, strict=True) if flag)
        block = depth if _BLOCK_TEXT.search(free) else None
    return lines


def _outside(line: str, quote: str) -> tuple[list[bool], str]:
    """Return which characters are outside quotes and comments, and which quote stays open."""
    flags = [False] * len(line)
    place = 0
    before = ":"  # the last character that is not white space
    while place < len(line):
        if not quote and line[place] in _CLOSE and before in _BEFORE_QUOTE:
            quote = line[place]
            place += 1
        if quote:
            end = _CLOSE[quote].match(line, place)
            if end is None:
                return flags, quote
            place, before, quote = end.end(), quote, ""
            continue
        if line[place] == "#" and (place == 0 or line[place - 1].isspace()):
            break
        flags[place] = True
        before = before if line[place].isspace() else line[place]
        place += 1
    return flags, quote


def _mend(written: str, outside: list[bool]) -> _Line:
    colon = _WIDE_COLON.match(written)
    wide_colon = colon is not None and all(outside[: colon.end()])
    if colon is not None and wide_colon:
        key = colon.group(1)
        written = f"{key}: {written[colon.end() :]}"
        outside = [True] * (len(key) + 2) + outside[colon.end() :]
    start = 0
    while start < len(written) and outside[start] and written[start] in _SPACES:
        start += 1
    if start == len(written):
        return _Line("", "")  # blank: its indentation is irrelevant
    rest = written[start:]
    body = "".join(
        " " if free and char in _SPACES else char
        for char, free in zip(rest, outside[start:], strict=True)
    )
    changed = {old for old, new in zip(rest, body, strict=True) if old != new}
    indent = written[:start].translate(dict.fromkeys(map(ord, _WIDE_SPACES), " "))
    return _Line(
        indent,
        body,
        tabs="\t" in changed,
        wide_spaces=indent != written[:start] or bool(changed & set(_WIDE_SPACES)),
        wide_colon=wide_colon,
    )
