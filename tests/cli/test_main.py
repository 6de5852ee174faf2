from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from nasea.cli.main import app
from nasea.results.front import Front
from nasea.version import __version__

from .conftest import Run

REPOSITORY = Path(__file__).parents[2]
SLOW = ("torch", "pymoo", "matplotlib", "pydantic", "numpy", "rich", "ruamel", "sklearn")


def test_help_imports_nothing_slow() -> None:
    code = (
        "import sys\n"
        "from nasea.cli.main import main\n"
        "try: main(['--help'])\n"
        f"finally: print([name for name in {SLOW!r} if name in sys.modules], file=sys.stderr)"
    )
    done = _python("-c", code)
    assert done.stderr.strip() == "[]"
    assert "init" in done.stdout


def test_python_dash_m() -> None:
    done = _python("-m", "nasea", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"nasea {__version__}\n", "")


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_stream_that_is_closed_from_the_start(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, front: Front, closed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    front.save(Path("results/front.json"))
    monkeypatch.setattr(sys, closed, None)
    done = run("show")
    assert (done.status, done.err) == (0, "")
    assert ("parameters" in done.out) == (closed == "stderr")


@pytest.mark.parametrize("verb", ["init", "check", "search", "show", "schema"])
def test_every_verb_has_help(run: Run, verb: str) -> None:
    done = run(verb, "-h")
    assert done.status == 0
    assert f"Usage: nasea {verb}" in done.out


def test_the_schema_for_editors(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "scen.schema.json"
    assert f"wrote {file}" in run("schema", "--output", str(file)).out
    assert file.read_text("utf-8") == run("schema").out


@pytest.mark.parametrize(
    "words, meant",
    [
        (["serch"], "search"),
        (["search", "--restrat"], "--restart"),
        (["check", "--only-confg"], "--only-config"),
        (["init", "--framwork", "pytorch", "somewhere"], "--framework"),
    ],
)
def test_a_typing_error_names_what_was_meant(run: Run, words: list[str], meant: str) -> None:
    done = run(*words)
    assert done.status == 2
    assert meant in done.err
    assert "Traceback" not in done.err


def _python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(REPOSITORY / "src")},
        check=False,
    )


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_cuts_nothing(run: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))  # behind what `run` has cleared
    root = get_command(app)
    pages = [[name] for name in root.commands] + [  # type: ignore[attr-defined]
        ["latency", name]
        for name in root.commands["latency"].commands  # type: ignore[attr-defined]
    ]
    for words in ([], *pages):
        told = run(*words, "--help").out
        more_may_follow = r"(\[ARGS\]|\{FILE\}|FILE)\.\.\."
        assert "..." not in re.sub(more_may_follow, "", told)
        assert max(map(len, told.splitlines())) <= columns


def test_shells_can_complete(run: Run) -> None:
    assert "--install-completion" in run("--help").out
