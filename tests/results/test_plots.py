from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasea.results.figures.axes import cost_axes
from nasea.results.figures.labels import place_labels
from nasea.results.figures.plots import front_figure, save_front_png
from nasea.results.figures.window import front_window, whole_window
from nasea.results.front import Front

from .builders import make_front, make_info, traded_front

_PNG = b"\x89PNG\r\n\x1a\n"


def test_png_is_written(tmp_path: Path) -> None:
    save_front_png(make_front(0.7, 0.8, 0.9), tmp_path / "pareto.png")
    assert (tmp_path / "pareto.png").read_bytes().startswith(_PNG)


def test_figure_states_units_numbers_and_budget() -> None:
    (axes,) = front_figure(make_front(0.7, 0.8, 0.9)).axes
    texts = [text.get_text() for text in axes.texts]
    assert axes.get_xlabel() == "parameters (M)"
    assert axes.get_ylabel() == "accuracy (higher is better)"
    assert axes.get_title(loc="left") == "Pareto front: image classification, PyTorch"
    assert {"0", "1", "2", "budget 11.00 M", "3 architectures scored"} <= set(texts)


def test_every_cost_that_was_traded_has_a_panel() -> None:
    front = traded_front()
    one, two = front_figure(front).axes
    assert (one.get_xlabel(), two.get_xlabel()) == ("parameters (M)", "latency (ms)")
    assert one.get_ylim() == two.get_ylim()
    assert "budget 11.00 M" in [text.get_text() for text in one.texts]
    assert not any("budget" in text.get_text() for text in two.texts)
    for axes in (one, two):
        assert {"0", "1", "2"} <= {text.get_text() for text in axes.texts}
    by_size, by_latency = cost_axes(front)
    assert (by_size.steps, by_latency.steps) == ((0, 1), (2, 1))
    assert (by_size.members, by_latency.members) == ((2e6, 4e6, 6e6), (3.5, 3.0, 2.5))
    assert [row[0] for row in by_latency.scored] == [3.5, 3.0, 2.5]


@pytest.mark.parametrize(
    "front", [traded_front(), make_front(), make_front(0.5), make_front(0.5, 0.5)]
)
def test_degenerate_fronts_are_drawn(front: Front) -> None:
    assert front_figure(front).axes


@given(st.lists(st.floats(-1, 100), max_size=6), st.floats(1e3, 1e9))
def test_windows_hold_what_they_promise(accuracies: list[float], budget: float) -> None:
    front = make_front(*accuracies, info=make_info(constraint_value=budget))
    (axis,) = cost_axes(front)
    near, whole = front_window(front, axis), whole_window(front, axis)
    assert near.left < near.right and near.bottom < near.top
    for member in front:
        assert near.holds(front.cost_of(member), member.accuracy)
    for scored in front.evaluated:
        if scored.accuracy is not None:
            assert whole.holds(scored.cost, scored.accuracy)
    assert whole.left <= budget <= whole.right


def test_labels_of_a_rising_front_do_not_overlap() -> None:
    anchors = [(12.0 * n, 6.0 * n) for n in range(20)]
    centres = place_labels(anchors, [(10.0, 7.0)] * 20, gap=1.0, radius=3.5)
    for (x1, y1), (x2, y2) in combinations(centres, 2):
        assert abs(x1 - x2) >= 10 or abs(y1 - y2) >= 7
