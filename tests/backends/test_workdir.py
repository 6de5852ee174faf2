"""The private working directory of a metric."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.backends.workdir import private_directory


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``tmp_path/work/project``, the current directory, with files on all levels."""
    project = tmp_path / "work" / "project"
    (project / "data").mkdir(parents=True)
    (project / "data" / "labels.txt").write_text("labels")
    (project / "classes.txt").write_text("classes")
    (tmp_path / "work" / "shared.txt").write_text("shared")
    (tmp_path / "top.txt").write_text("top")
    monkeypatch.chdir(project)
    return project


def listing(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_inputs_resolve_and_outputs_stay_away(home: Path) -> None:
    before = listing(home.parents[1])
    with private_directory() as private:
        assert Path.cwd() == private != home
        for path in ("data/labels.txt", "classes.txt", "../shared.txt", "../../top.txt"):
            assert Path(path).read_text() == Path(path).stem
        assert Path("../project/data/../../shared.txt").exists()
        Path("result.json").write_text("[]")
        Path("../result.json").write_text("[]")
        Path("output").mkdir()
    assert Path.cwd() == home
    assert listing(home.parents[1]) == before
    assert not private.exists()


def test_each_has_its_own(home: Path) -> None:
    with private_directory() as first:
        pass
    with private_directory() as second:
        assert second != first and not Path("result.json").exists()


def test_the_way_back_after_a_failure(home: Path) -> None:
    with pytest.raises(SystemExit), private_directory() as private:
        Path("result.json").write_text("[]")
        raise SystemExit(1)
    assert Path.cwd() == home and not private.exists()


def test_linked_data_is_not_deleted(home: Path) -> None:
    with private_directory():
        pass
    assert (home / "data" / "labels.txt").read_text() == "labels"
