"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, letter case aside; ``None`` when none is near."""
    by_fold = {one.casefold(): one for one in known}
    # Matching is quadratic in the length, and no key is that long.
    found = get_close_matches(word.casefold()[:80], by_fold, n=1, cutoff=0.7)
    return by_fold[found[0]] if found else None
