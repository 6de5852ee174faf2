"""The JSON inside a report: the front, with all texts ready for display."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from nasea.results.breakdown import Cost, columns_of, costs_of, exact, user_networks_of
from nasea.results.figures.axes import CostAxis, cost_axes
from nasea.results.figures.window import Window, front_window, whole_window, window_with
from nasea.results.front.data import FrontData, FrontMember, widths_in_words
from nasea.results.report.chinese import CHINESE
from nasea.results.standings import Standings
from nasea.results.units import Unit, four_digits, unit_for
from nasea.terms import CostKind, cost_of
from nasea.translation import in_chinese


def embedded_json(front: FrontData, compared: Sequence[Standings] = ()) -> str:
    """Return the report's data as JSON that is safe inside a ``<script>`` element."""
    text = json.dumps(report_data(front, compared), separators=(",", ":"), allow_nan=False)
    # "</script>" or "<!--" in a name would otherwise end or confuse the element.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def report_data(front: FrontData, compared: Sequence[Standings] = ()) -> dict[str, Any]:
    """Return the data that ``templates/report.js`` draws.

    Args:
        front: the front.
        compared: comparisons with hand-picked networks, which are drawn in the same chart.
    """
    families = {family_of(block) for member in front for block in member.blocks}
    columns = columns_of(front)
    return {
        "chinese": {**CHINESE, **_names_in_chinese(compared)},
        "axes": [_axis(front, axis, compared) for axis in cost_axes(front)],
        "families": sorted(families - {"skip"}),
        "columns": [c.title if c.quantity == "latency" else c.noun for c in columns],
        "members": [_member(front, member, columns) for member in front],
        "accuracy_title": front.info.accuracy_title,
        "best": front.best.number if front.members else -1,
        "hypervolumes": front.info.hypervolumes,
        "losses": front.info.losses,
        "unfinished": front.info.unfinished is not None,
        "trunks": [widths_in_words(trunk) for trunk in front.info.trunks],
    }


def _names_in_chinese(compared: Sequence[Standings]) -> dict[str, str]:
    """Return the names of trained networks that Chinese says otherwise: ``architecture 3``."""
    names = {row.name for found in compared for row in found.rows}
    return {name: chinese for name in sorted(names) if (chinese := in_chinese(name)) != name}


def _axis(front: FrontData, axis: CostAxis, compared: Sequence[Standings]) -> dict[str, Any]:
    """Return one cost for an axis of the chart."""
    unit = axis.unit
    trained = _trained(compared, unit.quantity)
    return {
        "title": unit.title,
        "noun": unit.noun,
        "scale": unit.scale,
        "budget": axis.budget,
        "budget_text": None if axis.budget is None else unit.text(axis.budget),
        "windows": {
            "front": _edges(front_window(front, axis), unit),
            "all": _edges(whole_window(front, axis), unit),
            **(
                {"compared": _edges(window_with(front_window(front, axis), trained), unit)}
                if trained
                else {}
            ),
        },
        "trained": [[cost, mean, *rest] for cost, mean, *rest in trained],
        "costs": axis.members,
        "cost_texts": [unit.text(cost) for cost in axis.members],
        "steps": axis.steps,
        "evaluated": axis.scored,
    }


def family_of(block: str) -> str:
    """Return the family in a block's name: ``inverted residual`` of ``inverted_residual_k5_e3``.

    The family is the part of the name before the first part with a digit, which is a size.
    """
    words = re.split(r"[_\-\s]+", block)
    kept: list[str] = []
    for word in words:
        if any(letter.isdigit() for letter in word):
            break
        kept.append(word)
    return " ".join(kept).strip() or block


def summary_of(blocks: Sequence[str]) -> str:
    """Return a chain of blocks in short, repeats counted: ``basic_w64 ×2, skip``."""
    runs = ((block, len(list(run))) for block, run in groupby(blocks))
    return ", ".join(block if count == 1 else f"{block} ×{count}" for block, count in runs)


def widths_of(member: FrontMember) -> str:
    """Format the output channels of the layers: ``8-16-64``; empty if not searched."""
    return widths_in_words(member.widths)


def measured_column(front: FrontData) -> Unit | None:
    """Return the unit of the column of measured latencies; ``None`` if none was measured."""
    measured = [member.measured_ms for member in front if member.measured_ms is not None]
    return unit_for("latency", measured) if measured else None


def _trained(
    compared: Sequence[Standings], quantity: CostKind
) -> list[tuple[float, float, float, str, bool, dict[str, Any]]]:
    """Return (cost, mean, half of the interval, name, picked by hand, how) of trained networks."""
    rows = []
    for found in compared:
        how = {"epochs": found.epochs, "seeds": found.seeds, "images": found.images}
        for row in found.rows:
            cost = cost_of(row, quantity)
            if cost is not None and row.kind != "random":
                by_hand = row.kind in ("hand pick", "uniform")
                rows.append((float(cost), row.mean, row.interval or 0.0, row.name, by_hand, how))
    return rows


def _edges(window: Window, unit: Unit) -> list[float]:
    return [window.left / unit.scale, window.right / unit.scale, window.bottom, window.top]


def _member(front: FrontData, member: FrontMember, columns: tuple[Unit, ...]) -> dict[str, Any]:
    totals = costs_of(member, columns)
    layers = [costs_of(layer, columns) for layer in member.layers]
    stats = [
        (front.info.accuracy_title, four_digits(member.accuracy)),
        *(
            []
            if member.float_accuracy is None
            else [("float accuracy", four_digits(member.float_accuracy))]
        ),
        ("metric", four_digits(member.metric)),
        ("metric in the search", four_digits(member.search_metric)),
        *((c.noun, c.text(t)) for c, t in zip(columns, totals, strict=True) if t is not None),
        *([] if member.measured_ms is None else [("measured", f"{member.measured_ms:.4g} ms")]),
        ("genome", "-".join(map(str, member.genome))),
    ]
    return {
        "number": member.number,
        "accuracy": member.accuracy,
        "accuracy_text": four_digits(member.accuracy),
        "summary": ", channels ".join(filter(None, (summary_of(member.blocks), widths_of(member)))),
        "stats": stats,
        "files": front.files_of(member),
        "layers": [
            {
                "index": layer.index,
                "block": layer.block,
                "family": family_of(layer.block),
                "c_in": layer.c_in,
                "c_out": layer.c_out,
                "stride": layer.stride,
                "out_height": layer.out_height,
                "out_width": layer.out_width,
                "costs": _cells(costs, totals, columns),
            }
            for layer, costs in zip(member.layers, layers, strict=True)
        ],
        "ends": _cells(user_networks_of(member, columns), totals, columns),
        "total": [[cell[0], None] for cell in _cells(totals, totals, columns)],
    }


def _cells(
    costs: list[Cost], totals: list[Cost], columns: tuple[Unit, ...]
) -> list[tuple[str, float | None]]:
    """Return text and share of the total of each cost; an unknown cost is empty."""
    return [
        (exact(cost, unit), cost / total if total and cost is not None else None)
        for cost, total, unit in zip(costs, totals, columns, strict=True)
    ]
