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

from nasea.backends.base import DataReport
from nasea.backends.user.module import FILE_NAME, user_files
from nasea.config import Scenario
from nasea.errors import CheckpointError
from nasea.space import Space
from nasea.space.select import USER_BLOCKS_FILE

_TOLD = {
    "scenario": "the scenario (anything but searcher keys, the budget and gpu_id)",
    "user_module": "user_module.py or a file that it imports",
    "blocks": "blocks.py",
    "space": "the search space",
    "data": "the number of images in the data sets",
    "pre_train": "pre_train.yaml or user_module_cls.py",
    "weights": "the weights that retraining begins with",
    "teacher": "the teacher",
    "plan": "how to retrain (--epochs, --learning-rate and the like)",
}


def identity(scenario: Scenario, data: DataReport, space: Space, directory: Path) -> dict[str, str]:
    """Digests of everything that shaped training, by what it is."""
    own_blocks = directory / USER_BLOCKS_FILE
    code = {directory / FILE_NAME, *user_files(directory)} - {own_blocks}
    layers = [asdict(layer) for layer in space.every_layer]
    return {
        "scenario": scenario.training_digest(),
        "user_module": digest_of(sorted(code)),
        "blocks": digest_of([own_blocks]),
        "space": hashlib.sha256(json.dumps(layers, sort_keys=True).encode()).hexdigest(),
        "data": f"{data.train_images} + {data.val_images}",
    }


def require_same(
    stored: Mapping[str, str], present: Mapping[str, str], folder: str = "checkpoint/"
) -> None:
    """Raise CheckpointError, naming what changed, when a run cannot be resumed.

    Args:
        stored: identity of the run that a checkpoint is of.
        present: identity of this run.
        folder: where the checkpoint is, for the message.
    """
    changed = [text for key, text in _TOLD.items() if stored.get(key) != present.get(key)]
    if changed:
        raise CheckpointError(
            f"{folder} belongs to another run; since then this changed: {'; '.join(changed)}",
            fix="undo the change to go on, or run again with --restart to begin anew "
            "(results/ is kept)",
        )


def digest_of(files: Sequence[Path]) -> str:
    """SHA-256, in hexadecimal, of the names and contents of files; of those that are there."""
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            digest.update(f"{path.name}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
