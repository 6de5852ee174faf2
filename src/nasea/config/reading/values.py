"""Reads the value of a key from its node, in the form that the key expects.

Reading never fails: a value that does not fit is passed on unchanged, and validation refuses it. So
all wrong values are found in one place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nasea.config.reading.escapes import is_misread
from nasea.config.reading.legacy import narrow, uncurl
from nasea.config.reading.nodes import Node, Scalar, Sequence
from nasea.config.reading.report import Report, shorten
from nasea.config.schema.amounts import read_amount
from nasea.config.schema.fields import KeyedField
from nasea.config.schema.keys import Form
from nasea.config.schema.spans import read_span

# Decimal notation of bounded length only: some versions of YAML read "010", "0x10" and "1:30" as
# surprising numbers.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30}(?:_[0-9]{1,3}){0,10})")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,4})?")
_EXACT = 1e15
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_BRACKETS = {"(": ")", "[": "]"}
_BARE_IDS = re.compile(r"[0-9]+(?:\s*,\s*[0-9]+)*")


class Unreadable:
    """A placeholder that fits no type, so that validation refuses it."""


@dataclass(frozen=True)
class Given:
    """A value found in the file.

    Attributes:
        value: the value.
        node: its node.
        items: the nodes of its items, for a list.
    """

    value: object
    node: Node
    items: tuple[Node, ...] = ()


def read(node: Node, field: KeyedField, report: Report) -> Given:
    """Read the value of a key; report everything that had to be corrected."""
    reader = _Reader(field, report)
    item = field.form.item
    return reader.single(node) if item is None else reader.sequence(node, item)


def plain_value(node: Node) -> object:
    """Return a plain scalar as a number, a Boolean, ``None`` or a string."""
    if not isinstance(node, Scalar):
        return Unreadable()
    text = node.text
    if node.quoted:
        return text
    if text.casefold() in _CONSTANTS:
        return _CONSTANTS[text.casefold()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _count(text: str, plain: object) -> object:
    """Return a whole number written ``5k`` or ``1e3``; ``plain`` for any other text."""
    amount = read_amount(text)
    if amount is None or amount.doubt is not None or isinstance(plain, int):
        return plain
    short = amount.unit == "multiple" or "e" in text.casefold()
    return int(amount.value) if short and _is_whole(amount.value) else plain


def _is_whole(value: float) -> bool:
    return value.is_integer() and abs(value) < _EXACT


class _Reader:
    def __init__(self, field: KeyedField, report: Report) -> None:
        self._field = field
        self._report = report

    def single(self, node: Node) -> Given:
        form = self._field.form
        node = self._mended(node, form)
        value = plain_value(node)
        if isinstance(node, Scalar) and form.kind is str and is_misread(node):
            value = Unreadable()
        elif isinstance(node, Scalar) and form.cost:  # also in quotes: a cost is never text
            amount = read_amount(node.text)
            value = value if amount is None else amount.value
        elif isinstance(node, Scalar) and form.kind is int and not node.quoted:
            value = _count(node.text, value)
        elif isinstance(node, Scalar) and form.span and value is not None:
            seconds = read_span(node.text)
            value = Unreadable() if seconds is None else seconds
        if form.choices and isinstance(node, Scalar) and not (value is None and form.nullable):
            value = self._choice(node, form)
        return Given(value, node)

    def sequence(self, node: Node, form: Form) -> Given:
        if isinstance(node, Sequence):
            whole = map(self._joined, node.items) if self._field.form.joined else node.items
            items = [part for item in whole for part in self._split_wide(item)]
        elif isinstance(node, Scalar):
            if plain_value(node) is None:
                return Given(None, node)
            parts = self._listed(node)
            if parts is None:
                return Given(Unreadable(), node)
            items = parts
        else:
            return Given(Unreadable(), node)
        items = [self._mended(item, form) for item in items]
        return Given(tuple(plain_value(item) for item in items), node, tuple(items))

    def _listed(self, node: Scalar) -> list[Node] | None:
        """Return the items of a list that YAML reads as text, such as ``(1, 2)``."""
        narrowed = narrow(node.text).strip()
        if narrowed[:1] and _BRACKETS.get(narrowed[:1]) == narrowed[-1]:
            kind = "tuple" if narrowed[0] == "(" else "list"
            self._notice(node, f"{kind} {shorten(node.text)} read as a list")
            inner = narrowed[1:-1].strip().removesuffix(",")
        elif self._field.form.bare and _BARE_IDS.fullmatch(narrowed):
            if "," in narrowed and not node.quoted:
                self._notice(
                    node, f"unquoted list {shorten(node.text)} read as [{shorten(narrowed)}]"
                )
            inner = narrowed
        else:
            return None
        return self._parts(node, inner) if inner else []

    @staticmethod
    def _joined(item: Node) -> Node:
        """Return the text that was written as a list of its parts."""
        if not isinstance(item, Sequence):
            return item
        parts = [part.text for part in item.items if isinstance(part, Scalar)]
        if len(parts) < len(item.items):
            return item  # a nested list: refused
        return Scalar(item.line, item.source, ", ".join(parts), quoted=True)

    def _split_wide(self, item: Node) -> list[Node]:
        """Split ``64，128``, a single item in YAML, at its full-width commas."""
        if not isinstance(item, Scalar) or item.quoted or "，" not in item.text:
            return [item]
        self._notice(item, f"full-width punctuation in {shorten(item.text)} read as ASCII")
        return self._parts(item, narrow(item.text))

    @staticmethod
    def _parts(node: Scalar, text: str) -> list[Node]:
        parts: list[Node] = []
        for part in map(str.strip, text.split(",")):
            quoted = len(part) > 1 and part[0] == part[-1] and part[0] in "\"'"
            inner = part[1:-1] if quoted else part
            parts.append(replace(node, text=inner, source=part, quoted=quoted))
        return parts

    def _mended(self, node: Node, form: Form) -> Node:
        """Replace typographic quotes, and full-width punctuation where it cannot be intended."""
        if not isinstance(node, Scalar) or node.quoted:
            return node
        inner = uncurl(node.text)
        if inner is not None:
            self._notice(node, f"typographic quotes around {shorten(inner)} read as plain quotes")
            return replace(node, text=inner, quoted=True)
        free_text = form.kind is str and not form.choices
        narrowed = node.text if free_text else narrow(node.text).strip()
        if narrowed != node.text:
            self._notice(node, f"full-width punctuation in {shorten(node.text)} read as ASCII")
        return replace(node, text=narrowed)

    def _choice(self, node: Scalar, form: Form) -> object:
        if node.text in form.choices:
            return form.choices[node.text]
        for spelling, value in form.choices.items():
            if spelling.casefold() == node.text.casefold():
                if not self._field.key.any_case:
                    self._notice(node, f"'{node.text}' read as '{spelling}'")
                return value
        return Unreadable()

    def _notice(self, node: Node, text: str) -> None:
        self._report.notice(node.line, f"{self._field.key.shown}: {text}")
