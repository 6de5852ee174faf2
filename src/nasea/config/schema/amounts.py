"""Amounts as people write them: ``11M``, ``5k``, ``1.1e7``, ``60,000``, ``60_000``, ``7.5 ms``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
# Bounded in length, so that no text takes long to read.
_WRITTEN = re.compile(
    r"(?P<digits>[+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,4})?)"
    r" ?(?P<suffix>[kKmMgGbBtT]?|ms)"
)
_GROUPED = re.compile(r"([1-9][0-9]{0,2})([,_' ])[0-9]{3}(?:\2[0-9]{3}){0,10}(?=[^0-9]|$)")
_UNDERSCORES = re.compile(r"[0-9]{1,30}(?:_[0-9]{1,3}){1,10}(?=[^0-9_]|$)")
_POINT_GROUPS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){1,10}")
_BYTES = re.compile(r"(?P<digits>[0-9.]{1,40}) ?(?P<factor>[kKMGT])i?B")
_MACS = re.compile(r"(?P<digits>[0-9.]{1,40}) ?(?P<factor>[kKMGT]?) ?MACs?", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<amount>[0-9.eE+]{1,40} ?[kKMGBT]?) ?(?:FLOPs?|params?|parameters|weights)", re.IGNORECASE
)


@dataclass(frozen=True)
class Amount:
    """A number and how it was written.

    Attributes:
        value: the number.
        unit: ``multiple`` with a suffix such as ``M``, ``ms`` for milliseconds, else ``plain``.
        doubt: how it was read, where a reader might have meant something else.
    """

    value: float
    unit: Literal["plain", "multiple", "ms"] = "plain"
    doubt: str | None = None


def read_amount(text: str) -> Amount | None:
    """Read an amount.

    A suffix multiplies: k by 10^3, M by 10^6, G or B by 10^9, T by 10^12. Digits may stand in
    groups of three, separated by commas, underscores, apostrophes or spaces.

    >>> read_amount("11M").value
    11000000.0
    >>> read_amount("60,000")
    Amount(value=60000.0, unit='plain', doubt='the comma separates thousands')

    Args:
        text: as written, without quotes.

    Returns:
        The amount; ``None`` where the text is none, or could be two (``1,5``).
    """
    bare, doubt = text.strip(), None
    grouped = _GROUPED.match(bare)
    if grouped is not None:
        if grouped[2] == ",":
            doubt = "the comma separates thousands"
        bare = bare.replace(grouped[2], "", grouped[0].count(grouped[2]))
    elif (spaced := _UNDERSCORES.match(bare)) is not None:
        bare = spaced[0].replace("_", "") + bare[spaced.end() :]
    elif _POINT_GROUPS.fullmatch(bare) and bare.count(".") == 1:
        doubt = "the point is a decimal point"
    found = _WRITTEN.fullmatch(bare)
    if found is None:
        return None
    digits, suffix = float(found["digits"]), found["suffix"]
    if suffix == "ms":
        return Amount(digits, "ms", doubt)
    if suffix == "m":
        doubt = "m is for million"
    return Amount(_multiplied(digits, suffix), "multiple" if suffix else "plain", doubt)


def amount_advice(text: str) -> str | None:
    """Suggest a spelling for an amount that cannot be read, if it can be guessed."""
    bare = text.strip()
    if _POINT_GROUPS.fullmatch(bare):
        return f"write {bare.replace('.', '')}"
    if re.fullmatch(r"[0-9]{1,40},[0-9]{1,40}", bare):
        return f"write {bare.replace(',', '.')}"
    if (found := _BYTES.fullmatch(bare)) is not None and (size := _number(found["digits"])):
        weights = _multiplied(size, found["factor"]) / 4
        return f"write a number without unit; {bare} of float32 weights are {written(weights)}"
    if (found := _MACS.fullmatch(bare)) is not None and (macs := _number(found["digits"])):
        flops = 2 * _multiplied(macs, found["factor"])
        return f"write {written(flops)}: a multiply-add counts as 2 FLOPs"
    if (found := _NAMED.fullmatch(bare)) is not None:
        amount = read_amount(found["amount"])
        return None if amount is None else f"write {written(amount.value)}"
    return None


def written(value: float) -> str:
    """Return a number for a message: digits without exponent where it is whole.

    >>> written(11e6), written(0.5)
    ('11000000', '0.5')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:g}"


def short_amount(value: float) -> str:
    """An amount as people write it, with two or three digits.

    >>> short_amount(16e6), short_amount(1.234e9), short_amount(950)
    ('16M', '1.23G', '950')
    """
    for suffix, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:.3g}{suffix}"
    return f"{value:.3g}"


def _multiplied(digits: float, suffix: str) -> float:
    """Exact where the product is a whole number: 1.1M is 1100000, not 1100000.0000000001."""
    product = digits * _FACTORS[suffix.casefold()]
    nearest = round(product) if product < 1e15 else product
    return float(nearest) if abs(product - nearest) <= 1e-9 * max(product, 1.0) else product


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
