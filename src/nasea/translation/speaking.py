"""Translates for the user of this process; returns English unchanged without reading anything."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Literal, TypeAlias

from nasea.translation.language import language

if TYPE_CHECKING:
    from nasea.translation.translator import Translator

Context: TypeAlias = Literal["label", "unit"]

_SAMPLE = "中文：，"


def chinese() -> bool:
    """Whether the user reads Chinese, and both output streams can carry it."""
    return language(os.environ) == "zh" and all(map(_carries, (sys.stdout, sys.stderr)))


def translate(text: str) -> str:
    """Return a text for a person, in the user's language; text that is not known, unchanged."""
    return _translator().text(text) if chinese() else text


def translate_label(text: str, context: Context = "label") -> str:
    """Return a single word in the user's language: the title of a column, a unit of progress."""
    return _translator().label(text, context) if chinese() else text


def translate_of_click(text: str) -> str:
    """Return text of a page of help or an error of usage, in the user's language."""
    return _translator("click").text(text) if chinese() else text


def in_chinese(text: str) -> str:
    """Return a text in Chinese, whichever language the user reads: for pages that hold both."""
    return _translator().text(text)


def _carries(stream: object) -> bool:
    encoding = getattr(stream, "encoding", None)
    if encoding is None:  # kept as text: an io.StringIO
        return True
    try:
        _SAMPLE.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@functools.cache
def _translator(context: str = "") -> Translator:
    from nasea.translation.catalogue import read_catalogue
    from nasea.translation.translator import Translator

    return Translator(read_catalogue("zh_CN"), context)
