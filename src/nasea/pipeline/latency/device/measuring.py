"""Measures files in rounds until each latency is known well enough; keeps every round."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nasea.backends.export.older_runtime import older_than_the_file
from nasea.errors import LatencyError
from nasea.pipeline.latency.device.journal import Journal
from nasea.pipeline.latency.device.rounds import FEWEST, Patience, is_enough
from nasea.pipeline.latency.device.runners import (
    Runner,
    UnreadableError,
    filled,
    last_line,
)
from nasea.pipeline.latency.device.transports import Completed, LostError, Transport

_ATTEMPTS = 2
"""A round that fails is tried once more, then its file is given up."""

_HOPELESS = 3
"""When this many files failed and none ever ran, the command is at fault and not the files."""

RECONNECT_AFTER_S = (1.0, 3.0, 6.0)
"""Waits before a lost device is looked for again."""

_SLACK = 1.02


@dataclass(frozen=True)
class Task:
    """A file to time.

    Attributes:
        id: in the journal, e.g. ``operator 003``.
        path: on this machine.
    """

    id: str
    path: Path


@dataclass
class Measuring:
    """A measurement of files on a device, in rounds.

    All files get their first round, then those that need it their second, and so on. So a period in
    which the device is hot or busy affects all files alike.

    Attributes:
        transport: the device, connected.
        runner: the command, and how its output is read.
        values: placeholders of the command besides ``{file}``.
        patience: decides when a file is finished.
        seconds: time limit of one run.
        journal: stores every round, including those of earlier starts.
        on_round: called with (finished files, all files).
    """

    transport: Transport
    runner: Runner
    values: Mapping[str, str]
    patience: Patience
    seconds: float
    journal: Journal
    on_round: Callable[[int, int], None] = lambda done, total: None
    _there: dict[str, str] = field(default_factory=dict)

    def run(self, tasks: Sequence[Task]) -> dict[str, str]:
        """Measure the files; return, by id, why files were given up.

        Raises:
            DeviceError: the device is gone, full, or cannot run the program.
            LatencyError: the command fails on every file.
        """
        failed: dict[str, str] = {}
        while waiting := [task for task in tasks if not self._is_done(task, failed)]:
            self.on_round(len(tasks) - len(waiting), len(tasks))
            for task in waiting:
                reason = self._round(task)
                if reason is not None:
                    failed[task.id] = reason
                    self._require_hope(failed)
                if self._is_done(task, failed):
                    self._take_back(task)
        self.on_round(len(tasks), len(tasks))
        return {
            name: why for name, why in failed.items() if len(self._times(name)) < FEWEST
        }  # a file with three rounds counts as measured

    def _is_done(self, task: Task, failed: Mapping[str, str]) -> bool:
        return task.id in failed or is_enough(self._times(task.id), self.patience)

    def _times(self, name: str) -> list[float]:
        return self.journal.times.get(name, [])

    def _round(self, task: Task) -> str | None:
        """Measure a file once; return the reason if that failed."""
        reason = ""
        for _ in range(_ATTEMPTS):
            done = self._run_connected(task)
            if done.status is None:
                reason = f"it hung: stopped after {self.seconds:g} s"
            elif done.status:
                reason = _told(done.output) or (
                    f"it {_ending(done.status)}: {last_line(done.output)}"
                )
            else:
                try:
                    ms = self.runner.milliseconds(done.output)
                    _require_possible(ms, done)
                except UnreadableError as error:
                    reason = _told(done.output) or str(error)
                else:
                    self.journal.add(task.id, ms)
                    return None
        return reason

    def _run_connected(self, task: Task) -> Completed:
        """Run the command; reconnect if the connection breaks."""
        for wait in RECONNECT_AFTER_S:
            try:
                return self._run(task)
            except LostError:
                time.sleep(wait)
                self._there.clear()  # a reboot may have emptied the folder
                try:
                    self.transport.open()
                except LostError:
                    continue
                self.transport.stop(_name(task))  # a surviving process would disturb
        return self._run(task)

    def _run(self, task: Task) -> Completed:
        if task.id not in self._there:
            self._there[task.id] = self.transport.put(task.path, _name(task))
        place = shlex.quote(self._there[task.id])
        command = filled(self.runner.command, [*self.values.items(), ("file", place)])
        try:
            done = self.transport.run(command, self.seconds)
        except KeyboardInterrupt:
            self.transport.stop(_name(task))
            raise
        if done.status is None:
            self.transport.stop(_name(task))
            self.transport.open()  # raises if the connection hung, not the file
        return done

    def _take_back(self, task: Task) -> None:
        if self._there.pop(task.id, None) is not None:
            self.transport.remove(_name(task))

    def _require_hope(self, failed: Mapping[str, str]) -> None:
        if len(failed) < _HOPELESS or any(self.journal.times.values()):
            return
        shown = [f"  {name}: {why}" for name, why in failed.items()]
        fix = f"try it by hand: {filled(self.runner.command, list(self.values.items()))}"
        if all(older_than_the_file(why) for why in failed.values()):
            fix = "install a newer release of the runtime on the device, or its program with --tool"
        raise LatencyError(
            "\n".join(["the command fails on every file that was tried:", *shown]), fix=fix
        )


def _name(task: Task) -> str:
    return f"{task.id.replace(' ', '_')}{task.path.suffix}"


def _told(output: str) -> str:
    """Return that the runtime says to be older than the file, seldom in its last line."""
    told = older_than_the_file(output)
    return f"the runtime on the device is older than the file: {told}" if told else ""


def _ending(status: int) -> str:
    return f"crashed (signal {status - 128})" if status > 128 else f"ended with status {status}"


def _require_possible(ms: float, done: Completed) -> None:
    """Raise an error if a run took longer than the command that contains it."""
    if ms > 1e3 * done.seconds * _SLACK:
        raise UnreadableError(
            f"it prints {ms:.4g} ms, yet the whole command took {1e3 * done.seconds:.4g} ms: the "
            "unit must be another one; say which with --unit"
        )
