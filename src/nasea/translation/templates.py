"""A message with places for values, matched against text in which they are filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

PLACEHOLDER = re.compile(r"\{([a-z_]\w*)\}")
_FEW_LETTERS = 6
"""A template with fewer letters of its own takes single words and quantities as values only."""

_HEADED = re.compile(r"[a-z]{2,}: $|(give|write|wrote|lacks|about) ")
_MARK = re.compile("[:,] ")
_QUANTITY = re.compile(r"[±+-]?\d\S*(?<!,)( \S+){0,3}")
_SHORT_VALUE = re.compile(rf"\S+|{_QUANTITY.pattern}")
"""``results/a.py``, ``2.310 M parameters``, ``1 h 5 min``."""

_MEASURED_ON = re.compile(r"[\d.,]+; ")
_ENDINGS = ("", "s", "es")

_WORD = re.compile(r"(?!(s|es)$)\w")
"""No ending: what an ending of a word would have to begin with, if it were one."""


@dataclass(frozen=True)
class Template:
    """A message of the catalogue with its translation.

    Attributes:
        source: in English; ``{name}`` stands for a value.
        target: translated, with the same names.
    """

    source: str
    target: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the values, in the order of the English text."""
        return tuple(PLACEHOLDER.findall(self.source))

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """The text around the values: one more than there are values."""
        return tuple(PLACEHOLDER.split(self.source)[::2])

    @cached_property
    def weight(self) -> int:
        """How specific it is: the characters of its own, that are not values."""
        return sum(map(len, self.literals))

    @cached_property
    def key(self) -> str:
        """The longest literal: a text without it cannot match."""
        return max(self.literals, key=len)

    @cached_property
    def is_weak(self) -> bool:
        """Whether its own text is so short that it could match anything."""
        if _HEADED.match(self.literals[0]):
            return False
        own = sum(map(str.isalpha, "".join(self.literals))) + len(self.endings)
        marks = sum(_MARK.search(literal) is not None for literal in self.literals)
        words = " ".join(self.literals).split()
        counts = not self.literals[0] and len(words) == 1 and not self.endings
        return own + 2 * marks < _FEW_LETTERS or counts

    @cached_property
    def _short(self) -> re.Pattern[str]:
        """The values of a weak template; of one like ``{done} of {total}`` numbers only."""
        letters = sum(map(str.isalpha, "".join(self.literals)))
        begins = not self.literals[0] and letters < 4 and not any(map(_MARK.search, self.literals))
        return _QUANTITY if begins else _SHORT_VALUE

    @cached_property
    def endings(self) -> frozenset[str]:
        """Names of values that are endings of a word, as in ``epoch{s}``."""
        return frozenset(suffixes(self.source))

    def values(self, text: str) -> tuple[str, ...] | None:
        """Return the values in ``text``; ``None`` when it was not made of this template."""
        if not self.names:
            return () if text == self.source else None
        if not text.endswith(self.literals[-1]):
            return None
        end = len(text) - len(self.literals[-1])
        found = self._found(text, self.literals[:-1], end)
        return None if found is None else self._sound((*found[0], text[found[1] : end]))

    def opening(self, text: str) -> tuple[tuple[str, ...], int] | None:
        """Return the values and the end of this message at the beginning of ``text``."""
        found = self._found(text, self.literals, len(text))
        if found is None:
            return None
        values = self._sound(found[0])
        return None if values is None else (values, found[1])

    def _found(
        self, text: str, literals: Sequence[str], end: int
    ) -> tuple[tuple[str, ...], int] | None:
        """Find literals one after the other, each where it comes first, before ``end``."""
        if not literals:
            return (), 0
        if self.key not in text or not text.startswith(literals[0]):
            return None
        at, values = len(literals[0]), []
        if at > end:
            return None
        for literal in literals[1:]:
            next_at = text.find(literal, at, end)
            if next_at < 0:
                return None
            values.append(text[at:next_at])
            at = next_at + len(literal)
        return tuple(values), at

    def _sound(self, values: tuple[str, ...]) -> tuple[str, ...] | None:
        named = zip(self.names, values, strict=True)
        if any(name in self.endings and _WORD.match(value) for name, value in named):
            return None
        left_out = set(self.names) - set(PLACEHOLDER.findall(self.target))
        named = zip(self.names, values, strict=True)
        if any(name in left_out and value not in _ENDINGS for name, value in named):
            return None  # the translation would lose it
        if any(_MEASURED_ON.match(value) for value in values):
            return None  # "0.46; 0.59 s": another message follows the number
        before_a_space = zip(values, self.literals[1:], strict=False)
        if any(v.endswith((",", ";")) and after.startswith(" ") for v, after in before_a_space):
            return None  # it is the comma of another message
        beside = zip(self.literals[1:-1], values, values[1:], strict=False)
        if any(between == "/" and " " in f"{one}{other}" for between, one, other in beside):
            return None  # "3/40" are two numbers: what comes behind is another message
        if self.is_weak and not all(map(self._short.fullmatch, values)):
            return None
        return values

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the translation with the values put in."""
        return PLACEHOLDER.sub(lambda place: values.get(place[1], place[0]), self.target)


def suffixes(source: str) -> set[str]:
    """Names of values that are endings of a word, as in ``epoch{s}``: a translation needs none."""
    return set(re.findall(r"[A-Za-z]\{([a-z_]\w*)\}(?![A-Za-z])", source))
