"""The predicted error of the moment estimate against simulation."""

import numpy as np
import pytest

from pureneuron import recover
from pureneuron.datasets import make_teacher, symmetric_inputs, symmetrize
from pureneuron.model import TwoLayerNetwork
from pureneuron.problem import pose
from pureneuron.results import Status
from pureneuron.samples import ArraySamples
from pureneuron.spectral import (
    distinguishing_matrix,
    linear_part,
    moment_estimate,
    sampling_error,
    separation,
)


def estimated(X, Y, k, weight=None):
    problem = pose(ArraySamples(X, Y, weight))
    part = linear_part(problem)
    estimate = moment_estimate(problem, part, k, rng=np.random.default_rng(0))
    return problem, part, estimate


@pytest.mark.parametrize(
    ("law", "noise", "mirrored"),
    [
        ("gaussian", 0.0, False),
        ("gaussian", 0.5, False),
        ("laplace", 0.1, False),
        ("gaussian", 0.2, True),
    ],
)
def test_prediction_is_within_a_factor_of_two_of_simulation(law, noise, mirrored):
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 4, 4, condition_A=3.0, rng=rng)
    errors, predictions = [], []
    for i in range(40):
        X = symmetric_inputs(3000, 5, law, rng=rng)
        if mirrored:
            X = symmetrize(X[:1500])
        Y = teacher.predict(X) + noise * rng.standard_normal((3000, 4))
        problem, part, estimate = estimated(X, Y, 4)
        match = problem.network(estimate.W, estimate.A).match(teacher)
        errors.append((match.error_A, match.error_W))
        if i < 10:
            predicted = sampling_error(problem, part, estimate, rng=rng)
            predictions.append((predicted.error_A, predicted.error_W))
    ratio = np.mean(predictions, axis=0) / np.mean(errors, axis=0)
    assert np.all(ratio > 0.5)
    assert np.all(ratio < 2.0)


def test_errors_shrink_like_one_over_n():
    rng = np.random.default_rng(1)
    teacher = make_teacher(4, 3, 3, rng=rng)
    found = []
    for n in (2000, 32_000):
        X = rng.standard_normal((n, 4))
        Y = teacher.predict(X) + 0.3 * rng.standard_normal((n, 3))
        found.append(sampling_error(*estimated(X, Y, 3), rng=rng))
    assert found[1].error_A == pytest.approx(found[0].error_A / 16.0, rel=0.6)
    assert found[0].rows_for(found[1].error_A) == pytest.approx(32_000, rel=1.0)


def test_separation_is_that_of_white_inputs():
    rng = np.random.default_rng(2)
    teacher = TwoLayerNetwork(rng.standard_normal((3, 3)), rng.standard_normal((3, 3)))
    X = rng.standard_normal((500, 3)) @ rng.standard_normal((3, 3))
    weight = rng.uniform(0.5, 2.0, 500)
    problem, _, estimate = estimated(X, teacher.predict(X), 3, weight)
    white = X @ problem.whitening.transform
    W = estimate.W / np.linalg.norm(estimate.W, axis=1, keepdims=True)
    M = distinguishing_matrix(white, W, augmented=True, sample_weight=weight)
    expected = np.linalg.svd(M, compute_uv=False).min()
    assert separation(problem, estimate.W, estimate.A).alpha == pytest.approx(expected)


@pytest.mark.parametrize("n", [12, 25, 60])
def test_few_rows_leave_groups_empty(n):
    rng = np.random.default_rng(n)
    teacher = make_teacher(4, 3, 4, rng=rng)
    X = rng.standard_normal((n, 4))
    problem, part, estimate = estimated(X, teacher.predict(X), 3)
    assert not sampling_error(problem, part, estimate, rng=rng).trusted or n > 12


def test_a_short_last_batch_changes_nothing():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((2000, 4))
    Y = make_teacher(4, 3, 4, rng=rng).predict(X)
    errors = []
    for rows in (2000, 1990):
        problem = pose(ArraySamples(X, Y, batch_rows=rows))
        part = linear_part(problem)
        estimate = moment_estimate(problem, part, 3, rng=np.random.default_rng(0))
        errors.append(sampling_error(problem, part, estimate, rng=rng).error_A)
    assert errors[0] == pytest.approx(errors[1], rel=1e-6)


def test_a_single_row_that_counts_says_nothing():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((50, 2)), rng.standard_normal((50, 2))
    weight = np.where(np.arange(50) == 7, 1.0, 0.0)
    assert recover(ArraySamples(X[:, :1], Y[:, :1], weight), 1, refine=False, rng=0).status is (
        Status.TOO_FEW_SAMPLES
    )
