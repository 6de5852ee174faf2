"""Reads the files that ``latency bench`` wrote."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasea.cost.profiles.operator_csv import manifest_text
from nasea.errors import LatencyError
from nasea.pipeline.latency.bench import MANIFEST, NETWORKS
from nasea.pipeline.latency.device.measuring import Task

_NOTHING = "nothing"


@dataclass(frozen=True)
class BenchFiles:
    """Files to time, all of one kind.

    Attributes:
        folder: the folder of the files.
        suffix: ``onnx``, ``tflite`` or another column of the manifest.
        rows: rows of the manifest.
        networks: id of a whole network -> ids of its operators.
        tasks: everything to time.
        digest: changes when the files are written again.
    """

    folder: Path
    suffix: str
    rows: tuple[Mapping[str, str], ...]
    networks: Mapping[str, tuple[str, ...]]
    tasks: tuple[Task, ...]
    digest: str

    nothing = _NOTHING
    """Id of the empty network."""

    def results(self, ms: Mapping[str, float]) -> str:
        """Return the manifest with the measured times, given by id of the task, in ms."""
        rows = []
        for row in self.rows:
            found = ms.get(operator_id(row["id"]))
            given = {key: value for key, value in row.items() if not key.startswith("latency_")}
            rows.append({**given, "latency_ms": "" if found is None else f"{found:.9g}"})
        return manifest_text(rows)


def operator_id(number: str) -> str:
    """Return the id of an operator's task."""
    return f"operator {number}"


def read_bench(folder: Path, suffix: str, command: str) -> BenchFiles:
    """Read the manifests of a folder.

    Args:
        folder: the folder.
        suffix: suffix of the files to read; empty for that of the framework's network files.
        command: name of the runner, for messages.

    Raises:
        LatencyError: the folder is damaged or has no files of this kind.
    """
    try:
        manifest = (folder / MANIFEST).read_bytes()
        rows = list(csv.DictReader(manifest.decode("utf-8-sig").splitlines()))
        listed = _networks(folder)
    except (OSError, ValueError, csv.Error) as error:
        raise LatencyError(
            f"{folder} is damaged: {error}", fix="move it away; it is written again"
        ) from error
    kinds = [name for name in ("onnx", "tflite", "pte") if rows and name in rows[0]]
    chosen = suffix or next(iter(listed), kinds[0] if kinds else "")
    if not rows or chosen not in rows[0]:
        raise LatencyError(
            f"{folder / MANIFEST} lists no .{chosen or 'onnx'} files, which {command} takes",
            fix=f"it has: {', '.join(kinds) or 'none'}; move {folder} away, and it is written "
            f"again, or add a column {chosen} with the paths of your own files",
        )
    tasks = [Task(operator_id(row["id"]), folder / row[chosen]) for row in rows if row[chosen]]
    networks: dict[str, tuple[str, ...]] = {}
    if chosen in listed:
        tasks.append(Task(_NOTHING, folder / listed[chosen]["nothing"]))
        for item in listed[chosen]["networks"]:
            name = f"network {Path(item['file']).stem}"
            networks[name] = tuple(operator_id(number) for number in item["operators"])
            tasks.append(Task(name, folder / item["file"]))
    absent = [str(task.path) for task in tasks if not task.path.is_file()]
    if absent:
        raise LatencyError(
            f"{len(absent)} files of {folder / MANIFEST} are missing, the first is {absent[0]}",
            fix=f"move {folder} away; it is written again",
        )
    digest = hashlib.sha256(manifest + json.dumps(listed, sort_keys=True).encode())
    for task in tasks:
        digest.update(task.path.read_bytes())
    return BenchFiles(folder, chosen, tuple(rows), networks, tuple(tasks), digest.hexdigest()[:16])


def _networks(folder: Path) -> dict[str, Any]:
    path = folder / NETWORKS
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not all(
        isinstance(each, dict) and {"nothing", "networks"} <= each.keys()
        for each in content.values()
    ):
        raise ValueError(f"{NETWORKS} is not what latency bench writes")
    return content
