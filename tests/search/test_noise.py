"""Weighting by the noise covariance, and the efficiency of the estimate."""

import numpy as np
import pytest

from engine import make_problem
from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.initialize import random_start
from pureneuron.optimize import Limits, minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.search import reweighted

SPHERICAL = 0.3 * np.eye(3)


CORRELATED = np.array([[0.1, 0.0, 0.0], [0.5, 0.2, 0.0], [-0.3, 0.1, 0.6]])


@pytest.mark.parametrize(
    ("root", "weigh"), [(SPHERICAL, False), (SPHERICAL, True), (CORRELATED, True)]
)
def test_statistical_error_is_that_of_the_likelihood(root, weigh):
    """Errors of W over data sets, in units of their Cramér–Rao standard errors."""
    rng = np.random.default_rng(8)
    teacher = make_teacher(3, 2, 3, rng=rng).normalized()
    n, scores = 2000, []
    for _ in range(60):
        X = rng.standard_normal((n, 3))
        Y = teacher.predict(X) + rng.standard_normal((n, 3)) @ root.T
        problem = pose(ArraySamples(X, Y))
        found = minimize(problem, problem.to_white(teacher))
        if weigh:
            found, _ = reweighted(found, limits=Limits(50))
        network = found.network()
        # Information of (A, W) from the explicit Jacobian, rescaling directions removed by pinv.
        D = (X @ teacher.W.T > 0).astype(float)
        H = D * (X @ teacher.W.T)
        J = np.concatenate(
            [np.kron(np.eye(3), H)] + [np.kron(teacher.A[:, [a]], D[:, [a]] * X) for a in range(2)],
            axis=1,
        )
        # Rows of J are ordered by output; so are blocks of the noise.
        J = (np.linalg.inv(root) @ J.reshape(3, -1)).reshape(3 * n, -1)
        covariance = np.linalg.pinv(J.T @ J, rcond=1e-10, hermitian=True)[6:, 6:]
        # In normal form an error of w is orthogonal to w.
        for a in range(2):
            w = teacher.W[a]
            across = np.linalg.svd(w[None])[2][1:]
            block = across @ covariance[3 * a : 3 * a + 3, 3 * a : 3 * a + 3] @ across.T
            error = across @ (network.W[a] - w)
            scores.append(error @ np.linalg.solve(block, error))
    # Each score is χ² of 2 degrees of freedom: mean 2, variance 4.
    standard_error = np.sqrt(4.0 / len(scores))
    assert np.mean(scores) == pytest.approx(2.0, abs=3 * standard_error)


def test_outputs_are_weighted_by_what_their_noise_is_worth():
    problem, _ = make_problem(14, n=4000, m=3, noise=0.0)
    X, Y, _ = problem.source.arrays()
    rng = np.random.default_rng(15)
    disturbed = Y + rng.standard_normal((len(X), 3)) @ CORRELATED.T
    problem = pose(ArraySamples(X, disturbed))
    plain = minimize(problem, random_start(problem, 3, rng=rng))
    weighted, noise = reweighted(plain, limits=Limits(50))
    truth = CORRELATED @ CORRELATED.T
    assert noise.covariance == pytest.approx(truth, abs=0.1 * np.abs(truth).max())
    # By definition, the mean noise variance; the fit has taken p / (n m) off it.
    mean = np.trace(truth) / 3
    assert weighted.loss * problem.output_scale**2 == pytest.approx(mean, rel=0.1)
    # The same as fitting outputs that were made white beforehand.
    root = np.linalg.cholesky(noise.covariance)
    white = pose(ArraySamples(X, disturbed @ np.linalg.inv(root).T))
    found = minimize(white, white.to_white(problem.network(plain.point.W, plain.point.A)))
    network = white.network(found.point.W, found.point.A)
    mixed = TwoLayerNetwork(root @ network.A, network.W)
    match = weighted.network().match(mixed)
    assert match.error_W < 1e-6
    assert match.error_A < 1e-6
