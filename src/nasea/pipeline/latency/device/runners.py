"""The programs that time a file on a device: their commands and the format of their output."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from nasea.errors import LatencyError

MILLISECONDS = {
    "ns": 1e-6, "nanoseconds": 1e-6,
    "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "usec": 1e-3, "microseconds": 1e-3,
    "ms": 1.0, "msec": 1.0, "milliseconds": 1.0,
    "s": 1e3, "sec": 1e3, "seconds": 1e3,
}  # fmt: skip
"""Unit, as programs print it -> milliseconds."""

UNITS = ("ns", "us", "ms", "s")
"""What ``--unit`` takes."""

_NUMBER = r"(?P<value>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_UNIT = "|".join(sorted(MILLISECONDS, key=len, reverse=True))
_PRINTED_UNIT = re.compile(rf"[ \t]*({_UNIT})\b")


class UnreadableError(Exception):
    """A program's output contains no latency; the text says why."""


@dataclass(frozen=True)
class Reading:
    """The place of a latency in a program's output.

    Attributes:
        pattern: a regular expression with the group ``value`` and, if the time is that of several
            runs together, ``runs``.
        unit: unit of ``value``; empty if the output states it right after the number.
    """

    pattern: str
    unit: str = ""

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def find(self, output: str) -> float | None:
        """Return the milliseconds of one run; ``None`` if the output has no such line.

        Raises:
            UnreadableError: the unit is missing or not the expected one.
        """
        found = list(self._compiled.finditer(output))
        if not found:
            return None
        last = found[-1]
        printed = _PRINTED_UNIT.match(output, last.end("value"))
        unit = printed[1] if printed else self.unit
        if not unit:
            raise UnreadableError(
                f"it prints {last['value']} without a unit; say which with --unit ms"
            )
        if printed and self.unit and MILLISECONDS[unit] != MILLISECONDS[self.unit]:
            raise UnreadableError(f"it prints {last[0].strip()} {unit}, not {self.unit}")
        if not re.fullmatch(_NUMBER, (last["value"] or "").strip()):
            raise UnreadableError(f"it prints {last['value']!r} where --pattern wants a number")
        runs = int(last["runs"]) if "runs" in self._compiled.groupindex else 1
        return float(last["value"]) * MILLISECONDS[unit] / max(runs, 1)


@dataclass(frozen=True)
class Runner:
    """A program that times a file.

    Attributes:
        name: its name for ``--runner``; ``command`` for one defined by ``--command`` only.
        suffix: suffix of the files that it takes; empty for any.
        tool: name of the program; empty if the command names it.
        command: command with ``{tool}``, ``{file}`` and ``{threads}``.
        readings: places of the latency in the output, in order of preference.
    """

    name: str
    suffix: str
    tool: str
    command: str
    readings: tuple[Reading, ...]

    def milliseconds(self, output: str) -> float:
        """Return the latency that a run printed, in ms.

        Raises:
            UnreadableError: the output contains none, or more than one.
        """
        for reading in self.readings:
            ms = reading.find(output)
            if ms is not None:
                return _checked(ms)
        if self.readings:
            raise UnreadableError(f"it prints no latency; its last line: {last_line(output)}")
        return _checked(_only_latency(output))


PYTHON = "python"
"""The runner that is nasea's own script, for devices with Python."""

RUNNERS = {
    each.name: each
    for each in (
        Runner(
            "litert",
            "tflite",
            "benchmark_model",
            "{tool} --graph={file} --num_threads={threads}",
            (Reading(rf"Inference \(avg\): {_NUMBER}", "us"),),
        ),
        Runner(
            "onnxruntime",
            "onnx",
            "onnxruntime_perf_test",
            "{tool} -I -m times -r 100 -x {threads} -y 1 {file}",
            (
                Reading(rf"P50 Latency: {_NUMBER}", "s"),
                Reading(rf"Average inference time cost: {_NUMBER}", "ms"),
            ),
        ),
        Runner(
            "executorch",
            "pte",
            "executor_runner",
            "{tool} --model_path={file} --num_executions=100",
            (
                Reading(
                    rf"executed successfully (?P<runs>\d+) time\(s\) in {_NUMBER}",
                    "ms",
                ),
            ),
        ),
        Runner(
            PYTHON,
            "",
            "python3",
            "{tool} {script} {file} {threads}",
            (Reading(rf"latency: {_NUMBER}", "ms"),),
        ),
    )
}
"""The programs that nasea knows; tests/pipeline/test_latency_runners.py quotes what they print."""


