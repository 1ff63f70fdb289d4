"""Whether the odd part of the outputs is linear."""

import numpy as np
import pytest

from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.inference import odd_part_test
from pureneuron.model import TwoLayerNetwork
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.spectral import linear_part


@pytest.mark.parametrize("law", ["gaussian", "mixture", "student_t3", "rademacher"])
def test_the_odd_part_of_a_network_is_linear(law):
    least = 1.0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        teacher = make_teacher(5, 3, 4, rng=rng)
        teacher = TwoLayerNetwork(teacher.A, teacher.W, negative_slope=0.2 * (seed % 2))
        X = symmetric_inputs(1000, 5, law, rng=rng)
        Y = teacher.predict(X) + 0.1 * rng.standard_normal((1000, 4))
        weight = rng.exponential(size=1000) if seed % 3 == 0 else None
        problem = pose(ArraySamples(X, Y, weight))
        W = problem.to_white(teacher)
        least = min(least, odd_part_test(problem, linear_part(problem), W).p_value)
    assert least > 1e-4


@pytest.mark.parametrize("kind", ["biases", "sigmoids"])
def test_biases_and_sigmoids_bend_the_odd_part(kind):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5000, 5))
    teacher = make_teacher(5, 3, 3, rng=rng)
    H = X @ teacher.W.T
    Y = np.maximum(H + 0.7, 0.0) if kind == "biases" else np.tanh(2.0 * H)
    problem = pose(ArraySamples(X, Y + 0.1 * rng.standard_normal(Y.shape)))
    assert odd_part_test(problem, linear_part(problem), problem.to_white(teacher)).is_rejected
