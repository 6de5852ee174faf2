"""A network's metric computed by PyTorch alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from nasea.backends.torch.network.standalone import load_network


def metric_of(backend: Any, weights: Path) -> float:
    """The user's metric of the only network, by a plain loop."""
    module = sys.modules["user_module"]
    user = module.UserModule(1, 8)
    dataset = user.dataset_define("12", False)
    network = load_network(backend.user, backend.supernet.space, (0,), weights)
    collate = getattr(dataset, "collate_fn", None)
    loader = torch.utils.data.DataLoader(dataset, batch_size=8, collate_fn=collate)
    with torch.no_grad():
        return float(user.metrics_func(loader, network))


METRICS = dict.fromkeys(("classification", "segmentation", "detection"), metric_of)
