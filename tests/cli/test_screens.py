"""What commands show on terminals of several widths, live progress included.

To write the golden screens anew: ``UPDATE_GOLDEN=1 pytest tests/cli/test_screens.py``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nasea.results.front import Front

from .terminals import Pty, Terminal, Tmux, command, wait_until

pytest.importorskip("pty", reason="there are no pseudo-terminals")

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = (60, 80, 120)
SHOWN = (
    "search",
    "show .",
    "show . --arch 1",
    "show . --recommend",
    "check",
    "export --arch 3",
    "retrain --arch 0",
    "compare --plan",
    "--help",
    "search --help",
)
"""The commands of each golden screen; they share a process, whose start takes longest."""

Start = Callable[..., Terminal]
TERMINALS = [
    pytest.param(Pty, id="pty"),
    pytest.param(
        Tmux,
        id="tmux",
        marks=pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
    ),
]


@pytest.fixture
def folder(tmp_path: Path, front: Front) -> Path:
    """A folder with a front, for a command that makes no pause."""
    front.save(tmp_path / "front.json")
    (tmp_path / "go").touch()
    return tmp_path


@pytest.fixture(params=TERMINALS)
def start(request: pytest.FixtureRequest, folder: Path) -> Iterator[Start]:
    """Starts a command in a terminal."""
    opened: list[Terminal] = []

    def begin(words: tuple[str, ...], columns: int, **environ: str) -> Terminal:
        terminal: Terminal = request.param(command(folder, *words), columns, folder, **environ)
        opened.append(terminal)
        return terminal

    yield begin
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize("columns", WIDTHS)
def test_screens_are_the_golden_ones(start: Start, columns: int) -> None:
    terminal = start(tuple(" + ".join(SHOWN).split()), columns)
    assert terminal.status() == 0
    text = terminal.text() + "\n"
    golden = GOLDEN / f"screens.{columns}.txt"
    if os.environ.get("UPDATE_GOLDEN") and isinstance(terminal, Pty):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_the_golden_screens_lose_nothing() -> None:
    texts = [(GOLDEN / f"screens.{n}.txt").read_text(encoding="utf-8") for n in WIDTHS]
    for text, columns in zip(texts, WIDTHS, strict=True):
        assert "\N{HORIZONTAL ELLIPSIS}" not in text
        assert max(map(len, text.splitlines())) <= columns
    narrow, middle, wide = (set(re.findall(r"[\w.]+", text)) for text in texts)
    assert narrow >= wide and middle >= wide


def live(text: str, stage: str) -> list[str]:
    """The rows that show the progress of a stage."""
    return [row for row in text.splitlines() if re.match(rf"{stage}\b.* \d+/\d+ ", row)]


def test_progress_is_one_line_whatever_happens_to_the_terminal(start: Start, folder: Path) -> None:
    (folder / "go").unlink()
    terminal = start(("search",), 100)
    text = wait_until(terminal, lambda text: "epoch 100/120" in text and live(text, "train") != [])
    row = "train ━━━━━━━━━━━━ 1000/1200 updates, 0:30:00 left, epoch 100/120, loss 0.5000, lr 0.01"
    assert text.splitlines()[-3:] == ["a line of user_module.py", "at the pause", row]
    for columns, row in {
        60: "train 1000/1200 updates, 0:30:00 left, epoch 100/120",
        30: "train 1000/1200 updates",
        80: "train ━━━━━━━━━━━━ 1000/1200 updates, 0:30:00 left, epoch 100/120, loss 0.5000",
    }.items():
        terminal.resize(columns)
        text = wait_until(terminal, lambda text, row=row: text.endswith(f"\n{row}"))  # type: ignore[misc]
        assert text.count("updates") == 1, "nothing of the line remained"
    (folder / "1").touch()
    text = wait_until(terminal, lambda text: "generation 2/3" in text)
    assert live(text, "train") == [], "it goes with its stage"
    assert re.findall(r"^epoch .*", text, re.MULTILINE) == [
        "epoch 120/120: loss 0.5000, 900 images/s"
    ]
    assert live(text, "search")[0].startswith(
        "search ━━━━━━━━━━━━ 7/20 architectures, 0:05:00 left, generation 2/3, front 7"
    )
    (folder / "2").touch()
    assert terminal.status() == 0


def test_control_c_leaves_clean_lines(start: Start, folder: Path) -> None:
    (folder / "go").unlink()
    terminal = start(("search",), 80)
    wait_until(terminal, lambda text: "at the pause" in text and live(text, "train") != [])
    terminal.interrupt()
    assert terminal.status() == 130
    assert terminal.text().splitlines()[-4:] == [
        "at the pause",
        "epoch 99/120: loss 0.5000, 900 images/s",
        "stopped; everything so far is saved",
        "  next: run the same command again to resume",
    ]


def test_a_dumb_terminal_gets_lines_as_wide_as_it_is(start: Start) -> None:
    terminal = start(("search",), 60, TERM="dumb")
    assert terminal.status() == 0
    text = terminal.text()
    assert "below 10 a supernet\n  often cannot" in text, "folded between words"
    assert "━" not in text
    epochs = re.findall(r"^epoch (\d+)/120", text, re.MULTILINE)
    assert epochs == ["1", *map(str, range(3, 121, 3))]


def test_no_color_is_no_colour(folder: Path) -> None:
    colours = {}
    for environ in ({}, {"NO_COLOR": "1"}):
        terminal = Pty(command(folder, "show", "."), 80, folder, **environ)
        assert terminal.status() == 0
        terminal.close()
        colours[len(environ)] = {
            style for style in terminal.screen.styles if re.fullmatch(r"[34579]\d|10\d", style)
        }
    assert colours[0] and not colours[1]


def test_a_pipe_gets_lines(folder: Path) -> None:
    from .terminals import environment

    done = subprocess.run(
        command(folder, "search"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(folder, {}),
        check=True,
        cwd=folder,
    )
    assert "\x1b" not in done.stderr + done.stdout and "\r" not in done.stderr
    epochs = re.findall(r"^epoch (\d+)/120: loss 0.5000, 900 images/s$", done.stderr, re.MULTILINE)
    assert epochs == ["1", *map(str, range(3, 121, 3))]
    assert len(re.findall(r"^generation \d/3: ", done.stderr, re.MULTILINE)) == 3
    assert "== training the supernet, 120 epochs\n" in done.stderr
    assert "a line of user_module.py\n" in done.stdout
