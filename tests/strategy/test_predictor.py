from dataclasses import replace

import numpy as np
import pytest

from nasea.strategy.predictor.gaussian_process import GaussianProcess, fit
from nasea.strategy.predictor.kernel import Encoder, Kernel, Points
from nasea.strategy.ranking import spearman_rho

from .synthetic import cost_feature, random_problem, wide_problem


def scored(
    count: int, *, seed: int = 0, noise: float = 0.05
) -> tuple[Kernel, Points, np.ndarray, np.random.Generator]:
    """Random architectures of an additive landscape with one interaction, standardised."""
    rng = np.random.default_rng(seed)
    problem = random_problem(5, 4, seed=seed, tightness=3.0)
    problem = replace(problem, cost_features=(cost_feature(problem, seed=seed),))
    encode = Encoder(problem)
    genomes = rng.integers(problem.choices, size=(count, problem.layers))
    points = encode(genomes)
    values = points.hot @ rng.standard_normal(points.hot.shape[1])
    values += 2.0 * ((genomes[:, 0] == 1) & (genomes[:, 1] == 2))
    values = (values - values.mean()) / values.std() + noise * rng.standard_normal(count)
    return Kernel(encode.layer_of, 2), points, values, rng


def test_the_gradient_is_that_of_the_covariances() -> None:
    kernel, points, _, rng = scored(15)
    logs = kernel.prior.mean + 0.3 * rng.standard_normal(len(kernel.prior.mean))
    weights = rng.standard_normal((15, 15))
    weights += weights.T
    gradient = kernel.with_gradient(logs, points)[1](weights)
    steps = 1e-5 * np.eye(len(logs))
    numeric = [
        ((kernel.with_gradient(logs + step, points)[0]
          - kernel.with_gradient(logs - step, points)[0]) * weights).sum() / 2e-5
        for step in steps
    ]  # fmt: skip
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-6)


