"""CIFAR-10 images from an .npz file: ``train_images``, ``train_labels``, ``test_images``, ...

``train_dir`` and ``val_dir`` of scen.yaml are FILE.npz/train and FILE.npz/val: every fifth of the
file's training images validates. FILE.npz/test, its test images, is for nobody to select on.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset

MEAN = torch.tensor([0.491, 0.482, 0.447]).view(3, 1, 1)
STD = torch.tensor([0.247, 0.243, 0.262]).view(3, 1, 1)


class Images(Dataset):
    """32 x 32 colour images; training images are shifted by up to 4 pixels and mirrored."""

    def __init__(self, path, augment):
        file, part = path.rsplit("/", 1)
        with np.load(file) as arrays:
            group = "test" if part == "test" else "train"
            images, labels = arrays[f"{group}_images"], arrays[f"{group}_labels"]
        if part != "test":
            validates = np.arange(len(images)) % 5 == 4
            chosen = validates if part == "val" else ~validates
            images, labels = images[chosen], labels[chosen]
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        self.images = F.pad((pixels - MEAN) / STD, (4, 4, 4, 4))
        self.labels = torch.from_numpy(labels.astype("int64"))
        self.augment = augment

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        top, left, mirror = 4, 4, 0
        if self.augment:
            top, left, mirror = torch.randint(0, 9, (3,)).tolist()
        image = self.images[index, :, top : top + 32, left : left + 32]
        return image.flip(2) if mirror % 2 else image, self.labels[index]


class UserModule:
    def __init__(self, epoch, batch_size):
        self.epoch = epoch
        self.batch_size = batch_size

    def dataset_define(self, dataset_dir, is_training):
        return Images(dataset_dir, augment=is_training)

    def scheduler_define(self, optimizer, steps_per_epoch):
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=optimizer.param_groups[0]["lr"],
            total_steps=self.epoch * steps_per_epoch,
            pct_start=0.1,
        )

    def metrics_func(self, eval_dataloader, eval_function):
        """Accuracy."""
        correct = total = 0
        for images, labels in eval_dataloader:
            correct += (eval_function(images).argmax(1).cpu() == labels).sum().item()
            total += len(labels)
        return correct / total

    def loss_func(self, labels, logits):
        return F.cross_entropy(logits, labels, label_smoothing=0.1)


class PreNet(nn.Module):
    """3 x 32 x 32 to 16 x 16 x 16."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)

    def forward(self, inputs):
        return F.relu(self.norm(self.conv(inputs)))


class PostNet(nn.Module):
    """The last 64 channels to 10 logits."""

    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(64, 10)

    def forward(self, inputs):
        return self.classifier(inputs.mean(dim=(2, 3)))
