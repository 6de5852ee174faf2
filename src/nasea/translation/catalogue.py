"""Reads and writes a catalogue of messages in gettext's format, ``.po``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Entry:
    """A message and its translation.

    Attributes:
        source: the English template; ``{name}`` stands for a value.
        target: its translation; empty while there is none.
        context: ``label`` or ``unit`` for single words, which are translated where one is expected.
        places: the files that have it, below ``src/nasea``.
    """

    source: str
    target: str = ""
    context: str = ""
    places: tuple[str, ...] = ()


def read_catalogue(locale: str) -> tuple[Entry, ...]:
    """Return the entries of the catalogue that comes with nasea, e.g. of ``zh_CN``."""
    path = files("nasea") / "locale" / locale / "LC_MESSAGES" / "nasea.po"
    return parse_catalogue(path.read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> tuple[Entry, ...]:
    """Return the entries of a ``.po`` file, without its header; plural forms are not used.

    Raises:
        ValueError: a line is not understood.
    """
    found = [_entry(block) for block in text.split("\n\n") if block.strip()]
    return tuple(one for one in found if one.source)


def _entry(block: str) -> Entry:
    fields = {"msgctxt": "", "msgid": "", "msgstr": ""}
    places: list[str] = []
    current = ""
    for line in block.splitlines():
        if line.startswith("#: "):
            places += line[3:].split()
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith('"'):
            current, _, line = line.partition(" ")
        if current not in fields:
            raise ValueError(f"not a line of a catalogue: {current} {line}")
        fields[current] += _unquoted(line)
    return Entry(fields["msgid"], fields["msgstr"], fields["msgctxt"], tuple(places))


def _unquoted(line: str) -> str:
    """The text of a quoted line; the escapes that are used are those of JSON too."""
    return str(json.loads(line)) if "\\" in line else line[1:-1]


def write_catalogue(entries: Iterable[Entry], header: str) -> str:
    """Return the text of a ``.po`` file.

    Args:
        entries: in the order of the file.
        header: comment and first entry, as they stand.
    """
    return "\n\n".join([header.strip(), *map(_block, entries)]) + "\n"


def _block(entry: Entry) -> str:
    lines = [f"#: {' '.join(entry.places)}"] if entry.places else []
    if entry.context:
        lines.append(f"msgctxt {_quoted(entry.context)}")
    lines += [f"msgid {_quoted(entry.source)}", f"msgstr {_quoted(entry.target)}"]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A string of a catalogue; one with line breaks begins on a line of its own, as gettext's."""
    parts = [json.dumps(part, ensure_ascii=False) for part in text.splitlines(keepends=True)]
    return parts[0] if len(parts) == 1 else "\n".join(['""', *parts])
