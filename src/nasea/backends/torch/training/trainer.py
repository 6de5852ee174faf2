"""Trains the supernet: a few paths per update, with the user's loss and schedule."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from nasea.backends.torch.data.datasets import Batch
from nasea.backends.torch.devices import move, seed_everything
from nasea.backends.torch.memory import report_out_of_memory
from nasea.backends.torch.network.fake_quantisation import fake_quantised
from nasea.backends.torch.network.operations import Weights
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
    """Settings of a trainer.

    Attributes:
        user: the user's loss and schedule.
        supernet: the supernet to train.
        device: the device to train on.
        teacher: another network to learn from as well; ``None`` for labels only.
    """

    user: UserCode
    supernet: Supernet
    device: torch.device
    teacher: Teacher | None = None


class Trainer(trainer.Trainer):
    """A trainer with an optimiser and a schedule.

    Args:
        settings: see :class:`TrainerSettings`.
        devices: number of devices that train together.
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
        """Seed the generators that the user's code draws from."""
        seed_everything(self.scenario.seed, _EPOCH_STREAM, epoch)

    def rate(self, epoch: int, step: int) -> float:
        """Return the current learning rate, which the user's schedule has set."""
        return float(self.optimizer.param_groups[0]["lr"])

    def step_optimizer(self) -> None:
        """Update the weights; the first call allocates the optimiser's state."""
        with report_out_of_memory(self.global_step + 1):
            self.optimizer.step()

    def step_schedule(self) -> None:
        """Count an update and step the schedule."""
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
        """Add up the gradients of paths, one batch for each.

        Args:
            paths: the paths.
            batches: one for each path.
            weights: factors of the losses; 1 by default.

        Returns:
            The mean loss.
        """
        self.supernet.train()
        self.optimizer.zero_grad(set_to_none=True)
        pairs = zip(paths, batches, weights or [1.0] * len(paths), strict=True)
        with report_out_of_memory(self.global_step + 1):
            losses = [self.accumulate(path, *batch, weight) for path, batch, weight in pairs]
        return float(torch.stack(losses).mean())

    def accumulate(
        self, path: Genome, images: torch.Tensor, labels: Any, weight: float
    ) -> torch.Tensor:
        """Add ``weight`` times the gradients of one path on one batch; return the weighted loss."""
        weights = self.supernet.bind(path)
        images = move_images(images, self.device)
        with self.autocast():
            teacher_scores = self.teacher(images) if self.teacher is not None else []
            with self.user.guard("PreNet, PostNet: forward(inputs)"):
                outputs = self._run(images, path, weights)
            loss = self.user.loss(move(labels, self.device), outputs)
            if self.teacher is not None:
                loss = self.teacher.mix_loss(loss, outputs, teacher_scores)
            if weight != 1.0:
                loss = weight * loss
        with self.user.guard("the gradient of UserModule.loss_func(labels, logits)"):
            loss.backward()  # type: ignore[no-untyped-call]
        self.supernet.collect(path, weights)
        return loss.detach()

    def _run(self, images: torch.Tensor, path: Genome, weights: Weights) -> object:
        if not self.int8:
            return self.supernet.run(images, path, weights)
        return fake_quantised(lambda x: self.supernet.run(x, path, weights), images)

    def autocast(self) -> AbstractContextManager[Any]:
        """Enable mixed precision if the scenario has it; on CUDA only, as CPUs are slower."""
        enabled = self.device.type == "cuda" and self.scenario.resource.precision == "auto"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled)

    def find_non_finite(self) -> str | None:
        """See :class:`nasea.backends.training.trainer.Trainer`."""
        named = self.supernet.named_parameters()
        return next((name for name, p in named if not torch.isfinite(p).all()), None)

    def pack_state(self) -> bytes:
        """Serialise weights, optimiser, schedule and random generators."""
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

    def unpack_state(self, state: bytes) -> dict[str, Any]:
        """See :func:`nasea.backends.torch.training.state.unpack`."""
        return unpack(state)

    def load_state(self, stored: dict[str, Any], done: int) -> int:
        """See :class:`nasea.backends.training.trainer.Trainer`."""
        self.supernet.load_state_dict(stored["supernet"])
        self.attributes.put(stored.get("attributes", {}))
        set_random_state(stored["random"])
        code = self.user.schedule_code
        edited = stored.get("schedule_code", code) != code  # the state is of another schedule
        if edited or stored[self.size_name] != self.update_size:
            return self._rescale(stored, done)
        self.optimizer.load_state_dict(stored["optimizer"])
        self.scheduler.load_state_dict(stored["scheduler"])
        self.global_step = int(stored["global_step"])
        return done

    def _rescale(self, stored: dict[str, Any], done: int) -> int:
        """Resume with another schedule, or another number of devices and so another update size.

        The schedule is restarted and advanced to the same fraction of the training.
        """
        settings = self.optimizer.state_dict()["param_groups"]
        moments = stored["optimizer"]["state"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": settings})
        updates, done = self.convert_progress(stored, done)
        with warnings.catch_warnings():  # "no optimizer.step()": it was called in another process
            warnings.filterwarnings("ignore", message=".*lr_scheduler.step.*")
            while self.global_step < updates:
                self.step_schedule()
        return done


def make_optimizer(scenario: Scenario, supernet: Supernet, devices: int) -> torch.optim.Optimizer:
    """Make the scenario's optimiser for all slots, PreNet and PostNet.

    Its learning rate is multiplied by the number of devices, as is the batch size.
    """
    own = supernet.held.own if isinstance(supernet.held, Held) else set()
    parameters = [p for p in supernet.parameters() if p.requires_grad and id(p) not in own]
    return optimizer_of(scenario, parameters, devices)


def optimizer_of(
    scenario: Scenario, parameters: list[torch.nn.Parameter], devices: int
) -> torch.optim.Optimizer:
    """Make the scenario's optimiser for some parameters; see :func:`make_optimizer`."""
    settings = scenario.optimizer
    rate = settings.learning_rate * devices
    if settings.type == "adam":
        return torch.optim.Adam(parameters, lr=rate, betas=settings.betas)
    return torch.optim.SGD(parameters, lr=rate)


def move_images(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Move images to the device."""
    return images.to(device, non_blocking=True)
