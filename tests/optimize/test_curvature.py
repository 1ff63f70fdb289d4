"""The direction along which a residual curves most."""

from itertools import product

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.model import unit_rows
from pureneuron.optimize import curved_directions, minimize, profile, residual_problem
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


def hermite_grid(d, nodes=4):
    """Return inputs and weights with the moments of a normal law up to the seventh."""
    x, weight = np.polynomial.hermite_e.hermegauss(nodes)
    X = np.array(list(product(x, repeat=d)))
    return X, np.prod(np.array(list(product(weight, repeat=d))), axis=1)


def left_by_nothing(X, Y, weight=None):
    """Return the problem whose residual is Y, and how to come back from white coordinates."""
    problem = pose(ArraySamples(X, Y, weight))
    nothing = profile(problem, np.zeros((0, problem.n_inputs)))
    return residual_problem(problem, nothing), problem.whitening.from_white


@pytest.mark.parametrize("n_outputs", [1, 5, 40])
def test_a_square_is_found_exactly(n_outputs):
    rng = np.random.default_rng(n_outputs)
    X, weight = hermite_grid(3)
    w, a = unit_rows(rng.standard_normal((1, 3)))[0], rng.standard_normal(n_outputs)
    Y = np.outer((X @ w) ** 2 - 1.0, a) + X @ rng.standard_normal((3, n_outputs))
    # E[((w·x)² − 1)(xxᵀ − I)] = 2 wwᵀ, and linear functions have no part in it.
    residual, from_white = left_by_nothing(X, Y, weight)
    found = unit_rows(from_white(curved_directions(residual, rng=rng)))
    np.testing.assert_allclose(np.abs(found @ w), 1.0, atol=1e-6)
    np.testing.assert_allclose(found[0], -found[1], atol=1e-12)


def test_of_two_the_stronger_is_found():
    X, weight = hermite_grid(3)
    w, v = np.eye(3)[:2]
    Y = np.column_stack([(X @ w) ** 2 - 1.0, 0.8 * ((X @ v) ** 2 - 1.0)])
    residual, from_white = left_by_nothing(X, Y, weight)
    found = unit_rows(from_white(curved_directions(residual, rng=np.random.default_rng(0))))
    np.testing.assert_allclose(np.abs(found @ w), 1.0, atol=1e-6)


@pytest.mark.parametrize("biases", [False, True])
def test_it_is_that_of_the_neuron_that_is_missing_among_many_inputs(biases):
    rng = np.random.default_rng(0)
    teacher = make_teacher(40, 40, 40, rng=rng)
    b = 0.5 * rng.standard_normal(40) if biases else np.zeros(40)
    teacher = TwoLayerNetwork(teacher.A, teacher.W, b)
    X = rng.standard_normal((6000, 40))
    Y = teacher.predict(X) + 0.2 * rng.standard_normal((6000, 40))
    problem = pose(ArraySamples(X, Y), fit_hidden_bias=biases)
    truth = problem.to_white(teacher)
    fit = minimize(problem, truth[1:])
    found = curved_directions(residual_problem(problem, fit.point), rng=rng)
    W = problem.whitening.from_white(found)[:, :40]
    # A random direction has a cosine of about 0.16.
    assert np.abs(unit_rows(W) @ unit_rows(teacher.W[:1]).T).max() > 0.9
