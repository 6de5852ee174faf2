"""Evaluation images are read once, by one process for all; and scores are those without.

A framework, or a task of one, joins by subclassing :class:`KeepingContract` where its project is
at hand.
"""

from __future__ import annotations

import tempfile
from abc import ABC
from pathlib import Path
from typing import Any

import pytest

from nasea.backends.base import Backend
from nasea.backends.data.image_cache import new_name
from nasea.backends.records import EvaluationSubset
from nasea.space import fair_path

from .kit import Kit

WHOLE = EvaluationSubset()
SLICES = (
    WHOLE,
    EvaluationSubset(images=10),
    EvaluationSubset(images=10, half=1),
    EvaluationSubset(images=10, half=0, statistics=1),
    WHOLE,
)
_GIB = 1024**3


class KeepingContract(ABC):
    """The suite."""

    kit: Kit
    loss_metric: str
    """A metric that sees far more than a few right answers would tell; it may spoil what it got."""
    counting: str
    """User code that adds to a list READ whenever a validation image is read."""

    @pytest.fixture(autouse=True)
    def temporary(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "temporary"
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        return folder

    def attached(self, backend: Backend) -> Any:
        from backends import driving

        return driving.attach(backend)

    def test_scores_are_the_same_with_and_without_kept_images(
        self, project: Path, temporary: Path
    ) -> None:
        self.kit.write_module(project, self.loss_metric)
        scores = []
        for room in (None, 0, 9000 / _GIB):
            backend = self.kit.attached(project, resource__image_cache=room)
            genome = fair_path(backend.supernet.space.choices, 0, 1)
            scores.append([backend.measure(genome, data).metric for data in SLICES])
            assert (backend.data.cache.size > 0) == (room != 0)
            assert room is None or backend.data.cache.size <= room * _GIB
            reading = backend.read_seconds(backend.data.val_images)
            assert reading.once > 0 and (reading.each > 0) == (room is not None)
            assert backend.read_seconds(backend.data.val_images) == reading, "reads nothing itself"
            message = [notice.text for notice in backend.notices if "GiB" in notice.text]
            assert bool(message) == (room not in (None, 0)), message
            backend.close()
            assert not list(temporary.glob("nasea-shared-images-*"))
        assert scores[0] == scores[1] == scores[2]
        assert scores[0][0] == scores[0][-1] != scores[0][1]

    def test_a_candidate_reads_nothing_that_was_read(self, project: Path) -> None:
        self.kit.write_module(project, self.loss_metric + self.counting)
        backend = self.kit.attached(project, dataset__val_dir="60")
        read = backend.user._module.READ
        first, second = (fair_path(backend.supernet.space.choices, 0, step) for step in (0, 1))
        data = EvaluationSubset(images=4)
        expected = backend.measure(first, data)
        read.clear()
        assert backend.measure(first, data) == expected
        assert backend.measure(second, data).failure is None
        assert not read
        backend.close()

    def test_processes_share_what_one_of_them_reads(self, project: Path, temporary: Path) -> None:
        self.kit.write_module(project, self.loss_metric + self.counting)
        name = new_name()
        backends = [
            self.attached(Backend(self.kit.opened(project).framework, cache=name)) for _ in range(2)
        ]
        genome = fair_path(backends[0].supernet.space.choices, 0, 1)
        expected = backends[0].measure(genome, WHOLE).metric
        read = backends[1].user._module.READ
        read.clear()
        assert backends[1].measure(genome, WHOLE).metric == expected
        assert not read
        assert [folder.name for folder in temporary.glob("nasea-shared-images-*")] == [
            f"nasea-shared-images-{name}"
        ]
        backends[0].close()
        assert backends[1].measure(genome, WHOLE).metric == expected
        backends[1].close()
        assert not list(temporary.glob("nasea-shared-images-*"))
