"""Training the supernet: a few paths an update, the user's loss, the user's schedule."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from nasea.backends.base import UpdateReport
from nasea.backends.torch.data import Batch
from nasea.backends.torch.devices import move, seed_everything
from nasea.backends.torch.state import pack, random_state, set_random_state, unpack
from nasea.backends.torch.supernet import Supernet, average_gradients
from nasea.backends.torch.teacher import Teacher
from nasea.backends.torch.user import UserCode
from nasea.config import Scenario
from nasea.errors import CheckpointError, TrainingError
from nasea.space import Genome

_EPOCH_STREAM = 0x7E


class Trainer:
    """Optimiser, schedule and the step.

    Args:
        scenario: optimiser settings.
        user: the user's loss and schedule.
        supernet: what is trained.
        device: where.
        batches_per_epoch: batches of one pass over the training images.
        paths_per_update: paths whose gradients make one update, a batch each.
        teacher: another network to learn from as well.
    """

    def __init__(
        self,
        scenario: Scenario,
        user: UserCode,
        supernet: Supernet,
        device: torch.device,
        batches_per_epoch: int,
        paths_per_update: int,
        teacher: Teacher | None = None,
    ) -> None:
        self.scenario = scenario
        self.user = user
        self.supernet = supernet
        self.device = device
        self.paths_per_update = paths_per_update
        self.teacher = teacher
        self.batches_per_epoch = batches_per_epoch
        self.steps_per_epoch = -(-batches_per_epoch // paths_per_update)
        self.optimizer = make_optimizer(scenario, supernet)
        self.scheduler = user.scheduler(self.optimizer, self.steps_per_epoch)
        self.global_step = 0

    def epoch(
        self,
        epoch: int,
        batches: Iterable[Batch],
        path: Callable[[int], Genome],
        on_update: Callable[[UpdateReport], None],
        done: int,
    ) -> None:
        """One epoch; see :meth:`nasea.backends.base.Backend.train_epoch`."""
        if not done:
            seed_everything(self.scenario.seed, _EPOCH_STREAM, epoch)
        stream = iter(batches)
        start = time.perf_counter()
        for step in range(done, self.steps_per_epoch):
            group = list(itertools.islice(stream, self.paths_per_update))
            first = epoch * self.batches_per_epoch + step * self.paths_per_update
            paths = [path(first + i) for i in range(len(group))]
            rate = float(self.optimizer.param_groups[0]["lr"])
            loss = self.update(paths, group)
            images = sum(len(images) for images, _ in group)
            now = time.perf_counter()
            on_update(UpdateReport(self.global_step, step + 1, loss, rate, images, now - start))
            start = now

    def update(self, paths: list[Genome], batches: list[Batch]) -> float:
        """One update from one batch a path and one step of the schedule; returns the mean loss."""
        mean = self.learn(paths, batches)
        with self.user.guard("the schedule of scheduler_define, step()"):
            self.scheduler.step()
        self.global_step += 1
        return mean

    def learn(self, paths: list[Genome], batches: list[Batch]) -> float:
        """One update from one batch a path, the schedule left alone; returns the mean loss."""
        self.supernet.train()
        self.optimizer.zero_grad(set_to_none=True)
        pairs = zip(paths, batches, strict=True)
        try:
            losses = [self.accumulate(path, images, labels) for path, (images, labels) in pairs]
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                f"out of memory at update {self.global_step + 1}: {str(error).splitlines()[0]}",
                fix="lower strategy.batch_size; the last checkpoint is intact",
            ) from error
        mean = float(torch.stack(losses).mean())
        if not np.isfinite(mean):
            rate = self.optimizer.param_groups[0]["lr"]
            raise TrainingError(
                f"the loss became {mean} at update {self.global_step + 1} (learning rate {rate:g})",
                fix="lower optimizer.weights_optimizer.learning_rate, or check loss_func and the "
                "labels; the last checkpoint is intact",
            )
        average_gradients(self.supernet, paths)
        self.optimizer.step()
        return mean

    def accumulate(self, path: Genome, images: torch.Tensor, labels: Any) -> torch.Tensor:
        """Add the gradients of one path on one batch; returns its loss, detached."""
        weights = self.supernet.bind(path)
        images = move_images(images, self.device)
        with self.autocast():
            taught = self.teacher(images) if self.teacher is not None else []
            with self.user.guard("PreNet, PostNet: forward(inputs)"):
                outputs = self.supernet.run(images, path, weights)
            loss = self.user.loss(move(labels, self.device), outputs)
            if self.teacher is not None:
                loss = self.teacher.mixed(loss, outputs, taught)
        with self.user.guard("the gradient of UserModule.loss_func(labels, logits)"):
            loss.backward()  # type: ignore[no-untyped-call]
        self.supernet.collect(path, weights)
        return loss.detach()

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision where it was asked for and CUDA has it; it is slower on CPUs."""
        enabled = self.device.type == "cuda" and self.scenario.resource.precision == "auto"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled)

    def state(self) -> bytes:
        """All that training needs to go on, as one file image.

        Raises:
            TrainingError: a weight is not finite, so that the last good state is the one to keep.
        """
        for name, parameter in self.supernet.named_parameters():
            if not torch.isfinite(parameter).all():
                raise TrainingError(
                    f"{name} is not finite after update {self.global_step}",
                    fix="lower optimizer.weights_optimizer.learning_rate; the last checkpoint is "
                    "intact",
                )
        return pack(
            {
                "supernet": self.supernet.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": self.scheduler.state_dict(),
                "global_step": self.global_step,
                "random": random_state(),
            }
        )

    def restore(self, state: bytes) -> None:
        """Take over what :meth:`state` gave; refuses anything but tensors and plain values."""
        stored = unpack(state)
        try:
            self.supernet.load_state_dict(stored["supernet"])
            self.optimizer.load_state_dict(stored["optimizer"])
            self.scheduler.load_state_dict(stored["scheduler"])
            self.global_step = int(stored["global_step"])
            set_random_state(stored["random"])
        except Exception as error:
            raise CheckpointError(
                f"the training state in the checkpoint does not fit this run: {error}",
                fix="start anew with --restart",
            ) from error


def make_optimizer(scenario: Scenario, supernet: Supernet) -> torch.optim.Optimizer:
    """The optimiser of the scenario over all slots and both ends."""
    settings = scenario.optimizer
    parameters = [p for p in supernet.parameters() if p.requires_grad]
    if settings.type == "adam":
        return torch.optim.Adam(parameters, lr=settings.learning_rate, betas=settings.betas)
    return torch.optim.SGD(parameters, lr=settings.learning_rate)


def move_images(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Images on the device."""
    return images.to(device, non_blocking=True)
