"""Which language the user reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]

VARIABLE = "NASEA_LANG"
"""Environment variable of nasea's own; ``--lang`` sets it, so that child processes follow."""

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first of these that is set decides, as POSIX says."""


def language(environ: Mapping[str, str]) -> Language:
    """Return the language that environment variables ask for; English where they do not.

    NASEA_LANG comes first, then what gettext reads: the list LANGUAGE (unless the locale is C or
    POSIX), LC_ALL, LC_MESSAGES, LANG.
    """
    own = parse_language(environ.get(VARIABLE, ""))
    if own is not None:
        return own
    locale = next((environ[name] for name in _LOCALE if environ.get(name)), "")
    if not locale or re.match(r"(C|POSIX)(\.|$)", locale):
        return "en"
    preferred = environ.get("LANGUAGE", "").split(":")
    return next(filter(None, map(parse_language, [*preferred, locale])), "en")


def parse_language(text: str) -> Language | None:
    """Return the language of ``zh``, ``zh_CN.UTF-8``, ``en-GB`` …; ``None`` of another one."""
    code = re.split(r"[_.@-]", text.strip().lower())[0]
    if code == "zh":
        return "zh"
    return "en" if code == "en" else None
