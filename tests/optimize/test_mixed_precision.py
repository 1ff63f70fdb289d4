"""Descents in single precision, finished in double."""

import numpy as np
import pytest

from engine import hidden, make_problem, squared_residual
from pureneuron.initialize import random_start
from pureneuron.optimize import evaluate
from pureneuron.optimize.least_squares import in_full_precision
from pureneuron.optimize.least_squares.matrix_free import MatrixFreeModel


@pytest.mark.parametrize("seed", [3, 14])
@pytest.mark.parametrize("twins", [None, 0.1, 1e-4, 1e-5])
@pytest.mark.parametrize("bias", [False, True])
def test_a_fit_in_single_precision_is_finished_in_double(bias, twins, seed):
    problem, _ = make_problem(seed, n=900, d=6, k=4, m=3, noise=0.3, fit_intercept=bias)
    W = random_start(problem, 4, rng=np.random.default_rng(1))
    if twins:
        # At the smaller distances single precision hardly tells the columns apart.
        W[1] = W[0] + twins * W[1]
    rough = MatrixFreeModel(problem.in_single_precision, W).point
    fine = in_full_precision(problem, rough)
    square, A = squared_residual(problem, fine.W)
    off = [np.abs(hidden(problem, fine.W) @ (p.A - A).T).max() for p in (rough, fine)]
    assert off[0] > 1e-8
    assert off[1] < 1e-2 * off[0]
    # What double precision takes off the loss is c·G⁻¹c, and G⁻¹ is off by eps times the condition
    # number of G: a few times that, whatever the order in which a library sums.
    gain = evaluate(problem, fine.W, rough.A) * problem.n_outputs - square
    size = np.sqrt(np.diag(fine.gram))
    rounding = np.finfo(float).eps * np.linalg.cond(fine.gram / np.outer(size, size))
    assert abs(fine.loss * problem.n_outputs - square) < 10 * rounding * gain + 1e-14 * square
