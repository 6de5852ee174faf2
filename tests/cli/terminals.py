"""Terminals for tests: a model of one behind a pseudo-terminal, and tmux."""

from __future__ import annotations

import codecs
import os
import re
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

PATIENCE = 60.0
"""Seconds after which a text is missed; no test waits so long where all is well."""

SOURCE = Path(__file__).parents[2] / "src"
PLAYED = Path(__file__).with_name("played.py")

_CODE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")
_HALF = re.compile(r"(\x1b(\[[?0-9;]*)?)?$")
"""The beginning of a code, at the end of what was read."""


def command(folder: Path, *words: str) -> list[str]:
    """Return the command of ``played.py``, and what must be in its environment."""
    return [sys.executable, str(PLAYED), str(folder), *words]


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: nothing of that of the tests."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SOURCE),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        **more,
    }


class Terminal(Protocol):
    """A terminal that runs one command."""

    def text(self) -> str:
        """Return what it shows, and what it scrolled away."""

    def resize(self, columns: int) -> None:
        """Change the width."""

    def interrupt(self) -> None:
        """Press Ctrl-C."""

    def status(self) -> int:
        """Wait for the end of the command and return its exit status."""

    def close(self) -> None:
        """End it."""


def wait_until(terminal: Terminal, holds: Callable[[str], bool]) -> str:
    """Return what a terminal shows as soon as a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds(text := terminal.text()):
        assert time.monotonic() < deadline, f"it never came; there is:\n{text}"
        time.sleep(0.02)
    return text


class Screen:
    """The rows of a terminal that obeys the codes nasea writes; others fail.

    It is as tall as needed, and made narrower, it cuts its rows off, like xterm.

    Args:
        columns: its width.

    Attributes:
        styles: the arguments of all codes for colours and styles.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.styles: set[str] = set()
        self._rows: list[list[str]] = [[]]
        self._x = self._y = 0

    def feed(self, text: str) -> None:
        """Obey."""
        at = 0
        while at < len(text):
            found = _CODE.match(text, at)
            if found:
                self._obey(*found.groups())
                at = found.end()
                continue
            self._write(text[at])
            at += 1

    def resize(self, columns: int) -> None:
        """Change the width."""
        self.columns = columns
        for row in self._rows:
            del row[columns:]
        self._x = min(self._x, columns)

    def text(self) -> str:
        """Return the rows, without spaces at their ends."""
        return "\n".join("".join(row).rstrip() for row in self._rows).rstrip("\n")

    def _obey(self, arguments: str, code: str) -> None:
        if code == "m":
            self.styles.update(arguments.split(";"))
            return
        assert (arguments, code) == ("", "J"), f"unknown: {arguments}{code}"
        del self._rows[self._y][self._x :]
        del self._rows[self._y + 1 :]

    def _write(self, character: str) -> None:
        if character == "\r":
            self._x = 0
        elif character == "\n":
            self._next_row()
        else:
            assert character.isprintable(), repr(character)
            if self._x == self.columns:
                self._x = 0
                self._next_row()
            row = self._rows[self._y]
            row += [" "] * (self._x + 1 - len(row))
            row[self._x] = character
            self._x += 1

    def _next_row(self) -> None:
        self._y += 1
        if self._y == len(self._rows):
            self._rows.append([])


class Pty:
    """A command behind a pseudo-terminal whose screen is a :class:`Screen`."""

    def __init__(self, words: list[str], columns: int, folder: Path, **environ: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        def set_width(columns: int) -> None:
            fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self._set_width = set_width
        set_width(columns)
        self.screen = Screen(columns)
        self._waiting, self._rest = b"", ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=environment(folder, environ),
            start_new_session=True,
            # The pseudo-terminal is its own, so that Ctrl-C reaches it.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def text(self) -> str:
        """See :class:`Terminal`."""
        try:
            while part := os.read(self._ours, 1 << 16):
                self._waiting += part
        except (BlockingIOError, OSError):  # nothing now, or the command ended
            pass
        text = self._rest + self._decoder.decode(self._waiting)
        self._waiting = b""
        whole = len(text) - len(_HALF.search(text).group())  # type: ignore[union-attr]
        self.screen.feed(text[:whole])
        self._rest = text[whole:]
        return self.screen.text()

    def resize(self, columns: int) -> None:
        """See :class:`Terminal`."""
        self.text()
        self.screen.resize(columns)
        self._set_width(columns)

    def interrupt(self) -> None:
        """See :class:`Terminal`."""
        os.write(self._ours, b"\x03")

    def status(self) -> int:
        """See :class:`Terminal`."""
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None:
            self.text()  # or its output fills the terminal and it never ends
            assert time.monotonic() < deadline, self.screen.text()
            time.sleep(0.01)
        self.text()
        return self._process.returncode

    def close(self) -> None:
        """See :class:`Terminal`."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


class Tmux:
    """A command in a tmux of its own."""

    def __init__(self, words: list[str], columns: int, folder: Path, **environ: str) -> None:
        self._socket = f"nasea-test-{uuid.uuid4().hex[:12]}"
        self._ended = folder / f"{self._socket}.status"
        settings = [f"{name}={value}" for name, value in environment(folder, environ).items()]
        line = (
            f"env -i {shlex.join([*settings, *words])}; echo $? > {shlex.quote(str(self._ended))}"
        )
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", "40",
            "-c", str(folder), "--", "sh", "-c", f"trap : INT; {line}; sleep 600",
        )  # fmt: skip

    def text(self) -> str:
        """See :class:`Terminal`."""
        shown = self._tmux("capture-pane", "-p", "-S", "-")
        return "\n".join(row.rstrip() for row in shown.splitlines()).rstrip("\n")

    def resize(self, columns: int) -> None:
        """See :class:`Terminal`."""
        self._tmux("resize-window", "-x", str(columns))

    def interrupt(self) -> None:
        """See :class:`Terminal`."""
        self._tmux("send-keys", "C-c")

    def status(self) -> int:
        """See :class:`Terminal`."""
        wait_until(self, lambda _: self._ended.exists() and self._ended.read_text().endswith("\n"))
        return int(self._ended.read_text())

    def close(self) -> None:
        """See :class:`Terminal`."""
        self._tmux("kill-server")
        home = Path(os.environ.get("TMUX_TMPDIR", "/tmp")) / f"tmux-{os.getuid()}"
        (home / self._socket).unlink(missing_ok=True)  # which it leaves behind

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-L", self._socket, *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        return done.stdout
