"""docs/tutorial.ipynb runs as it stands: from a folder of images to an exported file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="Jupyter is not installed: pip install nbformat")
nbclient = pytest.importorskip("nbclient", reason="Jupyter is not installed: pip install nbclient")
pytest.importorskip("ipykernel", reason="Jupyter is not installed: pip install ipykernel")

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


def test_the_notebook_has_ten_cells_and_no_outputs() -> None:
    code = [cell for cell in nbformat.read(PAGE, as_version=4).cells if cell.cell_type == "code"]
    assert len(code) == 10
    assert not any(cell.outputs or cell.execution_count for cell in code)


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    work = tmp_path / "work"
    work.mkdir()
    notebook = nbformat.read(PAGE, as_version=4)
    resources = {"metadata": {"path": str(work)}}
    nbclient.NotebookClient(notebook, timeout=500, resources=resources).execute()
    said = ["".join(map(_text, cell.get("outputs", []))) for cell in notebook.cells]
    assert "<table" in "".join(said), "the front is shown as a table"
    written = (work / "user_module.py").read_text("utf-8")
    assert "class Folder(Dataset):" in written and "CLASSES = ['0', '1'" in written
    assert "predicted" in said[-2] and ".onnx" in said[-2]
    assert (work / "front.svg").is_file()
    assert list((work / "results").rglob("*.onnx"))


def _text(output: Any) -> str:
    data = output.get("data", {})
    return str(output.get("text", "")) + "".join(map(str, data.values()))
