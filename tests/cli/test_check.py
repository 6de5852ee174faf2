from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasea.cli.init import project_files
from nasea.errors import Notice
from nasea.pipeline.session.events import Listener

from .conftest import Pretend, Run

_HEARD = Notice("backend", "heard on the way")
_KEPT = Notice("scen.yaml:3", "kept for the end")


@dataclass(frozen=True)
class _Report:
    lines: Sequence[tuple[str, str]] = (("budget", "[100 k]"), ("search", "about 2 min"))
    layers: Sequence[tuple[str, ...]] = (("0", "16x8x8", "32x4x4", "2", "basic, [b]mixer"),)
    notices: Sequence[Notice] = (_HEARD, _KEPT)
    coverage: Sequence[object] = ()


def test_the_report_is_printed(run: Run, pretend: Pretend) -> None:
    configs = []

    def check(config: Path, *, targets: Sequence[str], listener: Listener) -> _Report:
        assert not targets
        configs.append(config)
        listener.begin("probe", "probing")
        listener.notice(_HEARD)
        return _Report()

    pretend("nasea.pipeline.diagnosis.check", "check", check)
    done = run("check")
    assert done.status == 0
    assert configs == [Path("scen.yaml")]
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[:2] == ["budget  [100 k]", "search  about 2 min"]
    assert "  0       16x8x8   32x4x4   2        basic, [b]mixer" in lines
    assert lines[-1] == "scen.yaml: ready to search"
    assert done.err.splitlines() == ["== probing", f"note: {_HEARD}", f"note: {_KEPT}"]


def test_only_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "scen.yaml"
    text = project_files("pytorch", "classification")["scen.yaml"].decode()
    path.write_text(text.replace("filters:", "Filters:"), encoding="utf-8")
    done = run("check", "-c", str(path), "--only-config")
    assert done.status == 0
    assert done.out.startswith(f"{path}: no errors")
    assert done.err.startswith("note: ")
    path.write_text(text.replace("batch_size: 64", "batch_size: 0"), encoding="utf-8")
    done = run("check", "-c", str(path), "--only-config")
    assert done.status == 2
    assert "strategy.batch_size" in done.err
