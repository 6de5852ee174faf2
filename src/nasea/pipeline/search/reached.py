"""How far a search has come that has no front yet."""

from __future__ import annotations

from pathlib import Path

from nasea.pipeline.session.checkpoint import CheckpointStore
from nasea.results.front.places import CHECKPOINTS, RESULTS


def reached(results: Path) -> str | None:
    """Say how far the search beside a folder ``results`` has come; ``None`` if there is none."""
    folder = results.resolve()
    if folder.name not in (RESULTS, CHECKPOINTS):
        return None
    directory = folder.with_name(CHECKPOINTS)
    if CheckpointStore(directory, "search").files():
        return "the supernet is trained, and no architecture is scored yet"
    meta = CheckpointStore(directory, "train").glance()
    if meta is None:
        return None
    epoch = meta.get("epoch", 0)
    return f"the supernet is in training, {epoch} epoch{'s' * (epoch != 1)} done"
