"""Parses YAML text into a tree of nodes with their positions.

Scalars are kept as written: the meaning of ``0,1`` or ``1e-4`` depends on the key, so the schema
decides, not YAML's type rules. Tags are refused, so nothing in a file is ever executed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ruamel.yaml import YAML
from ruamel.yaml import events as yaml_events
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from nasea.config.reading.escapes import advice_on_unknown_escape
from nasea.config.reading.indentation import find_slip
from nasea.config.reading.merge import can_be_merged, is_merge_key, with_merged
from nasea.config.reading.nodes import Mapping, Node, Scalar, Sequence, folded
from nasea.config.reading.report import shorten
from nasea.errors import ConfigError, Problem

_MAX_DEPTH = 16  # a scenario needs 5
_MAX_NODES = 4096  # a scenario needs 150; each may cause an error, which could add up to megabytes
# Exceptions that ruamel raises, or could raise, for malformed text.
_COMPOSER_ERRORS = (YAMLError, ValueError, LookupError, ArithmeticError, TypeError, AssertionError)


@dataclass(frozen=True)
class Document:
    """A parsed file.

    Attributes:
        root: the top of the tree; ``None`` if there is only white space and comments.
        outline: its nodes in order. Equal for texts with the same content; cheap to compare, as
            references are not followed.
        shared: the top-level keys whose content ``scenario`` refers to, directly or indirectly.
    """

    root: Node | None
    outline: tuple[str, ...]
    shared: frozenset[str] = frozenset()


def parse(text: str, file: str) -> Document:
    """Parse one YAML document.

    Args:
        text: the document, with line feeds as line ends.
        file: its name, for messages.

    Raises:
        ConfigError: the text is not YAML, or uses a feature of YAML that scenarios do not support.
    """
    composer = _Composer(text, file)
    root = composer.document()
    return Document(root, tuple(composer.outline), composer.shared())


class _Composer:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        # Unlike editors, ruamel also counts U+2028 and similar characters as line ends.
        self._starts = [0, *(place + 1 for place, char in enumerate(text) if char == "\n")]
        self._anchors: dict[str, Node | None] = {}
        self._top_key = ""  # the top-level key that is being read
        self._homes: dict[str, str] = {}  # anchor -> the top-level key that contains it
        self._count = 0  # number of nodes, including those repeated by merge keys
        self._uses: dict[str, set[str]] = {}  # top-level key -> the top-level keys it refers to
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
                raise self._error(after, "must contain one YAML document; a second one starts here")
            return root
        except ReaderError as error:
            line = self._line(min(int(error.position), len(self._text)))
            raise self._syntax(line, "control character in the file") from None
        except MarkedYAMLError as error:
            raise self._marked(error) from None
        except _COMPOSER_ERRORS as error:
            raise self._syntax(1, str(error) or type(error).__name__) from None

    def shared(self) -> frozenset[str]:
        """See :class:`Document`."""
        reached: set[str] = set()
        ahead = [key for key in self._uses if folded(key) == "scenario"]
        while ahead:
            new = self._uses.get(ahead.pop(), set()) - reached
            reached |= new
            ahead.extend(new)
        return frozenset(reached)

    def _node(self, event: yaml_events.Event, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise self._error(event, f"is nested more than {_MAX_DEPTH} levels deep")
        self._add(1, event)
        self.outline.append(f"{depth} {event!r}")
        if isinstance(event, yaml_events.AliasEvent):
            return self._alias(event)
        if getattr(event, "tag", None) is not None:
            raise self._error(
                event, "YAML tags (a word after '!') are not allowed", fix="remove the tag"
            )
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = None  # open: a reference from inside would recurse forever
            self._homes[anchor] = self._top_key
        node = self._content(event, depth)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _content(self, event: yaml_events.Event, depth: int) -> Node:
        start = event.start_mark.index
        line = self._line(start)
        if isinstance(event, yaml_events.ScalarEvent):
            source = self._text[start : event.end_mark.index].strip()
            inside = None
            if event.style == '"':  # an anchor may precede the quote
                inside = source[source.index('"') + 1 : -1]
            return Scalar(line, source, event.value, bool(event.style), inside)
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
            if depth == 0:
                self._top_key = key.text
            entries.append((key, self._node(value := next(self._events), depth + 1)))
            if is_merge_key(key):
                self._check_merged(entries[-1][1], value)
        mapping = Mapping(line, self._text[start : event.end_mark.index].strip(), tuple(entries))
        merged = with_merged(mapping)
        self._add(max(0, len(merged.entries) - len(entries)), event)
        return merged

    def _check_merged(self, node: Node, event: yaml_events.Event) -> None:
        if not can_be_merged(node):
            raise self._error(event, "'<<' must be followed by a section, as in <<: *defaults")

    def _add(self, nodes: int, event: yaml_events.Event) -> None:
        self._count += nodes
        if self._count > _MAX_NODES:
            raise self._error(
                event, f"holds more than {_MAX_NODES} keys and values, too many for a scenario"
            )

    def _alias(self, event: yaml_events.AliasEvent) -> Node:
        self._uses.setdefault(self._top_key, set()).add(self._homes.get(event.anchor, ""))
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._error(event, f"'*{shorten(event.anchor)}' refers to nothing before it")
        return replace(node, line=self._line(event.start_mark.index))

    def _written(self, line: int) -> str:
        return self._text[self._starts[line - 1] :].split("\n", 1)[0]

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
        slip = find_slip(self._text)
        if slip is not None and abs(slip.line - line) <= 1:
            rule = f"is indented by {slip.indent} spaces, unlike any key above it"
            return ConfigError([Problem(f"{self._file}:{slip.line}", "", rule, fix=slip.fix)])
        return self._syntax(line, f"{what} (column {column})")

    def _syntax(self, line: int, what: str) -> ConfigError:
        fix = advice_on_unknown_escape(self._written(line)) if "escape" in what else None
        # Without the space after its colon a key becomes part of a value; YAML notices a line
        # later.
        for near in (line, line - 1):
            written = self._written(near) if near else ""
            key, colon, value = written.strip().partition(":")
            if key.isidentifier() and colon and value and not value[0].isspace():
                fix = f"put a space after '{key}:' in line {near}"
        return ConfigError(
            [Problem(f"{self._file}:{line}", "", f"not valid YAML: {shorten(what, 120)}", fix=fix)]
        )
