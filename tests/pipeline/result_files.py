"""Files of results, read and judged as their users would."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import torch

from results.model_files import load_file

Array = npt.NDArray[Any]


def header_of(path: Path) -> dict[str, Any]:
    """The plain assignments of a Python file, without running it."""
    found: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def count_and_score(model_file: Path) -> tuple[int, float]:
    """Count the parameters of a network of digits, and score it on ``digits/val``.

    By the framework's own count, and the user's metric in the user's own loop.
    """
    path = list(sys.path)
    # As in a process of its own: searches of other projects have left theirs.
    sys.path[:] = [folder for folder in path if not Path(folder, "user_module.py").is_file()]
    sys.modules.pop("user_module", None)
    try:
        model = load_file(model_file).load_model()
        user = importlib.import_module("user_module").UserModule(1, 32)
        return (_of_pytorch if isinstance(model, torch.nn.Module) else _of_tensorflow)(model, user)
    finally:
        sys.path[:] = path
        sys.modules.pop("user_module", None)


def tensors(weights_file: Path) -> dict[str, Array]:
    """Every tensor of a weights file by its name; of another file, none."""
    if weights_file.suffix == ".pt":
        stored = torch.load(weights_file, weights_only=True)
        return {name: value.numpy() for name, value in stored.items()}
    found: dict[str, Array] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item)

    if weights_file.suffix == ".h5":
        with h5py.File(weights_file) as file:
            file.visititems(visit)
    return found


def _of_pytorch(model: Any, user: Any) -> tuple[int, float]:
    loader = torch.utils.data.DataLoader(user.dataset_define("digits/val", False), 32)
    with torch.no_grad():
        metric = user.metrics_func(loader, model.eval())
    return sum(parameter.numel() for parameter in model.parameters()), float(metric)


def _of_tensorflow(model: Any, user: Any) -> tuple[int, float]:
    import tensorflow as tf

    dataset, images = user.build_dataset_search("digits/val", False)
    total = sum(len(y) * float(user.metrics_op(y, model(x, training=False))) for x, y in dataset)
    # All is trained but the statistics of the normalisations.
    return sum(int(tf.size(weights)) for weights in model.trainable_weights), total / images