def runner_of(
    name: str | None, command: str | None, unit: str | None, pattern: str | None
) -> Runner:
    """Return the runner that the options describe.

    Args:
        name: ``--runner``.
        command: ``--command``, instead of the runner's own command.
        unit: ``--unit``, the unit of numbers printed without one.
        pattern: ``--pattern``, a regular expression whose first group is the number.

    Raises:
        LatencyError: an option is invalid, or ``name`` and ``command`` do not describe a runner.
    """
    if name is None and command is None:
        raise LatencyError(
            "nasea does not know what times a file on the device",
            fix=f"--runner {' or '.join(RUNNERS)}, or --command 'PROGRAM {{file}}'",
        )
    if name is not None and name not in RUNNERS:
        raise LatencyError(
            f"--runner: known are {', '.join(RUNNERS)}, found {name!r}",
            fix="for another program: --command 'PROGRAM {file}'",
        )
    if unit is not None and unit not in UNITS:
        raise LatencyError(f"--unit: one of {', '.join(UNITS)}, found {unit!r}")
    if command is not None and "{file}" not in command:
        raise LatencyError(
            f"--command: must hold {{file}}, found {command!r}",
            fix="write {file} where the program takes the file's path",
        )
    base = RUNNERS[name] if name is not None else Runner("command", "", "", "", ())
    readings = _readings(unit, pattern) or base.readings
    return Runner(base.name, base.suffix, base.tool, command or base.command, readings)


def last_line(output: str) -> str:
    """Return the last non-empty line, shortened, for messages."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "(no output)"


def _readings(unit: str | None, pattern: str | None) -> tuple[Reading, ...]:
    if pattern is None:
        return (Reading(_NUMBER, unit),) if unit is not None else ()
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise LatencyError(
            f"--pattern: not a regular expression: {error}", fix="quote it for your shell"
        ) from error
    if groups < 1:
        raise LatencyError(
            f"--pattern: needs a group around the number, found {pattern!r}",
            fix=r"for example --pattern 'median: ([0-9.]+)'",
        )
    if "?P<value>" not in pattern:
        group = next(re.finditer(r"(?<!\\)\((?:\?P<\w+>|(?!\?))", pattern))
        pattern = f"{pattern[: group.start()]}(?P<value>{pattern[group.end() :]}"
    return (Reading(pattern, unit or ""),)


def _only_latency(output: str) -> float:
    """Return the only time in the output of an unknown program, a number with a unit."""
    found = re.findall(rf"(?<![\w.]){_NUMBER}\s*({_UNIT})\b", output)
    times = {float(value) * MILLISECONDS[unit] for value, unit in found}
    if not times:
        raise UnreadableError(
            f"it prints no number with a unit (say which with --unit); last line: "
            f"{last_line(output)}"
        )
    if len(times) > 1:
        shown = ", ".join(f"{value} {unit}" for value, unit in found[:4])
        raise UnreadableError(f"it prints several times ({shown}); say which with --pattern")
    return times.pop()


def _checked(ms: float) -> float:
    if not (ms > 0 and math.isfinite(ms)):
        raise UnreadableError(f"it prints a latency of {ms:g} ms")
    return ms


def filled(command: str, values: Sequence[tuple[str, str]]) -> str:
    """Return the command with its placeholders replaced; keep other braces, for the shell."""
    for name, value in values:
        command = command.replace(f"{{{name}}}", value)
    return command
