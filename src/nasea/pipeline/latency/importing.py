"""``nasea latency import``: makes a profile from times measured on a device."""

from __future__ import annotations

import re
import time
from pathlib import Path

from nasea.cost.profiles import packaged_names, profile_path
from nasea.cost.profiles.files import save_profile
from nasea.cost.profiles.operator_csv import read_times
from nasea.cost.profiles.table import MeasuredOperator, TableProfile
from nasea.errors import LatencyError

NOT_JUDGED = "how far whole networks are from it was not measured"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def import_times(
    results: Path,
    name: str,
    *,
    processor: str | None = None,
    per_network_ms: float = 0.0,
    per_operator_ms: float = 0.0,
    extrapolate: bool = False,
    directory: Path | None = None,
) -> tuple[TableProfile, Path]:
    """Make a profile of measured operators and write it to ``profiles/``.

    Args:
        results: the CSV file, with the columns of the manifest that ``latency bench`` writes.
        name: name of the profile, for ``processor_version``.
        processor: description of the device; the name by default.
        per_network_ms: time of a network beyond its operators, in ms.
        per_operator_ms: time of each operator in a network beyond its time alone, in ms; may be
            negative if the measured times include starting a run.
        extrapolate: also predict shapes beyond the measured ones, with a notice.
        directory: directory of the project; the current one by default.

    Returns:
        The profile and its path.

    Raises:
        LatencyError: the file or the name is invalid.
    """
    require_name(name)
    rows = tuple(MeasuredOperator.of(op, ms) for op, ms in read_times(results))
    profile = TableProfile(
        name=name,
        processor=processor or name,
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        source=results.name,
        per_network_ms=per_network_ms,
        per_operator_ms=per_operator_ms,
        extrapolate=extrapolate,
        quality=NOT_JUDGED,
        rows=rows,
    )
    path = profile_path(name, (directory or Path.cwd()).resolve())
    save_profile(profile, path)
    return profile, path


def require_name(name: str) -> None:
    """Raise LatencyError unless ``name`` is a valid name for a profile of a project."""
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise LatencyError(
            f"--name: a profile's name is letters, digits and _ . -, found {name!r}",
            fix="for example --name my_phone",
        )
    if name in packaged_names():
        raise LatencyError(
            f"--name: {name} is a profile that comes with nasea", fix="choose another name"
        )
