"""What a table says on a narrow terminal: everything, whatever its shape."""

from __future__ import annotations

import pytest
from rich.table import Table

from nasea.cli.terminal.console import results_console
from nasea.results.front import Front
from nasea.results.table import front_table, member_table


def _printed(table: Table, capsys: pytest.CaptureFixture[str]) -> str:
    results_console().print(table)
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("kind", ["front", "architecture"])
def test_no_table_loses_content(
    front: Front,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    kind: str,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    table = front_table(front) if kind == "front" else member_table(front[1], "architecture 1")
    told = _printed(table, capsys)
    assert max(map(len, told.splitlines())) <= columns
    assert "\N{HORIZONTAL ELLIPSIS}" not in told
    words = set(told.replace(";", " ").replace(":", " ").split())
    for column in table.columns:
        for cell in (column.header, *column.cells, column.footer):
            assert set(str(cell).split()) - {"%"} <= words | {"0.0", "100.0"}, cell


def test_a_narrow_terminal_gets_paragraphs(
    front: Front, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert (
        _printed(member_table(front[1], "architecture 1"), capsys)
        == """\
architecture 1, accuracy 0.9500

layer 0: block basic; channels 16 → 16; stride 1;
    output 8 × 8; parameters 40,000 (100.0%);
    FLOPs 400,000 (100.0%)
block PreNet and PostNet: parameters 0 (0.0%);
    FLOPs 0 (0.0%)
block whole network: parameters 40,000;
    FLOPs 400,000
"""
    )
