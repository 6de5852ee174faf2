"""What holds for tests of results."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasea.results.front import Front
from nasea.results.storage import store


@pytest.fixture
def _no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    def save(front: Front, path: Path) -> None:
        path.write_bytes(b"a drawing")

    monkeypatch.setattr(store, "save_front_png", save)
