"""Writes small results."""

from __future__ import annotations

from pathlib import Path

from nasea.results.front import Front, FrontMember
from nasea.results.storage.store import RenderedModel, write_results

from .builders import make_front

FIRST = make_front(0.7, 0.8)

Snapshot = dict[str, bytes]


def weights(member: FrontMember, path: Path) -> int:
    path.write_bytes(f"weights of {member.accuracy}".encode())
    return member.parameters


def write(home: Path, front: Front = FIRST) -> Path | None:
    models = [RenderedModel(member.number, f"# {member.accuracy}\n") for member in front]
    return write_results(home / "results", front, models, weights).earlier


def snapshot(directory: Path) -> Snapshot:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}
