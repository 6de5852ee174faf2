"""``compare.png``: results of a search compared with hand picks of the same cost."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from nasea.results.figures.plots import MUTED, canvas, write_in_margin, write_title
from nasea.results.standings import Kind, Standings
from nasea.results.storage.files import write_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's: distinguishable with any colour vision.
_COLOURS: dict[Kind, str] = {
    "hand pick": "#E69F00",
    "uniform": "#8a949e",
    "searched": "#0072B2",
    "searched, inherited": "#009E73",
    "searched, taught": "#D55E00",
    "random": "#CC79A7",
}
_WORDS: dict[Kind, str] = {
    "hand pick": "known family, scaled",
    "uniform": "one block in every layer",
    "searched": "searched, from scratch",
    "searched, inherited": "searched, inherited weights",
    "searched, taught": "searched, with a teacher",
    "random": "drawn from the search space",
}
_ROW_INCHES = 0.3
_FRAME_INCHES = 1.9
_ROOM = 0.25
"""Beside the seeds, relative to their range; the interval of two seeds may leave the picture."""


def save_standings_png(found: Standings, path: Path) -> None:
    """Write :func:`standings_figure` as PNG.

    Raises:
        ResultsError: the file cannot be written.
    """
    write_result(path, standings_png(found))


def standings_png(found: Standings) -> bytes:
    """Return :func:`standings_figure` as the bytes of a PNG file."""
    buffer = io.BytesIO()
    standings_figure(found).savefig(buffer, format="png")
    return buffer.getvalue()


def standings_figure(found: Standings) -> Figure:
    """Draw one row per contender, best on top: every seed, the mean and the 95 % interval."""
    figure, (axes,) = canvas()
    figure.set_size_inches(8.0, _FRAME_INCHES + _ROW_INCHES * max(len(found.rows), 4))
    unit = found.unit
    write_title(axes, f"Searched and picked by hand, at {unit.phrase(found.budget)}")
    seeds = f"{found.seeds} seed{'s' * (found.seeds != 1)}"
    remark = f"{found.epochs} epoch{'s' * (found.epochs != 1)} each, {seeds}"
    remark += ", bars: 95 % interval" * (found.seeds > 1)
    write_in_margin(axes, remark, at=0.0, align="left", color=MUTED)
    axes.set_xlabel(f"{found.accuracy_title} (higher is better)")
    places = range(len(found.rows))
    axes.set_yticks(list(places), [row.name for row in found.rows])
    axes.set_ylim(len(found.rows) - 0.4, -0.6)
    labelled: set[Kind] = set()
    for place, row in zip(places, found.rows, strict=True):
        colour = _COLOURS[row.kind]
        label = None if row.kind in labelled else _WORDS[row.kind]
        labelled.add(row.kind)
        axes.plot(
            row.accuracies, [place] * len(row.accuracies), "o", ms=3.5, color=colour, alpha=0.45
        )
        axes.errorbar(
            [row.mean],
            [place],
            xerr=None if row.interval is None else [row.interval],
            fmt="D",
            ms=5.5,
            color=colour,
            elinewidth=1.2,
            capsize=2.5,
            label=label,
            zorder=4,
        )
    values = [value for row in found.rows for value in row.accuracies]
    room = _ROOM * max(max(values) - min(values), 0.01)
    axes.set_xlim(min(values) - room, max(values) + room)
    figure.legend(fontsize=8, frameon=False, loc="outside lower center", ncols=3)
    return figure
