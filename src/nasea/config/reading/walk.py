"""From the tree of a file to the values of its keys: known, mended, misplaced and unknown keys."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from functools import cache

from nasea.config.reading.report import Report
from nasea.config.reading.suggest import closest
from nasea.config.reading.tree import Mapping, Node, Scalar
from nasea.config.reading.values import Given, plain_value, read
from nasea.config.schema.fields import KeyedField, Location, keyed_fields
from nasea.config.schema.keys import alternatives, shown

_ROOT = "scenario"


@dataclass
class Found:
    """What the walk found.

    Attributes:
        given: location of a field -> its value.
        lines: path of a section, and the empty path for the file's top -> its line.
        excused: paths about whose absence nothing need be said, as something else was said already.
    """

    given: dict[Location, Given] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)

    def line_of_parent(self, path: str) -> int:
        """The line of the nearest section around a key that is in the file."""
        parent = path
        while parent not in self.lines and parent:
            parent = parent.rpartition(".")[0]
        return self.lines.get(parent, 1)

    def is_excused(self, path: str) -> bool:
        """Whether the key, or a section around it, has already been complained about."""
        return any(not one or f"{path}.".startswith(f"{one}.") for one in self.excused)


def walk(root: Node | None, report: Report) -> Found:
    """Find the values of all keys, reporting the keys that cannot be placed."""
    found = Found()
    if root is None:
        report.problem(1, "", "the file is empty; it must hold a section 'scenario:'")
    elif not isinstance(root, Mapping):
        report.problem(root.line, "", "must hold a section 'scenario:'", found=root.source)
    else:
        _Walker(report, found).top(root)
    return found


@cache
def _fields() -> Map[str, KeyedField]:
    return {one.key.path: one for one in keyed_fields()}


@cache
def _children() -> Map[str, tuple[str, ...]]:
    """Section path -> the names of its keys and sections; the empty path is ``scenario``."""
    children: dict[str, dict[str, None]] = {}
    for path in _fields():
        parts = path.split(".")
        for depth, name in enumerate(parts):
            children.setdefault(".".join(parts[:depth]), {})[name] = None
    return {section: tuple(names) for section, names in children.items()}


class _Walker:
    def __init__(self, report: Report, found: Found) -> None:
        self._report = report
        self._found = found
        self._seen: dict[str, int] = {}

    def top(self, root: Mapping) -> None:
        seen_at: int | None = None
        for key, node in root.entries:
            if _folded(key.text) != _ROOT:
                inside = any(_folded(key.text) in names for names in _children().values())
                self._report.problem(
                    key.line,
                    key.text,
                    "unknown key at the top of the file, where only 'scenario' may stand",
                    fix="put it under 'scenario:'" if inside else self._meant(key.text, (_ROOT,)),
                )
                continue
            if seen_at is not None:
                self._report.problem(key.line, _ROOT, f"given twice, first in line {seen_at}")
                continue
            seen_at = key.line
            if key.text != _ROOT:
                self._report.notice(key.line, f"key '{key.text}' read as '{_ROOT}'")
            self._section("", key, node)
        if seen_at is None:
            self._report.problem(root.line, _ROOT, "required section is missing")

    @staticmethod
    def _meant(word: str, known: tuple[str, ...]) -> str | None:
        near = closest(word, known)
        return f"did you mean '{near}'?" if near else None

    def _section(self, path: str, key: Scalar, node: Node) -> None:
        self._found.lines[path] = key.line
        if isinstance(node, Mapping):
            for child, value in node.entries:
                self._entry(path, child, value)
        elif plain_value(node) is not None:
            self._found.excused.add(path)
            self._report.problem(
                key.line, shown(path) or _ROOT, "must be a section of keys", found=node.source
            )

    def _entry(self, section: str, key: Scalar, node: Node) -> None:
        name = self._name(section, key)
        if name is None:
            self._unknown(section, key)
            return
        path = f"{section}.{name}" if section else name
        if (section, name) == ("strategy", "resource"):
            path = name
            self._report.notice(
                key.line, "section 'resource' under 'strategy' read as if under 'scenario'"
            )
        if path in self._seen:
            self._report.problem(
                key.line, shown(path), f"given twice, first in line {self._seen[path]}"
            )
            return
        self._seen[path] = key.line
        leaf = _fields().get(path)
        if leaf is None:
            self._section(path, key, node)
            return
        given = read(node, leaf, self._report)
        if given.value is None and leaf.form.nullable:
            return
        self._found.given[leaf.location] = given

    def _name(self, section: str, key: Scalar) -> str | None:
        """The known name that a key stands for, letter case and character width aside."""
        names = _children()[section] + (("resource",) if section == "strategy" else ())
        if key.text in names:
            return key.text
        folded = _folded(key.text)
        if folded not in names:
            return None
        self._report.notice(key.line, f"key '{key.text}' read as '{folded}'")
        return folded

    def _unknown(self, section: str, key: Scalar) -> None:
        name = _folded(key.text)
        here = _children()[section]
        elsewhere: dict[str, list[str]] = {}
        for other, names in _children().items():
            for one in names:
                elsewhere.setdefault(one, []).append(other)
        rule, near = "unknown key", closest(name, here)
        if name in elsewhere:
            homes = [other or _ROOT for other in elsewhere[name]]
            rule, fix = "misplaced key", f"belongs under {alternatives(homes)}"
            self._excuse(name, elsewhere[name])
        elif near is not None:
            fix = f"did you mean '{near}'?"
            self._excuse(near, [section])
        elif (near := closest(name, elsewhere)) is not None:
            homes = [other or _ROOT for other in elsewhere[near]]
            fix = f"did you mean '{near}', under {alternatives(homes)}?"
            self._excuse(near, elsewhere[near])
        else:
            fix = f"known here: {', '.join(here)}"
        path = f"{section}.{key.text}" if section else key.text
        self._report.problem(key.line, shown(path), rule, fix=fix)

    def _excuse(self, name: str, sections: list[str]) -> None:
        for section in sections:
            self._found.excused.add(f"{section}.{name}" if section else name)


def _folded(key: str) -> str:
    return unicodedata.normalize("NFKC", key).strip().casefold()
