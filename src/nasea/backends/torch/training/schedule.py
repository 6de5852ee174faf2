"""Runs the user's schedule ahead of training, on a dummy optimiser."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from nasea.backends.torch.training.trainer import optimizer_of
from nasea.backends.torch.user.code import UserCode
from nasea.config import Scenario
from nasea.errors import TrainingError, UserCodeError

_MOST = 300_000
"""At most this many updates are run; a longer training is cut off."""


def simulate_schedule(
    scenario: Scenario, user: UserCode, steps_per_epoch: int, devices: int
) -> list[float]:
    """Return the learning rate of every update.

    Args:
        scenario: optimiser settings and epochs.
        user: the user's schedule.
        steps_per_epoch: updates of an epoch.
        devices: number of devices, which scales the learning rate.

    Raises:
        TrainingError: the schedule ends before the training does.
    """
    optimizer = optimizer_of(scenario, [nn.Parameter(torch.zeros(1))], devices)
    scheduler = user.scheduler(optimizer, steps_per_epoch)
    updates = scenario.epochs * steps_per_epoch
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # training issues the same warnings again
        for update in range(min(updates, _MOST)):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            try:
                with user.guard("the schedule of scheduler_define, step()"):
                    scheduler.step()
            except UserCodeError as error:
                raise _too_short(user.file, error, update + 1, updates, steps_per_epoch) from error
    return rates


def _too_short(
    file: str, error: UserCodeError, update: int, updates: int, steps_per_epoch: int
) -> TrainingError:
    reason = error.trace.strip().splitlines()[-1]
    return TrainingError(
        f"{file}: the schedule that scheduler_define returns ends at update {update} of {updates}, "
        f"before the training does: {reason}",
        fix=f"make it last epochs x steps_per_epoch = {updates} updates: nasea calls "
        f"scheduler_define(optimizer, {steps_per_epoch}), which counts updates, a last smaller "
        "batch included",
    )
