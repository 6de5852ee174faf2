"""Copies files to a device and runs commands there: by adb, by ssh, or on this machine."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nasea.backends.export.host.runtimes import this_processor
from nasea.errors import LatencyError
from nasea.pipeline.latency.device.runners import last_line

_MARK = "nasea-status:"
_STATUS = re.compile(rf"{_MARK}(\d+)\s*$")
_SHORT = 60.0
"""Seconds that a question to the device may take."""

_PUSH = 600.0
"""Seconds that a file may take to get there."""

_GRACE = 2.0
"""Seconds to read what an ended program printed; a daemon that it left may hold its pipe open."""


class DeviceError(LatencyError):
    """The device is gone, full, or cannot run the program; the measurement cannot continue."""


class LostError(DeviceError):
    """The connection broke; reconnecting may help."""


@dataclass(frozen=True)
class Completed:
    """A command that ended.

    Attributes:
        status: its exit status; ``None`` if it was stopped at its time limit.
        output: its output, standard error included.
        seconds: its duration, including that of connecting.
    """

    status: int | None
    output: str
    seconds: float


class Transport(Protocol):
    """A connection to a device."""

    def open(self) -> str:
        """Connect, create the folder, and return a short description of the device.

        Raises:
            DeviceError: the device is not found.
        """

    def put(self, file: Path, name: str, *, executable: bool = False) -> str:
        """Copy a file and return its path on the device.

        Raises:
            DeviceError: the device is gone or full.
        """

    def run(self, command: str, seconds: float) -> Completed:
        """Run a command in the device's shell, in the folder.

        Raises:
            DeviceError: the device is gone or full, or cannot execute the program.
        """

    def stop(self, name: str) -> None:
        """End processes that still use a file after a run was stopped; never fail."""

    def remove(self, name: str) -> None:
        """Remove a file that was copied to the device; never fail."""


class Local:
    """This machine; files are used in place.

    Args:
        folder: where commands run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> str:
        """See :class:`Transport`."""
        return this_processor()

    def put(self, file: Path, name: str, *, executable: bool = False) -> str:
        """See :class:`Transport`."""
        return str(file.resolve())

    def run(self, command: str, seconds: float) -> Completed:
        """See :class:`Transport`."""
        done = _call(["sh", "-c", command], seconds, self._folder)
        if _is_full(done):
            raise DeviceError(
                f"no space is left for the program: {last_line(done.output)}",
                fix="free some where it writes",
            )
        _require_runnable(done)
        return done

    def stop(self, name: str) -> None:
        """See :class:`Transport`; the processes ended with the run."""

    def remove(self, name: str) -> None:
        """See :class:`Transport`; the file is the user's, so it is kept."""


class Remote(ABC):
    """A remote device, reached by a shell, with one folder for the files.

    Args:
        device: its serial number or ``user@host``; empty for the only connected one.
        folder: the folder on the device.
    """

    program = ""

    def __init__(self, device: str, folder: str) -> None:
        self.device = device
        self.folder = folder

    def open(self) -> str:
        """See :class:`Transport`."""
        made = self._ask(f"mkdir -p {shlex.quote(self.folder)}")
        if made.status:
            raise DeviceError(
                f"{self.where}: cannot make {self.folder}: {last_line(made.output)}",
                fix="name a folder that can be written and executed from: --folder DIR",
            )
        asked = self._ask(self._question)
        return " ".join(asked.output.split()) or self.where

    def put(self, file: Path, name: str, *, executable: bool = False) -> str:
        """See :class:`Transport`."""
        target = f"{self.folder}/{name}"
        done = self._copy(file, target)
        _require_space(done, self.where)
        if done.status != 0:
            raise LostError(
                f"{self.where}: {file.name} could not be copied there: {last_line(done.output)}",
                fix=self._how,
            )
        if executable:
            self._shell(f"chmod 755 {shlex.quote(target)}", _SHORT)
        return target

    def run(self, command: str, seconds: float) -> Completed:
        """See :class:`Transport`."""
        done = self._shell(f"cd {shlex.quote(self.folder)} && {command}", seconds)
        _require_space(done, self.where)
        _require_runnable(done)
        return done

    def stop(self, name: str) -> None:
        """See :class:`Transport`."""
        # In brackets, so that the pattern does not match the shell that runs it.
        pattern = shlex.quote(f"[{self.folder[0]}]{self.folder[1:]}/{name}")
        _call([*self._words, f"pkill -9 -f {pattern}"], _SHORT)

    def remove(self, name: str) -> None:
        """See :class:`Transport`."""
        _call([*self._words, f"rm -f {shlex.quote(f'{self.folder}/{name}')}"], _SHORT)

    @property
    def where(self) -> str:
        """The device, for messages."""
        return f"{self.program} {self.device}".strip()

    _question = ""
    _how = ""

    @property
    @abstractmethod
    def _words(self) -> list[str]:
        """First words of every command that runs on the device."""

    @abstractmethod
    def _copy(self, file: Path, target: str) -> Completed:
        """Copy a file to a path on the device."""

    def _ask(self, command: str) -> Completed:
        """Run a short command; a hanging connection counts as lost."""
        done = self._shell(command, _SHORT)
        if done.status is None:
            raise LostError(
                f"{self.where}: the device did not answer for {_SHORT:g} s", fix=self._how
            )
        return done

    def _shell(self, command: str, seconds: float) -> Completed:
        """Run a command and print its exit status, since that of adb or ssh may differ."""
        # On a separate line, since the command may end with a comment.
        done = _call([*self._words, f"{command}\necho {_MARK}$?"], seconds)
        found = _STATUS.search(done.output)
        if done.status is None:
            return done
        if found is not None:
            return Completed(int(found[1]), done.output[: found.start()], done.seconds)
        raise LostError(
            f"{self.where}: the device does not answer: {last_line(done.output)}", fix=self._how
        )


