"""Assigns the values in the tree of a file to keys: known, misspelt, misplaced or unknown."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Set
from dataclasses import dataclass, field
from functools import cache

from nasea.config.reading.nodes import Mapping, Node, Scalar, Sequence, folded
from nasea.config.reading.report import Report
from nasea.config.reading.suggest import REMARKS, closest
from nasea.config.reading.values import Given, plain_value, read
from nasea.config.schema.fields import KeyedField, Location, keyed_fields
from nasea.config.schema.keys import alternatives, shown

_ROOT = "scenario"


@dataclass
class Found:
    """The result of the walk.

    Attributes:
        given: location of a field -> its value.
        lines: path of a section, or the empty path for the top of the file -> its line.
        excused: paths whose absence is not reported, because another problem already was.
    """

    given: dict[Location, Given] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)

    def line_of_parent(self, path: str) -> int:
        """Return the line of the nearest enclosing section that is in the file."""
        parent = path
        while parent not in self.lines and parent:
            parent = parent.rpartition(".")[0]
        return self.lines.get(parent, 1)

    def is_excused(self, path: str) -> bool:
        """Return whether a problem was already reported for the key or a section around it."""
        return any(not one or f"{path}.".startswith(f"{one}.") for one in self.excused)


def walk(root: Node | None, report: Report, shared: Set[str] = frozenset()) -> Found:
    """Find the values of all keys; report the keys that cannot be placed.

    A misplaced or misspelt key is read as if it were correct, so problems inside it are reported in
    the same run.

    Args:
        root: the top of the file.
        report: collects problems and notices.
        shared: keys allowed at the top next to ``scenario``, because it refers to their content.
    """
    found = Found()
    if root is None:
        report.problem(1, "", "the file is empty; it must contain the section 'scenario:'")
    elif not isinstance(root, Mapping):
        report.problem(root.line, "", "must contain the section 'scenario:'", found=root.source)
    else:
        _Walker(report, found, shared).top(root)
    return found


@cache
def _fields() -> Map[str, KeyedField]:
    return {one.key.path: one for one in keyed_fields()}


@cache
def _children() -> Map[str, tuple[str, ...]]:
    """Return the names of keys and sections by section path; the empty path is ``scenario``."""
    children: dict[str, dict[str, None]] = {}
    for path in _fields():
        parts = path.split(".")
        for depth, name in enumerate(parts):
            children.setdefault(".".join(parts[:depth]), {})[name] = None
    return {section: tuple(names) for section, names in children.items()}


class _Walker:
    def __init__(self, report: Report, found: Found, shared: Set[str]) -> None:
        self._report = report
        self._found = found
        self._shared = shared
        self._seen: dict[str, int] = {}
        self._astray: list[tuple[str, Scalar, Node]] = []  # the path where each belongs

    def top(self, root: Mapping) -> None:
        seen_at: int | None = None
        for key, node in root.entries:
            if folded(key.text) != _ROOT:
                self._beside_the_scenario(key, node)
                continue
            if seen_at is not None:
                self._given_twice(key.line, _ROOT, seen_at, True)
                continue
            seen_at = key.line
            if key.text != _ROOT:
                self._report.notice(key.line, f"key '{key.text}' read as '{_ROOT}'")
            self._section("", key, node)
        if seen_at is None and self._astray:
            self._found.lines[""] = root.line
        elif seen_at is None:
            self._report.problem(root.line, _ROOT, "required section is missing")
        while self._astray:
            path, key, node = self._astray.pop(0)
            if path not in self._seen:
                self._place(path, key, node)

    def _beside_the_scenario(self, key: Scalar, node: Node) -> None:
        if key.text in self._shared or key.text.startswith("x-"):
            return
        name = folded(key.text)
        homes = [section for section, names in _children().items() if name in names]
        if len(homes) == 1:
            self._astray.append((f"{homes[0]}.{name}" if homes[0] else name, key, node))
        near = closest(key.text, (_ROOT,))
        fix = f"did you mean '{near}'?" if near else None
        self._report.problem(
            key.line,
            key.text,
            "unknown key at the top level, where only 'scenario' is allowed",
            fix=self._home(name, homes) if homes else fix,
        )

    @staticmethod
    def _home(name: str, homes: list[str]) -> str:
        if "" in homes or name == "resource":
            return "put it under 'scenario:'"
        return f"put it under {alternatives([f'scenario.{home}' for home in homes])}"

    def _section(self, path: str, key: Scalar, node: Node) -> None:
        self._found.lines[path] = key.line
        if isinstance(node, Mapping):
            for hidden, line in node.hidden:
                self._report.notice(
                    hidden.line,
                    f"section '{hidden.text}' replaces the one in line {line}, which '<<' brings, "
                    "as a whole",
                )
            for child, value in node.entries:
                self._entry(path, child, value)
        elif plain_value(node) is not None:
            fix = self._items_of_a_section(path, node) or _as_section(path, node)
            self._report.problem(
                key.line,
                shown(path) or _ROOT,
                "must be a section of keys",
                found=node.source,
                fix=fix,
            )

    def _items_of_a_section(self, path: str, node: Node) -> str | None:
        """Read ``- key: value`` items as the keys of a section."""
        if isinstance(node, Sequence) and node.items:
            parts = [item for item in node.items if isinstance(item, Mapping)]
            if len(parts) == len(node.items):
                for part in parts:
                    for child, value in part.entries:
                        self._entry(path, child, value)
                return "write the keys below it without '- '"
        self._found.excused.add(path)
        return None

    def _entry(self, section: str, key: Scalar, node: Node) -> None:
        name = self._name(section, key)
        if name is None:
            self._unknown(section, key, node)
            return
        path = f"{section}.{name}" if section else name
        if (section, name) == ("strategy", "resource"):
            path = name
            self._report.notice(
                key.line, "section 'resource' under 'strategy' read as if under 'scenario'"
            )
        if path in self._seen:
            self._given_twice(key.line, shown(path), self._seen[path], path not in _fields())
            return
        self._place(path, key, node)

    def _given_twice(self, line: int, key: str, first: int, is_section: bool) -> None:
        fix = "delete one of the two lines"
        if is_section:
            fix = f"move what is below line {line} into the section of line {first}"
        self._report.problem(line, key, f"given twice, first in line {first}", fix=fix)

    def _place(self, path: str, key: Scalar, node: Node) -> None:
        """Take the value of a known key, or the keys of a known section."""
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
        """Return the known name of a key, ignoring case and character width."""
        names = _children()[section] + (("resource",) if section == "strategy" else ())
        if key.text in names:
            return key.text
        name = folded(key.text)
        if name not in names:
            return None
        self._report.notice(key.line, f"key '{key.text}' read as '{name}'")
        return name

    def _unknown(self, section: str, key: Scalar, node: Node) -> None:
        name = folded(key.text)
        here = _children()[section]
        elsewhere: dict[str, list[str]] = {}
        for other, names in _children().items():
            for one in names:
                elsewhere.setdefault(one, []).append(other)
        rule, near = "unknown key", closest(name, here)
        if name in elsewhere:
            homes = [other or _ROOT for other in elsewhere[name]]
            rule, fix = "misplaced key", f"belongs under {alternatives(homes)}"
            self._lead(name, elsewhere[name], key, node)
        elif name in REMARKS:
            fix = REMARKS[name]
        elif name.isdecimal() and isinstance(node, Scalar) and not node.text:
            fix = "in braces a comma starts a new key; write lists in brackets, numbers without it"
        elif near is not None:
            fix = f"did you mean '{near}'?"
            self._lead(near, [section], key, node)
        elif (near := closest(name, elsewhere)) is not None:
            homes = [other or _ROOT for other in elsewhere[near]]
            fix = f"did you mean '{near}', under {alternatives(homes)}?"
            self._lead(near, elsewhere[near], key, node)
        else:
            fix = f"known here: {', '.join(here)}"
        path = f"{section}.{key.text}" if section else key.text
        self._report.problem(key.line, shown(path), rule, fix=fix)

    def _lead(self, name: str, sections: list[str], key: Scalar, node: Node) -> None:
        """Read a key at its correct place; if that is ambiguous, excuse all possible places."""
        paths = [f"{section}.{name}" if section else name for section in sections]
        if len(paths) == 1:
            self._astray.append((paths[0], key, node))
        else:
            self._found.excused.update(paths)


def _as_section(path: str, node: Node) -> str:
    """Return advice for a value that stands in the place of a section."""
    if isinstance(node, Scalar):
        for key, one in _fields().items():
            choices = {choice.casefold() for choice in one.form.choices}
            if key.startswith(f"{path}.") and node.text.casefold() in choices:
                return f"write it as {key.removeprefix(f'{path}.')}, below {shown(path)}"
    return f"known here: {', '.join(_children()[path])}"
