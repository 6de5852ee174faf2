"""``nasea latency import``: a profile of what was measured on a device."""

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
    """Make a profile of measured operators and write it below ``profiles/``.

    Args:
        results: the CSV file; its columns are those of the manifest that ``latency bench`` writes.
        name: what ``processor_version`` will call it.
        processor: the device in words; the name by default.
        per_network_ms: what a whole network costs beyond its operators.
        per_operator_ms: what each operator costs beyond its time alone; may be negative, when the
            times hold a share of starting a run.
        extrapolate: price shapes beyond the measured ones too, with a notice.
        directory: of the project; the current one by default.

    Returns:
        The profile, and where it was written.

    Raises:
        LatencyError: the file or the name is wrong.
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
    """Raise LatencyError unless ``name`` can name a profile of a project."""
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise LatencyError(
            f"--name: a profile's name is letters, digits and _ . -, found {name!r}",
            fix="for example --name my_phone",
        )
    if name in packaged_names():
        raise LatencyError(
            f"--name: {name} is a profile that comes with nasea", fix="choose another name"
        )
