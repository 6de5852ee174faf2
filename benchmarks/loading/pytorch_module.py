"""An image folder as users read it with PyTorch; every image that is read adds a byte to a file."""

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

READS, SIDE = os.environ["LOADING_READS"], int(os.environ["LOADING_SIDE"])


class Folder(torch.utils.data.Dataset):
    def __init__(self, root):
        self.classes = sorted(os.listdir(root))
        self.files = [
            (str(path), label)
            for label, name in enumerate(self.classes)
            for path in sorted(Path(root, name).iterdir())
        ]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path, label = self.files[index]
        with open(READS, "ab", buffering=0) as reads:
            reads.write(b".")
        image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, np.float32).transpose(2, 0, 1) / 255
        return torch.from_numpy(np.ascontiguousarray(pixels)), label


class UserModule:
    def __init__(self, epoch, batch_size):
        pass

    def dataset_define(self, dataset_dir, is_training):
        return Folder(dataset_dir)

    def scheduler_define(self, optimizer, steps_per_epoch):
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)

    def metrics_func(self, eval_dataloader, eval_function):
        right = total = 0
        for images, labels in eval_dataloader:
            right += int((eval_function(images).argmax(1).cpu() == labels).sum())
            total += len(labels)
        return right / total

    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels)


class PreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 4, 4)

    def forward(self, inputs):
        return F.relu(self.conv(inputs))


class PostNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(16, 1000)

    def forward(self, inputs):
        return self.linear(inputs.mean((2, 3)))
