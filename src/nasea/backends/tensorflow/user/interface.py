"""The interface of a user's module, for each task."""

from __future__ import annotations

from nasea.backends.user.module import Interface
from nasea.terms import Task


def interface_of(task: Task) -> Interface:
    """Return the interface of the modules of a task."""
    shuffle = () if task == "classification" else ("is_shuffle",)
    return {
        "UserModule": {
            "__init__": ("epoch", "batch_size"),
            "build_dataset_search": ("dataset_dir", "is_training", *shuffle),
            "lr_scheduler": ("lr_init", "global_step"),
            "metrics_op": ("inputs", "outputs"),
            "loss_op": ("labels", "logits"),
        },
        "PreNet": {"__init__": (), "call": ("inputs",)},
        "PostNet": {"__init__": (), "call": ("inputs",)},
    }


INTERFACE = interface_of("classification")