def test_covariances_are_symmetric_and_positive_and_have_the_stated_diagonal() -> None:
    kernel, points, _, _ = scored(40)
    covariance = kernel(kernel.prior.mean, points, points)
    np.testing.assert_allclose(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    diagonal = kernel.diagonal(kernel.prior.mean, points)
    np.testing.assert_allclose(np.diag(covariance), diagonal)


def test_leave_one_out_means_predictions_are_those_made_without_the_score() -> None:
    kernel, points, targets, _ = scored(12)
    whole = GaussianProcess(kernel, kernel.prior.mean, points, targets)
    for row in range(12):
        rest = np.delete(np.arange(12), row)
        without = GaussianProcess(kernel, kernel.prior.mean, points[rest], targets[rest])
        expected = without.posterior(points[np.array([row])]).means[0]
        assert whole.leave_one_out_means[row] == pytest.approx(expected, abs=1e-4)


def test_conditioning_on_the_mean_is_being_scored_as_expected() -> None:
    kernel, points, targets, _ = scored(30)
    known, others = points[np.arange(20)], points[np.arange(20, 30)]
    posterior = GaussianProcess(kernel, kernel.prior.mean, known, targets[:20]).posterior(others)
    believed = posterior.conditioned_on_mean(3)
    message = GaussianProcess(
        kernel,
        kernel.prior.mean,
        points[np.append(np.arange(20), 23)],
        np.append(targets[:20], posterior.means[3]),
    ).posterior(others)
    np.testing.assert_allclose(believed.means, message.means, atol=1e-4)
    np.testing.assert_allclose(believed.variances, message.variances, atol=1e-4)


def test_fitting_lets_it_predict_what_it_has_not_seen() -> None:
    kernel, points, targets, _ = scored(160)
    known, others = np.arange(80), np.arange(80, 160)
    logs = fit(kernel, points[known], targets[known], kernel.prior.mean)
    predictor = GaussianProcess(kernel, logs, points[known], targets[known])
    assert spearman_rho(predictor.posterior(points[others]).means, targets[others]) > 0.95
    assert spearman_rho(predictor.leave_one_out_means, targets[known]) > 0.95


def test_single_precision_is_exact_enough_for_a_shortlist() -> None:
    kernel, points, targets, _ = scored(60)
    known, others = points[np.arange(40)], points[np.arange(40, 60)]
    predictor = GaussianProcess(kernel, kernel.prior.mean, known, targets[:40])
    exact, rough = predictor.posterior(others), predictor.posterior(others.in_single_precision)
    assert rough.means.dtype == rough.explained.dtype == np.float32
    np.testing.assert_allclose(rough.means, exact.means, atol=1e-3)
    np.testing.assert_allclose(rough.variances, exact.variances, atol=1e-3)


def test_architectures_of_the_same_candidates_in_other_layers_are_alike() -> None:
    kernel = Kernel(np.repeat(np.arange(3), 4))
    hot = np.eye(4)[[[0, 1, 2], [2, 0, 1], [3, 0, 3]]].reshape(3, 12)
    covariance = kernel(
        kernel.prior.mean, Points(hot, np.zeros((3, 1))), Points(hot, np.zeros((3, 1)))
    )
    assert covariance[0, 1] > covariance[0, 2]


def test_candidates_of_layers_of_other_sizes_are_never_the_same() -> None:
    kernel = Kernel(np.array([0, 0, 1, 1, 1]))
    assert len(kernel.prior.mean[kernel.prior.slices["h"]]) == 5


def test_variances_are_calibrated_by_the_errors_near_the_best() -> None:
    kernel, points, targets, rng = scored(120, noise=0.01)
    logs = fit(kernel, points, targets, kernel.prior.mean)
    strays = np.where(targets >= np.median(targets), 0.6, 0.0) * rng.standard_normal(120)
    calm = GaussianProcess(kernel, logs, points, targets).calibration
    rough = GaussianProcess(kernel, logs, points, targets + strays).calibration
    assert 0.6 <= calm < rough <= 2.0


def test_cost_features_tell_of_quality_that_no_layer_has_shown() -> None:
    kernel, points, _, rng = scored(60)
    targets = 3.0 * points.known[:, 1] + 0.05 * rng.standard_normal(60)
    targets -= targets.mean()
    known, others = np.arange(15), np.arange(15, 60)

    def ranks(kernel: Kernel, points: Points) -> float:
        logs = fit(kernel, points[known], targets[known], kernel.prior.mean)
        predictor = GaussianProcess(kernel, logs, points[known], targets[known])
        return spearman_rho(predictor.posterior(points[others]).means, targets[others])

    assert ranks(kernel, points) > 0.9
    assert ranks(Kernel(kernel.layer_of), Points(points.hot, points.known[:, :1])) < 0.9


def test_what_candidates_are_to_each_other_is_pooled_over_layers() -> None:
    prior = Kernel(np.repeat(np.arange(3), 4)).prior
    covariance = prior.root @ prior.root.T
    where = prior.slices["s"]
    block = covariance[where, where]
    assert block[0, 4] == pytest.approx(0.7 * block[0, 0]), "the same candidate, another layer"
    assert block[0, 1] == pytest.approx(0.0), "another candidate"
    assert covariance[prior.slices["t"], where] == pytest.approx(0.0)


def test_widths_are_the_more_alike_the_nearer_they_are() -> None:
    problem = wide_problem(4, 3, seed=0, tightness=3.0)
    encode = Encoder(problem)
    kernel = encode.kernel
    genomes = np.zeros((3, problem.layers), dtype=np.int64)
    genomes[:, -1] = np.arange(3)
    points = encode(genomes)
    same_costs = Points(points.hot, np.zeros_like(points.known))
    covariances = kernel(kernel.prior.mean, same_costs, same_costs)
    assert covariances[0, 0] > covariances[0, 1] > covariances[0, 2]
    assert covariances[0, 1] == pytest.approx(covariances[1, 2])
