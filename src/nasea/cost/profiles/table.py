"""A profile of a user's device, measured operator by operator."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from nasea.cost.operators import (
    ACTIVATION,
    CONCAT,
    CONV,
    DENSE,
    GLOBAL_POOL,
    POOL,
    RESHAPE,
    Operator,
    Subgraph,
)
from nasea.cost.profiles.base import Gap, UnpricedError
from nasea.cost.profiles.interpolation import Curve, Estimate, Sample, Sizes
from nasea.space import Shape

Family = tuple[str, ...]
"""Properties that operators must share to be compared by size alone, in words."""

_LEAST_SHARE = 0.05
"""An operator costs at least this share of its isolated time."""

_HOW = (
    "measure it: nasea latency bench writes the operators of a scenario, nasea latency import "
    "reads their times (docs/add-a-processor.md)"
)


@dataclass(frozen=True)
class MeasuredOperator:
    """One row of a table; the fields are those of :class:`nasea.cost.operators.Operator`.

    Attributes:
        ms: milliseconds, > 0.
    """

    kind: str
    in_shape: Shape
    out_shape: Shape
    kernel: tuple[int, int]
    stride: int
    groups: int
    inputs: int
    activation: str
    ms: float

    def __post_init__(self) -> None:
        if not (self.ms > 0 and math.isfinite(self.ms)):
            raise ValueError(f"{self.operator}: a time must be > 0 ms, found {self.ms}")

    @classmethod
    def of(cls, op: Operator, ms: float) -> MeasuredOperator:
        """Return the row for an operator."""
        return cls(
            op.kind, op.in_shape, op.out_shape, op.kernel, op.stride, op.groups, op.inputs,
            op.activation, ms,
        )  # fmt: skip

    @property
    def operator(self) -> Operator:
        """The measured operator."""
        return Operator(
            self.kind, self.in_shape, self.out_shape, self.kernel, self.stride, self.groups,
            self.inputs, self.activation,
        )  # fmt: skip


@dataclass(frozen=True)
class TableProfile:
    """See :class:`nasea.cost.profiles.base.Profile`.

    Attributes:
        name: its name in ``processor_version``.
        processor: the device, in the user's words.
        created: ISO 8601 date.
        source: the file that was imported.
        per_network_ms: time of a whole network in addition to its operators.
        per_operator_ms: time that each operator takes in a network in addition to its isolated
            time.
        extrapolate: whether to price shapes outside the measured range too, with a notice.
        quality: the error of predictions for whole networks, in words.
        rows: all measured operators.
        factor: applied to the isolated time of each operator.
    """

    name: str
    processor: str
    created: str
    source: str
    per_network_ms: float
    per_operator_ms: float
    extrapolate: bool
    quality: str
    rows: tuple[MeasuredOperator, ...]
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not (self.factor > 0 and math.isfinite(self.factor)):
            raise ValueError(f"the factor must be > 0, found {self.factor}")

    @cached_property
    def digest(self) -> str:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        content = repr((self.per_network_ms, self.per_operator_ms, self.extrapolate, self.rows))
        if self.factor != 1.0:  # older profiles without a factor keep their digest
            content += repr(self.factor)
        return hashlib.sha256(content.encode()).hexdigest()

    @cached_property
    def curves(self) -> dict[Family, Curve]:
        """One curve for each family."""
        return curves_of((row.operator, row.ms) for row in self.rows)

    def describe(self) -> str:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        return (
            f"{self.name} ({self.processor}), {len(self.rows)} measured operators from "
            f"{self.source}; {self.quality}"
        )

    def latency_ms(self, subgraph: Subgraph) -> float:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        gaps: list[Gap] = []
        total = 0.0
        for operator in subgraph.operators:
            found = self.estimate(operator)
            if isinstance(found, Gap):
                gaps.append(found)
            elif not found.inside and not self.extrapolate:
                gaps.append(Gap.of(operator, self._beyond(operator)))
            else:
                total += self.in_network_ms(found.ms)
        if gaps:
            raise UnpricedError(gaps, _HOW)
        return total

    def guesses(self, subgraph: Subgraph) -> list[str]:
        """See :class:`nasea.cost.profiles.base.Profile`."""
        guessed = []
        for operator in subgraph.operators:
            found = self.estimate(operator)
            if isinstance(found, Estimate) and not found.inside:
                guessed.append(f"{operator}: {self._beyond(operator)}")
        return guessed

    def in_network_ms(self, alone_ms: float) -> float:
        """Return the time that an operator adds to a network, given its isolated time."""
        return max(self.factor * alone_ms + self.per_operator_ms, _LEAST_SHARE * alone_ms)

    def estimate(self, operator: Operator) -> Estimate | Gap:
        """Return the time of an operator, or why there is none."""
        if operator.kind == RESHAPE:
            return Estimate(0.0, True)
        curve = self.curves.get(family_of(operator))
        if curve is None:
            return Gap.of(operator, f"no {', '.join(family_of(operator))} was measured")
        return curve.estimate(sizes_of(operator), work_of(operator))

    def _beyond(self, operator: Operator) -> str:
        ranges = self.curves[family_of(operator)].ranges
        beyond = [
            f"{size} {name} (measured: {low} to {high})"
            for name, size, (low, high) in zip(
                dimensions_of(operator), sizes_of(operator), ranges, strict=True
            )
            if not low <= size <= high
        ]
        if beyond:
            return f"beyond what was measured: {', '.join(beyond)}"
        return "no measured shapes lie on both sides of it"


def curves_of(measured: Iterable[tuple[Operator, float]]) -> dict[Family, Curve]:
    """Return the curves of measured operators, (operator, milliseconds)."""
    samples: dict[Family, list[Sample]] = {}
    for operator, ms in measured:
        sample = Sample(sizes_of(operator), work_of(operator), ms)
        samples.setdefault(family_of(operator), []).append(sample)
    return {family: Curve(group) for family, group in samples.items()}


def family_of(operator: Operator) -> Family:
    """Return the properties that comparable operators share; a fused ReLU counts as free."""
    if operator.kind in (CONV, POOL):
        window = f"{operator.kernel[0]}x{operator.kernel[1]}"
        grouping = (operator.grouping,) if operator.kind == CONV else ()
        return (f"{operator.kind} {window}", f"stride {operator.stride}", *grouping)
    if operator.kind == ACTIVATION:
        return (f"activation {operator.activation}",)
    if operator.kind == CONCAT:
        return (f"concat of {operator.inputs}",)
    return (operator.kind,)


def dimensions_of(operator: Operator) -> tuple[str, ...]:
    """Return the names of the dimensions of a family."""
    if operator.kind == CONV:
        if operator.grouping == "depthwise":
            return ("channels", "output pixels")
        names = ("channels in", "channels out", "output pixels")
        return names if operator.grouping == "dense" else (*names, "channels in a group")
    if operator.kind == DENSE:
        return ("channels in", "channels out")
    if operator.kind in (POOL, GLOBAL_POOL):
        return ("channels", "input pixels")
    return ("values",)


def sizes_of(operator: Operator) -> Sizes:
    """Return the size of an operator in each dimension; larger means slower."""
    c_in, c_out = operator.in_shape[0], operator.out_shape[0]
    pixels = math.prod(operator.out_shape[1:])
    if operator.kind == CONV:
        if operator.grouping == "depthwise":
            return (c_in, pixels)
        sizes = (c_in, c_out, pixels)
        return sizes if operator.grouping == "dense" else (*sizes, c_in // operator.groups)
    if operator.kind == DENSE:
        return (c_in * math.prod(operator.in_shape[1:]), c_out)
    if operator.kind in (POOL, GLOBAL_POOL):
        return (c_in, math.prod(operator.in_shape[1:]))
    return (operator.values_out,)


def work_of(operator: Operator) -> tuple[float, float]:
    """Return (multiply-adds, values moved); each increases with every size."""
    moved = operator.weights + operator.values_in + operator.values_out
    return (float(operator.macs), float(moved))
