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
    searched = CheckpointStore(directory, "search")
    if searched.files():
        state = (searched.glance() or {}).get("state")
        done = state.get("generation", 0) if isinstance(state, dict) else 0
        if not done:
            return "the supernet is trained, and no generation of the search is done"
        return f"the supernet is trained; the search has done {done} generation{'s' * (done != 1)}"
    meta = CheckpointStore(directory, "train").glance()
    if meta is None:
        return None
    epoch = meta.get("epoch", 0)
    return f"the supernet is in training, {epoch} epoch{'s' * (epoch != 1)} done"
