"""scikit-learn's digits, 8 x 8 pixels, somewhere on 16 x 16 pixels of noise, dark or bright."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import Dataset

import cifar10

PARTS = {"train": slice(0, 1197), "val": slice(1197, 1797)}
NOISE = 0.35
"""Standard deviation; ink is 1."""

PLACES = 4
"""Places at which every validation digit is seen: with one, an accuracy of 600 images is as
uncertain as networks differ."""


class Digits(Dataset):
    """Training digits are placed anew every time, the others always alike."""

    def __init__(self, part, is_training):
        everything = load_digits()
        order = np.random.RandomState(0).permutation(len(everything.target))[PARTS[part]]
        self.images = torch.tensor(everything.images[order] / 16, dtype=torch.float32)
        self.labels = torch.tensor(everything.target[order])
        self.is_training = is_training
        self.places = 1 if is_training else PLACES

    def __len__(self):
        return len(self.labels) * self.places

    def __getitem__(self, index):
        generator = None if self.is_training else torch.Generator().manual_seed(index)
        top, left, sign = torch.randint(0, 9, (3,), generator=generator).tolist()
        canvas = NOISE * torch.randn(1, 16, 16, generator=generator)
        digit = index // self.places
        canvas[0, top : top + 8, left : left + 8] += (1 if sign % 2 else -1) * self.images[digit]
        return canvas, self.labels[digit]


class UserModule(cifar10.UserModule):
    """Loss, metric and schedule are those of cifar10.py."""

    def dataset_define(self, dataset_dir, is_training):
        return Digits(dataset_dir.rsplit("/", 1)[1], is_training)


class PreNet(nn.Module):
    """1 x 16 x 16 to 8 x 16 x 16."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, inputs):
        return F.relu(self.norm(self.conv(inputs)))


class PostNet(nn.Module):
    """The last 32 channels to 10 logits."""

    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(32, 10)

    def forward(self, inputs):
        return self.classifier(inputs.mean(dim=(2, 3)))
