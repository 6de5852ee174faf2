"""Measured times beside predicted ones, in the results of a search."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nasea.backends.export.host import timing
from nasea.backends.export.host.onnx_writer import single_operator
from nasea.cost import Operator
from nasea.errors import LatencyError, ResultsError
from nasea.pipeline.latency import measure as latency_measure
from nasea.pipeline.latency.measure import measure

from .project import Project

pytest_plugins = ["pipeline.fixtures"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency_measure, "CAREFUL", timing.Effort(0.0, 0.001, 3, 3, 1.0))


def network(path: Path) -> Path:
    model = single_operator(Operator("conv", (1, 8, 8), (4, 8, 8), (3, 3)))
    path.write_bytes(model.SerializeToString())
    return path


def test_a_file_of_the_front_is_entered_in_its_results(project: Project, tmp_path: Path) -> None:
    before = project.front()
    file = network(tmp_path / "model_arch_result_1.onnx")
    [found] = measure([file], project.home / "results")
    assert (found.number, found.predicted_ms) == (1, before[1].latency_ms)
    after = project.front()
    assert after[1].measured_ms == found.timing.ms > 0
    assert [m.measured_ms for m in after if m.number != 1] == [None] * (len(before) - 1)
    assert replace(after[1], measured_ms=None) == before[1]
    report = (project.home / "results" / "report.html").read_text()
    assert "measured here (ms)" in report
    project.search()
    assert project.front() == after, "the same search again keeps what was measured"
    assert not (project.home / "results.1").exists()


def test_any_file_can_be_measured(tmp_path: Path) -> None:
    [found] = measure([network(tmp_path / "mine.onnx")], tmp_path / "results")
    assert (found.number, found.predicted_ms) == (None, None)
    assert found.timing.ms > 0


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("mine.onnx", None, "no such file"),
        ("mine.pb", b"x", "this machine runs .onnx, .tflite"),
    ],
)
def test_what_cannot_be_measured(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LatencyError, match=message):
        measure([tmp_path / name], tmp_path / "results")


def test_damaged_results_are_told(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "front.json").write_text("{")
    with pytest.raises(ResultsError, match="not readable"):
        measure([network(tmp_path / "mine.onnx")], tmp_path / "results")


def test_a_file_that_the_runtime_refuses(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"not a model")
    with pytest.raises(LatencyError, match="cannot be run by ONNX Runtime"):
        measure([tmp_path / "mine.onnx"], tmp_path / "results")
