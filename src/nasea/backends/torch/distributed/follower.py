"""What every rank except 0 runs, with PyTorch."""

from __future__ import annotations

from typing import Any

from nasea.backends.distributed.follower import follow_spawned, follow_with_signals
from nasea.backends.framework import OpenFramework
from nasea.backends.torch.distributed.processes import join_launched, join_spawned
from nasea.backends.torch.distributed.ranks import TorchRanks
from nasea.backends.torch.framework import TorchFramework
from nasea.config import Scenario


def follow_launched(scenario: Scenario) -> Any:
    """Follow as a process that a launcher started; see :func:`nasea.backends.opening.follow`."""
    return follow_with_signals(join_launched(scenario), TorchFramework)


def _start(settings: dict[str, Any]) -> tuple[TorchRanks, OpenFramework]:
    return join_spawned(settings), TorchFramework


if __name__ == "__main__":
    follow_spawned(_start)
