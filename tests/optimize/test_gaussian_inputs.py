"""The matrix in closed form against that of data, which has no formula in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron import TwoLayerNetwork
from pureneuron.model import LeakyReLU, unit_rows
from pureneuron.optimize.least_squares import gaussian_inputs, matrix_free
from pureneuron.optimize.least_squares.biased_gaussian_inputs import (
    BiasedGaussianMatrix,
    SplitRows,
)
from pureneuron.optimize.least_squares.gaussian_inputs import (
    GaussianMatrix,
    Thresholds,
    correlations,
)
from pureneuron.optimize.least_squares.matrix_free import MatrixFreeModel
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


def draw(seed, k=5, d=4, m=3, nearness=1.0):
    rng = np.random.default_rng(seed)
    W = unit_rows(rng.standard_normal((k, d)))
    W[1] = unit_rows(W[:1] + nearness * W[1:2])[0]
    V = rng.standard_normal((k, d))
    return W, rng.standard_normal((m, k)), V - np.sum(V * W, axis=1)[:, None] * W


def of_data(W, A, n, slope, intercept):
    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, W.shape[1]))
    Y = TwoLayerNetwork(A, W, negative_slope=slope).predict(X)
    problem = pose(ArraySamples(X, Y), activation=LeakyReLU(slope), fit_intercept=intercept)
    # In the very coordinates of the rows, which are white to within sampling noise.
    return MatrixFreeModel(problem, problem.whitening.to_white(W))


def closed_form(W, coupling, slope, damping, *, intercept):
    kernels = LeakyReLU(slope).gaussian_kernels(correlations(W), 1e-3)
    return GaussianMatrix(W, coupling, kernels, damping, intercept=intercept)


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.9])
@pytest.mark.parametrize("intercept", [False, True])
def test_many_gaussian_rows_have_this_matrix(slope, intercept):
    W, A, V = draw(0)
    distances = []
    for n in (10_000, 250_000):
        model = of_data(W, A, n, slope, intercept)
        closed = closed_form(
            model.point.W, model.point.coupling, slope, np.zeros(5), intercept=intercept
        )
        turning = V - np.sum(V * model.point.W, axis=1)[:, None] * model.point.W
        exact = model._all_rows @ turning
        distances.append(np.linalg.norm(closed @ turning - exact) / np.linalg.norm(exact))
    assert distances[0] < 0.1
    # Sampling noise falls with the root of the number of rows, to a fifth.
    assert distances[1] < distances[0] / 3


matrices = given(seed=st.integers(0, 10**6), slope=st.floats(-1.0, 0.9), intercept=st.booleans())


@matrices
def test_it_is_symmetric_and_has_no_negative_curvature(seed, slope, intercept):
    W, A, V = draw(seed, nearness=10.0 ** -(seed % 4))
    matrix = closed_form(W, A.T @ A, slope, np.zeros(5), intercept=intercept)
    other = draw(seed + 1)[2]
    other -= np.sum(other * W, axis=1)[:, None] * W
    size = np.linalg.norm(matrix @ V) * np.linalg.norm(other)
    assert np.vdot(other, matrix @ V) == pytest.approx(np.vdot(matrix @ other, V), abs=1e-9 * size)
    assert np.vdot(V, matrix @ V) > -1e-9 * np.linalg.norm(matrix @ V) * np.linalg.norm(V)


@matrices
def test_it_solves_its_own_system(seed, slope, intercept):
    W, A, V = draw(seed)
    damping = np.full(5, 1e-2)
    matrix = closed_form(W, A.T @ A, slope, damping, intercept=intercept)
    strict = Thresholds(accuracy=1e-10, most_iterations=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gaussian_inputs, "THRESHOLDS", strict)
        solution = matrix.solve(matrix @ V)
    assert matrix @ solution == pytest.approx(matrix @ V, abs=1e-6 * np.abs(matrix @ V).max())
    # Stretching a neuron is not among what can be solved for, nor does it do harm.
    stretched = matrix.solve(matrix @ V + 3.0 * W)
    assert stretched == pytest.approx(matrix.solve(matrix @ V), abs=1e-9 * np.abs(V).max())


def test_coincident_neurons_are_solved_for_all_the_same():
    W, A, V = draw(3)
    W[1] = W[0]
    matrix = closed_form(W, A.T @ A, 0.0, np.full(5, 1e-3), intercept=False)
    assert np.isfinite(matrix.solve(matrix @ V)).all()


def biased_closed_form(W, constant, coupling, slope, damping, *, intercept):
    split = SplitRows.of(W, constant)
    kernels = LeakyReLU(slope).threshold_kernels(split.thresholds, split.cosines)
    return BiasedGaussianMatrix(W, split, coupling, kernels, damping, intercept=intercept)


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.9])
@pytest.mark.parametrize("intercept", [False, True])
def test_many_gaussian_rows_have_the_matrix_of_biased_units(slope, intercept, monkeypatch):
    monkeypatch.setattr(matrix_free, "THRESHOLDS", matrix_free.Thresholds(least_work_biased=0.0))
    W, A, _ = draw(0)
    rng = np.random.default_rng(1)
    network = TwoLayerNetwork(A, W, rng.standard_normal(5), negative_slope=slope)
    distances = []
    for n in (10_000, 250_000):
        X = np.random.default_rng(n).standard_normal((n, 4))
        problem = pose(
            ArraySamples(X, network.predict(X)),
            activation=LeakyReLU(slope),
            fit_hidden_bias=True,
            fit_intercept=intercept,
        )
        model = MatrixFreeModel(problem, problem.to_white(network))
        V = np.random.default_rng(2).standard_normal((5, 5))
        V -= np.sum(V * model.point.W, axis=1)[:, None] * model.point.W
        exact = model._all_rows @ V
        closed = model._gaussian_matrix(np.zeros(5)) @ V
        distances.append(np.linalg.norm(closed - exact) / np.linalg.norm(exact))
    assert distances[0] < 0.1
    assert distances[1] < distances[0] / 2.5


@matrices
def test_the_matrix_of_biased_units_is_symmetric_and_has_no_negative_curvature(
    seed, slope, intercept
):
    W, A, V = draw(seed, nearness=10.0 ** -(seed % 4))
    constant = unit_rows(np.random.default_rng(seed + 2).standard_normal((1, 4)))[0]
    matrix = biased_closed_form(W, constant, A.T @ A, slope, np.zeros(5), intercept=intercept)
    other = draw(seed + 1)[2]
    other -= np.sum(other * W, axis=1)[:, None] * W
    size = np.linalg.norm(matrix @ V) * np.linalg.norm(other)
    assert np.vdot(other, matrix @ V) == pytest.approx(np.vdot(matrix @ other, V), abs=1e-9 * size)
    assert np.vdot(V, matrix @ V) > -1e-9 * np.linalg.norm(matrix @ V) * np.linalg.norm(V)


@pytest.mark.parametrize("slope", [0.0, 0.4])
def test_without_thresholds_it_is_the_matrix_without_biases(slope):
    W, A, V = draw(4)
    wide = np.column_stack([W, np.zeros(5)]), np.column_stack([V, np.zeros(5)])
    constant = np.eye(5)[4]
    biased = biased_closed_form(wide[0], constant, A.T @ A, slope, np.zeros(5), intercept=True)
    plain = closed_form(W, A.T @ A, slope, np.zeros(5), intercept=True)
    # Along the constant there is more; across it the two agree.
    assert (biased @ wide[1])[:, :4] == pytest.approx(plain @ V, abs=1e-6)


def test_units_that_are_always_on_or_off_do_no_harm():
    W, A, V = draw(5)
    constant = np.eye(4)[0]
    W[0], W[1] = constant, -constant
    W[2] = unit_rows(1e-3 * W[2:3] + 1.0 * constant)[0]
    matrix = biased_closed_form(W, constant, A.T @ A, 0.0, np.full(5, 1e-3), intercept=True)
    assert np.isfinite(matrix.solve(matrix @ V)).all()
