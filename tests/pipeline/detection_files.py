"""The user's files of a tiny detection project: one digit in a larger image, found by one box."""

from __future__ import annotations

from .dense_files import SCENARIO as SEGMENTATION_SCENARIO

SCENARIO = (
    SEGMENTATION_SCENARIO.replace("semantic_segmentation", "object_detection")
    .replace("[1, 9, 11]", "[1, 16, 16]")
    .replace("feature_choose: [0, 1]", "feature_choose: [1]")
    .replace("pre_train_dir: classes", "pre_train_dir: none")
    .replace("bn_images: 64", "bn_images: 64\n      eval_images: 30\n      metric_mode: max")
)

MODULE = """\
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

SPLITS = {"train": slice(0, 200), "val": slice(300, 360)}


class Scenes(torch.utils.data.Dataset):
    def __init__(self, folder):
        digits = load_digits()
        chosen = SPLITS[Path(folder).name]
        rng = np.random.default_rng(chosen.start)
        self.images, self.targets = [], []
        for image, label in zip(digits.images[chosen], digits.target[chosen]):
            x, y = rng.integers(0, 9, 2)
            scene = np.zeros((1, 16, 16), np.float32)
            scene[0, y : y + 8, x : x + 8] = image / 16
            self.images.append(torch.from_numpy(scene))
            empty = label == 9
            boxes = torch.tensor([[x, y, x + 8, y + 8]][: 1 - empty], dtype=torch.float32)
            labels = torch.tensor([int(label)][: 1 - empty])
            self.targets.append({"boxes": boxes.reshape(-1, 4), "labels": labels})

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], self.targets[index]

    @staticmethod
    def collate_fn(samples):
        images, targets = zip(*samples)
        return torch.stack(images), list(targets)


def overlap(one, other):
    low, high = torch.maximum(one[:2], other[:2]), torch.minimum(one[2:], other[2:])
    both = (high - low).clamp(min=0).prod()
    return float(both / ((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - both))


class UserModule:
    class_names = [str(digit) for digit in range(10)]

    def __init__(self, epoch, batch_size):
        self.epoch = epoch

    def dataset_define(self, dataset_dir, is_training):
        return Scenes(dataset_dir)

    def scheduler_define(self, optimizer, steps_per_epoch):
        total = self.epoch * steps_per_epoch
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)

    def loss_func(self, labels, logits):
        losses = [
            (found - target["boxes"]).abs().mean() / 16
            for found, target in zip(logits, labels)
            if len(target["boxes"])
        ]
        return torch.stack(losses)

    def metrics_func(self, eval_dataloader, eval_function):
        found = []
        for images, targets in eval_dataloader:
            for box, target in zip(eval_function(images), targets):
                found += [overlap(box, truth) for truth in target["boxes"]]
        return float(np.mean(found))

    def pictures(self, images, labels, outputs):
        return [
            {
                "image": (image[0] * 255).round().to(torch.uint8).numpy(),
                "truth": {"boxes": target["boxes"], "labels": target["labels"]},
                "found": {"boxes": box[None], "labels": [0], "scores": [0.9]},
            }
            for image, target, box in zip(images, labels, outputs)
        ]


class PreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, inputs):
        return F.relu(self.norm(self.conv(inputs)))


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.box = nn.Linear(24 * 64, 2)

    def forward(self, inputs):
        corner = 16 * self.box(torch.cat(inputs, 1).flatten(1)).sigmoid()
        return torch.cat([corner, corner + 8], 1)
"""
