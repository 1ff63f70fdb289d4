"""Descents side by side: at every point what one descent alone has, and the same ends."""

from dataclasses import replace

import numpy as np
import pytest

from engine import make_problem, squared_residual
from pureneuron.model import unit_rows
from pureneuron.optimize import Limits, minimize, minimize_together, n_side_by_side
from pureneuron.optimize.least_squares import PointsTogether, RowsTogether
from pureneuron.optimize.least_squares.pattern import PatternModel
from pureneuron.problem.rows import GivenRows

KINDS = {
    "plain": {},
    "biases": {"fit_hidden_bias": True, "fit_intercept": True},
    "weights": {"weight": np.random.default_rng(9).uniform(0.2, 3.0, 200)},
    "leaky": {"slope": 0.3, "fit_intercept": True},
    "linear part": {"fit_hidden_bias": True, "fit_intercept": True, "fit_linear": True},
}


def drawn(problem, n_points, k, seed=1):
    W = np.random.default_rng(seed).standard_normal((n_points, k, problem.n_inputs))
    return unit_rows(W.reshape(-1, problem.n_inputs)).reshape(W.shape)


def near(teacher, problem, n_points, size=0.1):
    W = problem.to_white(teacher)
    noise = np.random.default_rng(2).standard_normal((n_points, *W.shape))
    return list(W + size * np.linalg.norm(W, axis=1)[:, None] * noise)


@pytest.mark.parametrize("kind", KINDS)
def test_each_point_has_what_the_pattern_of_its_activations_tells(kind):
    problem, _ = make_problem(0, **KINDS[kind])
    rows, W = RowsTogether.of([problem] * 4), drawn(problem, 4, 3)
    points = PointsTogether.at(rows, 1.7 * W)
    products = points.product(rows, V := drawn(problem, 4, 3, seed=3), points.coupling)
    for i in range(4):
        alone = PatternModel(problem, W[i])
        np.testing.assert_allclose(points.loss[i], alone.point.loss, rtol=1e-9)
        np.testing.assert_allclose(points.A[i], alone.point.A, atol=1e-9)
        np.testing.assert_allclose(points.gradient[i], alone.gradient, atol=1e-10)
        image = (alone.matrix @ V[i].ravel()).reshape(V[i].shape)
        np.testing.assert_allclose(products[i], image, atol=1e-10)


def test_the_loss_is_that_of_a_dense_solver():
    problem, _ = make_problem(4, fit_intercept=True)
    W = drawn(problem, 3, 3)
    points = PointsTogether.at(RowsTogether.of([problem] * 3), W)
    for loss, each in zip(points.loss, W, strict=True):
        assert loss * problem.n_outputs == pytest.approx(squared_residual(problem, each)[0])


def test_steps_solve_each_its_own_damped_system():
    problem, _ = make_problem(1, fit_hidden_bias=True, fit_intercept=True)
    rows, W = RowsTogether.of([problem] * 3), drawn(problem, 3, 3)
    points, damping = PointsTogether.at(rows, W), np.array([1e-3, 1.0, 30.0])
    steps = points.steps(rows, damping, np.full(3, 1e-10))
    for i in range(3):
        alone = PatternModel(problem, W[i]).step(damping[i], 0.0)
        np.testing.assert_allclose(steps.V[i], alone.V, rtol=1e-6, atol=1e-8)
        assert steps.predicted[i] == pytest.approx(alone.predicted, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_descents_end_where_they_end_alone(kind):
    problem, teacher = make_problem(2, **KINDS[kind])
    starts = near(teacher, problem, 6)
    together = minimize_together([problem] * 6, starts)
    for fit, start in zip(together, starts, strict=True):
        assert fit.info.converged
        assert fit.problem is problem
        assert fit.loss <= fit.info.history[-1]
        assert fit.loss == pytest.approx(minimize(problem, start).loss, rel=1e-2)
        # And nothing more is to be had there.
        again = minimize(problem, fit.point.W, damping=1e-4)
        assert again.loss > (1.0 - 1e-3) * fit.loss


def test_each_has_its_own_outputs():
    first, teacher = make_problem(3, n=150)
    turned = first.samples.derive(lambda batch: replace(batch, Y=batch.Y[:, ::-1]))
    second = replace(first, rows=GivenRows(turned))
    start = near(teacher, first, 1)[0]
    one, other = minimize_together([first, second], [start, start])
    assert one.loss == pytest.approx(other.loss, rel=1e-9)
    np.testing.assert_allclose(one.point.A, other.point.A[::-1], atol=1e-7)
    assert other.problem is second


def test_noiseless_descents_end_at_rounding():
    problem, teacher = make_problem(5, noise=0.0)
    for fit in minimize_together([problem] * 4, near(teacher, problem, 4, size=0.02)):
        assert fit.is_exact


def test_units_that_are_dead_or_alike_are_ordinary():
    problem, teacher = make_problem(6, fit_hidden_bias=True, fit_intercept=True)
    alike, dead = near(teacher, problem, 2)
    alike[1] = alike[0]
    dead[0] = -problem.constant_input
    for fit in minimize_together([problem] * 2, [alike, dead]):
        assert np.isfinite(fit.loss)
        assert np.isfinite(fit.point.W).all()
        assert fit.loss <= fit.info.history[0]


def test_limits_hold():
    problem, _ = make_problem(7)
    starts = list(drawn(problem, 3, 3))
    for fit in minimize_together([problem] * 3, starts, limits=Limits(max_iter=2)):
        assert fit.info.n_iter <= 2


def test_single_precision_leads_to_the_same_ends():
    problem, teacher = make_problem(8, fit_hidden_bias=True, fit_intercept=True)
    starts = near(teacher, problem, 4)
    rows, limits = problem.in_single_precision, Limits(tol=1e-5)
    for fit, rough in zip(
        minimize_together([problem] * 4, starts, limits=limits),
        minimize_together([rows] * 4, starts, limits=limits),
        strict=True,
    ):
        assert rough.loss == pytest.approx(fit.loss, rel=1e-3)


def test_where_there_are_many_rows_they_are_made_one_after_the_other():
    problem, teacher = make_problem(0, n=20_000)
    assert n_side_by_side(problem, 3) == 1
    start = near(teacher, problem, 1)[0]
    fits = minimize_together([problem] * 2, [start] * 2)
    assert fits[0].loss == minimize(problem, start).loss
    assert n_side_by_side(make_problem(0)[0], 3) > 32


def test_more_starts_than_are_made_side_by_side_come_back_in_order():
    problem, teacher = make_problem(9, n=4000)
    starts = near(teacher, problem, 2 * n_side_by_side(problem, 3) + 1)
    fits = minimize_together([problem] * len(starts), starts, limits=Limits(max_iter=0))
    for fit, start in zip(fits, starts, strict=True):
        np.testing.assert_allclose(fit.point.W, unit_rows(start))


def test_no_starts_have_no_ends():
    assert minimize_together([], []) == []
