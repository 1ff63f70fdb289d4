"""Whether the rows determine the weights."""

import numpy as np
import pytest

from engine import determined
from pureneuron.model import TwoLayerNetwork, unit_rows
from pureneuron.optimize import minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


def test_few_distinct_inputs_leave_weights_undetermined():
    rng = np.random.default_rng(5)
    X = rng.choice([-1.0, 1.0], size=(2000, 3))  # four lines through zero, whatever the rows
    W = unit_rows(rng.standard_normal((3, 3)))
    problem = pose(ArraySamples(X, np.maximum(X @ W.T, 0.0).sum(axis=1, keepdims=True)))
    assert determined(minimize(problem, W)).undetermined
    X = rng.standard_normal((2000, 3))
    problem = pose(ArraySamples(X, np.maximum(X @ W.T, 0.0).sum(axis=1, keepdims=True)))
    assert not determined(minimize(problem, problem.whitening.to_white(W))).undetermined


def test_a_direction_that_only_noise_shows_is_undetermined():
    # Two neurons that nearly coincide: their sum is certain, and what belongs to which is not.
    rng = np.random.default_rng(8)
    W = unit_rows(rng.standard_normal((3, 4)))
    W[1] = unit_rows(W[:1] + 0.03 * W[1:2])[0]
    X = rng.standard_normal((2000, 4))
    clean = np.maximum(X @ W.T, 0.0) @ rng.standard_normal((3, 5))
    for noise, told in ((1.0, False), (0.01, True)):
        problem = pose(ArraySamples(X, clean + noise * rng.standard_normal(clean.shape)))
        fit = minimize(problem, problem.whitening.to_white(W))
        assert determined(fit).undetermined != told


@pytest.mark.parametrize("seed", range(6))
def test_rounding_does_not_pass_for_curvature(seed):
    # Six units span all functions on four points: nothing is left of the projected matrix.
    X = np.random.default_rng(0).choice([-1.0, 1.0], (400, 2))
    rng = np.random.default_rng(seed)
    teacher = TwoLayerNetwork(rng.standard_normal((2, 6)), rng.standard_normal((6, 2)))
    problem = pose(ArraySamples(X, teacher.predict(X)))
    assert determined(minimize(problem, problem.to_white(teacher))).undetermined
