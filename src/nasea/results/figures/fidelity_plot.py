"""``fidelity.png``: scores on the supernet against accuracies after stand-alone training."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from nasea.results.fidelity import Fidelity
from nasea.results.figures.plots import MUTED, canvas, write_in_margin, write_title
from nasea.results.storage.files import write_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_fidelity_png(found: Fidelity, path: Path) -> None:
    """Write :func:`fidelity_figure` as PNG, 1200 x 750 pixels.

    Raises:
        ResultsError: the file cannot be written.
    """
    buffer = io.BytesIO()
    fidelity_figure(found).savefig(buffer, format="png")
    write_result(path, buffer.getvalue())


def fidelity_figure(found: Fidelity) -> Figure:
    """Draw every architecture; bars span the seeds, colours show the cost."""
    figure, (axes,) = canvas()
    write_title(axes, "Does the supernet rank as stand-alone training does?")
    low, high = found.tau_interval
    write_in_margin(
        axes,
        f"Kendall tau {found.tau:.2f} ({low:.2f} to {high:.2f}), by cost alone "
        f"{found.tau_of_cost:.2f}; {len(found.rows)} architectures",
        at=0.0,
        align="left",
        color=MUTED,
    )
    axes.set_xlabel("accuracy on the supernet")
    seeds = f", mean of {found.seeds} seeds" if found.seeds > 1 else ""
    axes.set_ylabel(f"accuracy after stand-alone training{seeds}")
    unit = found.unit
    means = found.alone
    # A mean of equal values may be off by the last bit; bars must not be negative.
    below = [max(0.0, mean - min(row.alone)) for row, mean in zip(found.rows, means, strict=True)]
    above = [max(0.0, max(row.alone) - mean) for row, mean in zip(found.rows, means, strict=True)]
    axes.errorbar(
        found.supernet, means, yerr=(below, above), fmt="none", ecolor=MUTED, elinewidth=0.8
    )
    points = axes.scatter(
        found.supernet,
        means,
        c=[row.cost / unit.scale for row in found.rows],
        cmap="viridis",
        s=44,
        edgecolors="white",
        linewidths=0.9,
        zorder=4,
    )
    bar = figure.colorbar(points, ax=axes)
    bar.set_label(unit.title)
    bar.outline.set_visible(False)
    return figure
