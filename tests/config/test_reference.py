"""The committed reference is the one that the schema generates."""

from __future__ import annotations

from pathlib import Path

from nasea.config.reference import render_reference
from nasea.config.schema.fields import keyed_fields

_COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"


def test_the_committed_reference_is_up_to_date() -> None:
    """To mend: ``make reference``."""
    assert _COMMITTED.read_text(encoding="utf-8") == render_reference()


def test_every_key_is_documented_once() -> None:
    rows = [line for line in render_reference().splitlines() if line.startswith("| `")]
    assert len(rows) == len(keyed_fields()) == len({one.key.path for one in keyed_fields()})
