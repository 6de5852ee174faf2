"""The line that installs more of nasea names what this copy of it was installed from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nasea import install
from nasea.cli.init import project_files
from nasea.install import install_line, with_install_lines

CLONE = Path(__file__).parents[1]


class Installed:
    """A distribution with this record of PEP 610."""

    def __init__(self, home: Path, origin: dict[str, object] | None) -> None:
        self.home, self.origin = home, origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self.origin is None else json.dumps(self.origin)

    def locate_file(self, name: str) -> Path:
        return self.home / name


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (
            {"url": "file:///home/me/a%20folder/nasea-1.0-py3-none-any.whl", "archive_info": {}},
            "pip install '/home/me/a folder/nasea-1.0-py3-none-any.whl[torch,demo]'",
        ),
        (
            {"url": f"file://{CLONE}", "dir_info": {"editable": True}},
            f"pip install -e '{CLONE}[torch,demo]'",
        ),
        ({"url": f"file://{CLONE}", "dir_info": {}}, f"pip install '{CLONE}[torch,demo]'"),
        (
            {
                "url": "https://example.org/nasea.git",
                "vcs_info": {"vcs": "git", "commit_id": "1a2b", "requested_revision": "main"},
            },
            "pip install 'nasea[torch,demo] @ git+https://example.org/nasea.git@1a2b'",
        ),
        (
            {"url": "https://example.org/nasea-1.0-py3-none-any.whl", "archive_info": {}},
            "pip install 'nasea[torch,demo] @ https://example.org/nasea-1.0-py3-none-any.whl'",
        ),
        (None, "pip install 'nasea[torch,demo]'"),
    ],
    ids=["wheel", "editable", "clone", "repository", "remote wheel", "index"],
)
def test_the_line_names_the_origin(
    monkeypatch: pytest.MonkeyPatch, origin: dict[str, object] | None, line: str
) -> None:
    found = Installed(Path(install.__file__).parents[1], origin)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: found)
    assert install_line("torch", "demo") == line
    assert with_install_lines("first: pip install 'nasea[torch,demo]'\n") == f"first: {line}\n"


def test_sources_that_are_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = Installed(tmp_path, {"url": f"file://{tmp_path}", "dir_info": {"editable": True}})
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: other)
    assert install_line("torch") == f"pip install '{CLONE}[torch]'"


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
@pytest.mark.parametrize("task", ["classification", "detection", "segmentation"])
def test_no_project_claims_an_index(
    monkeypatch: pytest.MonkeyPatch, framework: str, task: str
) -> None:
    monkeypatch.setattr(install, "install_line", lambda *extras: f"LINE[{','.join(extras)}]")
    files = project_files(framework, task)
    extra = "torch" if framework == "pytorch" else framework
    assert f"LINE[{extra},demo]".encode() in files["README.md"]
    assert not [name for name, content in files.items() if b"'nasea[" in content]


def test_no_message_claims_an_index() -> None:
    claiming = [
        path.name
        for path in (CLONE / "src").rglob("*.py")
        if path.name != "install.py" and "pip install 'nasea" in path.read_text("utf-8")
    ]
    assert not claiming
