"""Reads and writes a project's own profiles, one JSON file each; all times are milliseconds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nasea.cost.profiles.measured import MeasuredProfile
from nasea.cost.profiles.table import TableProfile
from nasea.errors import LatencyError

FORMAT = "nasea-latency-profile"
VERSION = 1

StoredProfile = MeasuredProfile | TableProfile
_KINDS: Mapping[str, type[MeasuredProfile] | type[TableProfile]] = {
    "measured": MeasuredProfile,
    "table": TableProfile,
}


def load_profile(path: Path) -> StoredProfile:
    """Read a profile.

    Raises:
        LatencyError: the file cannot be read, is not a profile, or contains a wrong value.
    """
    fix = "make it again with nasea latency build or import, or name another processor"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LatencyError(f"cannot read {path}: {error.strerror or error}", fix=fix) from error
    except (ValueError, RecursionError) as error:
        raise LatencyError(f"{path} is not readable as JSON: {error}", fix=fix) from error
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise LatencyError(f"{path} is not a latency profile written by nasea", fix=fix)
    if content.pop("version", None) != VERSION or content.get("kind") not in _KINDS:
        raise LatencyError(
            f"{path}: this nasea reads latency profiles of version {VERSION}", fix=fix
        )
    return _validated(_KINDS[content.pop("kind")], content, path, fix)


def _validated(
    kind: type[MeasuredProfile] | type[TableProfile], content: Any, path: Path, fix: str
) -> StoredProfile:
    from pydantic import TypeAdapter, ValidationError

    try:
        # As JSON, because strict validation of JSON accepts a list for a tuple.
        adapter: TypeAdapter[StoredProfile] = TypeAdapter(kind)
        return adapter.validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        faults = [
            f"  {'.'.join(map(str, fault['loc'])) or 'profile'}: {fault['msg']}"
            for fault in error.errors()[:5]
        ]
        raise LatencyError("\n".join([f"{path} is damaged:", *faults]), fix=fix) from error


def save_profile(profile: StoredProfile, path: Path) -> None:
    """Write a profile atomically, one row per line.

    Raises:
        LatencyError: the file cannot be written.
    """
    kind = next(name for name, one in _KINDS.items() if isinstance(profile, one))
    content = {"format": FORMAT, "version": VERSION, "kind": kind, **asdict(profile)}
    rows = content.pop("rows")
    head = json.dumps(content, indent=1, allow_nan=False)[:-2]
    body = ",\n".join("  " + json.dumps(row, allow_nan=False) for row in rows)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(f'{head},\n "rows": [\n{body}\n ]\n}}\n', encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise LatencyError(
            f"cannot write {path}: {error.strerror or error}",
            fix="free some space or make the folder writable, then run the same command again",
        ) from error
