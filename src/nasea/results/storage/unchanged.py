"""Recognises results that a repeated search would only write again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasea.errors import ResultsError
from nasea.results.front import Front
from nasea.results.front.places import FRONT_FILE, REPORT_FILE
from nasea.results.report.html import predictions_file
from nasea.results.storage.staging import is_folder
from nasea.results.storage.weights_limit import WeightsRoom

FIGURES = ("pareto.png", "pareto.csv")

_PART = 1024**2
"""Bytes of a file that are read at once; ``hashlib.file_digest`` is not in Python 3.10."""


def unchanged(
    directory: Path, front: Front, models: Sequence[str], weights_limit: int | None
) -> Front | None:
    """Return the front of results that are those of ``front`` to the last byte.

    Weights need not be made for that: the results name the supernet that they came from, and the
    digest of each file.

    Args:
        directory: the results.
        front: the outcome of a search.
        models: texts of the generated files, in the order of the front.
        weights_limit: see :func:`nasea.results.storage.store.write_results`; where it leaves room
            for files that are missing, results are not complete.

    Returns:
        ``front`` with what the results know of their files; ``None`` if anything differs, as models
        that were edited or weights that were trained further.
    """
    try:
        return _unchanged(directory, front, models, weights_limit)
    except (ResultsError, OSError):
        return None


def _unchanged(
    directory: Path, front: Front, models: Sequence[str], weights_limit: int | None
) -> Front | None:
    if not front.info.supernet or not is_folder(directory):
        return None
    earlier = Front.load(directory / FRONT_FILE)
    if not same_networks(earlier, front) or earlier.evaluated != front.evaluated:
        return None
    if earlier.info.supernet != front.info.supernet:
        return None
    info = replace(front.info, weights=earlier.info.weights)
    files = [front.files_of(member) for member in front]
    pictures = {predictions_file(member.number) for member in front}
    there = {path.name for path in directory.iterdir() if not is_folder(path)}
    needed = {FRONT_FILE, REPORT_FILE, *FIGURES, *(model for model, _ in files)}
    if there - pictures - {weights for _, weights in files} != needed:
        return None
    digests, room = dict(info.weights), WeightsRoom(directory, weights_limit)
    for (model_file, weights_file), text in zip(files, models, strict=True):
        if (directory / model_file).read_bytes() != text.encode("utf-8"):
            return None
        if weights_file in digests and digest_of(directory / weights_file) != digests[weights_file]:
            return None
        if weights_file in there:
            room.take(directory / weights_file)
    missing = [member for member in front if front.files_of(member)[1] not in there]
    return None if any(map(room.has_room, missing)) else replace(front, info=info)


def same_networks(earlier: Front, front: Front) -> bool:
    """Return whether two fronts have the same members, of searches with the same outcome.

    When they were written, from which supernet, and with which weights files is not compared, nor
    is what devices measured since.
    """
    now = front.info
    info = replace(earlier.info, created=now.created, supernet=now.supernet, weights=now.weights)
    members = tuple(replace(member, measured_ms=None) for member in earlier)
    return info == now and members == front.members


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(_PART):
            digest.update(part)
    return digest.hexdigest()
