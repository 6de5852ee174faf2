"""Results of a search and hand-picked networks, all trained alike, as data."""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nasea.errors import ResultsError
from nasea.results.storage.files import read_result, write_result
from nasea.results.units import ACCURACY_TITLES, Unit, unit_for
from nasea.terms import CostKind, cost_of_kind

if TYPE_CHECKING:
    from pydantic import ConfigDict, TypeAdapter

COMPARE_FILE = "compare.json"
Images = Literal["val_dir", "test_dir"]

FOLDERS = "compare_*"
"""Folders in ``results/`` that hold such a file, one a budget."""

_EQUAL = 0.05
"""Costs that differ by no more than this, relative to the budget, count as equal."""

_FORMAT = "nasea-compare"
_VERSION = 1
_STRICT: ConfigDict = {"strict": True, "extra": "forbid", "allow_inf_nan": False}

Kind = Literal[
    "hand pick", "uniform", "searched", "searched, inherited", "searched, taught", "random"
]
"""A known family; one block in every layer; a result from scratch; one from its own weights; one
that learns from a teacher too; one that was drawn from the search space."""


@dataclass(frozen=True)
class Contender:
    """One network, trained once per seed.

    Attributes:
        name: unique in a comparison.
        kind: hand pick or result, and the kind of initial weights.
        title: a description, with its source.
        parameters: weights of the network.
        flops: FLOPs (2 x MACs) for one image.
        latency_ms: milliseconds at batch 1; ``None`` when latency was not modelled.
        filters: output channels of each layer.
        strides: stride of each layer.
        blocks: name of the block of each layer.
        accuracies: accuracies after the last epoch, one per seed, without failed ones; higher is
            better.
        metrics: values of the user's metric, likewise.
        seconds: duration of each training.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: str
    kind: Kind
    title: str
    parameters: int
    flops: int
    latency_ms: float | None
    filters: tuple[int, ...]
    strides: tuple[int, ...]
    blocks: tuple[str, ...]
    accuracies: tuple[float, ...]
    metrics: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean accuracy over the seeds."""
        return statistics.fmean(self.accuracies)

    @property
    def interval(self) -> float | None:
        """Half of the 95 % interval of :attr:`mean` (Student's t); ``None`` with one seed."""
        return half_interval(self.accuracies)

    def cost(self, quantity: CostKind) -> float:
        """Return one of the costs: parameters, FLOPs, or milliseconds."""
        return cost_of_kind(self, quantity)


def half_interval(values: tuple[float, ...]) -> float | None:
    """Return half of a mean's 95 % interval (Student's t); ``None`` for fewer than two values."""
    if len(values) < 2:
        return None
    from scipy.stats import t

    quantile = float(t.ppf(0.975, len(values) - 1))
    return float(quantile * statistics.stdev(values) / len(values) ** 0.5)


