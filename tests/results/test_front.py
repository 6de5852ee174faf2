from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasea.errors import NotAvailableError, ResultsError
from nasea.results.front import Front

from .builders import HOSTILE, make_front, make_info, make_member

accuracies = st.lists(st.floats(-10, 100, allow_nan=False), max_size=6)


@settings(deadline=None)  # the first example builds the reader
@given(accuracies, st.text(max_size=8))
def test_json_round_trip_is_exact(values: list[float], block: str) -> None:
    front = make_front(*values, block=block, latency_ms=1.25)
    assert Front.from_dict(json.loads(json.dumps(front.to_dict()))) == front
    assert Front.from_dict(front.to_dict()) == front


def test_save_and_load(tmp_path: Path) -> None:
    front = make_front(0.7, 0.8)
    front.save(tmp_path / "results" / "front.json")
    assert Front.load(tmp_path / "results" / "front.json") == front
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["front.json"]


def test_reads_like_a_sequence() -> None:
    front = make_front(0.7, 0.8, 0.75)
    assert len(front) == 3
    assert [member.number for member in front] == [0, 1, 2]
    assert front[1].accuracy == 0.8
    assert front.best is front[1]
    assert front.steps == (front[0], front[1])


@pytest.mark.parametrize("number", [-1, 2])
def test_a_missing_architecture_is_explained(number: int) -> None:
    with pytest.raises(ResultsError, match="from 0 to 1"):
        make_front(0.7, 0.8).architecture(number)


def test_slices_are_of_members_by_rising_cost() -> None:
    front = make_front(0.7, 0.8, 0.75)
    assert front[:2] == (front[0], front[1])
    assert front[-1] is front[len(front) - 1] and list(reversed(front))[0] is front[-1]
    for number in (-len(front) - 1, len(front)):
        with pytest.raises(ResultsError, match=f"no architecture {number}"):
            front[number]
    with pytest.raises(ResultsError, match="no architecture -1"):
        front.architecture(-1)
    assert front[-1:] == (front[2],)
    assert front[::-1][0] is front[2]


def test_a_front_is_short_on_the_screen() -> None:
    front = make_front(0.7, 0.8, 0.75)
    assert repr(front) == (
        "<Front: 3 architectures, 2.00 M to 6.00 M parameters, accuracy 0.7000 to 0.8000; "
        "image classification, PyTorch>"
    )
    assert repr(make_front()) == "<Front: empty; image classification, PyTorch>"
    assert repr(front[1]) == (
        "<architecture 1: accuracy 0.8000, 4,000,000 parameters, 400,000,000 FLOPs: "
        "basic_w64, skip>"
    )


def test_a_notebook_shows_a_table_whatever_blocks_are_called() -> None:
    front = make_front(0.7, 0.8, block=HOSTILE, latency_ms=2.5)
    table = ElementTree.fromstring(front._repr_html_())
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert rows[0] == [
        "N", "accuracy", "parameters (M)", "FLOPs (M)", "latency (ms)", "blocks"
    ]  # fmt: skip
    assert rows[2][:2] == ["1", "0.8000"]
    assert rows[2][-1] == f"{HOSTILE}, skip"


def test_the_plot_is_the_figure_of_the_results(tmp_path: Path) -> None:
    figure = make_front(0.7, 0.8).plot(tmp_path / "front.svg")
    assert (tmp_path / "front.svg").read_text().startswith("<?xml")
    assert figure.axes[0].get_xlabel() == "parameters (M)"
    assert figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_frame_has_a_row_an_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}

    def frame(rows: object, **options: object) -> str:
        made.update(options, rows=rows)
        return "a frame"

    pandas = SimpleNamespace(DataFrame=frame, Index=lambda values, name: (name, values))
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    assert make_front(0.7, 0.8).to_pandas() == "a frame"
    assert made["index"] == ("number", [0, 1])
    assert [row["parameters"] for row in made["rows"]] == [2_000_000, 4_000_000]
    assert set(made["rows"][0]) == set(made["columns"])


def test_without_pandas_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(NotAvailableError, match="pip install pandas"):
        make_front(0.7).to_pandas()


def test_under_gives_the_best_that_fits() -> None:
    front = make_front(0.7, 0.8, 0.75)
    assert front.under(6e6) is front[1]
    assert front.under(2e6) is front[0]
    assert front.under(1e6) is None


def test_an_empty_front_has_no_best() -> None:
    with pytest.raises(ResultsError, match="empty"):
        _ = make_front().best


@pytest.mark.parametrize(
    ("constraint_type", "cost"), [("size", 2e6), ("flops", 2e8), ("latency", 2.5)]
)
def test_cost_follows_the_constraint(constraint_type: str, cost: float) -> None:
    info = make_info(constraint_type=constraint_type, constraint_value=cost)
    front = make_front(0.7, latency_ms=2.5, info=info)
    assert front.cost_of(front[0]) == cost


def test_latency_constraint_needs_latencies() -> None:
    with pytest.raises(ResultsError, match="no latency"):
        make_front(0.7, info=make_info(constraint_type="latency", constraint_value=3.0))


def test_members_must_rise_in_cost_and_be_numbered() -> None:
    cheap, dear = make_member(0, 0.7), make_member(1, 0.8)
    with pytest.raises(ResultsError, match="rising cost"):
        Front(make_info(), (dear, cheap))
    with pytest.raises(ResultsError, match="numbered from 0"):
        Front(make_info(), (dear,))


@pytest.mark.parametrize(
    ("framework", "weights"),
    [("PyTorch", "model_arch_result_0.pt"), ("TensorFlow", "model_arch_result_0.weights.h5")],
)
def test_names_of_result_files(framework: str, weights: str) -> None:
    front = make_front(0.7, info=make_info(framework=framework))
    assert front.files_of(front[0]) == ("model_arch_result_0.py", weights)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"format": "other"}', b"3"])
def test_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "front.json"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=r"front\.json"):
        Front.load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot read"):
        Front.load(tmp_path / "front.json")


def _damage(data: dict[str, Any], key: str, value: object) -> None:
    *parents, last = key.split(".")
    for name in parents:
        data = data[int(name)] if name.isdigit() else data[name]  # type: ignore[index]  # a list
    data[last] = value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("members.0.accuracy", "0.7"),
        ("members.0.accuracy", float("nan")),
        ("members.0.layers.0.stride", None),
        ("members.0.unknown", 1),
        ("info.constraint_type", "energy"),
        ("info.seed", 1.5),
    ],
)
def test_damaged_values_are_named(key: str, value: object) -> None:
    data = json.loads(json.dumps(make_front(0.7).to_dict()))
    _damage(data, key, value)
    with pytest.raises(ResultsError) as caught:
        Front.from_dict(data)
    assert key in str(caught.value)


def test_another_version_is_refused() -> None:
    with pytest.raises(ResultsError, match="version 99"):
        Front.from_dict({**make_front(0.7).to_dict(), "version": 99})


def test_unwritable_path_is_a_results_error(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where a folder belongs")
    with pytest.raises(ResultsError, match="cannot write"):
        make_front(0.7).save(tmp_path / "results" / "front.json")
