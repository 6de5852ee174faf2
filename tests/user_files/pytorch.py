"""Parts of PyTorch modules that are the same in several."""

from __future__ import annotations

IMPORTS = """\
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
"""

WITH_DIGITS = IMPORTS + "from sklearn.datasets import load_digits\n"

COSINE = """\
    def scheduler_define(self, optimizer, steps_per_epoch):
        total = self.epoch * steps_per_epoch
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
"""

CLASSIFYING = """\
    def metrics_func(self, eval_dataloader, eval_function):
        correct = count = 0
        for images, labels in eval_dataloader:
            logits = eval_function(images)
            correct += (logits.argmax(1) == labels).sum().item()
            count += len(labels)
        return correct / count

    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels)
"""
"""Methods of UserModule: the accuracy and its loss."""

PRE_NET = """

class PreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, inputs):
        return F.relu(self.norm(self.conv(inputs)))
"""


def user_module(first: str, data_set: str, *methods: str) -> str:
    """What stands first, then UserModule.

    Args:
        first: imports, data sets and whatever the methods need.
        data_set: an expression for the data set of ``dataset_dir``.
        methods: of UserModule, besides ``__init__`` and ``dataset_define``.
    """
    head = f"""

class UserModule:
    def __init__(self, epoch, batch_size):
        self.epoch, self.batch_size = epoch, batch_size

    def dataset_define(self, dataset_dir, is_training):
        return {data_set}
"""
    return "\n".join([first + head, *methods])
