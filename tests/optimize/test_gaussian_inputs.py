"""The matrix in closed form against that of data, which has no formula in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron import TwoLayerNetwork
from pureneuron.model import LeakyReLU, unit_rows
from pureneuron.optimize.least_squares import gaussian_inputs
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
