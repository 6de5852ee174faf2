"""Translates finished text by templates.

The text of a message is matched against all templates; the most specific one wins, that is the one
with most text of its own. Its values are translated in turn: a value may be a message itself, such
as the reason within an error. A text that no template makes is taken apart: into lines, into what a
template makes of its beginning and the rest, into the parts of an enumeration. What stays unknown
is passed on unchanged, as user's names and foreign messages have to be.

A sentence is translated as a whole or not at all. An exception's own words, ``ValueError: …``, are
never translated; neither is one half of an enumeration whose other half is a sentence that nobody
knows, nor a phrase such as ``give {what}`` whose value is one: somebody else's text may contain
words of ours.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from nasea.translation.catalogue import Entry
from nasea.translation.templates import PLACEHOLDER, Template

_VERBATIM = {"frames", "rstrip", "text_of", "trace"}
"""Values that hold lines of the user's code."""

_LABELS = {
    "accuracy_title",
    "better",
    "kind",
    "noun",
    "role",
    "side",
    "stage",
    "task",
    "task_name",
    "title",
    "used",
}
"""Values that hold a single word of nasea's own."""

_SEPARATORS = {"; ": "；", ": ": "：", ", ": "，", " or ": " 或 ", " and ": " 和 "}
_SEPARATOR = re.compile("|".join(_SEPARATORS))
_MOST_PARTS = 12
_ENDS = 3
_PIECE = 2
"""What one more message costs: of two readings that account for as much, that of fewer pieces."""
_LONGEST = 2000
_WIDE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"
_SPACE_BETWEEN = re.compile(f"(?<=[{_WIDE}]) (?=[{_WIDE}])")
_SPACE_INSIDE = re.compile(rf"{_SPACE_BETWEEN.pattern}|(?<=[，；：。（]) (?=\S)| (?=[，；：。）])")
_AFTER_A_MESSAGE = tuple(" ,;:.(")
_MEASURE = re.compile(r"([a-z][a-z -]*) ([±+-]?\d\S*(?<!,)(?: [^\s,]+){0,3})")
_LISTED = re.compile(r"(\S+(?:, \S+)*) (or|and) (\S+)")
_RAISED = re.compile(
    r"(?<![\w.])(\w+\.)*[A-Z]\w*(Error|Exception|Exit|Interrupt|Iteration|Warning): "
)
_SENTENCE = re.compile(r"(?<![\w./=-])[a-z]{2,} [a-z]{2,}(?![\w./=-])")
_NO_SENTENCE = re.compile(r"`[^`]*`|'[^']*'|\b(nasea|pip|python3?|make) \S+")
_PHRASE = 12
"""Characters of its own up to which a template is a phrase that others use too."""


