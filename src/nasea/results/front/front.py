"""The outcome of a search for display: the return value of ``nasea.search``."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasea.errors import NotAvailableError
from nasea.results.front.data import FrontData

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Front(FrontData):
    """The Pareto front of a search: architectures by rising cost, and how they were found.

    ``front[3]`` is architecture 3, ``front[-1]`` the most expensive, ``front[:3]`` the three
    cheapest, ``for member in front`` goes by rising cost. A notebook shows it as a table.

    ``Front.load("results")`` reads it. During a search, after a stop or a crash it is the front so
    far, with the scores of the search, and ``front.info.unfinished`` tells the generation.

    Attributes:
        info: the settings of the search.
        members: the members, sorted by cost; ``members[n].number == n``.
        evaluated: all scored architectures, in the order of scoring.
    """

    def __repr__(self) -> str:
        what = f"{self.info.task_name}, {self.info.framework_name}"
        if self.info.unfinished is not None:
            what += f"; unfinished, {self.info.unfinished.words}"
        if not self.members:
            return f"<Front: empty; {what}>"
        unit, costs = self.unit, [self.cost_of(member) for member in self]
        accuracies = [member.accuracy for member in self]
        count = f"{len(self)} architecture{'s' * (len(self) != 1)}"
        return (
            f"<Front: {count}, {unit.text(costs[0])} to {unit.phrase(costs[-1])}, accuracy "
            f"{min(accuracies):.4f} to {max(accuracies):.4f}; {what}>"
        )

    def _repr_html_(self) -> str:
        """Return the table that a notebook shows."""
        from nasea.results.table import front_html

        return front_html(self)

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw the front, as in ``pareto.png``: cost on x, accuracy on y, labels N.

        Args:
            path: also write the figure to this file, in the format of its suffix.

        Returns:
            A matplotlib figure; notebooks display it.
        """
        from nasea.results.figures.plots import front_figure

        figure = front_figure(self)
        if path is not None:
            figure.savefig(path)
        return figure

    def to_pandas(self) -> Any:
        """Return the front as a ``pandas.DataFrame``: one row per architecture, indexed by number.

        Columns: accuracy, metric, search_metric, parameters, flops, latency_ms, measured_ms,
        blocks, widths, genome. Unknown latencies are missing values.

        Raises:
            NotAvailableError: pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise NotAvailableError(
                f"to_pandas needs pandas, which cannot be imported: {error}",
                fix="pip install pandas",
            ) from error
        rows = [{name: getattr(member, name) for name in _FRAME} for member in self]
        numbers = [member.number for member in self]
        index = pandas.Index(numbers, name="number")
        return pandas.DataFrame(rows, index=index, columns=list(_FRAME))


_FRAME = (
    "accuracy",
    "metric",
    "search_metric",
    "parameters",
    "flops",
    "latency_ms",
    "measured_ms",
    "blocks",
    "widths",
    "genome",
)
