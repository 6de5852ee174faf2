"""How alike two architectures are, for a Gaussian process: a kernel on genomes and costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from nasea.strategy.problem import FloatArray, IntArray, Problem

_NOISE = 0.015
_NOISE_SD = 0.4
"""Prior median of the noise variance and spread of its logarithm: few scores cannot tell them."""

_DIMENSIONS = 2
_PLANE_SD = 0.5
_APART = 0.3
"""The plane of candidates: its dimensions, how far they lie apart in it, and where they begin."""


@dataclass(frozen=True, eq=False)
class Points:
    """Architectures as the kernel sees them.

    Attributes:
        hot: one-hot genes, layer after layer, shape (n, candidates of all layers).
        costs: shares of the range from the cheapest architecture to the budget, shape (n,).
    """

    hot: FloatArray
    costs: FloatArray

    def __len__(self) -> int:
        return len(self.costs)

    def __getitem__(self, rows: IntArray | slice) -> Points:
        return Points(self.hot[rows], self.costs[rows])

    def like(self, other: Points) -> Points:
        """The same with as many digits as another."""
        return Points(self.hot.astype(other.hot.dtype), self.costs.astype(other.costs.dtype))

    @property
    def rough(self) -> Points:
        """The same in single precision: half the time, and near enough to sift."""
        rough = np.float32
        return Points(self.hot.astype(rough), self.costs.astype(rough))


@dataclass(frozen=True, eq=False)
class Encoder:
    """Turns the genomes of a problem into points.

    Attributes:
        problem: whose genomes.
    """

    problem: Problem

    @cached_property
    def layer_of(self) -> IntArray:
        """The layer of each column of ``Points.hot``."""
        return np.repeat(np.arange(self.problem.layers), self.problem.choices)

    def __call__(self, genomes: IntArray) -> Points:
        """Points of genomes, shape (n, layers)."""
        first = np.concatenate([[0], np.cumsum(self.problem.choices)[:-1]])
        hot = np.zeros((len(genomes), len(self.layer_of)))
        hot[np.arange(len(genomes))[:, None], genomes + first] = 1.0
        span = self.problem.slack or 1.0
        return Points(hot, (self.problem.cost(genomes) - self.problem.cheapest_cost) / span)


class Kernel:
    """The sum of what layers add, of what they do together, of counts, and of what cost says.

    With x_l the candidate of layer l, n_i how many layers have candidate i, and c the cost, the
    covariance of two architectures is::

        1 + sum_l w_l [x_l = x'_l]
          + a exp(-sum_l [x_l != x'_l] (t_l + s_(l, x_l) + s_(l, x'_l)
                                        + |z_(l, x_l) - z_(l, x'_l)|^2))
          + g exp(-sum_i h_i (n_i - n'_i)^2 / 2)
          + b c c' + r exp(-(c - c')^2 / 2 u^2)

    The first exponential is a Hamming kernel whose distances are learnt: of a layer (t), of each
    candidate of it (s), and between candidates that lie in a plane (z), so that some can be alike
    and others not; the plane is that of Zhang et al. 2020, *A Latent Variable Approach to Gaussian
    Process Modeling with Qualitative and Quantitative Factors*, section 3.

    The second lets what was learnt in one layer speak of another. Candidates of different layers
    count as the same where they have the same index and their layers as many candidates, which is
    how blocks and operations are listed; where that means nothing, g is fitted to be small.

    Parameters are positive and given as logarithms, except for z, in this order: w, a, b, noise
    variance, t, s, r, u, g, h, z.

    Args:
        layer_of: the layer of each candidate, shape (candidates,).
    """

    NOISE: Final = "noise"
    PLANE: Final = "z"

    def __init__(self, layer_of: IntArray) -> None:
        self.layer_of = layer_of
        layers, candidates = int(layer_of[-1]) + 1, len(layer_of)
        self._kind_of = _kinds(layer_of)
        # Name -> (size, median, spread of the logarithm) of a log-normal prior.
        priors = {
            "w": (layers, 0.3 / layers, 1.5),
            "a": (1, 0.5, 1.5),
            "b": (1, 0.5, 1.5),
            self.NOISE: (1, _NOISE, _NOISE_SD),
            "t": (layers, 0.3, 1.0),
            "s": (candidates, 0.2, 1.0),
            "r": (1, 0.2, 1.5),
            "u": (1, 0.2, 0.7),
            "g": (1, 0.5, 1.5),
            "h": (self._kind_of.shape[1], 0.2, 1.0),
        }
        self.slices: dict[str, slice] = {}
        for name, (size, _, _) in priors.items():
            begin = max((one.stop for one in self.slices.values()), default=0)
            self.slices[name] = slice(begin, begin + size)
        means = [np.full(n, np.log(m)) for n, m, _ in priors.values()]
        spreads = [np.full(n, sd) for n, _, sd in priors.values()]
        begin = self.slices["h"].stop
        self.slices[self.PLANE] = slice(begin, begin + candidates * _DIMENSIONS)
        # All in one place, there would be no direction in which a fit could begin to part them.
        places = np.random.default_rng(0).standard_normal(candidates * _DIMENSIONS)
        self.prior_mean = np.concatenate([*means, _APART * places])
        self.prior_sd = np.concatenate([*spreads, np.full(len(places), _PLANE_SD)])
        same = layer_of[:, None] == layer_of
        self._others = same & ~np.eye(candidates, dtype=bool)

    def __call__(self, logs: FloatArray, one: Points, other: Points) -> FloatArray:
        """Covariances without noise: (n points), (m points) -> (n, m), as precise as the points."""
        logs = logs.astype(one.hot.dtype)
        together, counts, cost = self._terms(logs, one, other)
        return together + counts + cost + self._rest(logs, one, other)

    def diagonal(self, logs: FloatArray, points: Points) -> FloatArray:
        """Variances without noise: (n points) -> (n,)."""
        v = self._values(logs)
        constant = 1.0 + v["w"].sum() + v["a"][0] + v["r"][0] + v["g"][0]
        variances: FloatArray = constant + v["b"][0] * points.costs**2
        return variances

    def noise(self, logs: FloatArray) -> float:
        """Variance of a score about the quality it is a score of."""
        return float(np.exp(logs[self.slices[self.NOISE]][0]))

    def with_gradient(self, logs: FloatArray, points: Points) -> tuple[FloatArray, Pullback]:
        """Covariances of points with themselves, noise included, and how they depend on ``logs``.

        Returns:
            Covariances, shape (n, n), and a function that maps a symmetric weight of each to the
            gradient of their weighted sum with respect to ``logs``.
        """
        together, counts, cost = self._terms(logs, points, points)
        total = together + counts + cost + self._rest(logs, points, points)
        total[np.diag_indices(len(points))] += self.noise(logs)
        return total, Pullback(self, logs, points, together, counts, cost)

    def _values(self, logs: FloatArray) -> dict[str, FloatArray]:
        values = np.exp(logs)
        found = {name: values[where] for name, where in self.slices.items()}
        found[self.PLANE] = logs[self.slices[self.PLANE]].reshape(-1, _DIMENSIONS)
        return found

    def _terms(
        self, logs: FloatArray, one: Points, other: Points
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The three exponential terms."""
        v = self._values(logs)
        plane = ((v[self.PLANE][:, None] - v[self.PLANE]) ** 2).sum(axis=2)
        distance = (v["t"][self.layer_of] + v["s"])[:, None] + v["s"] + plane
        exponent = (one.hot @ (distance * self._others)) @ other.hot.T
        scaled = self._kind_of.astype(v["h"].dtype) * np.sqrt(v["h"])
        few, many = one.hot @ scaled, other.hot @ scaled
        counted = (few**2).sum(axis=1)[:, None] + (many**2).sum(axis=1) - 2.0 * few @ many.T
        apart = (one.costs[:, None] - other.costs) / v["u"][0]
        return (
            v["a"][0] * np.exp(-exponent),
            v["g"][0] * np.exp(-0.5 * counted),
            v["r"][0] * np.exp(-0.5 * apart**2),
        )

    def _rest(self, logs: FloatArray, one: Points, other: Points) -> FloatArray:
        v = self._values(logs)
        alike = (one.hot * v["w"][self.layer_of]) @ other.hot.T
        rest: FloatArray = alike + v["b"][0] * one.costs[:, None] * other.costs
        rest += 1.0
        return rest


@dataclass(frozen=True, eq=False)
class Pullback:
    """Gradient of weighted sums of covariances; see :meth:`Kernel.with_gradient`."""

    kernel: Kernel
    logs: FloatArray
    points: Points
    together: FloatArray
    counts: FloatArray
    cost: FloatArray

    def __call__(self, weights: FloatArray) -> FloatArray:
        """(n, n) symmetric weights -> gradient, the shape of ``logs``."""
        kernel, hot, costs = self.kernel, self.points.hot, self.points.costs
        v = kernel._values(self.logs)
        # Weights of pairs of candidates; those of one layer are all that count.
        pairs = (hot.T @ ((weights * self.together) @ hot)) * kernel._others
        of_counts = weights * self.counts
        counted = hot @ kernel._kind_of
        of_cost = weights * self.cost
        apart = (costs[:, None] - costs) ** 2
        alike = ((weights @ hot) * hot).sum(axis=0)
        places = v[kernel.PLANE]
        gradient = {
            "w": v["w"] * np.bincount(kernel.layer_of, alike),
            "a": (weights * self.together).sum(),
            "b": v["b"] * (costs @ weights @ costs),
            kernel.NOISE: v[kernel.NOISE] * np.trace(weights),
            "t": -v["t"] * np.bincount(kernel.layer_of, pairs.sum(axis=1)),
            "s": -2.0 * v["s"] * pairs.sum(axis=1),
            "r": of_cost.sum(),
            "u": (of_cost * apart).sum() / v["u"] ** 2,
            "g": of_counts.sum(),
            "h": v["h"]
            * (((of_counts @ counted) * counted).sum(axis=0) - of_counts.sum(axis=1) @ counted**2),
            kernel.PLANE: -4.0 * (pairs.sum(axis=1)[:, None] * places - pairs @ places).ravel(),
        }
        return np.concatenate([np.atleast_1d(gradient[name]) for name in kernel.slices])


def _kinds(layer_of: IntArray) -> FloatArray:
    """Which candidates count as the same, as one-hot rows, shape (candidates, kinds)."""
    sizes = np.bincount(layer_of)
    names = [(int(size), index) for size in sizes for index in range(size)]
    kinds = {name: kind for kind, name in enumerate(dict.fromkeys(names))}
    kind_of: FloatArray = np.eye(len(kinds))[[kinds[name] for name in names]]
    return kind_of
