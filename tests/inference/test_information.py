"""The information on the unknowns and its inverse, against differences of the outputs."""

import numpy as np
import pytest

import dense
from engine import make_problem, minimum
from pureneuron.inference.information import information, is_small
from pureneuron.model import unit_rows
from pureneuron.optimize import minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples

BIASES = [{}, {"fit_intercept": True}, {"fit_hidden_bias": True, "fit_intercept": True}]
LINEAR = [{**biases, "fit_linear": True} for biases in BIASES]
# Beside a linear part every slope fits as well.
WITH_SLOPE = [(each, True) for each in BIASES] + [(each, False) for each in BIASES + LINEAR]


def fitted(seed, *, weighted=False, slope=0.2, **biases):
    weight = np.random.default_rng(seed).uniform(0.2, 3.0, 200) if weighted else None
    problem, teacher = make_problem(seed, weight=weight, slope=slope, **biases)
    return minimum(problem, teacher)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("biases", "fits_slope"), WITH_SLOPE)
def test_the_inverse_is_that_of_the_dense_matrix_at_right_angles_to_rescaling(
    biases, weighted, fits_slope
):
    fit = fitted(1, weighted=weighted, **biases)
    known = information(fit, fits_slope=fits_slope)
    wanted = dense.bread(fit, dense.Rows.of(fit.problem), fits_slope=fits_slope)
    assert known.fits_slope == fits_slope
    assert known.bread() == pytest.approx(wanted, abs=1e-7 * np.abs(wanted).max())
    assert known.null.shape[1] == 0


@pytest.mark.parametrize(("biases", "fits_slope"), WITH_SLOPE)
def test_the_covariance_of_scores_of_noise_that_is_alike(biases, fits_slope):
    fit = fitted(2, weighted=True, **biases)
    rows = dense.Rows.of(fit.problem)
    J = dense.jacobian(fit, rows, fits_slope=fits_slope)
    noise = np.array([[1.0, 0.3], [0.3, 0.5]])
    wanted = np.einsum("nip,ij,njq->pq", J, noise, J) / rows.total
    known = information(fit, fits_slope=fits_slope)
    found = known.score_covariance(noise)
    assert found == pytest.approx(wanted, abs=1e-8 * np.abs(wanted).max())


def test_what_a_change_of_W_takes_from_A():
    fit = fitted(3)
    known = information(fit)
    # A fitted anew after a step along the gauge: the derivative of the profile.
    rng = np.random.default_rng(0)
    V = rng.standard_normal(fit.point.W.shape)
    V -= np.sum(V * fit.point.W, axis=1, keepdims=True) * fit.point.W
    rows = dense.Rows.of(fit.problem)

    def best(W, Y):
        Z = rows.X @ W.T
        return np.linalg.lstsq(np.where(Z > 0.0, Z, 0.2 * Z), Y, rcond=None)[0].T

    # Without a residual: what is left of it is of second order.
    Y = dense.outputs(fit, dense.unknowns(fit), rows)
    step = 1e-6
    wanted = (best(fit.point.W + step * V, Y) - best(fit.point.W - step * V, Y)) / (2.0 * step)
    assert -known.follow @ V.ravel() == pytest.approx(wanted, abs=1e-6)


def test_directions_without_information_are_named_and_left_out():
    # Rows of a unit that sees two of three coordinates.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 3))
    X[X[:, 0] > 0.0, 2] = 0.0
    problem = pose(ArraySamples(X, np.maximum(X[:, :1] + 0.0 * X[:, 1:2], 0.0)))
    fit = minimize(problem, problem.whitening.to_white(np.array([[1.0, 0.0, 0.0]])))
    known = information(fit)
    assert known.null.shape == (3, 1)
    rows = dense.Rows.of(problem)
    J = dense.jacobian(fit, rows)
    moved = np.concatenate([-known.follow[0] @ known.null, known.null])
    assert np.abs(J @ moved).max() < 1e-8
    assert known.null.T @ known.null == pytest.approx(np.eye(1))
    # What is left is an inverse where there is something to invert.
    M = np.einsum("nmp,nmq->pq", J, J) / rows.total
    K = known.bread()
    assert K @ M @ K == pytest.approx(K, abs=1e-8 * np.abs(K).max())
    assert np.linalg.matrix_rank(K, tol=1e-8 * np.abs(K).max()) == 1 + 3 - 1 - 1


def test_many_rows_are_thinned_out_to_those_that_suffice():
    problem, teacher = make_problem(4, n=40_000, noise=0.3)
    fit = minimize(problem, problem.to_white(teacher))
    known = information(fit)
    wanted = dense.bread(fit, dense.Rows.of(problem))
    # A sample of 5000 rows or more: entries of about ten terms that vary by a few per cent.
    assert known.bread() == pytest.approx(wanted, abs=0.15 * np.abs(wanted).max())
    assert not np.allclose(known.bread(), wanted, rtol=1e-6)


def test_large_networks_are_told():
    problem, _ = make_problem(5, d=10)
    assert is_small(problem, 40)
    assert not is_small(problem, 41)
    rng = np.random.default_rng(0)
    wide = pose(ArraySamples(rng.standard_normal((50, 3)), rng.standard_normal((50, 80))))
    assert is_small(wide, 19)
    assert not is_small(wide, 20)


def test_a_single_input_leaves_no_direction_to_turn_to():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 1))
    Y = np.maximum(X, 0.0) + 2.0 * np.maximum(-X, 0.0) + 0.1 * rng.standard_normal((200, 1))
    problem = pose(ArraySamples(X, Y))
    fit = minimize(problem, unit_rows(np.array([[1.0], [-1.0]])))
    known = information(fit)
    assert np.array_equal(known.inverse, np.zeros((2, 2)))
    wanted = dense.bread(fit, dense.Rows.of(problem))
    assert known.bread() == pytest.approx(wanted, abs=1e-8)
