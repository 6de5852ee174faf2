"""What nasea says, in the language of the user: English, or Chinese from a gettext catalogue.

Messages are written in English where they arise, as f-strings; exceptions, files and JSON stay
English. They are translated where they are printed for a person, from the finished text: the
catalogue's templates are matched against it (``translator.py``). In English nothing is looked up.
"""

from nasea.translation.language import VARIABLE, Language, language, parse_language
from nasea.translation.speaking import (
    chinese,
    in_chinese,
    translate,
    translate_label,
    translate_of_click,
)

__all__ = [
    "VARIABLE",
    "Language",
    "chinese",
    "in_chinese",
    "language",
    "parse_language",
    "translate",
    "translate_label",
    "translate_of_click",
]
