"""What shaped a trained supernet: compared when a run is resumed.

Only what shaped finished stages counts. The search keys, the budget and the device ids may change
between starts; the data, the space, the training settings and the user's code may not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from nasea.backends.usermodule import FILE_NAME, user_files
from nasea.errors import CheckpointError
from nasea.pipeline.probe import Prepared
from nasea.space.select import USER_BLOCKS_FILE

_TOLD = {
    "scenario": "the scenario (anything but searcher keys, the budget and gpu_id)",
    "user_module": "user_module.py or a file that it imports",
    "blocks": "blocks.py",
    "space": "the search space",
    "data": "the number of images in the data sets",
}


def identity(prepared: Prepared, directory: Path) -> dict[str, str]:
    """Digests of everything that shaped training, by what it is."""
    data = prepared.data
    own_blocks = directory / USER_BLOCKS_FILE
    code = {directory / FILE_NAME, *user_files(directory)} - {own_blocks}
    space = [asdict(layer) for layer in prepared.space.layers]
    return {
        "scenario": prepared.scenario.training_digest(),
        "user_module": _digest_of(sorted(code)),
        "blocks": _digest_of([own_blocks]),
        "space": hashlib.sha256(json.dumps(space, sort_keys=True).encode()).hexdigest(),
        "data": f"{data.train_images} + {data.val_images}",
    }


def require_same(stored: Mapping[str, str], present: Mapping[str, str]) -> None:
    """Raise CheckpointError, naming what changed, when a run cannot be resumed."""
    changed = [text for key, text in _TOLD.items() if stored.get(key) != present.get(key)]
    if changed:
        raise CheckpointError(
            "checkpoint/ belongs to another run; since then this changed: " + "; ".join(changed),
            fix="undo the change to go on, or run again with --restart to begin anew "
            "(results/ is kept)",
        )


def _digest_of(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            digest.update(f"{path.name}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
