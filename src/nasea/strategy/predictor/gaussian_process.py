"""A Gaussian process that predicts the merit of architectures from those truly scored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nasea.strategy.predictor.kernel import Kernel, Points
from nasea.strategy.problem import FloatArray

_FITTED_ON = 200
"""Scores that parameters are fitted to, at most; the predictor itself is told of all."""

_ITERATIONS = 20
_BOUNDS = (-5.0, 5.0)
"""Standard deviations of the prior."""

_JITTER = 1e-6

_CALIBRATION = (0.6, 2.0)
"""Least and most that variances are multiplied by: few errors do not tell more."""


def fit(kernel: Kernel, points: Points, merits: FloatArray, start: FloatArray) -> FloatArray:
    """The parameters of greatest posterior density, as far as a few iterations go.

    Args:
        kernel: whose parameters.
        points: scored architectures, n of them.
        merits: standardised, shape (n,).
        start: logarithms of parameters to begin with.

    Returns:
        Logarithms of parameters, the shape of ``start``.
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
    from scipy.optimize import minimize

    rows = np.unique(np.linspace(0, len(merits) - 1, _FITTED_ON).astype(np.int64))
    points, merits = points[rows], merits[rows]

    prior = kernel.prior

    def loss(off: FloatArray) -> tuple[float, FloatArray]:
        """Negative log density, up to a constant, and its gradient, so far off the prior."""
        covariance, pullback = kernel.with_gradient(prior.mean + prior.root @ off, points)
        covariance[np.diag_indices(len(merits))] += _JITTER
        try:
            factor = cho_factor(covariance, lower=True, check_finite=False)
        except LinAlgError:
            return 1e12, np.zeros_like(off)
        weights = cho_solve(factor, merits, check_finite=False)
        inverse = cho_solve(factor, np.eye(len(merits)), check_finite=False)
        value = 0.5 * (merits @ weights + off @ off) + np.log(np.diag(factor[0])).sum()
        gradient = pullback(0.5 * (inverse - np.outer(weights, weights)))
        return float(value), prior.root.T @ gradient + off

    found = minimize(
        loss,
        np.clip(solve_triangular(prior.root, start - prior.mean, lower=True), *_BOUNDS),
        jac=True,
        method="L-BFGS-B",
        bounds=[_BOUNDS] * len(start),
        options={"maxiter": _ITERATIONS},
    )
    logs: FloatArray = prior.mean + prior.root @ np.asarray(found.x, dtype=np.float64)
    return logs


@dataclass(frozen=True, eq=False)
class Predictor:
    """A Gaussian process told of scores.

    Attributes:
        kernel: how alike architectures are.
        logs: logarithms of its parameters.
        points: scored architectures, n of them.
        merits: their standardised merits, shape (n,).
    """

    kernel: Kernel
    logs: FloatArray
    points: Points
    merits: FloatArray

    @property
    def noise(self) -> float:
        """Variance of a score about the merit it is a score of."""
        return self.kernel.noise(self.logs)

    @cached_property
    def believed(self) -> FloatArray:
        """Expected merits of the scored architectures themselves, shape (n,)."""
        return self.merits - (self.noise + _JITTER) * self._weights

    @cached_property
    def left_out(self) -> FloatArray:
        """The merit of each scored architecture as the others predict it, shape (n,).

        Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equation 5.12.
        """
        left_out: FloatArray = self.merits - self._weights / self._precisions
        return left_out

    @cached_property
    def calibration(self) -> float:
        """By what to multiply variances so that they are as large as errors are near the best.

        One variance for the whole space is too large where much is alike, and what is proposed is
        near the best: so it is compared with the errors of left-out predictions of the better half
        (equation 5.12 again).
        """
        better = self.merits >= np.median(self.merits)
        squares = self._weights[better] ** 2 / self._precisions[better]
        return float(np.clip(squares.mean(), *_CALIBRATION))

    def posterior(self, points: Points) -> Posterior:
        """What is known of the merits of m architectures, as precise as the points."""
        from scipy.linalg import solve_triangular

        across = self.kernel(self.logs, self.points.like(points), points)
        root = self._root.astype(across.dtype)
        explained = solve_triangular(root, across, lower=True, check_finite=False)
        variances = self.kernel.diagonal(self.logs, points) - (explained**2).sum(axis=0)
        means = across.T @ self._weights.astype(across.dtype)
        return Posterior(self, points, means, np.maximum(variances, _JITTER), explained)

    @cached_property
    def _root(self) -> FloatArray:
        """Lower Cholesky factor of the covariance of the scores."""
        covariance = self.kernel(self.logs, self.points, self.points)
        covariance[np.diag_indices(len(self.merits))] += self.noise + _JITTER
        return np.linalg.cholesky(covariance).astype(np.float64, copy=False)

    @cached_property
    def _precisions(self) -> FloatArray:
        """Inverse variances of left-out scores, shape (n,)."""
        from scipy.linalg import solve_triangular

        root = solve_triangular(self._root, np.eye(len(self.merits)), lower=True)
        precisions: FloatArray = (root**2).sum(axis=0)
        return precisions

    @cached_property
    def _weights(self) -> FloatArray:
        from scipy.linalg import cho_solve

        weights: FloatArray = cho_solve((self._root, True), self.merits)
        return weights


@dataclass(frozen=True, eq=False)
class Posterior:
    """Normal distributions of the merits of m architectures.

    Attributes:
        predictor: whose.
        points: the architectures.
        means: shape (m,).
        variances: shape (m,).
        explained: what the scores told of each, shape (scores, m).
    """

    predictor: Predictor
    points: Points
    means: FloatArray
    variances: FloatArray
    explained: FloatArray

    def believing(self, row: int) -> Posterior:
        """What would be known had architecture ``row`` been scored as expected.

        The means stay, the variances of its like fall: so the next of a batch is another.
        """
        predictor = self.predictor
        one = np.array([row])
        like = predictor.kernel(predictor.logs, self.points[one], self.points)[0]
        covariances = like - self.explained[:, row] @ self.explained
        told = covariances / np.sqrt(self.variances[row] + predictor.noise)
        return Posterior(
            predictor,
            self.points,
            self.means,
            np.maximum(self.variances - told**2, _JITTER),
            np.vstack([self.explained, told]),
        )
