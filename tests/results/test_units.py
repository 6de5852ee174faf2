from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.results.units import four_digits, unit_for
from nasea.terms import CostKind


@pytest.mark.parametrize(
    ("quantity", "value", "phrase", "title"),
    [
        ("size", 11_000_000, "11.00 M parameters", "parameters (M)"),
        ("size", 12_345, "12.35 k parameters", "parameters (k)"),
        ("size", 950, "950 parameters", "parameters"),
        ("flops", 3.6e9, "3.600 G FLOPs", "FLOPs (G)"),
        ("flops", 7.5e8, "750.0 M FLOPs", "FLOPs (M)"),
        ("latency", 7.5, "7.500 ms", "latency (ms)"),
    ],
)
def test_phrases(quantity: CostKind, value: float, phrase: str, title: str) -> None:
    unit = unit_for(quantity, [value, value / 10])
    assert unit.phrase(value) == phrase
    assert unit.title == title


def test_a_column_shares_its_decimals() -> None:
    unit = unit_for("size", [2_000_000, 11_000_000])
    assert [unit.number(value) for value in (2_000_000, 11_000_000)] == ["2.00", "11.00"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.98123, "0.9812"), (0.023456, "0.02346"), (37.5, "37.50"), (2310.4, "2310"), (0.0, "0")],
)
def test_four_digits(value: float, text: str) -> None:
    assert four_digits(value) == text


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_four_digits_never_uses_exponents_and_stays_close(value: float) -> None:
    text = four_digits(value)
    assert "e" not in text or value == 0
    assert float(text) == pytest.approx(value, rel=1e-3, abs=1e-6)
