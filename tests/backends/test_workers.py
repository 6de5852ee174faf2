"""How many processes load: what the machine gives, over those that share it."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from nasea.backends.data import workers
from nasea.backends.data.workers import most_workers, usable_cores, wanted_workers


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(48)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 96)
    free = SimpleNamespace(free=64 * 1024**2)
    monkeypatch.setattr(workers.shutil, "disk_usage", lambda _: free)


def test_cores_that_this_process_may_use_count() -> None:
    assert usable_cores() == 48
    assert [most_workers(processes) for processes in (1, 8, 100)] == [48, 6, 1]


def test_little_shared_memory_means_few_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_SHARED_MEMORY", workers.Path("/"))
    assert most_workers(1, 1024**2) == 10
    assert most_workers(2, 1024**2) == 5
    assert most_workers(1, 100 * 1024**2) == 0


@pytest.mark.parametrize(
    "load, step, most, expected",
    [
        (0.01, 1.0, 8, 0),  # not worth a process
        (0.2, 1.0, 8, 1),
        (2.4, 1.0, 8, 3),
        (24.0, 1.0, 48, 24),  # no cap
        (99.0, 1.0, 48, 47),  # a core for training
        (9.0, 1.0, 1, 1),
        (9.0, 0.0, 4, 3),
        (9.0, 1.0, 0, 0),
    ],
)
def test_as_many_as_keep_up_with_training(
    load: float, step: float, most: int, expected: int
) -> None:
    assert wanted_workers(load, step, most) == expected
