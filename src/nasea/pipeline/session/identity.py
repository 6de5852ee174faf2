"""Identity of a trained supernet: digests of its inputs, compared when a run is resumed.

Only the inputs of finished stages count. The search keys, the budget and the device ids may change
between starts; the data, the search space, the training settings and the user's code may not.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from nasea.backends.records import DataReport
from nasea.backends.user.module import FILE_NAME, user_files
from nasea.config import Scenario
from nasea.errors import CheckpointError
from nasea.space import Space
from nasea.space.select import USER_BLOCKS_FILE

_METRICS = ("metrics_func", "metrics_op")
_SCHEDULES = ("scheduler_define", "lr_scheduler")

_DESCRIPTIONS = {
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
    """Return digests of all inputs of training, by the keys of ``_DESCRIPTIONS`` and others."""
    module = directory / FILE_NAME
    layers = [asdict(layer) for layer in space.every_layer]
    return {
        "scenario": scenario.training_digest(),
        "user_module": code_digest(directory),
        "blocks": digest_of([directory / USER_BLOCKS_FILE]),
        "space": hashlib.sha256(json.dumps(layers, sort_keys=True).encode()).hexdigest(),
        "data": f"{data.train_images} + {data.val_images}",
        **parts_of_code(module, sorted(_code_files(directory) - {module})),
    }


def code_digest(directory: Path) -> str:
    """Return the digest of the user's module and of the files that it has imported so far."""
    return digest_of(sorted(_code_files(directory)))


def _code_files(directory: Path) -> set[Path]:
    return {directory / FILE_NAME, *user_files(directory)} - {directory / USER_BLOCKS_FILE}


def require_same(
    stored: Mapping[str, str], present: Mapping[str, str], folder: str = "checkpoint/"
) -> None:
    """Raise CheckpointError, naming what changed, if a run cannot be resumed.

    Args:
        stored: identity of the run that wrote the checkpoint.
        present: identity of this run.
        folder: the folder of the checkpoint, for the message.
    """
    changed = [text for key, text in _DESCRIPTIONS.items() if stored.get(key) != present.get(key)]
    if changed:
        raise CheckpointError(
            f"{folder} belongs to another run; changed since then: {'; '.join(changed)}",
            fix="undo the change to resume, or run again with --restart to start over "
            "(results/ is kept)",
        )


def require_same_supernet(stored: Mapping[str, str], present: Mapping[str, str]) -> bool:
    """Like :func:`require_same`, but the metric and the schedule may have been edited.

    Returns:
        Whether the metric changed, so that earlier measurements are invalid.
    """
    same_training = stored.get("training_code") == present["training_code"]
    user_module = present["user_module"] if same_training else stored.get("user_module", "")
    require_same({**stored, "user_module": user_module}, present)
    return same_training and stored.get("metric_code") != present["metric_code"]


def parts_of_code(module: Path, others: Sequence[Path]) -> dict[str, str]:
    """Return digests of the user's metric, and of all code except the metric and the schedule.

    Code that these methods call counts as other code. Comments do not count.

    Args:
        module: ``user_module.py``.
        others: the files that it imports.
    """
    try:
        tree = ast.parse(module.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {"training_code": "", "metric_code": ""}
    metric: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "UserModule":
            editable = [
                m for m in node.body if getattr(m, "name", None) in (*_METRICS, *_SCHEDULES)
            ]
            metric += [ast.dump(m) for m in editable if getattr(m, "name", None) in _METRICS]
            node.body = [m for m in node.body if m not in editable]
    training = hashlib.sha256(f"{ast.dump(tree)} {digest_of(others)}".encode()).hexdigest()
    return {
        "training_code": training,
        "metric_code": hashlib.sha256("".join(metric).encode()).hexdigest(),
    }


def digest_of(files: Sequence[Path]) -> str:
    """Return the SHA-256, in hexadecimal, of the names and contents of the files that exist."""
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            digest.update(f"{path.name}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