class Translator:
    """Translates into the language of a catalogue.

    Args:
        entries: the catalogue; what has no translation, or is the same in both, is left out.
        context: of messages that are expected besides: ``click`` in pages of help.
    """

    def __init__(self, entries: Sequence[Entry], context: str = "") -> None:
        useful = [one for one in entries if one.target and one.target != one.source]
        self._labels = {
            (one.context, one.source): one.target for one in entries if one.target and one.context
        }
        contexts = {"", "text", context}
        messages = [one for one in useful if one.context in contexts]
        self._exact = {
            one.source: one.target for one in messages if not PLACEHOLDER.search(one.source)
        }
        templates = [Template(one.source, one.target) for one in messages]
        self._templates = _Index(one for one in templates if one.names)
        self._openings = _Index(
            one
            for one in sorted(templates, key=lambda template: -template.weight)
            if len(one.literals[0]) >= _ENDS and one.literals[-1].strip() and not one.is_weak
        )
        self._whole = functools.lru_cache(4096)(self._find_whole)
        self._parsed = functools.lru_cache(4096)(self._parse)

    def label(self, text: str, context: str = "label") -> str:
        """Return a title, or a unit of that context; another text as a message."""
        known = self._labels.get((context, text)) or self._labels.get((context, text.strip()))
        return self.text(text) if known is None else known

    def text(self, text: str) -> str:
        """Return a finished text in the other language."""
        return self._line(text)[1]

    def _parse(self, text: str) -> tuple[int, str]:
        """The translation that accounts for most of the text, and for how many characters.

        One template may make the whole text, or several its parts. Where nothing is known, 0
        characters and the text itself.
        """
        if not re.search("[A-Za-z]{2}", text) or _RAISED.match(text):
            return 0, text
        best = self._whole(text) or (0, text)
        if "\n" in text:
            lines = [self._line(line) for line in text.split("\n")]
            together = sum(weight for weight, _ in lines), "\n".join(line for _, line in lines)
            return max(best, together, key=lambda known: known[0])
        if len(text) < _LONGEST:
            raised = _RAISED.search(text)
            end = len(text) if raised is None else raised.start()
            for found in itertools.islice(_SEPARATOR.finditer(text, 0, end), _MOST_PARTS):
                best = max(best, self._in_two(text, found), key=lambda known: known[0])
        if not best[0]:
            opened = self._opened(text)
            if opened is not None:
                return 1, opened
        return best

    def _line(self, text: str) -> tuple[int, str]:
        """As ``_parsed``, of text with spaces around it."""
        bare = text.strip()
        weight, found = self._parsed(bare)
        if not weight:
            return 0, text
        start = text.index(bare)
        return weight, text[:start] + found + text[start + len(bare) :]

    def _in_two(self, text: str, separator: re.Match[str]) -> tuple[int, str]:
        """What templates make of the parts beside a separator."""
        before, behind = text[: separator.start()], text[separator.end() :]
        mark = separator[0]
        left = self._whole(before) or (0, before)
        right = self._parsed(behind)
        between = _SEPARATORS[mark] if left[0] or right[0] else mark
        # ", kept" may be a message with its comma, "it was written for another;" too.
        if left[0]:
            opened = None if right[0] else self._opened(mark + behind)
            with_mark = self._whole(mark + behind) or (1, opened or "")
            if with_mark[1] and with_mark[0] > right[0]:
                right, between = with_mark, ""
        else:
            with_mark = self._whole(before + mark.rstrip()) or (0, "")
            if with_mark[0]:
                left, between = with_mark, ""
        if mark in (" or ", " and ") and not (left[0] and right[0]):
            return 0, text
        # What follows a colon may be somebody else's: "cannot read it: no such file".
        if _is_sentence(before, left[0]) or (mark != ": " and _is_sentence(behind, right[0])):
            return 0, text
        if mark == ": " and not left[0]:  # a place, such as scen.yaml:3: supernet.filters
            return right[0] and right[0] + 1, f"{self.label(before)}: {right[1]}"
        return left[0] + right[0], _tidy(left[1] + between + right[1])

    def _find_whole(self, text: str) -> tuple[int, str] | None:
        """What one template makes of the whole text; what is known of its values counts too."""
        exact = self._exact.get(text)
        if exact is not None:
            return len(text) - _PIECE, exact
        best = None
        for template in self._templates.possible(text):
            values = template.values(text)
            if values is not None:
                known = self._filled(template, values)
                if known is not None and (best is None or known[0] > best[0]):
                    best = known
        return best or self._measure(text) or self._listed(text)

    def _filled(self, template: Template, values: Iterable[str]) -> tuple[int, str] | None:
        """The translation with translated values, and the characters that it accounts for.

        ``None`` where a phrase would stand beside a sentence in English.
        """
        weight, translated = template.weight - _PIECE, {}
        for name, value in zip(template.names, values, strict=True):
            known = self._value(name, value)
            foreign = _is_sentence(value, known[0]) or _RAISED.search(f"{value} ")
            if foreign and template.weight < _PHRASE:
                return None
            weight += known[0]
            translated[name] = known[1]
        return weight, _SPACE_BETWEEN.sub("", template.filled(translated))

    def _value(self, name: str, value: str) -> tuple[int, str]:
        plain = name.rstrip("0123456789")
        if plain in _VERBATIM:
            return len(value), value
        if plain in _LABELS and ("label", value) in self._labels:
            return len(value), self._labels["label", value]
        weight, found = self._line(value)
        # The spaces around a translated part belong to the English sentence; those that indent
        # lines stay.
        indented = "\n" in found or found.startswith("  ")
        return weight, found if not weight or indented else found.strip(" ")

    def _opened(self, text: str) -> str | None:
        """What a template makes of the beginning, and others of the rest."""
        for template in self._openings.possible(text):
            found = template.opening(text)
            if found is None or text[found[1] : found[1] + 1] not in _AFTER_A_MESSAGE:
                continue
            values, end = found
            rest = text[end:]
            translated = self.text(rest)
            if translated == rest and re.search("[a-z]{2}", rest):
                continue
            begun = self._filled(template, values)
            if begun is not None:
                return _tidy(begun[1] + translated)
        return None

    def _measure(self, text: str) -> tuple[int, str] | None:
        """``accuracy 0.8125``: a label with its value."""
        found = _MEASURE.fullmatch(text)
        if found is None:
            return None
        label = self._labels.get(("label", found[1])) or self._exact.get(found[1])
        return None if label is None else (len(found[1]), f"{label} {self.text(found[2])}")

    def _listed(self, text: str) -> tuple[int, str] | None:
        """``size, flops or latency``: names, of which one is to be chosen."""
        found = _LISTED.fullmatch(text)
        if found is None:
            return None
        names = found[1].replace(", ", "、")
        return 1, f"{names}{_SEPARATORS[f' {found[2]} ']}{found[3]}"


class _Index:
    """Templates by how they begin or end, so that few of them are tried on a text."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._by_start: dict[str, list[Template]] = {}
        self._by_end: dict[str, list[Template]] = {}
        self._others: list[Template] = []
        for one in templates:
            if len(one.literals[0]) >= _ENDS:
                self._by_start.setdefault(one.literals[0][:_ENDS], []).append(one)
            elif len(one.literals[-1]) >= _ENDS:
                self._by_end.setdefault(one.literals[-1][-_ENDS:], []).append(one)
            else:
                self._others.append(one)

    def possible(self, text: str) -> Iterator[Template]:
        """Yield the templates that may make ``text``."""
        yield from self._by_start.get(text[:_ENDS], ())
        yield from self._by_end.get(text[-_ENDS:], ())
        yield from self._others


def _is_sentence(text: str, known: int) -> bool:
    """Whether this is English prose of which nothing is known."""
    return not known and _SENTENCE.search(_NO_SENTENCE.sub("", text)) is not None


def _tidy(text: str) -> str:
    """Take out the spaces that English has between parts and Chinese has not."""
    return _SPACE_INSIDE.sub("", text)
