"""Progress of runs that are started from Python: in terminals and notebooks, or on request none."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from nasea.cli.terminal.listener import RichListener
from nasea.cli.terminal.notebook import NotebookBar
from nasea.cli.terminal.python import listening, shown_listener
from nasea.errors import Notice
from nasea.pipeline.session.events import Began, Event, Line, Listener, NullListener, Progress

PROGRESS = Progress("train", 50, 100, "update", 60.0, {"loss": "0.5"}, 130.4)
EVENTS: list[Event] = [
    Began("train", "training"),
    Notice("scen.yaml:3", "corrected"),
    PROGRESS,
    Line("epoch 1/2"),
]


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


class Cell:
    """The output of a notebook's cell: what each display shows now, and what it showed before."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.before: list[str] = []

    def display(self, data: dict[str, str], raw: bool, display_id: bool) -> Any:
        assert raw and display_id
        place = len(self.shown)
        self.shown.append(data["text/plain"])

        def update(data: dict[str, str], raw: bool) -> None:
            self.before.append(self.shown[place])
            self.shown[place] = data["text/plain"]

        return SimpleNamespace(update=update)


def _tell(listener: Listener) -> None:
    listener.begin("train", "training")
    listener.notice(Notice("scen.yaml:3", "corrected"))
    listener.progress(PROGRESS)
    listener.line("epoch 1/2")


def _serve_notebook(monkeypatch: pytest.MonkeyPatch, shell: object) -> Cell:
    cell = Cell()
    ipython = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=cell.display))
    return cell


def test_a_function_hears_every_event_as_a_value() -> None:
    heard: list[Event] = []
    with listening(None, heard.append, quiet=True) as listener:
        _tell(listener)
    assert heard == EVENTS


def test_in_a_terminal_progress_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with listening(None, None, quiet=False) as listener:
        _tell(listener)
    message = sys.stderr.getvalue()  # type: ignore[attr-defined]
    for text in ("training", "scen.yaml:3: corrected", "50/100", "epoch 1/2"):
        assert text in message


@pytest.mark.parametrize("listener, quiet", [(None, True), (NullListener(), False)])
def test_silence_on_request(
    listener: Listener | None, quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with listening(listener, None, quiet) as heard:
        _tell(heard)
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_where_nobody_reads_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert shown_listener() is None


def test_a_notebook_gets_lines_and_a_bar_in_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = _serve_notebook(monkeypatch, SimpleNamespace(kernel="one"))
    with listening(None, None, quiet=False) as listener:
        _tell(listener)
        assert cell.shown == [
            "█" * 12 + "░" * 12 + " train: 50/100 updates, 0:02:10 left, loss 0.5"
        ]
    assert cell.shown == [""]
    message = capsys.readouterr()
    assert message.out.splitlines() == ["== training", "note: scen.yaml:3: corrected", "epoch 1/2"]
    assert message.err == ""


def test_a_shell_in_a_terminal_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    _serve_notebook(monkeypatch, SimpleNamespace())
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(shown_listener(), RichListener)


def test_the_bar_of_a_notebook_is_not_redrawn_all_the_time() -> None:
    cell, now = Cell(), [0.0]
    bar = NotebookBar(cell.display, lambda: now[0])
    for done in (1, 2, 3):
        bar.show(Progress("search", done, 100, "architecture"))
    assert not cell.before
    now[0] = 1.0
    bar.show(Progress("search", 4, 100, "architecture"))
    bar.show(Progress("search", 100, 100, "architecture"))  # the last is always shown
    assert len(cell.before) == 2
    assert cell.shown[0].endswith("search: 100/100 architectures")
