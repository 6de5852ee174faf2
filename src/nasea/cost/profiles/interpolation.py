"""Interpolates between measured shapes; monotone, exact at these, extrapolates only on request.

If two operators differ in size only, the one that is larger in every dimension takes at least as
long. So the next smaller and larger measured shapes bound the time of an unmeasured one. Between
these bounds, a linear function of multiply-adds and traffic, fitted to the whole family, gives the
estimate. The result is the median of three increasing functions, so it increases with every
dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Sizes = tuple[int, ...]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """A measured operator of a family.

    Attributes:
        sizes: its size in each dimension of the family.
        work: the quantities in which the time should be linear, (multiply-adds, values moved); each
            increases with every size.
        ms: milliseconds.
    """

    sizes: Sizes
    work: tuple[float, float]
    ms: float


@dataclass(frozen=True)
class Estimate:
    """An estimated time.

    Attributes:
        ms: milliseconds.
        inside: whether there are measured shapes on both sides of it.
    """

    ms: float
    inside: bool


class Curve:
    """The times of one family of operators.

    Args:
        samples: at least one; samples of equal sizes are replaced by their median.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        by_sizes: dict[Sizes, list[Sample]] = {}
        for sample in samples:
            by_sizes.setdefault(sample.sizes, []).append(sample)
        self._measured = {
            sizes: float(np.median([sample.ms for sample in group]))
            for sizes, group in by_sizes.items()
        }
        self._sizes = np.array(list(by_sizes), dtype=np.int64)
        self._work = np.array([group[0].work for group in by_sizes.values()])
        self._ms = np.array(list(self._measured.values()))

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """(smallest, largest) measured size in each dimension."""
        lows, highs = self._sizes.min(axis=0), self._sizes.max(axis=0)
        return [(int(low), int(high)) for low, high in zip(lows, highs, strict=True)]

    def estimate(self, sizes: Sizes, work: tuple[float, float]) -> Estimate:
        """Return the time of an operator of this family."""
        if sizes in self._measured:
            return Estimate(self._measured[sizes], True)
        point = np.array(sizes)
        below = (self._sizes <= point).all(axis=1)
        above = (self._sizes >= point).all(axis=1)
        low = self._rising[below].max() if below.any() else 0.0
        high = self._rising[above].min() if above.any() else np.inf
        middle = float(np.dot(self._line, (1.0, *work)))
        return Estimate(float(min(max(middle, low), high)), bool(below.any() and above.any()))

    @cached_property
    def _rising(self) -> Floats:
        """The measured times, corrected where a larger operator was faster than a smaller one."""
        at_most = (self._sizes[:, None, :] <= self._sizes[None, :, :]).all(axis=2)
        floor = np.where(at_most, self._ms[:, None], -np.inf).max(axis=0)
        ceiling = np.where(at_most, self._ms[None, :], np.inf).min(axis=1)
        rising: Floats = (floor + ceiling) / 2
        return rising

    @cached_property
    def _line(self) -> Floats:
        """(constant, per multiply-add, per value), non-negative, with the least relative error."""
        from scipy.optimize import nnls

        columns = np.column_stack([np.ones(len(self._ms)), self._work])
        scale = columns.max(axis=0)
        scale[scale == 0] = 1.0
        factors, _ = nnls(columns / scale / self._ms[:, None], np.ones(len(self._ms)))
        line: Floats = factors / scale
        return line
