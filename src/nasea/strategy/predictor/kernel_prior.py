"""The prior of the kernel's parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nasea.strategy.problem import FloatArray, IntArray

DIMENSIONS = 2
"""Of the plane that the candidates of a layer lie in."""

_APART = 0.3
_PLANE_SD = 0.5
"""How far candidates lie apart in the plane, and how far that may be off."""

_STEP = 0.35
"""How far a width lies from the next."""

_OWN_OF_WIDTHS = 0.01
"""Median of what a width has to itself, beside its place on the line."""

_NOISE = 0.015
_NOISE_SD = 0.4
"""Median of the noise variance and spread of its logarithm: a few scores do not determine them."""

_POOLED = 0.7
"""Share of a parameter's variance that all layers have in common: a few scores show how candidates
compare over all layers before they show it for each."""


@dataclass(frozen=True, eq=False)
class Prior:
    """A normal distribution of a kernel's parameters, most of them as logarithms.

    The medians are about those of fits to 400 scores each of NAS-Bench-201 and NAS-Bench-Macro,
    most of them near the front (docs/decisions/0064).

    Attributes:
        slices: where the parameters of a name are; see :class:`Kernel`.
        mean: shape (parameters,).
        root: lower Cholesky factor of the covariance, shape (parameters, parameters).
    """

    slices: dict[str, slice]
    mean: FloatArray
    root: FloatArray

    NOISE: Final = "noise"
    PLANE: Final = "z"

    @classmethod
    def of(
        cls,
        layer_of: IntArray,
        kind_of: IntArray,
        costs: int,
        ordered: npt.NDArray[np.bool_] | None = None,
    ) -> Prior:
        """Build the prior for a space.

        Args:
            layer_of: the layer of each candidate, shape (candidates,).
            kind_of: which candidates of different layers count as the same, shape (candidates,).
            costs: how many costs are known of an architecture.
            ordered: which candidates are widths, which have an order, shape (candidates,).
        """
        if ordered is None:
            ordered = np.zeros(len(layer_of), dtype=np.bool_)
        layers, kinds = int(layer_of[-1]) + 1, int(kind_of.max()) + 1
        # Name -> the group that each parameter has something in common with; median; spread of the
        # logarithm.
        logarithms = {
            "w": (np.zeros(layers, dtype=np.int64), 0.3 / layers, 1.5),
            "a": (np.arange(1), 0.5, 1.5),
            "b": (np.arange(costs), 0.5, 1.5),
            cls.NOISE: (np.arange(1), _NOISE, _NOISE_SD),
            "t": (np.zeros(layers, dtype=np.int64), 0.08, 1.0),
            "s": (kind_of, 0.1, 1.0),
            "r": (np.arange(1), 0.1, 1.5),
            "u": (np.arange(costs), 0.3, 0.7),
            "g": (np.arange(1), 0.2, 1.5),
            "h": (np.arange(kinds), 0.13, 1.0),
        }
        # All in one place, there would be no direction in which a fit could begin to part them.
        places = np.random.default_rng(0).standard_normal((kinds, DIMENSIONS))
        for kind in np.unique(kind_of[ordered]):
            # Widths are on a line in equal steps, each with a small variance of its own.
            index = int(kind - kind_of[ordered].min())
            places[kind] = (index * _STEP / _APART, 0.0)
        axes = (kind_of[:, None] * DIMENSIONS + np.arange(DIMENSIONS)).ravel()
        means = [np.full(len(group), np.log(median)) for group, median, _ in logarithms.values()]
        roots = [_root(group, spread) for group, _, spread in logarithms.values()]
        own = list(logarithms).index("s")
        means[own] = np.where(ordered, np.log(_OWN_OF_WIDTHS), means[own])
        means.append(_APART * places[kind_of].ravel())
        roots.append(_root(axes, _PLANE_SD))
        ends = np.cumsum([len(mean) for mean in means])
        slices = {
            name: slice(int(end) - len(mean), int(end))
            for name, mean, end in zip((*logarithms, cls.PLANE), means, ends, strict=True)
        }
        root = np.zeros((ends[-1], ends[-1]))
        for where, block in zip(slices.values(), roots, strict=True):
            root[where, where] = block
        return cls(slices, np.concatenate(means), root)


def _root(group: IntArray, spread: float) -> FloatArray:
    """Return the Cholesky factor for parameters that share a part of their group's variance."""
    together = group[:, None] == group
    covariance = _POOLED * together + (1.0 - _POOLED) * np.eye(len(group))
    root: FloatArray = spread * np.linalg.cholesky(covariance)
    return root
