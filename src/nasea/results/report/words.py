"""Texts of a report in English and Chinese.

The page is English; its script replaces each text by the Chinese one that this module puts beside
it. So the page can be read without a script, in English.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from nasea.results.report.chinese import CHINESE
from nasea.results.units import Unit
from nasea.translation import in_chinese


@dataclass(frozen=True)
class Said:
    """A text in both languages.

    Attributes:
        english: the text.
        chinese: the same in Chinese.
    """

    english: str
    chinese: str

    def html(self, tag: str = "span", attributes: str = "") -> str:
        """Return an element with the text; ``attributes`` are HTML."""
        space = " " if attributes else ""
        shown = escape(self.english)
        if self.english == self.chinese:
            return f"<{tag}{space}{attributes}>{shown}</{tag}>"
        other = escape(self.chinese)
        return f'<{tag}{space}{attributes} data-zh="{other}">{shown}</{tag}>'

    def attribute(self, name: str) -> str:
        """Return an attribute that people read, such as ``alt``, with a space before it."""
        own = f' {name}="{escape(self.english)}"'
        if self.english == self.chinese:
            return own
        return f'{own} data-zh-{name}="{escape(self.chinese)}"'

    def __add__(self, other: Said) -> Said:
        return Said(self.english + other.english, self.chinese + other.chinese)


def say(english: str, **values: object) -> Said:
    """Return a text of the catalogue with its values filled in; values may be texts themselves.

    Args:
        english: a key of :data:`nasea.results.report.chinese.CHINESE`.
        values: for its fields.
    """
    chinese = CHINESE.get(english, english)
    return Said(
        english.format(**{k: v.english if isinstance(v, Said) else v for k, v in values.items()}),
        chinese.format(**{k: v.chinese if isinstance(v, Said) else v for k, v in values.items()}),
    )


def as_is(text: str) -> Said:
    """Return a text that is the same in both languages."""
    return Said(text, text)


def message(text: str) -> Said:
    """Return what nasea said in the run, in Chinese by the catalogue of messages.

    What is not nasea's own, such as an exception of the user's code, is the same in both.
    """
    return Said(text, in_chinese(text))


def phrase(unit: Unit, value: float) -> Said:
    """Return a cost for running text: ``2.310 M parameters``."""
    if unit.quantity == "latency":
        return as_is(unit.phrase(value))
    return say(f"{{cost}} {unit.noun}", cost=unit.text(value))


def title(unit: Unit) -> Said:
    """Return name and unit for a column: ``parameters (M)``."""
    return Said(unit.title, f"{_noun(unit)} ({unit.symbol})" if unit.symbol else _noun(unit))


def _noun(unit: Unit) -> str:
    return CHINESE.get(unit.noun, unit.noun)
