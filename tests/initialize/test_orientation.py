"""Which way round neurons are is decided last."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron import TwoLayerNetwork
from pureneuron.initialize.orientation import binary_least_squares, oriented, turned_round
from pureneuron.model import LeakyReLU
from pureneuron.optimize import Limits, minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


def drawn(seed, *, k=4, d=5, m=1, n=600, bias=True, slope=0.0, noise=0.0):
    rng = np.random.default_rng(seed)
    b, c = (rng.normal(0, 0.5, k), rng.standard_normal(m)) if bias else (None, None)
    teacher = TwoLayerNetwork(
        rng.standard_normal((m, k)), rng.standard_normal((k, d)), b, c, negative_slope=slope
    )
    X = rng.standard_normal((n, d)) + 0.3
    Y = teacher.predict(X) + noise * rng.standard_normal((n, m))
    problem = pose(
        ArraySamples(X, Y),
        activation=LeakyReLU(slope),
        fit_hidden_bias=bias,
        fit_intercept=bias,
    )
    return problem, teacher, rng


@given(seed=st.integers(0, 10**6), k=st.integers(1, 9), rows=st.integers(1, 12))
def test_binary_least_squares_is_the_best_of_all_choices_where_it_promises_so(seed, k, rows):
    rng = np.random.default_rng(seed)
    M, y = rng.standard_normal((rows, k)), rng.standard_normal(rows)
    found = np.linalg.norm(y - M @ binary_least_squares(M, y))
    choices = np.array(list(itertools.product([0.0, 1.0], repeat=k)))
    best = np.linalg.norm(y - choices @ M.T, axis=1).min()
    if rows < k:
        assert found == pytest.approx(best)
    # Elsewhere no change of one entry or two helps.
    z = binary_least_squares(M, y)
    for a, b in itertools.combinations_with_replacement(range(k), 2):
        other = z.copy()
        other[[a, b]] = ~other[[a, b]]
        assert np.linalg.norm(y - M @ other) >= found - 1e-9


@given(seed=st.integers(0, 10**6), k=st.integers(1, 20), extra=st.integers(0, 10))
def test_binary_least_squares_finds_an_exact_solution(seed, k, extra):
    rng = np.random.default_rng(seed)
    M, z = rng.standard_normal((k + extra, k)), rng.integers(2, size=k) > 0
    assert (binary_least_squares(M, M @ z) == z).all()


@pytest.mark.parametrize("seed", range(4))
def test_binary_least_squares_of_many_unknowns_is_exact(seed):
    # Each half has more sums than are looked for at a time.
    rng = np.random.default_rng(seed)
    M, z = rng.standard_normal((8, 25)), rng.integers(2, size=25) > 0
    y = M @ z + 1e-3 * rng.standard_normal(8)
    found = binary_least_squares(M, y)
    assert np.linalg.norm(y - M @ found) <= np.linalg.norm(y - M @ z)
    # Some 2**25 sums in eight dimensions: another one is hardly ever as near.
    assert (found == z).all()


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 1), (1, 4)])
def test_binary_least_squares_of_nothing_changes_nothing(shape):
    assert not binary_least_squares(np.zeros(shape), np.ones(shape[0])).any()


@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize(("bias", "d", "k"), [(True, 5, 4), (False, 6, 4), (True, 3, 6)])
def test_neurons_that_are_turned_round_are_found_out(slope, bias, d, k):
    problem, teacher, rng = drawn(0, d=d, k=k, bias=bias, slope=slope)
    W = problem.to_white(teacher)
    for _ in range(5):
        turned = rng.integers(2, size=k) > 0
        start = np.where(turned[:, None], -W, W)
        fit = minimize(problem.with_linear_part(), start)
        # With a linear part of its own the model does not care.
        assert fit.loss < 1e-20
        assert (turned_round(fit) == turned).all()


def test_a_start_leads_to_a_network_that_no_plain_start_finds():
    problem, _, rng = drawn(1, k=10, d=10, n=3000)
    limits = Limits(max_iter=200, tol=1e-6)
    plain = rng.standard_normal((8, 10, problem.n_inputs))
    assert min(minimize(problem, W, limits=limits).loss for W in plain) > 1e-6
    ends = [
        minimize(problem, oriented(problem, W, limits=limits, rng=rng)[0], limits=limits).loss
        for W in plain[:3]
    ]
    assert min(ends) < 1e-20


def test_a_linear_part_leaves_the_activations_as_they_are():
    problem, _, rng = drawn(2, m=2, noise=0.1)
    wide = problem.with_linear_part()
    assert wide.n_beside == problem.n_inputs
    X, Y = problem.samples.arrays()[:2]
    W = rng.standard_normal((4, problem.n_inputs))
    H = np.column_stack([np.maximum(X @ W.T, 0.0), X])
    best = np.linalg.lstsq(H, Y, rcond=None)[0]
    fit = minimize(wide, W, limits=Limits(max_iter=0))
    assert fit.loss == pytest.approx(np.mean((Y - H @ best) ** 2))
    without_bias, *_ = drawn(2, bias=False)
    assert without_bias.with_linear_part().n_beside == without_bias.n_inputs
