"""YAML text as a tree of nodes that know where they stand.

Scalars are kept as written: what ``0,1`` or ``1e-4`` means depends on the key, so the schema
decides, not YAML's type rules. Tags are refused, hence nothing in a file is ever executed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ruamel.yaml import YAML
from ruamel.yaml import events as yaml_events
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from nasea.config.reading.report import shorten
from nasea.errors import ConfigError, Problem

_MAX_DEPTH = 16  # a scenario needs 5
_MAX_NODES = 4096  # a scenario needs 150; each may be worth an error, and a message of megabytes
# What ruamel has been seen to raise, or could, for malformed text.
_COMPOSER_ERRORS = (YAMLError, ValueError, LookupError, ArithmeticError, TypeError, AssertionError)


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
    """A single value; ``quoted`` tells ``"128"`` from ``128``."""

    text: str
    quoted: bool


@dataclass(frozen=True)
class Sequence(Node):
    """A list."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Mapping(Node):
    """Keys and values in the order of the file; duplicates are still there."""

    entries: tuple[tuple[Scalar, Node], ...]


@dataclass(frozen=True)
class Document:
    """A parsed file.

    Attributes:
        root: the top of the tree; ``None`` when there is nothing but white space and comments.
        outline: its nodes in order. Equal for two texts that say the same; cheap to compare, as
            references are not followed.
    """

    root: Node | None
    outline: tuple[str, ...]


def parse(text: str, file: str) -> Document:
    """Parse one YAML document.

    Args:
        text: the document, with line feeds as line ends.
        file: its name in messages.

    Raises:
        ConfigError: the text is not YAML, or uses a part of YAML that a scenario has no use for.
    """
    composer = _Composer(text, file)
    root = composer.document()
    return Document(root, tuple(composer.outline))


class _Composer:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        # ruamel also counts U+2028 and the like as line ends; editors do not.
        self._starts = [0, *(place + 1 for place, char in enumerate(text) if char == "\n")]
        self._anchors: dict[str, Node | None] = {}
        self._events: Iterator[yaml_events.Event] = iter(())
        self.outline: list[str] = []

    def document(self) -> Node | None:
        try:
            self._events = YAML(typ="safe", pure=True).parse(self._text)
            next(self._events)  # the start of the stream
            if not isinstance(next(self._events), yaml_events.DocumentStartEvent):
                return None
            root = self._node(next(self._events), 0)
            next(self._events)  # the end of the document
            after = next(self._events)
            if isinstance(after, yaml_events.DocumentStartEvent):
                raise self._error(after, "must hold one YAML document, but a second one starts")
            return root
        except ReaderError as error:
            line = self._line(min(int(error.position), len(self._text)))
            raise self._syntax(line, "a control character stands here") from None
        except MarkedYAMLError as error:
            raise self._marked(error) from None
        except _COMPOSER_ERRORS as error:
            raise self._syntax(1, str(error) or type(error).__name__) from None

    def _node(self, event: yaml_events.Event, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise self._error(event, f"is nested more than {_MAX_DEPTH} levels deep")
        if len(self.outline) == _MAX_NODES:
            raise self._error(event, f"holds more than {_MAX_NODES} keys and values, no scenario")
        self.outline.append(f"{depth} {event!r}")
        if isinstance(event, yaml_events.AliasEvent):
            return self._alias(event)
        if getattr(event, "tag", None) is not None:
            raise self._error(
                event, "YAML tags (a word after '!') are not allowed", fix="remove the tag"
            )
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = None  # open: a reference from inside would be endless
        node = self._content(event, depth)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _content(self, event: yaml_events.Event, depth: int) -> Node:
        start = event.start_mark.index
        line = self._line(start)
        if isinstance(event, yaml_events.ScalarEvent):
            source = self._text[start : event.end_mark.index].strip()
            return Scalar(line, source, event.value, quoted=bool(event.style))
        if isinstance(event, yaml_events.SequenceStartEvent):
            items = []
            while not isinstance(event := next(self._events), yaml_events.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
            return Sequence(line, self._text[start : event.end_mark.index].strip(), tuple(items))
        entries = []
        while not isinstance(event := next(self._events), yaml_events.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise self._error(event, "a key must be a single word")
            entries.append((key, self._node(next(self._events), depth + 1)))
        return Mapping(line, self._text[start : event.end_mark.index].strip(), tuple(entries))

    def _alias(self, event: yaml_events.AliasEvent) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._error(event, f"'*{shorten(event.anchor)}' refers to nothing before it")
        return replace(node, line=self._line(event.start_mark.index))

    def _line(self, index: int) -> int:
        return bisect_right(self._starts, index)

    def _error(self, event: yaml_events.Event, rule: str, fix: str | None = None) -> ConfigError:
        line = self._line(event.start_mark.index)
        return ConfigError([Problem(f"{self._file}:{line}", "", rule, fix=fix)])

    def _marked(self, error: MarkedYAMLError) -> ConfigError:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "malformed"
        if mark is None:
            return self._syntax(1, what)
        line = self._line(mark.index)
        column = mark.index - self._starts[line - 1] + 1
        return self._syntax(line, f"{what} (column {column})")

    def _syntax(self, line: int, what: str) -> ConfigError:
        fix = None
        # A missing space makes the key part of a value; YAML notices it a line later.
        for near in (line, line - 1):
            written = self._text[self._starts[near - 1] :].split("\n", 1)[0] if near else ""
            key, colon, value = written.strip().partition(":")
            if key.isidentifier() and colon and value and not value[0].isspace():
                fix = f"put a space after '{key}:' in line {near}"
        return ConfigError(
            [Problem(f"{self._file}:{line}", "", f"not valid YAML: {shorten(what, 120)}", fix=fix)]
        )
