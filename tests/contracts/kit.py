"""How the contracts of backends drive one framework.

The small project of each framework, ``tests/backends/<framework>/project.py``, is such a kit: a
module with these names. What a contract needs of the user's code besides, the subclass of the
contract gives as text, which is appended to the project's ``user_module.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pytest

from nasea.backends.records import UpdateReport
from nasea.config import Scenario

SPACES = [
    pytest.param({}, id="filters"),
    pytest.param({"supernet__widths": [0.5, 1, 2], "supernet__divisor": 4}, id="widths"),
]
"""Changes of a scenario: widths as they are given, and widths that are searched."""

Arrays = Mapping[str, npt.NDArray[Any]]


class Kit(Protocol):
    """One framework's small project."""

    LOSS: str
    """``loss_…(self, labels, logits)``, as the framework's modules write it."""
    METRIC: str
    """The metric's name and arguments."""
    DATA: str
    """The data set's name and arguments."""
    INTERFACE: Mapping[str, Mapping[str, Sequence[str]]]
    """What the framework's modules must have."""

    def write_module(self, directory: Path, changes: str = "") -> None:
        """Write ``user_module.py``: the project's, then ``changes``."""

    def scenario(self, **changes: Any) -> Scenario:
        """The project's scenario with some of its keys replaced."""

    def opened(self, directory: Path, **changes: Any) -> Any:
        """A backend that has imported the user's module."""

    def attached(self, directory: Path, **changes: Any) -> Any:
        """A backend with data open and the supernet built."""

    def ready(self, directory: Path, **changes: Any) -> Any:
        """A backend that can train and measure."""

    def train(
        self, backend: Any, epochs: Sequence[int] = (0,), done: int = 0, until: int | None = None
    ) -> list[UpdateReport]:
        """Train epochs; see :func:`backends.driving.train`."""

    def weights(self, backend: Any) -> Arrays:
        """Copies of all variables of supernet, PreNet and PostNet, statistics included."""

    def held(self, backend: Any) -> Arrays:
        """Copies of all variables that UserModule holds."""

    def slots(self, backend: Any) -> Arrays:
        """Copies of the slots."""


def same(a: Arrays, b: Arrays) -> bool:
    """Whether both hold the same, bit for bit."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
