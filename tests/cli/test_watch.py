"""A crash in native code is told of, by a process that outlives it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nasea.cli.terminal.watch import crash_message

_CRASHES = (
    "from nasea.cli.terminal.watch import watch_for_crashes\n"
    "watch_for_crashes()\n"
    "import ctypes\n"
    "def of_the_user():\n"
    "    ctypes.string_at(0)\n"
)


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_crash_says_what_died_and_where() -> None:
    done = run(f"{_CRASHES}of_the_user()\n")
    assert done.returncode < 0
    assert "nasea was ended by a crash in native code (Segmentation fault)" in done.stderr
    assert "in of_the_user" in done.stderr and "fix:" in done.stderr


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(3)", "raise KeyError(1)"])
def test_whatever_else_ends_a_process_is_no_crash(end: str) -> None:
    done = run(f"{_CRASHES}{end}\n")
    assert "crash" not in done.stderr


def test_tensorflow_names_the_switch() -> None:
    dump = (
        "Fatal Python error: Aborted\n\nCurrent thread 0x1 (most recent call first):\n"
        '  File "/x/tensorflow/python/eager/execute.py", line 53 in quick_execute\n'
    )
    assert "set TF_ENABLE_ONEDNN_OPTS=0" in crash_message(dump, {})
    assert "likely reason" not in crash_message(dump, {"TF_ENABLE_ONEDNN_OPTS": "0"})
    assert "ONEDNN" not in crash_message(dump.replace("tensorflow", "other"), {})
