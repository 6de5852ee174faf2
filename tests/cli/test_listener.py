from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from nasea.cli.terminal.console import print_line
from nasea.cli.terminal.listener import RichListener
from nasea.cli.terminal.progress import LINE_SECONDS, Bar, Ticker
from nasea.errors import Notice
from nasea.pipeline.session.events import Progress

NOTICE = Notice("scen.yaml:3", "a key was corrected")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _progress(done: int) -> Progress:
    return Progress("train", done, 100, "update", 130.4, {"loss": "0.5", "images/s": "900"})


def _plain() -> Console:
    return Console(file=io.StringIO(), width=60, force_terminal=False)


def _terminal() -> Console:
    return Console(
        file=io.StringIO(), width=100, force_terminal=True, _environ={"TERM": "xterm-256color"}
    )


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_log_gets_lines_and_a_notice_once() -> None:
    console = _plain()
    with RichListener(console) as listener:
        listener.begin("train", "training [fast]")
        listener.notice(NOTICE)
        listener.notice(NOTICE)
        listener.line("epoch 1/2: loss 0.5")
        listener.progress(_progress(50))
    assert _text(console).splitlines() == [
        "== training [fast]",
        "note: scen.yaml:3: a key was corrected",
        "epoch 1/2: loss 0.5",
    ]


def test_a_log_hears_of_progress_only_after_a_silence() -> None:
    console, clock = _plain(), Clock()
    listener = RichListener(console, Ticker(console, clock))
    for second in range(35):
        clock.now = float(second)
        listener.progress(_progress(second))
        if second == 15:
            listener.line("epoch")
    counts = [line.split(" updates")[0] for line in _text(console).splitlines()]
    assert LINE_SECONDS == 10
    assert counts == ["train: 10/100", "epoch", "train: 25/100"]
    assert "train: 10/100 updates, 0:02:10 left, loss 0.5, images/s 900\n" in _text(console)


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    console = _terminal()
    with RichListener(console) as listener:
        listener.begin("train", "training")
        listener.progress(_progress(50))
        listener.line("epoch 1/2")
        shown = _text(console)
        assert "50/100" in shown and "0:02:10 left, loss 0.5, images/s 900" in shown
        assert "\x1b[?25l" in shown  # the cursor is hidden
    assert "\x1b[?25h" in _text(console)  # and back


def test_the_bar_leaves_when_the_run_fails() -> None:
    console = _terminal()
    with pytest.raises(ValueError), RichListener(console) as listener:
        listener.progress(_progress(1))
        raise ValueError
    assert _text(console).endswith("\x1b[2K")


def test_a_bar_is_not_drawn_more_often_than_eyes_can_follow() -> None:
    console, clock = _terminal(), Clock()
    bar = Bar(console, clock)
    for step in range(1, 101):
        clock.now += 0.01
        bar.show(_progress(step))
    bar.stop()
    drawn = [step for step in range(1, 101) if f"{step:3}/100" in _text(console)]
    assert len(drawn) < 10
    assert drawn[-1] == 100


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    def message() -> str:
        console = Console(file=io.StringIO(), force_terminal=True)
        RichListener(console).notice(NOTICE)
        return _text(console)

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    yellow = "33m"
    assert yellow in message()
    monkeypatch.setenv("NO_COLOR", "1")
    assert yellow not in message()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1))
def test_a_line_is_printed_as_it_is(text: str) -> None:
    console = _plain()
    print_line(console, text)
    assert _text(console) == f"{text}\n"
