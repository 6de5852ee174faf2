"""What every benchmark prints and writes: a table, and JSON with machine, versions and seed."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("nasea", "torch", "tensorflow", "numpy", "pymoo")
RECORDS = Path(__file__).parent / "records"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0].split(":", 1)[1].strip() if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def record(name: str, seed: int, results: dict[str, Any]) -> Path:
    """Write ``records/NAME.json`` and say so."""
    RECORDS.mkdir(exist_ok=True)
    path = RECORDS / f"{name}.json"
    content = {
        "benchmark": name,
        "date": time.strftime("%Y-%m-%d"),
        "seed": seed,
        "machine": machine(),
        "results": results,
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    print(f"written: {path}")
    return path


def recorded(name: str) -> dict[str, Any]:
    """The results in ``records/NAME.json``; none where there is no such file."""
    path = RECORDS / f"{name}.json"
    return dict(json.loads(path.read_text())["results"]) if path.is_file() else {}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table; the first column is text, the others are aligned to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells))
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
