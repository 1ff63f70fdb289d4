"""Least squares against independent computations: finite differences, explicit Jacobians, lstsq."""

from dataclasses import replace

import numpy as np
import pytest

from engine import Watched, hidden, make_problem, squared_residual
from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.initialize import random_start
from pureneuron.model import unit_rows
from pureneuron.optimize import Limits, evaluate, minimize, profile
from pureneuron.optimize.least_squares.matrix_free import MatrixFreeModel
from pureneuron.optimize.least_squares.pattern import PatternModel
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples

options = pytest.mark.parametrize(
    "biases",
    [
        {},
        {"slope": 0.2},
        {"fit_intercept": True},
        {"fit_hidden_bias": True, "fit_intercept": True},
    ],
)


models = pytest.mark.parametrize("model", [PatternModel, MatrixFreeModel])


@options
@models
def test_profile_is_least_squares(biases, model):
    problem, _ = make_problem(0, **biases)
    W = random_start(problem, 3, rng=np.random.default_rng(1))
    point = model(problem, 2.0 * W, np.ones((2, 3 + problem.fit_intercept))).point
    expected, A = squared_residual(problem, W)
    assert point.loss == pytest.approx(expected / 2, rel=1e-12)
    assert point.A == pytest.approx(A, rel=1e-9)
    assert evaluate(problem, point.W, point.A) == pytest.approx(point.loss, rel=1e-12)


@options
@models
def test_gradient_is_that_of_the_profiled_loss(biases, model):
    problem, _ = make_problem(1, **biases)
    rng = np.random.default_rng(2)
    W = random_start(problem, 3, rng=rng)
    gradient = model(problem, W).gradient
    V = rng.standard_normal(W.shape)
    h = 1e-6
    ahead, behind = (squared_residual(problem, W + t * V)[0] for t in (h, -h))
    # gradient is half the negative derivative; kinks make the difference quotient inexact.
    assert np.sum(gradient * V) == pytest.approx(-(ahead - behind) / (4 * h), rel=1e-4)


def explicit_gauss_newton(problem, W, damping):
    """Solve for the damped step with the explicit Kaufman Jacobian, column by column."""
    X, Y, _ = problem.samples.arrays()
    H = hidden(problem, W)
    A = np.linalg.lstsq(H, Y, rcond=None)[0].T
    E = Y - H @ A.T
    D = np.where(X @ W.T > 0, 1.0, problem.activation.negative_slope)
    project = np.eye(len(X)) - H @ np.linalg.pinv(H)
    columns = []
    for a in range(len(W)):
        for j in range(X.shape[1]):
            columns.append((project @ np.outer(D[:, a] * X[:, j], A[:, a])).ravel())
    J = np.array(columns).T
    matrix = J.T @ J / len(X)
    diagonal = np.sum(A[:, : len(W)] ** 2, axis=0) * np.mean(D**2, axis=0)
    ridge = damping * np.repeat(diagonal, X.shape[1])
    V = np.linalg.solve(matrix + np.diag(ridge), J.T @ E.ravel() / len(X))
    before = np.sum(E**2) / len(X)
    after = np.sum((E - (J @ V).reshape(E.shape)) ** 2) / len(X)
    return V.reshape(W.shape), before - after


@options
@models
def test_steps_solve_the_gauss_newton_system(biases, model):
    problem, teacher = make_problem(3, **biases)
    nudge = np.random.default_rng(4).standard_normal((3, problem.n_inputs))
    W = unit_rows(unit_rows(problem.to_white(teacher)) + 0.3 * nudge)
    step = model(problem, W).step(0.03, 1e-12)
    V, predicted = explicit_gauss_newton(problem, W, 0.03)
    assert step.V == pytest.approx(V, rel=1e-6, abs=1e-8)
    assert step.predicted == pytest.approx(predicted, rel=1e-8)


def test_truncated_steps_still_predict_their_own_decrease():
    problem, _ = make_problem(3)
    W = random_start(problem, 3, rng=np.random.default_rng(4))
    at = MatrixFreeModel(problem, W)
    exact = at.step(0.03, 1e-12)
    truncated = at.step(0.03, 0.5)
    assert 0.0 < truncated.predicted < exact.predicted


