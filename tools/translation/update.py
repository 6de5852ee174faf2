"""Bring the catalogue up to date with the messages in the code: ``make translations``.

New messages come without a translation, which tests/translation then asks for; messages that are
gone go; labels (context ``label``) stay. ``--check`` changes nothing and fails where it would.
"""

from __future__ import annotations

import sys
from pathlib import Path

from extract import SOURCE, collected

from nasea.translation.catalogue import Entry, parse_catalogue, write_catalogue

CATALOGUE = SOURCE / "locale" / "zh_CN" / "LC_MESSAGES" / "nasea.po"

HEADER = """
# What nasea says, in Chinese. tools/translation/update.py keeps the messages current; the
# translations are written by hand, in the terms of docs/concepts.zh.md. Contexts "label" (titles of
# columns and other single words), "unit" (of progress), "text" (of data files
# and operating systems) and "click" (what click says in help and
# errors of usage; versions of it differ) are listed by hand as well.
msgid ""
msgstr ""
"Project-Id-Version: nasea\\n"
"Language: zh_CN\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


def updated(text: str, source: Path = SOURCE) -> str:
    """Return the text of the catalogue with the messages of ``source``.

    Args:
        text: the catalogue as it is.
        source: the folder of the package.
    """
    known = parse_catalogue(text)
    by_hand = sorted(
        (one for one in known if one.context), key=lambda one: (one.context, one.source)
    )
    targets = {one.source: one.target for one in known if not one.context}
    messages = [
        Entry(template, targets.get(template, ""), places=tuple(places))
        for template, places in collected(source).items()
    ]
    return write_catalogue([*by_hand, *messages], HEADER)


def main() -> None:
    """Rewrite the catalogue, or check that it is current."""
    before = CATALOGUE.read_text(encoding="utf-8") if CATALOGUE.exists() else HEADER
    after = updated(before)
    missing = [one.source for one in parse_catalogue(after) if not one.target]
    if "--check" in sys.argv[1:]:
        sys.exit(0 if before == after and not missing else "run: make translations")
    CATALOGUE.write_text(after, encoding="utf-8")
    print(f"{CATALOGUE}: {len(missing)} without translation")
    for source in missing:
        print(f"  {source!r}")


if __name__ == "__main__":
    main()
