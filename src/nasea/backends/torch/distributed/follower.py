"""What every rank but 0 runs, with PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nasea.backends.distributed.follower import (
    OpenBackend,
    follow_noting_signals,
    follow_spawned,
)
from nasea.backends.records import Role
from nasea.backends.torch.backend import TorchBackend
from nasea.backends.torch.distributed.processes import join_launched, join_spawned
from nasea.backends.torch.distributed.ranks import TorchRanks
from nasea.config import Scenario


def follow_launched(scenario: Scenario) -> Any:
    """Follow as a process that a launcher started; see :func:`nasea.backends.opening.follow`."""
    ranks = join_launched(scenario)
    return follow_noting_signals(ranks, _opening(ranks))


def _start(settings: dict[str, Any]) -> tuple[TorchRanks, OpenBackend]:
    ranks = join_spawned(settings)
    return ranks, _opening(ranks)


def _opening(ranks: TorchRanks) -> OpenBackend:
    def open_backend(scenario: Scenario, directory: Path, role: Role) -> TorchBackend:
        return TorchBackend(scenario, directory, role, ranks)

    return open_backend


if __name__ == "__main__":
    follow_spawned(_start)
