"""Steps with the curvature of some rows, against the model of all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork
from pureneuron.optimize import minimize, quadratic_model
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.optimize.least_squares.pattern import PatternModel
from pureneuron.optimize.least_squares.sampled import SampledModel
from pureneuron.problem import pose, survey
from pureneuron.samples import ArraySamples, CountedSamples

N_KEPT, N_ROWS = 4000, 40_000

options = pytest.mark.parametrize(
    "biases",
    [
        {},
        {"fit_intercept": True},
        {"fit_hidden_bias": True, "fit_intercept": True},
        {"fit_linear": True},
    ],
)


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    kept = replace(survey.THRESHOLDS, kept_entries=1, kept_rows=N_KEPT)
    monkeypatch.setattr(survey, "THRESHOLDS", kept)


def drawn(weighted=False, rare=0.0, **biases):
    """Return the problem of rows that do not lie in memory, their source, and the teacher."""
    rng = np.random.default_rng(0)
    b = np.array([0.4, -0.3, -rare])
    teacher = TwoLayerNetwork(3.0 * rng.standard_normal((2, 3)), np.eye(3, 5), b)
    X = rng.standard_normal((N_ROWS, 5))
    Y = teacher.predict(X) + 0.5 * rng.standard_normal((N_ROWS, 2))
    weight = rng.uniform(0.5, 1.0, N_ROWS) if weighted else None
    source = CountedSamples(ArraySamples(X, Y, weight).recomputed())
    return pose(source, **biases), source, teacher


def best_of_the_sample(problem, teacher):
    """Return the fit to the rows that are kept."""
    start = problem.to_white(teacher)
    return minimize(problem.sample, start, damping=DAMPING.trusted)


@options
@pytest.mark.parametrize("weighted", [False, True])
def test_the_point_is_that_of_all_rows_and_the_step_about_theirs(biases, weighted):
    problem, _, teacher = drawn(weighted, **biases)
    point = best_of_the_sample(problem, teacher).point
    model = quadratic_model(problem, point.W, point.A)
    exact = PatternModel(problem, point.W, point.A)
    assert isinstance(model, SampledModel)
    assert model.point.loss == pytest.approx(exact.point.loss, rel=1e-12)
    np.testing.assert_allclose(model.point.A, exact.point.A, rtol=1e-9, atol=1e-12)
    # Both are to first order what the sample does not know: its error is of the second.
    off = np.linalg.norm(model.gradient - exact.gradient) / np.linalg.norm(exact.gradient)
    assert off < 0.1
    own, other = model.step(1e-4, 1e-3).V, exact.step(1e-4, 1e-3).V
    assert np.linalg.norm(own - other) < 0.2 * np.linalg.norm(other)


def test_no_row_is_stretched():
    problem, _, teacher = drawn()
    point = best_of_the_sample(problem, teacher).point
    model = quadratic_model(problem, point.W, point.A)
    along = np.einsum("ar,ar->a", model.step(1e-8, 1e-3).V, point.W)
    np.testing.assert_allclose(along, 0.0, atol=1e-6)


@options
def test_what_is_foretold_is_nearly_what_a_pass_would_find(biases):
    problem, _, teacher = drawn(**biases)
    point = best_of_the_sample(problem, teacher).point
    model = quadratic_model(problem, point.W, point.A)
    V = model.step(1e-4, 1e-3).V
    ahead, found = model.foretold(point.W + V), PatternModel(problem, point.W + V).point
    before = np.abs(model.point.A - found.A).max()
    assert np.abs(ahead.A - found.A).max() < 0.5 * before
    assert ahead.loss == pytest.approx(found.loss, abs=0.2 * (model.point.loss - found.loss))
    np.testing.assert_allclose(ahead.W, found.W, atol=1e-12)


@options
def test_a_descent_ends_where_that_on_all_rows_does_and_as_soon(biases):
    problem, source, teacher = drawn(**biases)
    start, fits, passes = best_of_the_sample(problem, teacher).point, [], [source.n_passes]
    for each in (problem, replace(problem, kept=None)):
        fits.append(minimize(each, start.W, start.A, damping=DAMPING.trusted))
        passes.append(source.n_passes)
    fit, other = fits
    assert fit.info.converged
    own, exact = np.diff(passes)
    assert own <= exact + 1
    # Either ends between kinks, where what is left is far less than what noise makes of it.
    share = problem.negligible_gain(3, 0.0)
    assert abs(fit.loss - other.loss) < 5.0 * share * other.loss
    moved = np.linalg.norm(start.W - other.point.W)
    assert np.linalg.norm(fit.point.W - other.point.W) < 0.1 * moved


def test_a_neuron_that_few_rows_of_the_sample_switch_on_needs_all_rows():
    problem, _, teacher = drawn(rare=2.5, fit_hidden_bias=True)
    W = problem.to_white(teacher)
    assert isinstance(quadratic_model(problem, W), PatternModel)


def test_a_sample_that_does_not_stand_for_all_rows_is_none():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, 3))
    X[:, 2] = 0.0
    X[7, 2] = 1.0
    Y = np.maximum(X[:, :2], 0.0) + 0.1 * rng.standard_normal((N_ROWS, 2))
    problem = pose(ArraySamples(X, Y).recomputed())
    assert problem.kept is not None
    assert problem.sample is None


def test_rows_in_memory_and_few_rows_need_no_sample():
    problem, source, _ = drawn()
    assert problem.sample is not None
    assert replace(problem, n_rows=3 * N_KEPT).sample is None
    assert problem.on(source.take(np.arange(N_ROWS))).sample is None
