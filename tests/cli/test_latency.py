"""``nasea latency``: from measured times to a budget, and what is told on the way."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from nasea.backends.export.host import timing
from nasea.cli.main import main
from nasea.cost.profiles.files import load_profile
from nasea.pipeline.latency import build as latency_build
from nasea.terms import Framework
from pipeline.project import Project, both_frameworks

pytest_plugins = ["pipeline.fixtures"]

LATENCY = (
    ("constraint_type: size", "constraint_type: latency"),
    ("constraint_value: 12000", "constraint_value: 5"),
)
QUICK = timing.Effort(0.0, 0.001, 3, 3, 1.0)


class Told:
    def __init__(self, status: object, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def nasea(
    fresh: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> object:
    monkeypatch.chdir(fresh.home)
    monkeypatch.setattr(latency_build, "BRISK", QUICK)
    monkeypatch.setattr(latency_build, "CAREFUL", QUICK)

    def call(*words: str) -> Told:
        with pytest.raises(SystemExit) as left:
            main(words)
        out, err = capsys.readouterr()
        return Told(left.value.code, out, err)

    return call


def uses(project: Project, processor: str) -> None:
    project.scenario(*LATENCY, ("constraint_value: 5", f"constraint_value: 5\n      "
                                f"processor_version: {processor}"))  # fmt: skip


def fill_in(manifest: Path, ms: float, *, but: str = "") -> None:
    rows = list(csv.DictReader(manifest.open()))
    with manifest.open("w") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            if not but or row["kernel"] != but:
                writer.writerow({**row, "latency_ms": str(ms)})


def test_this_machine_becomes_a_profile_that_check_uses(fresh: Project, nasea) -> None:  # type: ignore[no-untyped-def]
    built = nasea("latency", "build", "--processor", "host-onnxruntime", "--networks", "4")
    assert built.status in (0, None), built.err
    assert "use it with processor_version: host-onnxruntime" in built.out
    assert "Kendall tau" in built.out
    assert load_profile(fresh.home / "profiles" / "host-onnxruntime.json").rows
    uses(fresh, "host-onnxruntime")
    checked = nasea("check")
    assert checked.status in (0, None), checked.err
    assert "5 ms, satisfiable" in checked.out
    fresh.scenario(("filters: [8, ", "filters: [10, "))
    other = nasea("check")
    assert other.status == 2
    assert "not measured; the table is of another space" in other.err
    assert "nasea latency build --processor host-onnxruntime" in other.err


def test_a_device_becomes_a_profile_that_check_uses(fresh: Project, nasea, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("nasea.pipeline.latency.bench._WITH_TENSORFLOW", False)
    written = nasea("latency", "bench")
    assert written.status in (0, None), written.err
    manifest = fresh.home / "latency_bench" / "operators.csv"
    assert (fresh.home / "latency_bench" / "onnx" / "000.onnx").is_file()
    assert nasea("latency", "bench").status == 2, "nothing is overwritten"
    empty = nasea("latency", "import", str(manifest), "--name", "phone")
    assert empty.status == 2
    assert "no row has a time" in empty.err
    fill_in(manifest, 0.25)
    assert nasea("latency", "import", str(manifest), "--name", "phone").status in (0, None)
    uses(fresh, "phone")
    checked = nasea("check")
    assert checked.status in (0, None), checked.err
    assert "measured operators from operators.csv" in checked.err
    fill_in(manifest, 0.25, but="3x3")
    nasea("latency", "import", str(manifest), "--name", "phone")
    lacking = nasea("check")
    assert lacking.status == 2
    assert "no conv 3x3, stride 1, dense was measured" in lacking.err
    assert "nasea latency bench writes the operators" in lacking.err
    assert "Traceback" not in lacking.err


@both_frameworks
def test_one_command_leads_from_a_space_to_a_profile(
    fresh: Project,
    framework: Framework,
    nasea,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = framework == "tensorflow"
    monkeypatch.setattr("nasea.pipeline.latency.bench._WITH_TENSORFLOW", own)
    words = ("--over", "local", "--command", "echo 5 us # {file}", "--networks", "4")
    made = nasea("latency", "run", "--name", "phone", *words)
    assert made.status in (0, None), made.err
    assert "over 4 random networks" in made.out
    files = fresh.home / "latency_bench" / "networks"
    assert {path.suffix for path in files.iterdir()} == {".tflite" if own else ".onnx"}
    uses(fresh, "phone")
    checked = nasea("check")
    assert checked.status in (0, None), checked.err
    assert "5 ms, satisfiable" in checked.out
    again = nasea("latency", "run", "--name", "phone", *words, "--device", "x", "--threads", "2")
    assert again.status == 2
    assert "threads: now '2', then '1'" in again.err
    fresh.scenario(("filters: [8, ", "filters: [10, "))
    older = nasea("latency", "run", "--name", "phone", *words)
    assert "written for another supernet or user_module.py" in older.err


def test_executorch_files_of_operators_and_networks(fresh: Project, nasea, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("nasea.pipeline.latency.bench._WITH_TENSORFLOW", False)
    words = ("latency", "run", "--name", "phone", "--over", "local", "--files", "pte")
    words = (*words, "--command", "echo 5 us # {file}", "--networks", "4")
    monkeypatch.setattr("nasea.pipeline.latency.bench.find_spec", lambda name: None)
    lacking = nasea(*words)
    assert lacking.status == 2
    assert ".pte files need executorch" in lacking.err and "executorch]" in lacking.err
    assert not (fresh.home / "latency_bench").exists()
    monkeypatch.setattr("nasea.pipeline.latency.bench.find_spec", lambda name: name)
    module = "nasea.backends.torch.export.operator_files"
    monkeypatch.setattr(f"{module}.lowered", lambda *given: b"a program")
    made = nasea(*words)
    assert made.status in (0, None), made.err
    assert "over 4 random networks" in made.out
    folder = fresh.home / "latency_bench"
    with (folder / "operators.csv").open(newline="") as file:
        assert all((folder / row["pte"]).is_file() for row in csv.DictReader(file))
    assert {path.suffix for path in (folder / "networks").iterdir()} == {".onnx", ".pte"}


@pytest.mark.parametrize(
    "words, message",
    [
        (("build", "--processor", "npu_v1"), "cannot measure 'npu_v1' here; known: host-onnx"),
        (("build", "--processor", "host-litert"), "use --processor host-onnxruntime"),
        (("import", "nothing.csv", "--name", "phone"), "cannot read nothing.csv"),
        (("import", "nothing.csv", "--name", "../x"), "letters, digits and _ . -"),
        (("import", "nothing.csv", "--name", "npu_v1"), "comes with nasea"),
        (("bench", "-c", "other.yaml"), "other.yaml"),
    ],
)
def test_what_cannot_be_is_told(nasea, words: tuple[str, ...], message: str) -> None:  # type: ignore[no-untyped-def]
    found = nasea("latency", *words)
    assert found.status == 2
    assert message in found.err
    assert "Traceback" not in found.err


def test_an_unknown_processor(fresh: Project, nasea) -> None:  # type: ignore[no-untyped-def]
    uses(fresh, "npu_v2")
    found = nasea("check")
    assert found.status == 2
    assert "no latency profile is called 'npu_v2'; known: npu_v1" in found.err


def test_profiles_are_listed(nasea) -> None:  # type: ignore[no-untyped-def]
    assert (
        "npu_v1 (Kirin 990 5G NPU, float16), analytic; error 3.6% on average"
        in nasea("latency", "list").out
    )
