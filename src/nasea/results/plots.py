"""The front and its growth as figures: ``pareto.png`` and TensorBoard's images.

Figures are built on ``matplotlib.figure.Figure`` itself: pyplot keeps global state, and picks a
window system that a server does not have.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from nasea.results.files import write_result
from nasea.results.front import Front
from nasea.results.labels import place_labels
from nasea.results.window import Window, front_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's blue and vermilion: told apart with any colour vision, and in grey.
_FRONT = "#0072B2"
_BUDGET = "#D55E00"
_INK = "#1f2933"
MUTED = "#66717d"
_GRID = "#e6e9ec"

_SIZE = (8.0, 5.0)  # inches
_DPI = 150
_LABEL_POINTS = 8.5
_POINT_RADIUS = 3.5  # typographic points


def save_front_png(front: Front, path: Path) -> None:
    """Write ``front_figure`` as PNG, 1200 x 750 pixels.

    Raises:
        ResultsError: the file cannot be written.
    """
    buffer = io.BytesIO()
    front_figure(front).savefig(buffer, format="png")
    write_result(path, buffer.getvalue())


def front_figure(front: Front) -> Figure:
    """Draw the front: cost on x, accuracy on y, labels N, the budget, all scored candidates.

    The window is fitted to the front; what lies outside it is counted in the margin.
    """
    figure, axes = canvas()
    info, unit = front.info, front.unit
    window = front_window(front)
    budget = info.constraint_value
    write_title(axes, f"Pareto front: {info.task_name}, {info.framework_name}")
    axes.set_xlabel(unit.title)
    axes.set_ylabel("accuracy (higher is better)")
    axes.set_xlim(window.left / unit.scale, window.right / unit.scale)
    axes.set_ylim(window.bottom, window.top)

    _draw_evaluated(axes, front, window)
    if window.left <= budget <= window.right:
        axes.axvline(budget / unit.scale, color=_BUDGET, linestyle=(0, (5, 3)), linewidth=1.4)
    write_in_margin(axes, f"budget {unit.text(budget)}", at=1.0, align="right", color=_BUDGET)

    xs = [front.cost_of(member) / unit.scale for member in front]
    ys = [member.accuracy for member in front]
    steps = front.steps
    axes.step(
        [front.cost_of(member) / unit.scale for member in steps],
        [member.accuracy for member in steps],
        where="post",
        color=_FRONT,
        linewidth=1.6,
        zorder=3,
    )
    axes.plot(
        xs,
        ys,
        linestyle="none",
        marker="o",
        markersize=2 * _POINT_RADIUS,
        color=_FRONT,
        markeredgecolor="white",
        markeredgewidth=0.9,
        zorder=4,
    )
    _label_members(figure, axes, list(zip(xs, ys, strict=True)))
    return figure


def hypervolume_figure(front: Front) -> Figure:
    """Draw how the front's hypervolume grew, generation by generation."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = canvas()
    values = front.info.hypervolumes
    write_title(axes, "Hypervolume of the front")
    axes.set_xlabel("generation")
    axes.set_ylabel("hypervolume (higher is better)")
    axes.plot(
        range(len(values)), values, color=_FRONT, linewidth=1.8, marker="o", markersize=3, zorder=3
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def canvas() -> tuple[Figure, Axes]:
    """An empty figure in the house style."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)  # inches
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout=layout, facecolor="white")
    axes = figure.add_subplot()
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#aeb6bf")
    axes.tick_params(colors=MUTED, labelsize=9)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    axes.ticklabel_format(useOffset=False, style="plain")
    return figure, axes


def write_title(axes: Axes, text: str) -> None:
    """Write the title; the pad leaves a line between it and the axes for remarks."""
    axes.set_title(text, loc="left", fontsize=12, fontweight="bold", color=_INK, pad=20)


def _draw_evaluated(axes: Axes, front: Front, window: Window) -> None:
    """Draw every scored candidate in grey, later generations darker."""
    scored = [(e.cost, e.accuracy, e.generation) for e in front.evaluated if e.accuracy is not None]
    if not scored:
        return
    inside = [row for row in scored if window.holds(row[0], row[1])]
    last = max(generation for _, _, generation in scored) or 1
    scale = front.unit.scale
    axes.scatter(
        [cost / scale for cost, _, _ in inside],
        [accuracy for _, accuracy, _ in inside],
        s=9,
        color=[(0.35, 0.38, 0.42, 0.18 + 0.42 * generation / last) for *_, generation in inside],
        linewidths=0,
        zorder=2,
    )
    text = f"{len(scored)} architectures scored"
    if outside := len(scored) - len(inside):
        text += f", {outside} outside this window"
    write_in_margin(axes, text, at=0.0, align="left", color=MUTED)


def write_in_margin(axes: Axes, text: str, *, at: float, align: str, color: str) -> None:
    """Write a remark between the title and the axes, where it covers no point."""
    axes.text(
        at, 1.015, text, transform=axes.transAxes, ha=align, va="bottom", fontsize=9, color=color
    )


def _label_members(figure: Figure, axes: Axes, points: list[tuple[float, float]]) -> None:
    """Write N beside each point; a thin line leads to a label that had to move away."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.0, foreground="white")]  # keeps digits legible on the line
    figure.draw_without_rendering()  # settles the layout, so that data coordinates have places
    to_points = 72.0 / figure.dpi
    anchors = [tuple(axes.transData.transform(point) * to_points) for point in points]
    # A digit of the default font is 0.64 em wide and 0.73 em high; the rest keeps 4 and 3 from
    # reading as 43.
    sizes = [
        (0.64 * _LABEL_POINTS * len(str(n)) + 3.0, 0.85 * _LABEL_POINTS) for n in range(len(points))
    ]
    centres = place_labels(anchors, sizes, gap=1.0, radius=_POINT_RADIUS)
    for number, (point, (x, y), (to_x, to_y)) in enumerate(
        zip(points, anchors, centres, strict=True)
    ):
        offset = (to_x - x, to_y - y)
        far = max(abs(offset[0]), abs(offset[1])) > 3.2 * _POINT_RADIUS
        axes.annotate(
            str(number),
            xy=point,
            xytext=offset,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=_LABEL_POINTS,
            color=_INK,
            zorder=5,
            path_effects=halo,
            arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.5} if far else None,
        )
