"""A user's files as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """What a project has to begin with.

    Attributes:
        scenario: ``scen.yaml``.
        module: ``user_module.py``.
    """

    scenario: str
    module: str

    def write(self, home: Path) -> None:
        """Write them into a directory, which is made."""
        home.mkdir(parents=True, exist_ok=True)
        (home / "scen.yaml").write_text(self.scenario, encoding="utf-8")
        (home / "user_module.py").write_text(self.module, encoding="utf-8")


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Replace text that must be there."""
    for old, new in changes:
        assert old in text, f"{old!r} is not there"
        text = text.replace(old, new)
    return text
