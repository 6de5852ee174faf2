"""The private working directory of a metric."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from nasea.backends.user.working_directory import PrivateDirectory
from nasea.errors import NaseaError


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
    workplace = PrivateDirectory()
    with workplace.entered() as private:
        assert Path.cwd() == private != home
        for path in ("data/labels.txt", "classes.txt", "../shared.txt", "../../top.txt"):
            assert Path(path).read_text() == Path(path).stem
        assert Path("../project/data/../../shared.txt").exists()
        Path("result.json").write_text("[]")
        Path("../result.json").write_text("[]")
        Path("output").mkdir()
    assert Path.cwd() == home
    assert listing(home.parents[1]) == before
    workplace.close()
    assert not private.exists()


def test_nothing_is_left_for_the_next(home: Path) -> None:
    workplace = PrivateDirectory()
    with workplace.entered() as private:
        Path("result.json").write_text("[]")
        Path("../result.json").write_text("[]")
        (private / "output").mkdir()
        Path("classes.txt").unlink()
    with workplace.entered():
        assert not any(Path(p).exists() for p in ("result.json", "../result.json", "output"))
        assert Path("classes.txt").read_text() == "classes"
    workplace.close()


def test_new_files_and_another_home_are_seen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workplace = PrivateDirectory()
    with workplace.entered():
        pass
    (home / "late.txt").write_text("late")
    with workplace.entered():
        assert Path("late.txt").read_text() == "late"
    monkeypatch.chdir(home / "data")
    with workplace.entered():
        assert Path("labels.txt").read_text() == "labels"
    workplace.close()


def test_the_way_back_after_a_failure(home: Path) -> None:
    workplace = PrivateDirectory()
    with pytest.raises(SystemExit), workplace.entered():
        raise SystemExit(1)
    assert Path.cwd() == home
    workplace.close()


def test_linked_data_is_not_deleted(home: Path) -> None:
    workplace = PrivateDirectory()
    with workplace.entered():
        pass
    workplace.close()
    assert (home / "data" / "labels.txt").read_text() == "labels"


def test_only_what_changed_is_linked_anew(home: Path) -> None:
    workplace = PrivateDirectory()
    with workplace.entered() as private:
        link = os.lstat(private / "classes.txt").st_ino
    (home / "late.txt").write_text("late")
    (home.parent / "shared.txt").unlink()
    with workplace.entered() as again:
        assert again == private and os.lstat(private / "classes.txt").st_ino == link
        assert Path("late.txt").exists() and not os.path.lexists("../shared.txt")
        Path("classes.txt").unlink()
        Path("classes.txt").write_text("of the metric")
    with workplace.entered():
        assert Path("classes.txt").read_text() == "classes"
    assert (home / "classes.txt").read_text() == "classes"
    workplace.close()


def test_it_is_made_again_when_somebody_removed_it(home: Path) -> None:
    workplace = PrivateDirectory()
    with workplace.entered() as private:
        pass
    shutil.rmtree(private)
    with workplace.entered():
        assert Path("classes.txt").read_text() == "classes"
    workplace.close()


def test_without_a_place_for_temporary_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(home / "nowhere"))
    with pytest.raises(NaseaError, match="there is none: .*nowhere") as caught:
        with PrivateDirectory().entered():
            pass
    assert "TMPDIR" in str(caught.value.fix)


def test_without_the_right_to_make_links(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr(os, "symlink", refuse)
    workplace = PrivateDirectory()
    for _ in range(2):
        with workplace.entered() as place:
            assert place == Path.cwd() == home
    workplace.close()
