"""The first pages of the frameworks' own guides, pattern by pattern: works, or says what to write.

A framework joins by subclassing :class:`GuidesContract` where its project is at hand.
"""

from __future__ import annotations

from abc import ABC
from pathlib import Path

import pytest

from nasea.backends.records import EvaluationSubset
from nasea.errors import NaseaError

from .habits import SMALL
from .kit import Kit

ONE = {**SMALL, "supernet__blocks": ["separable_k3"]}


class GuidesContract(ABC):
    """The suite; a subclass parametrises ``works`` and ``told``."""

    kit: Kit

    def drive(self, project: Path, changes: str) -> tuple[float | None, str]:
        """(the metric of a network, what the user is told), from the import to a score."""
        self.kit.write_module(project, changes)
        backend = self.kit.ready(project, **ONE)
        backend.try_candidates(lambda done, total: None)
        self.kit.train(backend)
        measured = backend.measure((0,), EvaluationSubset())
        notices = "\n".join(map(str, backend.notices))
        return measured.metric, f"{measured.failure or ''}{notices}"

    def expect_works(self, project: Path, changes: str, notice: str = "") -> None:
        """A pattern works; what the user is told besides has ``notice`` in it."""
        metric, text = self.drive(project, changes)
        assert metric is not None and 0 <= metric <= 1, text
        assert notice in text

    def expect_told(self, project: Path, changes: str, words: tuple[str, ...]) -> None:
        """A pattern is refused with a message, and a line that says what to write."""
        with pytest.raises(NaseaError) as caught:
            self.drive(project, changes)
        for word in words:
            assert word in str(caught.value), caught.value
