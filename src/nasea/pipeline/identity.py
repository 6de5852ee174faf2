"""What shaped a trained supernet: compared when a run is resumed.

Only what shaped finished stages counts. The search keys, the budget and the device ids may change
between starts; the data, the space, the training settings and the user's code may not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from nasea.errors import CheckpointError
from nasea.pipeline.probe import Prepared
from nasea.space.select import USER_BLOCKS_FILE

_USER_MODULE_FILE = "user_module.py"

_TOLD = {
    "scenario": "the scenario (anything but searcher keys, the budget and gpu_id)",
    "user_module": "user_module.py",
    "blocks": "blocks.py",
    "space": "the search space",
    "data": "the number of images in the data sets",
}


def identity(prepared: Prepared, directory: Path) -> dict[str, str]:
    """Digests of everything that shaped training, by what it is."""
    data = prepared.data
    space = [asdict(layer) for layer in prepared.space.layers]
    return {
        "scenario": prepared.scenario.training_digest(),
        "user_module": _file_digest(directory / _USER_MODULE_FILE),
        "blocks": _file_digest(directory / USER_BLOCKS_FILE),
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


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