class Adb(Remote):
    """An Android device, connected by USB or network."""

    program = "adb"
    _question = "getprop ro.product.model; getprop ro.build.version.release; uname -m"
    _how = "adb devices shows what is connected; unlock it, allow debugging, or name it: --device"

    @property
    def _words(self) -> list[str]:
        return [*self._adb, "shell"]

    @property
    def _adb(self) -> list[str]:
        return ["adb", "-s", self.device] if self.device else ["adb"]

    def _copy(self, file: Path, target: str) -> Completed:
        return _call([*self._adb, "push", str(file), target], _PUSH)


class Ssh(Remote):
    """A board with a shell; requires ssh keys, since no password can be entered."""

    program = "ssh"
    _question = "uname -n -s -m"
    _how = "try it: ssh HOST true must work without a password; name the host: --device user@host"

    @property
    def _words(self) -> list[str]:
        # Use a shared connection but do not start one: its process would keep the pipe open.
        named = ("BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5", "ControlMaster=no")
        return ["ssh", *(word for one in named for word in ("-o", one)), self.device]

    def _copy(self, file: Path, target: str) -> Completed:
        # Through the shell, since small boards have no scp; then check the number of bytes.
        quoted = shlex.quote(target)
        check = f'[ "$(wc -c < {quoted})" -eq {file.stat().st_size} ]'
        return _call([*self._words, f"cat > {quoted} && {check}"], _PUSH, given=file)


def _call(
    words: Sequence[str], seconds: float, folder: Path | None = None, given: Path | None = None
) -> Completed:
    """Run a program on this machine; at the time limit, end it and all its child processes."""
    begin = time.perf_counter()
    source = given.open("rb") if given is not None else None
    try:
        process = subprocess.Popen(
            words,
            stdin=source or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise DeviceError(
            f"{words[0]} is not installed here, not on PATH, or cannot be executed",
            fix="install it (adb: Android's platform tools), or use another --over",
        ) from error
    finally:
        if source is not None:
            source.close()
    status: int | None
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        _end(process)
        output, status = _rest(process), None
    except BaseException:
        _end(process)
        process.wait()
        raise
    if status is not None and status < 0:
        status = 128 - status  # as shells report a signal
    return Completed(status, output.decode(errors="replace"), time.perf_counter() - begin)


def _rest(process: subprocess.Popen[bytes]) -> bytes:
    """Return the output of an ended process."""
    try:
        return process.communicate(timeout=_GRACE)[0]
    except subprocess.TimeoutExpired as error:
        assert process.stdout is not None
        process.stdout.close()
        return error.output or b""


def _end(process: subprocess.Popen[bytes]) -> None:
    if not hasattr(os, "killpg"):  # Windows
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


_FULL = re.compile(r"no space left on device|ENOSPC|disk quota exceeded", re.IGNORECASE)
_FOREIGN = re.compile(
    r"exec format error|not executable: \d+-bit ELF|cannot execute binary file|"
    r"CANNOT LINK EXECUTABLE|wrong ELF class|bad CPU type|is for EM_",
    re.IGNORECASE,
)


def _is_full(done: Completed) -> bool:
    return done.status != 0 and _FULL.search(done.output) is not None


def _require_space(done: Completed, where: str) -> None:
    if _is_full(done):
        raise DeviceError(
            f"{where}: no space is left on the device",
            fix="free some, or name a folder on another disk: --folder DIR",
        )


def _require_runnable(done: Completed) -> None:
    if done.status in (None, 0):
        return
    if _FOREIGN.search(done.output):
        raise DeviceError(
            f"the device cannot execute the program, which is built for another processor: "
            f"{last_line(done.output)}",
            fix="take the program for the device's ABI (Android: adb shell getprop ro.product."
            "cpu.abi)",
        )
    if done.status in (126, 127):
        raise DeviceError(
            f"the program cannot be started: {last_line(done.output)}",
            fix="copy it there with --tool FILE, or write its full path in --command",
        )
