"""The average Hessians against Stein's identity, direct sums, and inputs that are not Gaussian."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.initialize import hessian_estimate
from pureneuron.model import LeakyReLU
from pureneuron.optimize import displacement
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.spectral import linear_part, orthogonal_directions
from pureneuron.spectral.hessians import hessian_sums

seeds = st.integers(0, 2**32 - 1)


def posed(seed, *, k=4, d=6, m=5, n=4000, noise=0.1, slope=0.0, weight=None, condition_W=1.0):
    rng = np.random.default_rng(seed)
    condition_A = 2.0 if k <= m else 1.0
    teacher = make_teacher(d, k, m, condition_A=condition_A, condition_W=condition_W, rng=rng)
    teacher = TwoLayerNetwork(teacher.A, teacher.W, negative_slope=slope)
    X = rng.standard_normal((n, d))
    Y = teacher.predict(X) + noise * rng.standard_normal((n, m))
    if weight is not None:
        weight = weight(X, rng)
    samples = ArraySamples(X, Y, weight, batch_rows=1500)
    return pose(samples, activation=LeakyReLU(slope)), teacher


def distance(problem, teacher, estimate):
    return displacement(estimate.W, estimate.A, *problem.coordinates(teacher))


@pytest.mark.parametrize("slope", [0.0, 0.4, -0.6])
@pytest.mark.parametrize(("k", "d", "m"), [(1, 3, 2), (2, 2, 2), (4, 6, 5), (8, 8, 8)])
def test_every_neuron_is_found_with_its_sign_and_its_weights(k, d, m, slope):
    problem, teacher = posed(0, k=k, d=d, m=m, slope=slope, n=20_000)
    estimate = hessian_estimate(problem, linear_part(problem), k, rng=np.random.default_rng(1))
    np.testing.assert_allclose(estimate.W @ estimate.W.T, np.eye(k), atol=1e-6)
    assert distance(problem, teacher, estimate) < 0.5
    assert estimate.misfit < 0.1


def test_weighted_rows_count_as_often_as_they_weigh():
    # Whole-number weights, some of them zero, are rows repeated.
    problem, teacher = posed(1, weight=lambda X, rng: rng.integers(0, 4, len(X)).astype(float))
    estimate = hessian_estimate(problem, linear_part(problem), 4, rng=np.random.default_rng(1))
    assert distance(problem, teacher, estimate) < 0.5
    X, Y, weight = problem.source.arrays()
    # The largest weight has become 1.
    counts = np.rint(3.0 * weight).astype(int)
    repeated = pose(ArraySamples(np.repeat(X, counts, axis=0), np.repeat(Y, counts, axis=0)))
    rng = np.random.default_rng(3)
    outputs, regression = rng.standard_normal((5, 3)), rng.standard_normal((6, 3))
    mean, R = rng.standard_normal(3), rng.standard_normal((6, 4))
    one, other = (
        each.samples.reduce(hessian_sums, outputs, regression, mean, R, 1)
        for each in (problem, repeated)
    )
    for name in ("hessians", "residual", "total"):
        np.testing.assert_allclose(3.0 * one[name], other[name], rtol=1e-3, atol=1e-1)


@pytest.mark.parametrize("every", [1, 7])
def test_the_sums_are_those_of_every_nth_row(every):
    problem, _ = posed(2, n=4001)
    rng = np.random.default_rng(3)
    outputs, regression = rng.standard_normal((5, 3)), rng.standard_normal((6, 3))
    mean, R = rng.standard_normal(3), rng.standard_normal((6, 4))
    sums = problem.samples.reduce(hessian_sums, outputs, regression, mean, R, every)
    X, Y = (M[::every] for M in problem.samples.arrays()[:2])
    E, x = Y @ outputs - X @ regression - mean, X @ R
    expected = np.einsum("nj,nr,ns->jrs", E, x, x).reshape(12, 4)
    np.testing.assert_allclose(sums["hessians"], expected, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(sums["residual"], E.sum(axis=0), rtol=1e-4, atol=1e-2)
    assert sums["total"] == sums["squares"] == len(X)


def test_steins_identity():
    # E[y (xxᵀ − I)] = (1 − s) φ(0) Σ A_a w_a w_aᵀ for unit rows, to sampling error.
    slope, n = 0.3, 200_000
    rng = np.random.default_rng(4)
    W = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    A = rng.standard_normal((2, 3))
    X = rng.standard_normal((n, 3))
    Z = X @ W.T
    Y = np.where(Z > 0.0, Z, slope * Z) @ A.T
    terms = Y[:, :, None, None] * (X[:, :, None] * X[:, None, :] - np.eye(3))[:, None]
    mean, error = terms.mean(axis=0), terms.std(axis=0) / np.sqrt(n)
    expected = (1.0 - slope) * norm.pdf(0.0) * np.einsum("ma,ar,as->mrs", A, W, W)
    assert np.abs((mean - expected) / error).max() < 4.0


def test_the_misfit_tells_neurons_that_are_not_orthogonal():
    misfits = []
    for condition in (1.0, 5.0, 30.0):
        problem, _ = posed(5, k=8, d=8, m=8, n=10_000, condition_W=condition)
        part = linear_part(problem)
        misfits.append(hessian_estimate(problem, part, 8, rng=np.random.default_rng(0)).misfit)
    assert misfits[0] < 0.1
    assert 0.2 < misfits[1] < misfits[2]


def test_nothing_where_b_cannot_show_all_neurons():
    problem, _ = posed(6, m=2)
    assert hessian_estimate(problem, linear_part(problem), 4, rng=np.random.default_rng(0)) is None
    problem, _ = posed(6, slope=-0.95)
    assert hessian_estimate(problem, linear_part(problem), 4, rng=np.random.default_rng(0)) is None


def test_nothing_if_no_row_that_is_looked_at_counts():
    # Every twentieth row is enough here, and none of these has weight.
    problem, _ = posed(6, n=10_000, weight=lambda X, rng: np.arange(len(X)) % 20 / 20.0)
    part = linear_part(problem)
    assert hessian_estimate(problem, part, 4, rng=np.random.default_rng(0)) is None


def test_outputs_without_an_even_half():
    # Linear outputs leave nothing to look at, and a finite estimate that fits nothing.
    rng = np.random.default_rng(7)
    X = rng.standard_normal((3000, 4))
    problem = pose(ArraySamples(X, X @ rng.standard_normal((4, 4))))
    estimate = hessian_estimate(problem, linear_part(problem), 4, rng=rng)
    assert np.isfinite(estimate.W).all()
    assert np.isfinite(estimate.A).all()


class TestOrthogonalDirections:
    @given(seed=seeds, k=st.integers(1, 12))
    def test_finds_the_directions_of_an_exact_stack(self, seed, k):
        rng = np.random.default_rng(seed)
        W = np.linalg.qr(rng.standard_normal((k, k)))[0]
        scales = rng.standard_normal((k, k)) + 3.0 * np.eye(k)
        V = orthogonal_directions((W.T * scales[:, None, :]) @ W)
        cosines = np.abs(V @ W.T)
        assert sorted(cosines.argmax(axis=1)) == list(range(k))
        assert cosines.max(axis=1).min() > 0.99

    def test_a_stack_of_zeros(self):
        V = orthogonal_directions(np.zeros((2, 3, 3)))
        np.testing.assert_allclose(V @ V.T, np.eye(3), atol=1e-12)

    def test_a_stack_of_low_rank(self):
        v = np.array([0.6, 0.8, 0.0])
        V = orthogonal_directions(np.stack([np.outer(v, v), 2.0 * np.outer(v, v)]))
        np.testing.assert_allclose(V @ V.T, np.eye(3), atol=1e-6)
        assert np.abs(V @ v).max() == pytest.approx(1.0)
