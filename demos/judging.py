"""A model file of a detection or segmentation project, judged by the project's own metric.

    python judging.py FRAMEWORK TASK MODEL_FILE DATA

in the directory of the project; MODEL_FILE is in its ``results``. Prints the metric on DATA.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from digits import load


def judge(framework: str, task: str, model_file: str, data: str) -> float:
    """The metric of a network on images that nothing was selected on.

    Args:
        framework: pytorch or tensorflow.
        task: detection or segmentation.
        model_file: name of the file in ``results``.
        data: as ``val_dir`` of the scenario has it.
    """
    sys.path.insert(0, str(Path.cwd()))
    # The model file goes first: it settles which Keras TensorFlow stands on.
    model = load(Path("results") / model_file).load_model()
    user = importlib.import_module("user_module").UserModule(epoch=1, batch_size=50)
    if framework == "pytorch":
        return _by_pytorch(user, model, data)
    if task == "detection":
        generator, dataset, size = user.build_dataset_search(data, False, False)
        return float(user.metrics_op([data, model], [generator, dataset.image_ids, size]))
    return _over_batches(user, model, data)


def _by_pytorch(user: Any, model: Any, data: str) -> float:
    import torch

    images = user.dataset_define(data, False)
    collate = getattr(images, "collate_fn", None)
    loader = torch.utils.data.DataLoader(images, batch_size=50, collate_fn=collate)
    with torch.no_grad():
        return float(user.metrics_func(loader, model))


def _over_batches(user: Any, model: Any, data: str) -> float:
    """The mean over batches, as nasea takes it from a TensorFlow module."""
    dataset, size = user.build_dataset_search(data, False, False)
    total = sum(
        len(labels) * float(user.metrics_op(labels, model(images, training=False)))
        for images, labels in dataset
    )
    return total / size


if __name__ == "__main__":
    print(judge(*sys.argv[1:]))
