from __future__ import annotations

import io
import json

from rich.console import Console
from rich.table import Table

from nasea.results.front import Front
from nasea.results.table import front_json, front_table, member_table

from .builders import make_front

_FRONT = """\
image classification, PyTorch, at most 11.00 M parameters

  N   accuracy   parameters (M)   FLOPs (M)   latency (ms)   blocks
 ───────────────────────────────────────────────────────────────────────────
  0     0.7000            2.000       200.0          2.500   [b]mixer, skip
  1     0.8000            4.000       400.0          3.500   [b]mixer, skip
"""

_MEMBER = """\
architecture 1, accuracy 0.8000

  layer   block                 channels   stride    output   parameters      %         FLOPs      %
 ────────────────────────────────────────────────────────────────────────────────────────────────────
      0   basic_w64             64 → 128        2   28 × 28    1,600,000   40.0    40,000,000   10.0
      1   skip                 128 → 128        1   28 × 28            0    0.0             0    0.0
          PreNet and PostNet                                   2,400,000   60.0   360,000,000   90.0

          whole network                                        4,000,000          400,000,000
"""


def _printed(table: Table) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    with console.capture() as capture:
        console.print(table)
    lines = (line.rstrip() for line in capture.get().splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def test_front_table_golden() -> None:
    assert _printed(front_table(make_front(0.7, 0.8, block="[b]mixer", latency_ms=2.5))) == _FRONT


def test_member_table_golden() -> None:
    assert _printed(member_table(make_front(0.7, 0.8)[1], "architecture 1")) == _MEMBER


def test_member_table_with_latency() -> None:
    text = _printed(member_table(make_front(0.7, 0.8, latency_ms=2.5)[1], "architecture 1"))
    ends = next(line for line in text.splitlines() if "PreNet" in line)
    assert ends.split()[-2:] == ["1.000", "28.6"], "3.5 ms in all, 2.5 of them in the layers"


def test_json_reads_back_as_the_front() -> None:
    front = make_front(0.7, 0.8)
    assert Front.from_dict(json.loads(front_json(front))) == front
