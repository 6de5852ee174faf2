"""Standings as data, verdict, CSV, picture and section of the report."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from nasea.errors import ResultsError
from nasea.results.figures.standings_plot import save_standings_png
from nasea.results.front import Front
from nasea.results.report.html import report_html, save_report
from nasea.results.standings import (
    Contender,
    Excluded,
    Kind,
    Standings,
    half_interval,
    save_standings_csv,
)

from .builders import HOSTILE, make_front


def contender(name: str, kind: Kind, *accuracies: float, flops: int = 1_000_000) -> Contender:
    return Contender(
        name, kind, f"title of {name}", 10_000, flops, None, (8, 16), (1, 2), ("a", "b"),
        accuracies, accuracies, (2.0,) * len(accuracies),
    )  # fmt: skip


def standings(*rows: Contender) -> Standings:
    ordered = tuple(sorted(rows, key=lambda row: -row.mean))
    missing = (Excluded("efficientnet", "like it", "its smallest network costs more"),)
    return Standings("flops", 1e6, 15, 3, ordered, missing)


HAND = contender("resnet_d1", "hand pick", 0.60, 0.61, 0.62)
OURS = contender("architecture 3", "searched", 0.70, 0.71, 0.72)
TAUGHT = contender("architecture 3, inherited", "searched, inherited", 0.61, 0.61, 0.62)


def test_the_interval_is_student_s() -> None:
    # t(0.975, 2) = 4.3027, standard deviation 0.01, three values.
    assert half_interval((0.60, 0.61, 0.62)) == pytest.approx(4.30265 * 0.01 / 3**0.5, rel=1e-5)
    assert half_interval((0.6,)) is None


def test_the_verdict_says_who_is_ahead_and_whether_that_is_chance() -> None:
    first, scratch, inherited = standings(HAND, OURS, TAUGHT).verdict
    assert first == "best hand pick: resnet_d1, accuracy 0.6100 ± 0.0248 on val_dir"
    assert scratch.endswith("0.7100 ± 0.0248, 10.0 points ahead")
    assert inherited.endswith("0.3 points ahead; within chance of 3 seeds")
    cheap = replace(OURS, flops=400_000, accuracies=(0.5,))
    (_, line) = standings(HAND, cheap).verdict
    assert "11.0 points behind; one seed cannot say" in line
    assert line.endswith("it costs 40% of the budget")
    assert standings(OURS).verdict == ("no hand pick could be trained at this cost",)


def test_it_is_read_back_exactly(tmp_path: Path) -> None:
    found = standings(HAND, OURS)
    found.save(tmp_path / "compare.json")
    assert Standings.load(tmp_path / "compare.json") == found
    (tmp_path / "compare.json").write_text('{"format": "nasea-front", "version": 1}')
    with pytest.raises(ResultsError, match="was not written by this version of nasea compare"):
        Standings.load(tmp_path / "compare.json")
    with pytest.raises(ResultsError, match="cannot read"):
        Standings.load(tmp_path / "nothing.json")


def test_tables_and_pictures(tmp_path: Path) -> None:
    found = standings(HAND, OURS, contender("one", "uniform", 0.4))
    save_standings_csv(found, tmp_path / "compare.csv")
    with (tmp_path / "compare.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["architecture 3", "resnet_d1", "one"]
    assert rows[0]["filters"] == "8 16" and rows[2]["accuracy_half_interval"] == ""
    save_standings_png(found, tmp_path / "compare.png")
    assert (tmp_path / "compare.png").stat().st_size > 10_000


def test_the_report_takes_in_what_lies_beside_it(tmp_path: Path) -> None:
    front: Front = make_front(0.7, 0.8)
    assert 'id="compare-0"' not in report_html(front)
    (tmp_path / "compare_1M_flops").mkdir()
    hostile = contender(HOSTILE, "uniform", 0.5)
    standings(HAND, OURS, hostile).save(tmp_path / "compare_1M_flops" / "compare.json")
    (tmp_path / "compare_2M_flops").mkdir()
    (tmp_path / "compare_2M_flops" / "compare.json").write_text("damaged")
    save_report(front, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("Searched and picked by hand, at 1.000 M FLOPs</h2>") == 1
    assert "10.0 points ahead" in page and "its smallest network costs more" in page
    assert "<script>alert" not in page


def test_int8_accuracies_are_called_so(tmp_path: Path) -> None:
    found = replace(standings(HAND, OURS), score_as="int8")
    assert "best hand pick: resnet_d1, int8 accuracy 0.6100" in found.verdict[0]
    found.save(tmp_path / "compare.json")
    assert Standings.load(tmp_path / "compare.json") == found
    folder = tmp_path / "compare_1M_flops"
    folder.mkdir()
    found.save(folder / "compare.json")
    report = tmp_path / "report.html"
    save_report(make_front(), report)
    assert ">int8 accuracy</th>" in report.read_text(encoding="utf-8")
