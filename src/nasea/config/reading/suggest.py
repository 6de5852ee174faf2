"""Suggestions for misspelt words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_OTHER_NAMES = {
    "batch": "batch_size",
    "budget": "constraint_value",
    "channels": "filters",
    "devices": "gpu_id",
    "generations": "generation_num",
    "gpus": "gpu_id",
    "image_size": "input_shape",
    "input_size": "input_shape",
    "iterations": "generation_num",
    "lr": "learning_rate",
    "n_gen": "generation_num",
    "num_epochs": "epochs",
    "optim": "optimizer",
    "population": "pop_size",
    "population_size": "pop_size",
    "processor": "processor_version",
    "task": "application_type",
    "train": "train_dir",
    "val": "val_dir",
    "valid_dir": "val_dir",
    "workers": "data_workers",
}
"""Names that other tools, and users, have for a key."""

REMARKS = {
    "weight_decay": "there is no such key; with PyTorch, set 'weight_decay' in each group of "
    "optimizer.param_groups in UserModule.scheduler_define",
    "num_classes": "there is no such key; PostNet decides how many classes there are",
    "nesterov": "there is no such key; SGD and Momentum are used without Nesterov",
}
"""Advice on keys that users expect but that do not exist."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest to ``word``, ignoring case; ``None`` if none is close."""
    by_fold = {one.casefold(): one for one in known}
    folded = word.casefold()[:80]  # matching takes quadratic time, and no key is that long
    if _OTHER_NAMES.get(folded) in by_fold:
        return by_fold[_OTHER_NAMES[folded]]
    found = get_close_matches(folded, by_fold, n=1, cutoff=0.7)
    return by_fold[found[0]] if found else None
