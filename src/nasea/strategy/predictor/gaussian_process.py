"""A Gaussian process that predicts the quality of architectures from measured scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nasea.strategy.predictor.kernel import Kernel, Points
from nasea.strategy.problem import FloatArray

_MAX_FITTED = 200
"""Scores that parameters are fitted to, at most; predictions use all."""

_ITERATIONS = 20
_BOUNDS = (-5.0, 5.0)
"""Standard deviations of the prior."""

_JITTER = 1e-6

_CALIBRATION = (0.6, 2.0)
"""Least and most that variances are multiplied by: a few errors do not justify more."""


def fit(kernel: Kernel, points: Points, targets: FloatArray, start: FloatArray) -> FloatArray:
    """Find the parameters of maximum posterior density, within a few iterations.

    Args:
        kernel: whose parameters.
        points: scored architectures, n of them.
        targets: transformed qualities, standardised, shape (n,).
        start: logarithms of parameters to begin with.

    Returns:
        Logarithms of parameters, the shape of ``start``.
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
    from scipy.optimize import minimize

    rows = np.unique(np.linspace(0, len(targets) - 1, _MAX_FITTED).astype(np.int64))
    points, targets = points[rows], targets[rows]

    prior = kernel.prior

    def loss(off: FloatArray) -> tuple[float, FloatArray]:
        """Return the negative log density, up to a constant, and its gradient.

        Args:
            off: the parameters, in standard deviations of the prior from its mean.
        """
        covariance, pullback = kernel.with_gradient(prior.mean + prior.root @ off, points)
        covariance[np.diag_indices(len(targets))] += _JITTER
        try:
            factor = cho_factor(covariance, lower=True, check_finite=False)
        except LinAlgError:
            return 1e12, np.zeros_like(off)
        weights = cho_solve(factor, targets, check_finite=False)
        inverse = cho_solve(factor, np.eye(len(targets)), check_finite=False)
        value = 0.5 * (targets @ weights + off @ off) + np.log(np.diag(factor[0])).sum()
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
class GaussianProcess:
    """A Gaussian process conditioned on scores.

    Attributes:
        kernel: how alike architectures are.
        logs: logarithms of its parameters.
        points: scored architectures, n of them.
        targets: their transformed qualities, standardised, shape (n,).
    """

    kernel: Kernel
    logs: FloatArray
    points: Points
    targets: FloatArray

    @property
    def noise(self) -> float:
        """Variance of a target about its mean over repeated scores."""
        return self.kernel.noise(self.logs)

    @cached_property
    def training_means(self) -> FloatArray:
        """Posterior means at the scored architectures themselves, shape (n,)."""
        return self.targets - (self.noise + _JITTER) * self._weights

    @cached_property
    def leave_one_out_means(self) -> FloatArray:
        """The target of each scored architecture as the others predict it, shape (n,).

        Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equation 5.12.
        """
        means: FloatArray = self.targets - self._weights / self._precisions
        return means

    @cached_property
    def calibration(self) -> float:
        """The factor that makes variances as large as errors are near the best.

        One variance for the whole space is too large where much is alike, and what is proposed is
        near the best: so it is compared with the leave-one-out errors of the better half
        (equation 5.12 again).
        """
        better = self.targets >= np.median(self.targets)
        squares = self._weights[better] ** 2 / self._precisions[better]
        return float(np.clip(squares.mean(), *_CALIBRATION))

    def posterior(self, points: Points) -> Posterior:
        """Predict the targets of m architectures, in the precision of the points."""
        from scipy.linalg import solve_triangular

        across = self.kernel(self.logs, self.points.in_precision_of(points), points)
        root = self._root.astype(across.dtype)
        explained = solve_triangular(root, across, lower=True, check_finite=False)
        variances = self.kernel.diagonal(self.logs, points) - (explained**2).sum(axis=0)
        means = across.T @ self._weights.astype(across.dtype)
        return Posterior(self, points, means, np.maximum(variances, _JITTER), explained)

    @cached_property
    def _root(self) -> FloatArray:
        """Lower Cholesky factor of the covariance of the scores."""
        covariance = self.kernel(self.logs, self.points, self.points)
        covariance[np.diag_indices(len(self.targets))] += self.noise + _JITTER
        return np.linalg.cholesky(covariance).astype(np.float64, copy=False)

    @cached_property
    def _precisions(self) -> FloatArray:
        """Inverse variances of leave-one-out predictions, shape (n,)."""
        from scipy.linalg import solve_triangular

        root = solve_triangular(self._root, np.eye(len(self.targets)), lower=True)
        precisions: FloatArray = (root**2).sum(axis=0)
        return precisions

    @cached_property
    def _weights(self) -> FloatArray:
        from scipy.linalg import cho_solve

        weights: FloatArray = cho_solve((self._root, True), self.targets)
        return weights


@dataclass(frozen=True, eq=False)
class Posterior:
    """Normal distributions of the targets of m architectures.

    Attributes:
        process: whose posterior.
        points: the architectures.
        means: shape (m,).
        variances: shape (m,).
        explained: covariances with the scores, whitened, shape (scores, m).
    """

    process: GaussianProcess
    points: Points
    means: FloatArray
    variances: FloatArray
    explained: FloatArray

    def conditioned_on_mean(self, row: int) -> Posterior:
        """Return the posterior as if architecture ``row`` had been scored as expected.

        The means stay, the variances of similar ones fall, so the next of a batch is another: the
        "Kriging believer" of Ginsbourger et al. 2010.
        """
        process = self.process
        one = np.array([row])
        prior = process.kernel(process.logs, self.points[one], self.points)[0]
        covariances = prior - self.explained[:, row] @ self.explained
        added = covariances / np.sqrt(self.variances[row] + process.noise)
        return Posterior(
            process,
            self.points,
            self.means,
            np.maximum(self.variances - added**2, _JITTER),
            np.vstack([self.explained, added]),
        )
