from __future__ import annotations

from pathlib import Path

from nasea.results.storage.pareto_csv import save_front_csv

from .builders import make_front

_GOLDEN = Path(__file__).parent / "golden" / "pareto.csv"


def test_golden(tmp_path: Path) -> None:
    save_front_csv(make_front(0.7, 0.8, latency_ms=2.5), tmp_path / "pareto.csv")
    assert (tmp_path / "pareto.csv").read_bytes() == _GOLDEN.read_bytes()


def test_unknown_latency_is_empty_and_commas_are_quoted(tmp_path: Path) -> None:
    save_front_csv(make_front(0.7, block="a,b"), tmp_path / "pareto.csv")
    row = (tmp_path / "pareto.csv").read_text().splitlines()[1]
    assert ",200000000,,model" in row
    assert '"a,b skip"' in row
