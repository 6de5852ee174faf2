"""Training the supernet: a few paths an update, the user's loss, the user's schedule."""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from nasea.backends.records import UpdateReport
from nasea.backends.torch.data.datasets import Batch
from nasea.backends.torch.devices import move, seed_everything
from nasea.backends.torch.memory import told_in_training
from nasea.backends.torch.network.supernet import Supernet, average_gradients
from nasea.backends.torch.training.state import pack, random_state, set_random_state, unpack
from nasea.backends.torch.training.teacher import Teacher
from nasea.backends.torch.training.user_state import Held
from nasea.backends.torch.user.code import UserCode
from nasea.config import Scenario
from nasea.errors import CheckpointError, TrainingError, UserCodeError
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
        devices: how many train together.
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
        *,
        devices: int = 1,
    ) -> None:
        self.scenario = scenario
        self.user = user
        self.supernet = supernet
        self.device = device
        self.paths_per_update = paths_per_update
        self.teacher = teacher
        self.batches_per_epoch = batches_per_epoch
        self.steps_per_epoch = -(-batches_per_epoch // paths_per_update)
        self.images_per_update = scenario.batch_size * devices * paths_per_update
        self.optimizer = make_optimizer(scenario, supernet, devices)
        self.scheduler = user.scheduler(self.optimizer, self.steps_per_epoch)
        self.global_step = 0
        self.attributes = user.attributes()

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
            first = step * self.paths_per_update
            last = min(first + self.paths_per_update, self.batches_per_epoch)
            paths = [path(epoch * self.batches_per_epoch + i) for i in range(first, last)]
            rate = float(self.optimizer.param_groups[0]["lr"])
            loss, images = self.update(paths, stream)
            now = time.perf_counter()
            on_update(UpdateReport(self.global_step, step + 1, loss, rate, images, now - start))
            start = now

    def update(self, paths: list[Genome], stream: Iterator[Batch]) -> tuple[float, int]:
        """One update and one step of the schedule.

        Args:
            paths: what to train.
            stream: gives a batch for each.

        Returns:
            The mean loss, and how many images went into it.
        """
        batches = list(itertools.islice(stream, len(paths)))
        mean = self.learn(paths, batches)
        self.step_schedule()
        return mean, sum(len(images) for images, _ in batches)

    def step_optimizer(self) -> None:
        """Change the weights; the first time, the optimiser takes memory of its own for them."""
        with told_in_training(self.global_step + 1):
            self.optimizer.step()

    def step_schedule(self) -> None:
        """Count an update, of which the schedule is a function."""
        with self.user.guard("the schedule of scheduler_define, step()"):
            self.scheduler.step()
        self.global_step += 1

    def learn(self, paths: list[Genome], batches: list[Batch]) -> float:
        """One update from one batch a path, the schedule left alone; returns the mean loss."""
        mean = self.gradients(paths, batches)
        self.require_finite(mean)
        average_gradients(self.supernet, paths)
        self.step_optimizer()
        return mean

    def gradients(
        self, paths: list[Genome], batches: list[Batch], weights: Sequence[float] = ()
    ) -> float:
        """Add up the gradients of paths, a batch each.

        Args:
            paths: the paths.
            batches: one for each.
            weights: what to multiply the loss of each with; 1 by default.

        Returns:
            The mean loss.
        """
        self.supernet.train()
        self.optimizer.zero_grad(set_to_none=True)
        pairs = zip(paths, batches, weights or [1.0] * len(paths), strict=True)
        with told_in_training(self.global_step + 1):
            losses = [self.accumulate(path, *batch, weight) for path, batch, weight in pairs]
        return float(torch.stack(losses).mean())

    def require_finite(self, mean: float) -> None:
        """Raise TrainingError where a loss is not a number."""
        if not np.isfinite(mean):
            rate = self.optimizer.param_groups[0]["lr"]
            raise TrainingError(
                f"the loss became {mean} at update {self.global_step + 1} (learning rate {rate:g})",
                fix="lower optimizer.weights_optimizer.learning_rate, or check loss_func and the "
                "labels; the last checkpoint is intact",
            )

    def accumulate(
        self, path: Genome, images: torch.Tensor, labels: Any, weight: float
    ) -> torch.Tensor:
        """Add ``weight`` times the gradients of one path on one batch; returns so much loss."""
        weights = self.supernet.bind(path)
        images = move_images(images, self.device)
        with self.autocast():
            taught = self.teacher(images) if self.teacher is not None else []
            with self.user.guard("PreNet, PostNet: forward(inputs)"):
                outputs = self.supernet.run(images, path, weights)
            loss = self.user.loss(move(labels, self.device), outputs)
            if self.teacher is not None:
                loss = self.teacher.mixed(loss, outputs, taught)
            if weight != 1.0:
                loss = weight * loss
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
                "schedule_code": self.user.schedule_code,
                "global_step": self.global_step,
                "steps_per_epoch": self.steps_per_epoch,
                "images_per_update": self.images_per_update,
                "random": random_state(),
                "attributes": self.attributes.changed(),
            }
        )

    def restore(self, state: bytes, done: int = 0) -> int:
        """See :meth:`nasea.backends.base.Backend.restore`; refuses all but plain values."""
        stored = unpack(state)
        try:
            self.supernet.load_state_dict(stored["supernet"])
            self.attributes.put(stored.get("attributes", {}))
            set_random_state(stored["random"])
            code = self.user.schedule_code
            mended = stored.get("schedule_code", code) != code  # its state is of another schedule
            if mended or stored["images_per_update"] != self.images_per_update:
                return self._rescale(stored, done)
            self.optimizer.load_state_dict(stored["optimizer"])
            self.scheduler.load_state_dict(stored["scheduler"])
            self.global_step = int(stored["global_step"])
            return done
        except UserCodeError:
            raise
        except Exception as error:
            raise CheckpointError(
                f"the training state in the checkpoint does not fit this run: {error}",
                fix="start anew with --restart",
            ) from error

    def _rescale(self, stored: dict[str, Any], done: int) -> int:
        """Go on with another number of devices: with other rates, and updates of another size.

        The schedule is begun anew and put where the same share of the training is done. Images of
        the present epoch that do not fill an update are read again.
        """
        settings = self.optimizer.state_dict()["param_groups"]
        moments = stored["optimizer"]["state"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": settings})
        epochs = (int(stored["global_step"]) - done) // int(stored["steps_per_epoch"])
        done = done * int(stored["images_per_update"]) // self.images_per_update
        done = min(done, self.steps_per_epoch)
        with warnings.catch_warnings():  # that no update came before: it did, in another process
            warnings.filterwarnings("ignore", message=".*lr_scheduler.step.*")
            while self.global_step < epochs * self.steps_per_epoch + done:
                self.step_schedule()
        return done


def make_optimizer(scenario: Scenario, supernet: Supernet, devices: int) -> torch.optim.Optimizer:
    """The optimiser of the scenario over all slots and both ends.

    Its learning rate is multiplied by the number of devices: so much larger is the batch.
    """
    own = supernet.held.own if isinstance(supernet.held, Held) else set()
    parameters = [p for p in supernet.parameters() if p.requires_grad and id(p) not in own]
    return optimizer_of(scenario, parameters, devices)


def optimizer_of(
    scenario: Scenario, parameters: list[torch.nn.Parameter], devices: int
) -> torch.optim.Optimizer:
    """The same over some parameters."""
    settings = scenario.optimizer
    rate = settings.learning_rate * devices
    if settings.type == "adam":
        return torch.optim.Adam(parameters, lr=rate, betas=settings.betas)
    return torch.optim.SGD(parameters, lr=rate)


def move_images(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Images on the device."""
    return images.to(device, non_blocking=True)
