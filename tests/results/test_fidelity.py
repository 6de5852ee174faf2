"""The measures of a study, and its figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.results.fidelity import Compared, Fidelity
from nasea.results.figures.fidelity_plot import save_fidelity_png


def study(supernet: list[float], *seeds: list[float]) -> Fidelity:
    rows = zip(range(1, 9), supernet, zip(*seeds, strict=True), strict=False)
    return Fidelity("size", 3, tuple(Compared((n,), ("b",), 1e3 * n, s, a) for n, s, a in rows))


def test_measures_of_a_study() -> None:
    found = study([0.1, 0.3, 0.2, 0.4], [0.5, 0.6, 0.7, 0.8], [0.5, 0.7, 0.6, 0.8])
    assert found.alone == pytest.approx([0.5, 0.65, 0.65, 0.8])
    assert found.tau == pytest.approx(5 / (6 * 5) ** 0.5)
    assert found.tau_of_cost == pytest.approx(found.tau)
    assert found.tau_of_one_seed == pytest.approx((4 / 6 + 1) / 2)
    assert found.tau_of_seeds == pytest.approx(4 / 6)
    assert found.regret(1) == 0
    assert study([0.1, 0.2], [0.5, 0.6]).tau_of_seeds is None


def test_seeds_that_agree_can_be_drawn(tmp_path: Path) -> None:
    value = 0.43833333333333335  # whose mean over three is off by the last bit
    one = [value, 0.5, 0.6, 0.7]
    save_fidelity_png(study([0.1, 0.2, 0.3, 0.4], one, one, one), tmp_path / "f.png")
    assert (tmp_path / "f.png").stat().st_size > 10_000