def near_the_truth(condition):
    """Return a model half a radian from the truth, and the list of what it asks of 8000 rows."""
    rng = np.random.default_rng(0)
    teacher = make_teacher(16, 16, 16, condition_A=condition, condition_W=condition, rng=rng)
    X = rng.standard_normal((8000, 16))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((8000, 16))
    seen = []
    problem = pose(ArraySamples(X, Y))
    problem = replace(problem, rows=replace(problem.rows, source=Watched(problem.source, seen)))
    nudge = 0.5 * unit_rows(rng.standard_normal((16, 16)))
    model = MatrixFreeModel(problem, unit_rows(problem.to_white(teacher)) + nudge)
    seen.clear()
    return model, seen


def products(seen):
    return [n_rows for name, n_rows in seen if name == "product_sums"]


def test_some_rows_tell_how_far_to_go_where_one_product_is_enough():
    model, seen = near_the_truth(condition=1.0)
    coarse = model.step(0.01, 0.3)
    assert len(products(seen)) == 1
    assert products(seen)[0] < 8000 / 2
    exact = model.step(0.01, 1e-10)
    assert products(seen)[1:] == [8000] * (len(products(seen)) - 1)
    # Along the direction that was taken the model of all rows is a parabola: how far to its end?
    along = np.sum(coarse.V * exact.V) / np.sum(coarse.V**2)
    assert along == pytest.approx(1.0, abs=0.1)
    assert coarse.predicted == pytest.approx(exact.predicted, rel=0.15)


def test_all_rows_are_asked_where_one_product_is_not_enough():
    model, seen = near_the_truth(condition=100.0)
    model.step(0.01, 0.3)
    some, *all_rows = products(seen)
    assert some < 8000 / 2
    assert all_rows
    assert set(all_rows) == {8000}


def test_a_scale_that_is_given_is_not_measured():
    model, seen = near_the_truth(condition=1.0)
    measured = model.step(0.01, 0.3)
    seen.clear()
    given = model.step(0.01, 0.3, measured.scale)
    longer = model.step(0.01, 0.3, 2.0 * measured.scale)
    assert not seen
    assert given.V == pytest.approx(measured.V)
    assert longer.V == pytest.approx(2.0 * given.V)
    assert longer.predicted == pytest.approx(2.0 * given.predicted)


def test_a_descent_goes_on_with_the_scale_that_it_was_given():
    model, seen = near_the_truth(condition=1.0)
    problem, start = model._problem, model.point.W
    there = minimize(problem, start, limits=Limits(max_iter=3))
    assert there.info.scale == pytest.approx(1.0, abs=0.2)
    seen.clear()
    further = minimize(problem, there.point.W, there.point.A, damping=1e-4, scale=there.info.scale)
    assert further.info.converged
    assert not products(seen)
    measured = minimize(problem, there.point.W, there.point.A, damping=1e-4)
    assert products(seen)
    assert further.loss == pytest.approx(measured.loss, rel=1e-4)


def test_single_precision_keeps_its_digits_over_many_rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1_000_000, 2))
    problem = pose(ArraySamples(X, rng.standard_normal((1_000_000, 4)), batch_rows=1_000_000))
    W, A = rng.standard_normal((3, 2)), rng.standard_normal((4, 3))
    single = evaluate(problem.in_single_precision, W, A)
    assert single == pytest.approx(evaluate(problem, W, A), rel=5e-7)


@pytest.mark.parametrize("model", [MatrixFreeModel, PatternModel])
def test_a_model_has_the_same_loss_with_a_reference_and_without(model):
    problem, _ = make_problem(15, n=300)
    W = random_start(problem, 3, rng=np.random.default_rng(1))
    plain = model(problem, W)
    other = model(problem, 2.0 * W, plain.point.A + 0.1)
    assert other.point.loss == pytest.approx(plain.point.loss, rel=1e-12)
    assert other.point.A == pytest.approx(plain.point.A)
    assert other.gradient == pytest.approx(plain.gradient)


def test_dead_and_coincident_units_do_not_break_the_algebra():
    rng = np.random.default_rng(9)
    X = np.abs(rng.standard_normal((100, 3)))
    Y = X @ rng.standard_normal((3, 2))
    problem = pose(ArraySamples(X, Y))
    dead = problem.to_white(TwoLayerNetwork(np.ones((2, 1)), [[-1.0, -1.0, -1.0]]))
    alive = random_start(problem, 1, rng=rng)
    point = profile(problem, np.vstack([dead, alive, alive]))
    assert np.array_equal(point.A[:, 0], np.zeros(2))
    assert point.A[:, 1] == pytest.approx(point.A[:, 2])
    for model in (PatternModel, MatrixFreeModel):
        at = model(problem, point.W, point.A)
        assert at.point.A == pytest.approx(point.A)
        assert np.isfinite(at.step(1e-2, 0.1).V).all()