@dataclass(frozen=True)
class Excluded:
    """A contender that does not exist at this cost, or whose metric always failed.

    Attributes:
        name: the name that it would have.
        title: a description.
        reason: why it is missing.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: str
    title: str
    reason: str


@dataclass(frozen=True)
class Standings:
    """All contenders for one budget.

    Attributes:
        quantity: what the budget limits.
        budget: parameters, FLOPs, or milliseconds.
        epochs: epochs of each training.
        seeds: number of trainings of each network.
        rows: the contenders, most accurate first.
        excluded: the missing contenders, with reasons.
        images: data of the accuracies: ``val_dir``, or ``test_dir`` if there is one.
        score_as: whether accuracies are those of float networks or of their simulated int8 files.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    quantity: CostKind
    budget: float
    epochs: int
    seeds: int
    rows: tuple[Contender, ...]
    excluded: tuple[Excluded, ...] = ()
    images: Images = "val_dir"
    score_as: Literal["float", "int8"] = "float"

    @property
    def accuracy_title(self) -> str:
        """The name of the accuracy: ``accuracy`` or ``int8 accuracy``."""
        return ACCURACY_TITLES[self.score_as]

    @property
    def unit(self) -> Unit:
        """The unit of the costs."""
        return unit_for(self.quantity, [self.budget, *(r.cost(self.quantity) for r in self.rows)])

    def best(self, *kinds: Kind) -> Contender | None:
        """Return the most accurate contender of some kinds; ``None`` if there is none."""
        return next((row for row in self.rows if row.kind in kinds), None)

    @property
    def verdict(self) -> tuple[str, ...]:
        """The findings about the search, one per line."""
        hand = self.best("hand pick", "uniform")
        if hand is None:
            return ("no hand pick could be trained at this cost",)
        lines = [
            f"best hand pick: {hand.name}, {self.accuracy_title} {mean_in_words(hand)} on "
            f"{self.images}"
        ]
        kinds: tuple[tuple[Kind, str], ...] = (
            ("searched", "from scratch, like the hand picks"),
            ("searched, inherited", "from the weights of the search"),
            ("searched, taught", "taught by a larger network"),
        )
        for kind, words in kinds:
            found = self.best(kind)
            if found is None:
                continue
            ahead = 100 * (found.mean - hand.mean)
            lead = f"{ahead:.1f} points ahead" if ahead >= 0 else f"{-ahead:.1f} points behind"
            lines.append(
                f"best searched, {words}: {mean_in_words(found)}, {lead}"
                f"{self._doubt(found, hand)}{self._cheaper(found)}"
            )
        return tuple(lines)

    def _cheaper(self, found: Contender) -> str:
        """Return a remark if a result does not have equal cost."""
        share = found.cost(self.quantity) / self.budget
        return "" if abs(share - 1) <= _EQUAL else f"; it costs {share:.0%} of the budget"

    def _doubt(self, one: Contender, other: Contender) -> str:
        """Return a remark if two contenders do not differ significantly (Welch's t-test, 5 %)."""
        if min(len(one.accuracies), len(other.accuracies)) < 2:
            return "; one seed cannot say whether that is more than chance"
        spread = statistics.pvariance(one.accuracies) + statistics.pvariance(other.accuracies)
        if spread == 0:
            return ""
        from scipy.stats import ttest_ind

        p = float(ttest_ind(one.accuracies, other.accuracies, equal_var=False).pvalue)
        return "" if p < 0.05 else f"; within chance of {len(one.accuracies)} seeds"

    def save(self, path: Path) -> None:
        """Write the data as JSON.

        Raises:
            ResultsError: the file cannot be written.
        """
        content = {"format": _FORMAT, "version": _VERSION, **asdict(self)}
        write_result(path, json.dumps(content, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Standings:
        """Read a file written by :meth:`save`.

        Raises:
            ResultsError: the file is missing, damaged, or of another version.
        """
        from pydantic import ValidationError

        fix = "write it again: nasea compare"
        data = read_result(path, fix)
        marks = (data.get("format"), data.get("version")) if isinstance(data, Mapping) else ()
        if marks != (_FORMAT, _VERSION):
            raise ResultsError(f"{path} was not written by this version of nasea compare", fix=fix)
        content: dict[str, Any] = {k: data[k] for k in data if k not in ("format", "version")}
        try:
            return _adapter().validate_json(json.dumps(content))
        except ValidationError as error:
            raise ResultsError(f"{path} is damaged: {error.errors()[0]['msg']}", fix=fix) from error


def mean_in_words(row: Contender) -> str:
    """Return mean and interval: ``0.6482 ± 0.0113``."""
    half = row.interval
    return f"{row.mean:.4f}" + ("" if half is None else f" ± {half:.4f}")


_HEADER = (
    "name",
    "kind",
    "parameters",
    "flops",
    "latency_ms",
    "epochs",
    "accuracy_mean",
    "accuracy_half_interval",
    "accuracies",
    "metrics",
    "seconds_mean",
    "filters",
    "strides",
    "blocks",
    "title",
)


def save_standings_csv(found: Standings, path: Path) -> None:
    """Write one row for each contender; lists are separated by spaces.

    Raises:
        ResultsError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for row in found.rows:
        half = row.interval
        writer.writerow(
            [
                row.name,
                row.kind,
                row.parameters,
                row.flops,
                "" if row.latency_ms is None else row.latency_ms,
                found.epochs,
                row.mean,
                "" if half is None else half,
                *(" ".join(map(str, values)) for values in (row.accuracies, row.metrics)),
                statistics.fmean(row.seconds),
                *(" ".join(map(str, values)) for values in (row.filters, row.strides, row.blocks)),
                row.title,
            ]
        )
    write_result(path, text.getvalue())


@cache
def _adapter() -> TypeAdapter[Standings]:
    from pydantic import TypeAdapter

    return TypeAdapter(Standings)
