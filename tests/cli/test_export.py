from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nasea.backends.export.formats import FORMATS, Format
from nasea.pipeline.export.comparison import Comparison
from nasea.pipeline.export.exported import ExportedFile
from nasea.results.front import Front

from .conftest import Pretend, Run

ONNX, INT8 = FORMATS["pytorch", "onnx"], FORMATS["tensorflow", "tflite-int8"]


def exported(format: Format, **changes: Any) -> ExportedFile:
    path = Path(f"results/exported/model_arch_result_1{format.suffix}")
    content: dict[str, Any] = {
        "size": 16_600,
        "batch": None,
        "comparison": Comparison(200, 4.8e-7, 9.0, 200, 1, 1),
        "accuracy": 0.455,
        "drop": 0.0,
        "milliseconds": 0.0572,
        "timed_images": 1,
    }
    return ExportedFile(format=format, path=path, **content | changes)


def test_it_exports_and_says_how_good_the_files_are(run: Run, pretend: Pretend) -> None:
    int8 = exported(INT8, batch=4, accuracy=0.4, drop=0.055, milliseconds=1234.5)

    def export(path: Path, number: int | None, names: Sequence[str], **options: Any) -> object:
        assert (path, number, list(names)) == (Path("my.yaml"), 1, ["onnx", "pt2"])
        assert (options["results"], options["batch"]) == (Path("results"), 4)
        assert options["calibration_images"] == 64
        return [exported(ONNX), int8]

    pretend("nasea.pipeline.export.exporting", "export", export)
    words = ("--arch", "1", "--format", "onnx", "--format", "pt2", "--batch", "4", "-c", "my.yaml")
    words += ("--calibration-images", "64")
    done = run("export", *words)
    assert (done.status, done.err) == (0, "")
    onnx, quantised = (
        line for line in done.out.splitlines() if " ONNX" in line or "LiteRT" in line
    )
    assert onnx.split()[:8] == "onnx any 16.6 4.8e-07 199/200 +1 ties 0.4550".split()
    assert "+0.0000" in onnx and "0.0572" in onnx
    assert quantised.split()[:5] == "tflite-int8 4 16.6 4.8e-07 199/200".split()
    assert "-0.0550" in quantised
    assert done.out.endswith("wrote: results/exported/model_arch_result_1.int8.tflite\n")


@pytest.mark.parametrize(
    "words, message",
    [
        (["--arch", "1"], "cannot read results/front.json"),
        (["elsewhere", "--arch", "1"], "cannot read elsewhere/front.json"),
        (["kept", "--arch", "7"], "the front has no architecture 7"),
        (["kept"], "kept holds 2 architectures: which one?"),
        (["kept", "--arch", "1", "--format", "pb"], "--format pb is for networks of"),
        (["kept", "--arch", "1", "--format", "docx"], "--format docx: there is no such format"),
    ],
)
def test_mistakes_are_told_before_anything_is_loaded(
    run: Run,
    front: Front,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    front.save(Path("kept/front.json"))
    done = run("export", *words)
    assert done.status == 2
    assert done.err.startswith(f"error: {message}")
    assert "  fix: " in done.err
    assert "Traceback" not in done.err
