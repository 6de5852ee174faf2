"""Translates finished text by templates.

The text of a message is matched against all templates; the most specific one wins, that is the one
with most text of its own. Its values are translated in turn: a value may be a message itself, such
as the reason within an error. A text that no template makes is taken apart: into lines, into what a
template makes of its beginning and the rest, into the parts of an enumeration. What stays unknown
is passed on unchanged, as user's names and foreign messages have to be.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

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
}
"""Values that hold a single word of nasea's own."""

_SEPARATORS = (("; ", "；"), (": ", "："), (", ", "，"))
_WIDE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"
_SPACE_BETWEEN = re.compile(f"(?<=[{_WIDE}]) (?=[{_WIDE}])")
_SPACE_INSIDE = re.compile(rf"{_SPACE_BETWEEN.pattern}|(?<=[，；：。（]) (?=\S)| (?=[，；：。）])")
_AFTER_A_MESSAGE = tuple(" ,;:.(")
_DEEPEST = 8


class Translator:
    """Translates into the language of a catalogue.

    Args:
        entries: the catalogue; what has no translation, or is the same in both, is left out.
        context: that of the messages.
    """

    def __init__(self, entries: Sequence[Entry], context: str = "") -> None:
        useful = [one for one in entries if one.target and one.target != one.source]
        self._labels = {
            (one.context, one.source): one.target for one in entries if one.target and one.context
        }
        contexts = (context,) if context else ("", "text")
        messages = [one for one in useful if one.context in contexts]
        self._exact = {
            one.source: one.target for one in messages if not PLACEHOLDER.search(one.source)
        }
        self._templates = sorted(
            (Template(one.source, one.target) for one in messages),
            key=lambda template: -template.weight,
        )
        self._openings = [
            one for one in self._templates if one.literals[-1].strip() and not one.is_weak
        ]
        self.text = functools.lru_cache(4096)(self._text)

    def label(self, text: str, context: str = "label") -> str:
        """Return a title, or a unit of that context; another text as a message."""
        known = self._labels.get((context, text)) or self._labels.get((context, text.strip()))
        return self.text(text) if known is None else known

    def _text(self, text: str, deep: int = 0) -> str:
        """Return a finished text in the other language."""
        bare = text.strip()
        if deep > _DEEPEST or not re.search("[A-Za-z]{2}", bare):
            return text
        found = self._whole(bare, deep)
        if found is None:
            found = self._in_parts(bare, deep)
        if found == bare:
            return text
        start = text.index(bare)
        return text[:start] + found + text[start + len(bare) :]

    def _whole(self, text: str, deep: int) -> str | None:
        """What one template makes of the whole text."""
        exact = self._exact.get(text)
        if exact is not None:
            return exact
        for template in self._templates:
            values = template.values(text)
            if values is not None:
                return self._filled(template, values, deep)
        return None

    def _filled(self, template: Template, values: Iterable[str], deep: int) -> str:
        given = list(values)
        before = ""
        if template.source.startswith("{") and ": " in given[0]:
            # "scen.yaml: 6 architectures …": what stands before the colon is no part of the value.
            if self._whole(given[0], deep + 1) is None:
                before, _, given[0] = given[0].rpartition(": ")
                before = f"{self.label(before)}: "
        translated = {
            name: self._value(name, value, deep)
            for name, value in zip(template.names, given, strict=True)
        }
        return before + _SPACE_BETWEEN.sub("", template.filled(translated))

    def _value(self, name: str, value: str, deep: int) -> str:
        plain = name.rstrip("0123456789")
        if plain in _VERBATIM:
            return value
        if plain in _LABELS and ("label", value) in self._labels:
            return self._labels["label", value]
        found = self._text(value, deep + 1)
        # The spaces around a translated part belong to the English sentence; those that indent
        # lines stay.
        indented = "\n" in found or found.startswith("  ")
        return found if found == value or indented else found.strip(" ")

    def _in_parts(self, text: str, deep: int) -> str:
        if "\n" in text:
            return "\n".join(self._text(line, deep + 1) for line in text.split("\n"))
        for found in (self._behind_a_place, self._opened, self._measure):
            known = found(text, deep)
            if known is not None:
                return known
        for separator, wide in _SEPARATORS:
            if separator not in text:
                continue
            first, *others = text.split(separator)
            translated = self._text(first, deep + 1)
            for part in others:
                # ", the best so far" may be a message with its comma.
                joined = self._whole(separator + part, deep + 1)
                translated += joined or wide + self._text(part, deep + 1)
            if translated != wide.join([first, *others]):
                return _tidy(translated)
        return text

    def _behind_a_place(self, text: str, deep: int) -> str | None:
        """``scen.yaml:3: supernet.filters: a message``: the message, if a template makes it."""
        for colon in re.finditer(": ", text):
            known = self._whole(text[colon.end() :], deep + 1)
            if known is not None:
                return f"{self._text(text[: colon.start()], deep + 1)}: {known}"
        return None

    def _measure(self, text: str, deep: int) -> str | None:
        """``accuracy 0.8125``: a label with its value."""
        found = re.fullmatch(r"([a-z][a-z -]*) ([±+-]?\d\S*(?: \S+){0,3})", text)
        if found is None or ("label", found[1]) not in self._labels:
            return None
        return f"{self._labels['label', found[1]]} {self._text(found[2], deep + 1)}"

    def _opened(self, text: str, deep: int) -> str | None:
        """What a template makes of the beginning, and others of the rest."""
        for template in self._openings:
            found = template.opening(text)
            if found is None or text[found[1] : found[1] + 1] not in _AFTER_A_MESSAGE:
                continue
            values, end = found
            rest = text[end:]
            translated = self._text(rest, deep + 1)
            if translated == rest and re.search("[a-z]{2}", rest):
                continue
            return _tidy(self._filled(template, values, deep) + translated)
        return None


def _tidy(text: str) -> str:
    """Take out the spaces that English has between parts and Chinese has not."""
    return _SPACE_INSIDE.sub("", text)
