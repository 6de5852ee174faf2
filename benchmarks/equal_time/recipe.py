"""One recipe for every contender: the user module's data and schedule, Adam, cross-entropy."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

USER_MODULE = Path(__file__).resolve().parents[1] / "cifar10" / "user_module.py"
BATCH = 64
RATE = 0.005
_TIMED = 30
"""Updates that settle how many epochs there is time for."""


def user_module() -> ModuleType:
    """The module whose PreNet, PostNet, data and schedule all contenders take."""
    spec = importlib.util.spec_from_file_location("user_module", USER_MODULE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def thinned(images: Path, count: int, target: Path) -> Path:
    """Write a copy of FILE.npz with fewer training images, drawn at random.

    Args:
        images: with ``train_images``, ``train_labels`` and the same for ``test``.
        count: images to train on; a quarter as many validate.
        target: the copy.
    """
    with np.load(images) as arrays:
        parts = dict(arrays)
    order = np.random.default_rng(0).permutation(len(parts["train_labels"]))
    kept = np.sort(order[: count + count // 4])
    for name in ("train_images", "train_labels"):
        parts[name] = parts[name][kept]
    np.savez(target, **parts)
    return target


@dataclass
class Clock:
    """CPU seconds of this process that are left.

    Attributes:
        seconds: of the whole job.
    """

    seconds: float

    @property
    def left(self) -> float:
        """Until the job must have ended."""
        return self.seconds - time.process_time()


class Recipe:
    """Trains and measures networks.

    Args:
        images: the .npz file.
        seed: of initial values, order and augmentation.
    """

    def __init__(self, images: Path, seed: int) -> None:
        self.module = user_module()
        self.images = images
        self.seed = seed
        self._train = self.module.Images(f"{images}/train", augment=True)

    def trained(self, make: Callable[[], torch.nn.Module], seconds: float, most: int = 200) -> Any:
        """Train as many epochs as there are CPU seconds for.

        Args:
            make: the network, with its initial values.
            seconds: CPU seconds; measuring the speed is among them.
            most: epochs at most.
        """
        start = time.process_time()
        torch.manual_seed(self.seed)
        pace = self.pace(make())
        updates = len(self._train) // BATCH
        rest = seconds - (time.process_time() - start)
        epochs = max(1, min(most, math.floor(rest / (pace * updates))))
        torch.manual_seed(self.seed)
        network = make()
        self.train(network, epochs)
        return network, epochs

    def train(self, network: torch.nn.Module, epochs: int, rate: float = RATE) -> None:
        """Train so many epochs under the user's schedule."""
        user = self.module.UserModule(epochs, BATCH)
        optimizer = torch.optim.Adam(network.parameters(), lr=rate)
        schedule = user.scheduler_define(optimizer, len(self._train) // BATCH)
        network.train()
        for _ in range(epochs):
            for images, labels in self.loader():
                self._update(network, user, optimizer, images, labels)
                schedule.step()

    def accuracy(self, network: torch.nn.Module, part: str) -> float:
        """Of the whole of ``val`` or ``test``."""
        data = self.module.Images(f"{self.images}/{part}", augment=False)
        loader = torch.utils.data.DataLoader(data, batch_size=500)
        network.eval()
        with torch.no_grad():
            return float(self.module.UserModule(1, 500).metrics_func(loader, network))

    def pace(self, network: torch.nn.Module) -> float:
        """CPU seconds of an update, the first ones apart."""
        user = self.module.UserModule(1, BATCH)
        optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
        network.train()
        for index, (images, labels) in enumerate(self.loader()):
            if index == 5:
                start = time.process_time()
            if index == 5 + _TIMED:
                break
            self._update(network, user, optimizer, images, labels)
        return (time.process_time() - start) / _TIMED

    def loader(self) -> Any:
        """Batches of the training images, in a new order each time."""
        return torch.utils.data.DataLoader(self._train, BATCH, shuffle=True, drop_last=True)

    @staticmethod
    def _update(network: Any, user: Any, optimizer: Any, images: Any, labels: Any) -> None:
        images = images.contiguous(memory_format=torch.channels_last)
        loss = user.loss_func(labels, network(images))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
