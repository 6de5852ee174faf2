"""Running a project that is wrong, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nasea.errors import NaseaError

from .project import ready, train


def failure(kind: type[NaseaError], run: Callable[[], object]) -> NaseaError:
    """The error of exactly this kind that ``run`` ends in; none of nasea's frames may show."""
    with pytest.raises(NaseaError) as caught:
        run()
    assert type(caught.value) is kind, caught.value
    for own in ("nasea/backends", "nasea/space", "torch/nn", "torch/utils", "importlib"):
        assert own not in str(caught.value)
    return caught.value


def whole(directory: Path, **changes: object) -> None:
    """Everything from the import to an epoch of training."""
    backend = ready(directory, **changes)
    backend.try_candidates(lambda done, total: None)
    train(backend)
