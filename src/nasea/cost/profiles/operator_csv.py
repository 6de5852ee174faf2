"""Operators and their times as a spreadsheet, written by ``latency bench`` and read by ``import``.

There is one row per operator. The name of the time column gives the unit: ``latency_ms`` or
``latency_us``.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from nasea.cost.operators import KINDS, Operator
from nasea.errors import LatencyError, Problem
from nasea.space import Shape

COLUMNS = (
    "kind", "in_shape", "out_shape", "kernel", "stride", "groups", "inputs", "activation",
)  # fmt: skip
UNITS = {"latency_ms": 1.0, "latency_us": 1e-3, "latency_s": 1e3}
"""Column of the time -> milliseconds of one unit."""

_MAX_SHOWN = 10
_LARGEST = 10**9


def row_of(operator: Operator) -> dict[str, str]:
    """Return the columns that describe an operator."""
    cells = (
        operator.kind,
        _joined(operator.in_shape),
        _joined(operator.out_shape),
        _joined(operator.kernel),
        str(operator.stride),
        str(operator.groups),
        str(operator.inputs),
        operator.activation,
    )
    return dict(zip(COLUMNS, cells, strict=True))


def manifest_text(rows: Sequence[Mapping[str, str]]) -> str:
    """Return a spreadsheet of operators with empty time cells."""
    head = [*(key for key in rows[0] if key not in COLUMNS), *COLUMNS, "latency_ms"]
    text = io.StringIO()
    writer = csv.DictWriter(text, head, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_times(path: Path) -> list[tuple[Operator, float]]:
    """Return (operator, milliseconds) of every row that has a time.

    Raises:
        LatencyError: lists all errors: file, line, column, the rule, the value found.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lines = [(reader.line_num, row) for row in reader]
            head = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LatencyError(
            f"cannot read {path}: {reason}", fix="give the CSV file with the measured times"
        ) from error
    column = _time_column(path, head)
    problems: list[Problem] = []
    found = [
        pair
        for line, row in lines
        if (pair := _read_row(f"{path}:{line}", row, column, problems)) is not None
    ]
    if not found and not problems:
        problems.append(Problem(str(path), column, "no row has a time", fix="fill the column in"))
    _raise(problems)
    return found


def _time_column(path: Path, head: Sequence[str]) -> str:
    missing = [name for name in COLUMNS if name not in head]
    times = [name for name in UNITS if name in head]
    problems = [Problem(f"{path}:1", name, "the column is missing") for name in missing]
    if len(times) > 1:
        problems.append(
            Problem(
                f"{path}:1",
                "",
                "times must stand in one column, in one unit",
                found=", ".join(times),
                fix="convert all times to one unit and keep one of the columns",
            )
        )
    if not times:
        problems.append(
            Problem(
                f"{path}:1",
                "",
                f"a column of times is missing; its name says the unit: {', '.join(UNITS)}",
                found=", ".join(head) or "nothing",
                fix="nasea latency bench writes a file with all columns; fill in latency_ms",
            )
        )
    _raise(problems)
    return times[0]


def _read_row(
    where: str, row: Mapping[str, str], column: str, problems: list[Problem]
) -> tuple[Operator, float] | None:
    text = (row.get(column) or "").strip()
    if not text:
        return None  # not measured
    before = len(problems)
    ms = _time(where, column, text, problems)
    kind = (row.get("kind") or "").strip()
    if kind not in KINDS:
        problems.append(
            Problem(where, "kind", f"must be one of {', '.join(KINDS)}", found=kind or "nothing")
        )

    def sizes(name: str, count: int) -> list[int]:
        cell = (row.get(name) or "").strip()
        parts = cell.split("x")
        if len(parts) == count and all(p.isdecimal() and 0 < int(p) < _LARGEST for p in parts):
            return [int(part) for part in parts]
        rule = "must be an integer > 0" if count == 1 else f"must be {count} integers > 0 with x"
        problems.append(Problem(where, name, rule, found=cell or "nothing"))
        return [1] * count

    before_shape, after_shape = sizes("in_shape", 3), sizes("out_shape", 3)
    kernel = sizes("kernel", 2)
    stride, groups, inputs = (sizes(name, 1)[0] for name in ("stride", "groups", "inputs"))
    if len(problems) > before:
        return None
    operator = Operator(
        kind,
        _shape(before_shape),
        _shape(after_shape),
        (kernel[0], kernel[1]),
        stride,
        groups,
        inputs,
        (row.get("activation") or "").strip(),
    )
    return operator, ms


def _time(where: str, column: str, text: str, problems: list[Problem]) -> float:
    unit = column.removeprefix("latency_")
    try:
        value = float(text)
    except ValueError:
        fix = f"write the number alone, in {unit}; all rows share the unit of the column"
        problems.append(Problem(where, column, "must be a number", found=text[:40], fix=fix))
        return 1.0
    if not (value > 0 and math.isfinite(value)):
        fix = "measure it again, or leave the cell empty"
        problems.append(Problem(where, column, "must be > 0", found=text[:40], fix=fix))
        return 1.0
    return value * UNITS[column]


def _raise(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    lines = [f"  {problem}" for problem in problems[:_MAX_SHOWN]]
    if len(problems) > _MAX_SHOWN:
        lines.append(f"  and {len(problems) - _MAX_SHOWN} more")
    count = len(problems)
    head = f"{count} error{'s' * (count != 1)} in the measurements:"
    raise LatencyError("\n".join([head, *lines]))


def _joined(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))


def _shape(sizes: Sequence[int]) -> Shape:
    return (sizes[0], sizes[1], sizes[2])
