"""The kernel of the Gaussian process: how alike two architectures are, by genes and costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nasea.strategy.predictor.kernel_prior import DIMENSIONS, Prior
from nasea.strategy.problem import FloatArray, IntArray, Problem


@dataclass(frozen=True, eq=False)
class Points:
    """Architectures as the kernel sees them.

    Attributes:
        hot: one-hot genes, layer after layer, shape (n, candidates of all layers).
        known: what every architecture is known to cost, shape (n, costs). First the constraint's
            cost, as a share of the range from the cheapest architecture to the budget; then the
            further cost features of the problem.
    """

    hot: FloatArray
    known: FloatArray

    @property
    def costs(self) -> FloatArray:
        """The constraint's cost, shape (n,)."""
        return self.known[:, 0]

    def __len__(self) -> int:
        return len(self.known)

    def __getitem__(self, rows: IntArray | slice) -> Points:
        return Points(self.hot[rows], self.known[rows])

    def in_precision_of(self, other: Points) -> Points:
        """Return the same in the floating-point type of another."""
        return Points(self.hot.astype(other.hot.dtype), self.known.astype(other.known.dtype))

    @property
    def in_single_precision(self) -> Points:
        """The same in single precision: half the time, and exact enough for a shortlist."""
        return Points(self.hot.astype(np.float32), self.known.astype(np.float32))


@dataclass(frozen=True, eq=False)
class Encoder:
    """Turns the genomes of a problem into points.

    Attributes:
        problem: whose genomes.
    """

    problem: Problem

    @cached_property
    def layer_of(self) -> IntArray:
        """The layer, or the width, of each column of ``Points.hot``."""
        return np.repeat(np.arange(self.problem.layers), self.problem.choices)

    @property
    def kernel(self) -> Kernel:
        """The kernel for these points."""
        return Kernel(self.layer_of, 1 + len(self.problem.cost_features), self.problem.ordinal)

    def __call__(self, genomes: IntArray) -> Points:
        """Return the points of genomes, shape (n, layers)."""
        first = np.concatenate([[0], np.cumsum(self.problem.choices)[:-1]])
        hot = np.zeros((len(genomes), len(self.layer_of)))
        hot[np.arange(len(genomes))[:, None], genomes + first] = 1.0
        span = self.problem.slack or 1.0
        shares = (self.problem.cost(genomes) - self.problem.cheapest_cost) / span
        return Points(
            hot, np.column_stack([shares, *(f(genomes) for f in self.problem.cost_features)])
        )


