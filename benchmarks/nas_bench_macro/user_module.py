"""NAS-Bench-Macro's ends for 32 x 32 images; data, loss and metric are those of cifar10.py."""

import torch.nn.functional as F
from torch import nn

from cifar10 import UserModule  # noqa: F401 - nasea takes it from here


class PreNet(nn.Module):
    """3 x 32 x 32 to 32 x 32 x 32."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 32, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(32)

    def forward(self, inputs):
        return F.relu6(self.norm(self.conv(inputs)))


class PostNet(nn.Module):
    """The last 256 channels to 10 logits."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(256, 1280, kernel_size=1, bias=False)
        self.norm = nn.BatchNorm2d(1280)
        self.classifier = nn.Linear(1280, 10)

    def forward(self, inputs):
        features = F.relu6(self.norm(self.conv(inputs)))
        return self.classifier(features.mean(dim=(2, 3)))
