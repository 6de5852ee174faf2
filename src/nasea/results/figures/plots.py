"""Figures of the front: ``pareto.png`` and TensorBoard's image.

Figures use ``matplotlib.figure.Figure`` directly: pyplot has global state and selects a window
system that servers lack.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from nasea.results.figures.axes import CostAxis, cost_axes
from nasea.results.figures.labels import place_labels
from nasea.results.figures.window import Window, front_window
from nasea.results.front.data import FrontData, widths_in_words
from nasea.results.front.run_info import Trunks
from nasea.results.storage.files import write_result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's blue and vermilion: distinguishable with any colour vision, and in grey.
_FRONT = "#0072B2"
_BUDGET = "#D55E00"
_INK = "#1f2933"
MUTED = "#66717d"
_GRID = "#e6e9ec"

_SIZE = (8.0, 5.0)  # inches, of a panel
_DPI = 150
_LABEL_POINTS = 8.5
_POINT_RADIUS = 3.5  # typographic points


def save_front_png(front: FrontData, path: Path) -> None:
    """Write ``front_figure`` as PNG, 1200 x 750 pixels a panel.

    Raises:
        ResultsError: the file cannot be written.
    """
    buffer = io.BytesIO()
    front_figure(front).savefig(buffer, format="png")
    write_result(path, buffer.getvalue())


def front_figure(front: FrontData) -> Figure:
    """Draw the front: cost on x, accuracy on y, labels N, the budget, all scored candidates.

    If widths were searched, the colour of a network shows its trunk.

    Each cost that is an objective has its own panel. Members that no cheaper one beats are filled;
    the others, on the front because of another cost, are open. The axes are fitted to the front;
    the number of points outside is given in the margin.
    """
    costs = cost_axes(front)
    figure, panels = canvas(len(costs))
    info = front.info
    write_title(panels[0], f"Pareto front: {info.task_name}, {info.framework_name}")
    panels[0].set_ylabel(f"{info.accuracy_title} (higher is better)")
    places = [_draw_panel(axes, front, cost) for axes, cost in zip(panels, costs, strict=True)]
    for axes, points in zip(panels, places, strict=True):
        _label_members(figure, axes, points)
    return figure


def _draw_panel(axes: Axes, front: FrontData, cost: CostAxis) -> list[tuple[float, float]]:
    """Draw the front over one cost; return the positions of its members."""
    unit = cost.unit
    window = front_window(front, cost)
    axes.set_xlabel(unit.title)
    axes.set_xlim(window.left / unit.scale, window.right / unit.scale)
    axes.set_ylim(window.bottom, window.top)

    _draw_scored(axes, cost, window, front.info.trunks)
    if cost.budget is not None:
        if window.left <= cost.budget <= window.right:
            at = cost.budget / unit.scale
            axes.axvline(at, color=_BUDGET, linestyle=(0, (5, 3)), linewidth=1.4)
        text = f"budget {unit.text(cost.budget)}"
        write_in_margin(axes, text, at=1.0, align="right", color=_BUDGET)

    points = [
        (x / unit.scale, member.accuracy) for x, member in zip(cost.members, front, strict=True)
    ]
    steps = [points[number] for number in cost.steps]
    axes.step(*_columns(steps), where="post", color=_FRONT, linewidth=1.6, zorder=3)
    filled = _member_colours(front)
    for numbers, faces, edge in (
        ([n for n in range(len(points)) if n not in cost.steps], None, _FRONT),
        (list(cost.steps), [filled[n] for n in cost.steps], "white"),
    ):
        axes.scatter(
            *_columns([points[n] for n in numbers]),
            s=(2 * _POINT_RADIUS) ** 2,
            color=faces or "white",
            edgecolors=edge,
            linewidths=0.9,
            zorder=4,
        )
    return points


def _member_colours(front: FrontData) -> list[str | tuple[float, float, float]]:
    """Return the colour of each member: that of its trunk, if there are several."""
    trunks = front.info.trunks
    if len(trunks) < 2:
        return [_FRONT] * len(front)
    colours = trunk_colours(len(trunks))
    return [colours[member.genome[-1]] for member in front]


def _columns(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def canvas(panels: int = 1) -> tuple[Figure, tuple[Axes, ...]]:
    """Return an empty figure in the house style, its panels side by side."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from nasea.results.figures.shown_figure import ShownFigure

    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)  # inches
    width, height = _SIZE
    size = (width * panels, height)
    figure = ShownFigure(figsize=size, dpi=_DPI, layout=layout, facecolor="white")
    drawn = tuple(figure.add_subplot(1, panels, place + 1) for place in range(panels))
    for axes in drawn:
        axes.grid(color=_GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color("#aeb6bf")
        axes.tick_params(colors=MUTED, labelsize=9)
        axes.xaxis.label.set_color(_INK)
        axes.yaxis.label.set_color(_INK)
        axes.ticklabel_format(useOffset=False, style="plain")
    return figure, drawn


def write_title(axes: Axes, text: str) -> None:
    """Write the title; the pad leaves a line between it and the axes for remarks."""
    axes.set_title(text, loc="left", fontsize=12, fontweight="bold", color=_INK, pad=20)


def _draw_scored(axes: Axes, cost: CostAxis, window: Window, trunks: Trunks) -> None:
    """Draw every scored candidate in the colour of its trunk, later generations darker."""
    if not cost.scored:
        return
    inside = [row for row in cost.scored if window.holds(row[0], row[1])]
    last = max(row[2] for row in cost.scored) or 1
    colours = trunk_colours(len(trunks))
    axes.scatter(
        [row[0] / cost.unit.scale for row in inside],
        [row[1] for row in inside],
        s=9 if len(trunks) < 2 else 14,
        color=[(*colours[trunk], 0.6 + 0.35 * age / last) for *_, age, trunk in inside],
        linewidths=0,
        zorder=2,
    )
    text = f"{len(cost.scored)} architectures scored"
    if outside := len(cost.scored) - len(inside):
        text += f", {outside} outside this window"
    write_in_margin(axes, text, at=0.0, align="left", color=MUTED)
    present = sorted({trunk for *_, trunk in inside})
    if len(trunks) > 1:
        for trunk in present:
            words = widths_in_words(trunks[trunk])
            axes.scatter([], [], s=22, color=[(*colours[trunk], 0.8)], linewidths=0, label=words)
        axes.legend(title="widths", loc="lower right", fontsize=8, title_fontsize=8, frameon=False)


def trunk_colours(count: int) -> list[tuple[float, float, float]]:
    """Return one colour per trunk, from narrowest to widest; grey for a single one."""
    from matplotlib import colormaps

    if count < 2:
        return [(0.35, 0.38, 0.42)]
    # The lightest part of the map is too faint on white.
    shades = colormaps["viridis"]([0.85 * place / (count - 1) for place in range(count)])
    return [(float(r), float(g), float(b)) for r, g, b, _ in shades]


def write_in_margin(axes: Axes, text: str, *, at: float, align: str, color: str) -> None:
    """Write a remark between the title and the axes, where it covers no point."""
    axes.text(
        at, 1.015, text, transform=axes.transAxes, ha=align, va="bottom", fontsize=9, color=color
    )


def _label_members(figure: Figure, axes: Axes, points: list[tuple[float, float]]) -> None:
    """Write N beside each point; a thin line leads to a label that had to move away."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.0, foreground="white")]  # keeps digits legible on the line
    figure.draw_without_rendering()  # computes the layout, needed to place labels
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