class Kernel:
    """A sum of kernels on single layers, on layers together, on counts, and on costs.

    With x_l the candidate of layer l, n_i how many layers have candidate i, and c_j the costs, the
    covariance of two architectures is::

        1 + sum_l w_l [x_l = x'_l]
          + a exp(-sum_l [x_l != x'_l] (t_l + s_(l, x_l) + s_(l, x'_l)
                                        + |z_(l, x_l) - z_(l, x'_l)|^2))
          + g exp(-sum_i h_i (n_i - n'_i)^2 / 2)
          + sum_j b_j c_j c'_j + r exp(-sum_j (c_j - c'_j)^2 / 2 u_j^2)

    The first exponential is a Hamming kernel whose distances are learnt: of a layer (t), of each
    candidate of it (s), and between candidates that lie in a plane (z), so that some can be alike
    and others not; the plane is that of Zhang et al. 2020, *A Latent Variable Approach to Gaussian
    Process Modeling with Qualitative and Quantitative Factors*, section 3.

    The second transfers what was learnt in one layer to another. Candidates of different layers
    count as the same where they have the same index and their layers as many candidates, which is
    how blocks and operations are listed; where that means nothing, g is fitted to be small. Widths
    have an order: they are laid out along a line in the plane, and count as no candidate.

    Parameters are positive and given as logarithms, except for z, in this order: w, a, b, noise
    variance, t, s, r, u, g, h, z.

    Args:
        layer_of: the layer of each candidate, shape (candidates,).
        costs: how many costs are known of an architecture, at least 1.
        ordinal: for each layer, whether its candidates have an order; empty: none.

    Attributes:
        prior: of the parameters.
    """

    def __init__(self, layer_of: IntArray, costs: int = 1, ordinal: Sequence[bool] = ()) -> None:
        self.layer_of = layer_of
        ordered = np.isin(layer_of, np.flatnonzero(ordinal))
        kinds = _kinds(layer_of, ordered)
        self.prior = Prior.of(layer_of, kinds, costs, ordered)
        self._kind_of = np.eye(int(kinds.max()) + 1)[kinds] * ~ordered[:, None]
        same = layer_of[:, None] == layer_of
        self._others = same & ~np.eye(len(layer_of), dtype=bool)

    def __call__(self, logs: FloatArray, one: Points, other: Points) -> FloatArray:
        """Return covariances without noise: (n points), (m points) -> (n, m)."""
        logs = logs.astype(one.hot.dtype)
        together, counts, cost = self._terms(logs, one, other)
        return together + counts + cost + self._rest(logs, one, other)

    def diagonal(self, logs: FloatArray, points: Points) -> FloatArray:
        """Return variances without noise: (n points) -> (n,)."""
        v = self._values(logs)
        constant = 1.0 + v["w"].sum() + v["a"][0] + v["r"][0] + v["g"][0]
        variances: FloatArray = constant + points.known**2 @ v["b"].astype(points.known.dtype)
        return variances

    def noise(self, logs: FloatArray) -> float:
        """Return the variance of a score about its mean over repeated scores."""
        return float(np.exp(logs[self.prior.slices[Prior.NOISE]][0]))

    def with_gradient(self, logs: FloatArray, points: Points) -> tuple[FloatArray, Pullback]:
        """Return covariances of points with themselves, noise included, and their gradient.

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
        found = {name: values[where] for name, where in self.prior.slices.items()}
        found[Prior.PLANE] = logs[self.prior.slices[Prior.PLANE]].reshape(-1, DIMENSIONS)
        return found

    def _terms(
        self, logs: FloatArray, one: Points, other: Points
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Compute the three exponential terms."""
        v = self._values(logs)
        plane = ((v[Prior.PLANE][:, None] - v[Prior.PLANE]) ** 2).sum(axis=2)
        distance = (v["t"][self.layer_of] + v["s"])[:, None] + v["s"] + plane
        exponent = (one.hot @ (distance * self._others)) @ other.hot.T
        scaled = self._kind_of.astype(v["h"].dtype) * np.sqrt(v["h"])
        here, there = one.known / v["u"], other.known / v["u"]
        return (
            v["a"][0] * np.exp(-exponent),
            v["g"][0] * np.exp(-0.5 * _squares(one.hot @ scaled, other.hot @ scaled)),
            v["r"][0] * np.exp(-0.5 * _squares(here, there)),
        )

    def _rest(self, logs: FloatArray, one: Points, other: Points) -> FloatArray:
        v = self._values(logs)
        alike = (one.hot * v["w"][self.layer_of]) @ other.hot.T
        rest: FloatArray = alike + (one.known * v["b"]) @ other.known.T
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
        """Return (n, n) symmetric weights -> gradient, the shape of ``logs``."""
        kernel, hot, known = self.kernel, self.points.hot, self.points.known
        v = kernel._values(self.logs)
        # Weights of pairs of candidates; those of one layer are all that count.
        pairs = (hot.T @ ((weights * self.together) @ hot)) * kernel._others
        of_counts = weights * self.counts
        counted = hot @ kernel._kind_of
        of_cost = weights * self.cost
        apart = (known[:, None] - known) ** 2
        alike = ((weights @ hot) * hot).sum(axis=0)
        places = v[Prior.PLANE]
        gradient = {
            "w": v["w"] * np.bincount(kernel.layer_of, alike),
            "a": (weights * self.together).sum(),
            "b": v["b"] * ((weights @ known) * known).sum(axis=0),
            Prior.NOISE: v[Prior.NOISE] * np.trace(weights),
            "t": -v["t"] * np.bincount(kernel.layer_of, pairs.sum(axis=1)),
            "s": -2.0 * v["s"] * pairs.sum(axis=1),
            "r": of_cost.sum(),
            "u": np.einsum("nm,nmj->j", of_cost, apart) / v["u"] ** 2,
            "g": of_counts.sum(),
            "h": v["h"]
            * (((of_counts @ counted) * counted).sum(axis=0) - of_counts.sum(axis=1) @ counted**2),
            Prior.PLANE: -4.0 * (pairs.sum(axis=1)[:, None] * places - pairs @ places).ravel(),
        }
        return np.concatenate([np.atleast_1d(gradient[name]) for name in kernel.prior.slices])


def _squares(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return squared distances: (n, d), (m, d) -> (n, m)."""
    squares: FloatArray = (
        (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2.0 * one @ other.T
    )
    squares[squares < 0.0] = 0.0
    return squares


def _kinds(layer_of: IntArray, ordered: npt.NDArray[np.bool_]) -> IntArray:
    """Return which candidates count as the same, numbered as they come, shape (candidates,)."""
    sizes = np.bincount(layer_of)
    places = [index for size in sizes for index in range(size)]
    names = list(zip(sizes[layer_of].tolist(), places, ordered.tolist(), strict=True))
    kinds = {name: kind for kind, name in enumerate(dict.fromkeys(names))}
    return np.array([kinds[name] for name in names])
