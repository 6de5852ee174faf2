"""Training the supernet: a few paths an update, the user's loss, the user's schedule."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from nasea.backends.torch.data.datasets import Batch
from nasea.backends.torch.devices import move, seed_everything
from nasea.backends.torch.memory import told_in_training
from nasea.backends.torch.network.supernet import Supernet, average_gradients
from nasea.backends.torch.training.state import pack, random_state, set_random_state, unpack
from nasea.backends.torch.training.teacher import Teacher
from nasea.backends.torch.training.user_state import Held
from nasea.backends.torch.user.code import UserCode
from nasea.backends.training import trainer
from nasea.backends.training.trainer import Update
from nasea.config import Scenario
from nasea.space import Genome

_EPOCH_STREAM = 0x7E


@dataclass(frozen=True, kw_only=True)
class TrainerSettings(trainer.TrainerSettings):
    """What a trainer needs.

    Attributes:
        user: the user's loss and schedule.
        supernet: what is trained.
        device: where.
        teacher: another network to learn from as well.
    """

    user: UserCode
    supernet: Supernet
    device: torch.device
    teacher: Teacher | None = None


class Trainer(trainer.Trainer):
    """Optimiser, schedule and the step.

    Args:
        settings: what it needs.
        devices: how many train together.
    """

    loss_name = "loss_func"
    size_name = "images_per_update"

    def __init__(self, settings: TrainerSettings, *, devices: int = 1) -> None:
        images = settings.scenario.batch_size * devices * settings.paths_per_update
        super().__init__(settings, settings.batches_per_epoch, images)
        self.user = settings.user
        self.supernet = settings.supernet
        self.device = settings.device
        self.teacher = settings.teacher
        self.optimizer = make_optimizer(self.scenario, self.supernet, devices)
        self.scheduler = self.user.scheduler(self.optimizer, self.steps_per_epoch)
        self.attributes = self.user.attributes()

    def begin_epoch(self, epoch: int) -> None:
        """Seed what the user's code draws from."""
        seed_everything(self.scenario.seed, _EPOCH_STREAM, epoch)

    def rate(self, epoch: int, step: int) -> float:
        """The present learning rate: the user's schedule has set it."""
        return float(self.optimizer.param_groups[0]["lr"])

    def step_optimizer(self) -> None:
        """Change the weights; the first time, the optimiser takes memory of its own for them."""
        with told_in_training(self.global_step + 1):
            self.optimizer.step()

    def step_schedule(self) -> None:
        """Count an update, of which the schedule is a function."""
        with self.user.guard("the schedule of scheduler_define, step()"):
            self.scheduler.step()
        super().step_schedule()

    def learn(self, update: Update, batches: Sequence[Batch]) -> float:
        """See :class:`nasea.backends.training.trainer.Trainer`."""
        mean = self.gradients(update.paths, batches)
        self.require_finite(mean, update.rate)
        average_gradients(self.supernet, update.paths)
        self.step_optimizer()
        return mean

    def gradients(
        self, paths: Sequence[Genome], batches: Sequence[Batch], weights: Sequence[float] = ()
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

    def not_finite(self) -> str | None:
        """See :class:`nasea.backends.training.trainer.Trainer`."""
        named = self.supernet.named_parameters()
        return next((name for name, p in named if not torch.isfinite(p).all()), None)

    def packed(self) -> bytes:
        """Weights, optimiser, schedule and random generators."""
        return pack(
            {
                "supernet": self.supernet.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scheduler": self.scheduler.state_dict(),
                "schedule_code": self.user.schedule_code,
                **self.progress(),
                "random": random_state(),
                "attributes": self.attributes.changed(),
            }
        )

    def unpacked(self, state: bytes) -> dict[str, Any]:
        """See :func:`nasea.backends.torch.training.state.unpack`."""
        return unpack(state)

    def put(self, stored: dict[str, Any], done: int) -> int:
        """See :class:`nasea.backends.training.trainer.Trainer`."""
        self.supernet.load_state_dict(stored["supernet"])
        self.attributes.put(stored.get("attributes", {}))
        set_random_state(stored["random"])
        code = self.user.schedule_code
        mended = stored.get("schedule_code", code) != code  # its state is of another schedule
        if mended or stored[self.size_name] != self.update_size:
            return self._rescale(stored, done)
        self.optimizer.load_state_dict(stored["optimizer"])
        self.scheduler.load_state_dict(stored["scheduler"])
        self.global_step = int(stored["global_step"])
        return done

    def _rescale(self, stored: dict[str, Any], done: int) -> int:
        """Resume with another number of devices, hence other rates and sizes of updates.

        The schedule is begun anew and put where the same share of the training is done.
        """
        settings = self.optimizer.state_dict()["param_groups"]
        moments = stored["optimizer"]["state"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": settings})
        updates, done = self.same_share(stored, done)
        with warnings.catch_warnings():  # that no update came before: it did, in another process
            warnings.filterwarnings("ignore", message=".*lr_scheduler.step.*")
            while self.global_step < updates:
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
