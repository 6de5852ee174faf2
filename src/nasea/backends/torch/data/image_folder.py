"""Classification of images in folders, for pre-training without a user's module."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from nasea.backends.data.image_folder import FolderImages, augmented, open_folder
from nasea.config import Scenario


def folder_module(pre_net: type[nn.Module], scenario: Scenario) -> SimpleNamespace:
    """Return a classification module, as a user would write it, around the user's PreNet.

    Args:
        pre_net: the user's PreNet class.
        scenario: the derived classification scenario; its train_dir is the folder.

    Raises:
        DataError: the folder contains no class folders with images.
    """
    shape = scenario.supernet.input_chw
    folder = Path(scenario.dataset.train_dir)
    classes = len(open_folder(folder, True, shape).classes)
    channels = scenario.supernet.filters[-1]

    class UserModule:
        def __init__(self, epoch: int, batch_size: int) -> None:
            self.epochs = epoch

        def dataset_define(self, dataset_dir: str, is_training: bool) -> _Folder:
            return _Folder(open_folder(Path(dataset_dir), is_training, shape), is_training)

        def scheduler_define(self, optimizer: torch.optim.Optimizer, steps_per_epoch: int) -> Any:
            steps = self.epochs * steps_per_epoch
            return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

        def loss_func(self, labels: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
            return F.cross_entropy(logits, labels)

        def metrics_func(self, eval_dataloader: Any, eval_function: Any) -> float:
            right = total = 0
            for images, labels in eval_dataloader:
                right += int((eval_function(images).argmax(1).cpu() == labels).sum())
                total += len(labels)
            return right / total

    class PostNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.classifier = nn.Linear(channels, classes)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = self.classifier(inputs.mean((2, 3)))
            return scores

    return SimpleNamespace(UserModule=UserModule, PreNet=pre_net, PostNet=PostNet)


class _Folder(torch.utils.data.Dataset[Any]):
    """A data set of images (C, H, W) in [0, 1] and class numbers."""

    def __init__(self, images: FolderImages, is_training: bool) -> None:
        self.images = images
        self.is_training = is_training

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        pixels, label = self.images[index]
        if self.is_training:
            pixels = augmented(pixels, np.random.default_rng(np.random.randint(2**31)))
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))), label
