from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from nasea.cli.terminal.console import print_line
from nasea.cli.terminal.listener import MOST_ROUNDS, RichListener
from nasea.cli.terminal.progress import LINE_SECONDS, Bar, Ticker, in_a_line, in_width
from nasea.errors import Notice
from nasea.pipeline.session.events import Progress, Round

NOTICE = Notice("scen.yaml:3", "a key was corrected")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _progress(done: int) -> Progress:
    figures = {"loss": "0.5", "images/s": "900"}
    return Progress("train", done, 100, "update", 60.0, figures, run_seconds_left=130.4)


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
    assert _text(console).endswith("\r\x1b[J"), "erased"
    assert "\x1b[?25l" not in _text(console), "a killed process could not show the cursor again"


def test_the_bar_leaves_when_the_run_fails() -> None:
    console = _terminal()
    with pytest.raises(ValueError), RichListener(console) as listener:
        listener.progress(_progress(1))
        raise ValueError
    assert _text(console).endswith("\r\x1b[J")


def test_a_bar_is_not_drawn_more_often_than_eyes_can_follow() -> None:
    console, clock = _terminal(), Clock()
    bar = Bar(console, clock)
    for step in range(1, 101):
        clock.now += 0.01
        bar.show(_progress(step))
    bar.stop()
    drawn = [step for step in range(1, 101) if f" {step}/100" in _text(console)]
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


@given(st.text(st.sampled_from("ab-漢 \n"), max_size=200), st.integers(8, 60))
def test_folding_on_a_terminal_loses_nothing(text: str, columns: int) -> None:
    console = Console(file=io.StringIO(), width=columns, force_terminal=True, no_color=True)
    print_line(console, text)
    assert _text(console).split() == text.split()
    for row in _text(console).splitlines():
        assert cell_len(row) <= columns or " " not in row.strip(), "only a long word exceeds it"


@given(st.integers(1, 300))
def test_a_log_gets_a_fair_part_of_many_epochs(total: int) -> None:
    console = _plain()
    listener = RichListener(console)
    for number in range(1, total + 1):
        listener.line(Round(f"epoch {number}/{total}", number, total, "epoch"))
    told = [int(row.split()[1].split("/")[0]) for row in _text(console).splitlines()]
    assert told[0] == 1 and told[-1] == total
    assert len(told) == total if total <= MOST_ROUNDS else len(told) <= MOST_ROUNDS + 2


def test_a_terminal_gets_the_last_epoch_when_its_stage_ends() -> None:
    console = _terminal()
    listener = RichListener(console)
    for number in (1, 2):
        listener.progress(_progress(number))
        listener.line(Round(f"epoch {number}/9", number, 9, "epoch"))
        listener.line(Round(f"note {number}", number, 9, "strategy"))
    assert "epoch" not in _text(console)
    listener.begin("search", "searching")
    rows = _text(console).split("\x1b[J")[-1].splitlines()
    assert rows[:2] == ["epoch 2/9", "note 2"] and "searching" in rows[2]


def test_a_search_that_ends_early_says_so_after_its_last_generation() -> None:
    for console in (_terminal(), _plain()):
        with RichListener(console) as listener:
            listener.line(Round("generation 50/100", 50, 100, "generation"))
            listener.line(Round("search ended: no progress", 1, 2, "end"))
        assert _text(console).splitlines() == ["generation 50/100", "search ended: no progress"]


@given(st.integers(0, 150))
def test_progress_fits_into_any_width_with_whole_figures(width: int) -> None:
    shown = in_width(_progress(50), width).plain
    assert len(shown) <= width
    whole = ["train", "50/100 updates", *in_a_line(_progress(50)).split(", ")[1:]]
    if width > len("train 50/100 updates"):
        for figure in shown.replace("━", "").split(", ")[1:]:
            assert figure in whole


def test_time_left_says_of_what() -> None:
    run = Progress("train", 1, 2, "update", 60.0, run_seconds_left=3600.0)
    assert in_a_line(run) == "train: 1/2 updates, 1:00:00 left"
    stage = Progress("train", 1, 2, "update", 60.0)
    assert in_a_line(stage) == "train: 1/2 updates, 0:01:00 left of this stage"
