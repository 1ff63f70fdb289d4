"""The paper's lemmas, with exact moments of finite symmetric laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pureneuron.model import unit_rows
from pureneuron.spectral import (
    detector_matrix,
    distinguishing_matrix,
    learn_single_neuron,
    pencil_directions,
    pure_neuron_detector,
    unvec_star,
    vec_star,
)
from pureneuron.spectral.guarantee import unscaled

seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([(2, 2), (3, 2), (3, 3), (4, 3), (5, 4)])


def pairs(k):
    return np.triu_indices(k, 1)


def opposed_products(X, W, p):
    """``m_ij = E[(w_i·x)(w_j·x) 1{… ≤ 0}]`` for i < j."""
    H = X @ W.T
    i, j = pairs(len(W))
    return p @ np.minimum(H[:, i] * H[:, j], 0.0)


def squares(Z):
    """``vec*(z zᵀ)`` for each row z."""
    return vec_star(Z[:, :, None] * Z[:, None, :])


def projector(rows):
    Q = np.linalg.qr(rows.T)[0]
    return Q @ Q.T


@given(
    seed=seeds,
    d=st.integers(1, 5),
    orders=st.sampled_from([(1, 1), (1, 3), (2, 0), (2, 2), (3, 1), (3, 3), (4, 2)]),
    slope=st.sampled_from([0.0, 0.2, -0.5]),
)
def test_lemma_6_half_of_every_even_moment(symmetric_law, seed, d, orders, slope):
    rng = np.random.default_rng(seed)
    X, p = symmetric_law(rng, d)
    power, q = orders
    t = X @ rng.standard_normal(d)
    tensor = np.ones((len(X), 1))
    for _ in range(q):
        tensor = (tensor[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    rectified = np.where(t > 0.0, t, slope * t)
    left = (p * rectified**power) @ tensor
    right = 0.5 * (1.0 + slope**power) * ((p * t**power) @ tensor)
    np.testing.assert_allclose(left, right, atol=1e-12 * (p @ np.abs(t) ** power + 1.0) * 1e2)


@given(seed=seeds, d=st.integers(1, 6))
def test_lemma_1_and_algorithm_1_return_the_neuron(symmetric_law, seed, d):
    rng = np.random.default_rng(seed)
    X, p = symmetric_law(rng, d)
    w = rng.standard_normal(d)
    found = learn_single_neuron(X, np.maximum(X @ w, 0.0), sample_weight=p)
    np.testing.assert_allclose(found, w, atol=1e-10)


@given(seed=seeds, d=st.integers(1, 4), slope=st.sampled_from([0.0, 0.2, -0.5]))
def test_lemma_3_with_a_slope_has_another_factor(symmetric_law, seed, d, slope):
    rng = np.random.default_rng(seed)
    X, p = symmetric_law(rng, d)
    t = X @ rng.standard_normal(d)
    y = np.where(t > 0.0, t, slope * t)
    xx = (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    regression = np.linalg.solve(X.T @ (p[:, None] * X), X.T @ (p * y))
    factor = 2.0 * (1.0 + slope**2) / (1.0 + slope) ** 2
    left, right = (p * y**2) @ xx, factor * ((p * y * (X @ regression)) @ xx)
    np.testing.assert_allclose(left, right, atol=1e-11 * np.abs(left).max())


@given(seed=seeds, d=st.integers(2, 4), k=st.integers(1, 4))
def test_lemma_2_second_moments_of_a_mixture(symmetric_law, seed, d, k):
    rng = np.random.default_rng(seed)
    X, p = symmetric_law(rng, d)
    W, c = rng.standard_normal((k, d)), rng.standard_normal(k)
    y = np.maximum(X @ W.T, 0.0) @ c
    yx = (p * y) @ X
    difference = 2.0 * yx @ np.linalg.solve((p * X.T) @ X, yx) - p @ y**2
    i, j = pairs(k)
    expected = (c[i] * c[j]) @ opposed_products(X, W, p)
    assert difference == pytest.approx(expected, abs=1e-10)


@given(seed=seeds, d=st.integers(2, 4), k=st.integers(1, 4))
def test_lemma_3_detector_of_a_mixture(symmetric_law, seed, d, k):
    rng = np.random.default_rng(seed)
    X, p = symmetric_law(rng, d)
    W, c = rng.standard_normal((k, d)), rng.standard_normal(k)
    y = np.maximum(X @ W.T, 0.0) @ c
    f = pure_neuron_detector(X, y[:, None], [1.0], noisy=False, sample_weight=p)
    i, j = pairs(k)
    expected = distinguishing_matrix(X, W, sample_weight=p) @ (c[i] * c[j])
    np.testing.assert_allclose(f, expected, atol=1e-9)
    # Spelled out as the lemma has it, term by term.
    xxx = (p * y * X.T) @ (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    yyxx = (p * y**2) @ (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    yx = (p * y) @ X
    literal = 2.0 * yx @ np.linalg.solve((p * X.T) @ X, xxx) - yyxx
    np.testing.assert_allclose(f, literal, atol=1e-9)


@given(seed=seeds, size=sizes)
def test_corollary_1_and_lemma_9_expand_in_the_distinguishing_matrix(exact_problem, seed, size):
    d, k = size
    exact = exact_problem(seed, d, k, k)
    u = np.random.default_rng(seed).standard_normal(k)
    i, j = pairs(k)
    c = exact.network.A.T @ u
    N = distinguishing_matrix(exact.X, exact.network.W, sample_weight=exact.p)
    plain = pure_neuron_detector(exact.X, exact.Y, u, noisy=False, sample_weight=exact.p)
    np.testing.assert_allclose(plain, N @ (c[i] * c[j]), atol=1e-8)

    xx = ((exact.p * exact.X.T) @ exact.X).reshape(-1, 1)
    m = opposed_products(exact.X, exact.network.W, exact.p)
    centred = pure_neuron_detector(exact.X, exact.Y, u, sample_weight=exact.p)
    np.testing.assert_allclose(centred, (N - m * xx) @ (c[i] * c[j]), atol=1e-8)


@given(seed=seeds, size=sizes, n_values=st.integers(2, 4))
def test_noise_shifts_corollary_1_and_not_lemma_9(exact_problem, seed, size, n_values):
    d, k = size
    exact = exact_problem(seed, d, k, k)
    rng = np.random.default_rng(seed)
    q = rng.dirichlet(np.full(n_values, 4.0))
    noise = rng.standard_normal((n_values, k))
    noise -= q @ noise
    noisy = exact.with_noise(noise, q)
    U = rng.standard_normal((3, k))

    def detector(problem, *, centred):
        return pure_neuron_detector(problem.X, problem.Y, U, noisy=centred, sample_weight=problem.p)

    np.testing.assert_allclose(
        detector(noisy, centred=True), detector(exact, centred=True), atol=1e-8
    )
    xx = ((exact.p * exact.X.T) @ exact.X).ravel()
    shift = -np.einsum("pa,ab,pb->p", U, (q * noise.T) @ noise, U)[:, None] * xx
    np.testing.assert_allclose(
        detector(noisy, centred=False) - detector(exact, centred=False), shift, atol=1e-8
    )


@given(seed=seeds, size=sizes, noisy=st.booleans())
def test_lemmas_4_and_10_null_space_of_the_detector(exact_problem, seed, size, noisy):
    d, k = size
    exact = exact_problem(seed, d, k, k)
    # Bounds: α ≥ 0.01 and κ(A), κ(W) ≤ 100.
    assume(exact.alpha(augmented=noisy) >= 0.01)
    assume(max(np.linalg.cond(exact.network.A), np.linalg.cond(exact.network.W)) <= 100.0)
    T = detector_matrix(exact.X, exact.Y, noisy=noisy, sample_weight=exact.p)
    assert T.shape == (d * d, k * (k + 1) // 2)
    Z = unit_rows(np.linalg.inv(exact.network.A))
    _, values, right = np.linalg.svd(T, full_matrices=False)
    assert values[-k:].max() <= 1e-12 * values[0]
    assert values[-k - 1] >= 1e-8 * values[0]
    np.testing.assert_allclose(projector(right[-k:]), projector(squares(Z)), atol=1e-7)


@given(seed=seeds, size=sizes)
def test_the_detector_vanishes_at_pure_neurons_only(exact_problem, seed, size):
    d, k = size
    exact = exact_problem(seed, d, k, k)
    assume(exact.alpha() >= 0.01)
    assume(np.linalg.cond(exact.network.A) <= 100.0)
    Z = unit_rows(np.linalg.inv(exact.network.A))
    f = pure_neuron_detector(exact.X, exact.Y, Z, sample_weight=exact.p)
    np.testing.assert_allclose(f, 0.0, atol=1e-9)
    u = unit_rows(Z[:1] + Z[1:2])
    mixed = pure_neuron_detector(exact.X, exact.Y, u, sample_weight=exact.p)
    assert np.abs(mixed).max() > 1e-6


@given(seed=seeds, k=st.integers(1, 6))
def test_lemma_5_two_elements_of_the_span_give_the_directions(seed, k):
    rng = np.random.default_rng(seed)
    Z = unit_rows(rng.standard_normal((k, k)))
    a, b = rng.standard_normal((2, k))
    # Bounds: κ(Z) ≤ 100, |b_i| ≥ 0.01, eigenvalues a_i/b_i at least 0.01 apart on the circle.
    angles = np.sort(np.arctan(a / b))
    gaps = np.diff(np.append(angles, angles[0] + np.pi))
    assume(np.linalg.cond(Z) <= 100.0 and np.abs(b).min() >= 0.01 and gaps.min() >= 0.01)
    found, n_complex = pencil_directions((Z.T * a) @ Z, (Z.T * b) @ Z)
    assert n_complex == 0
    cosines = np.abs(found @ Z.T)
    assert sorted(cosines.argmax(axis=1)) == list(range(k))
    np.testing.assert_allclose(cosines.max(axis=1), 1.0, atol=1e-10)


class TestCorrectedBounds:
    """Lemmas 14 and 11 with the factor √2 that the paper misses, in its unscaled vec*."""

    @pytest.fixture
    def example(self):
        """Return x uniform on {±1}², W = I and A a rotation by 45°, as (T, α β²)."""
        X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
        A = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2.0)
        T = unscaled(detector_matrix(X, np.maximum(X, 0.0) @ A.T))
        M = distinguishing_matrix(X, np.eye(2), augmented=True)
        alpha = np.linalg.svd(M, compute_uv=False)[-1]
        beta = np.linalg.svd(A, compute_uv=False)[-1]
        return T, alpha * beta**2

    def test_the_counterexample_to_lemma_14(self, example):
        T, bound = example
        sigma = np.linalg.svd(T, compute_uv=False)[0]
        assert sigma == pytest.approx(0.5, abs=1e-12)
        assert bound == pytest.approx((np.sqrt(5.0) - 1.0) / 2.0, abs=1e-12)
        assert bound / np.sqrt(2.0) <= sigma < bound

    @pytest.mark.parametrize("size", [1e-6, 1e-3, 1e-2])
    def test_the_counterexample_to_lemma_11(self, example, size):
        T, bound = example
        left, _, right = np.linalg.svd(T, full_matrices=False)
        # The worst perturbation turns the one direction of T towards its null space.
        E = size * np.outer(left[:, 0], right[-1])
        change = np.linalg.norm(
            projector(np.linalg.svd(T + E)[2][-2:]) - projector(right[-2:]), ord="fro"
        )
        assert np.sqrt(2.0) * size / bound < change <= 2.0 * size / bound

    @given(seed=seeds, size=sizes)
    def test_lemma_14_corrected(self, exact_problem, seed, size):
        d, k = size
        exact = exact_problem(seed, d, k, k)
        network = exact.network.normalized()
        beta = np.linalg.svd(network.A, compute_uv=False)[-1]
        T = unscaled(detector_matrix(exact.X, exact.Y, sample_weight=exact.p))
        sigma = np.linalg.svd(T, compute_uv=False)[k * (k - 1) // 2 - 1]
        assert sigma >= exact.alpha() * beta**2 / np.sqrt(2.0) * (1.0 - 1e-6) - 1e-12

    @given(seed=seeds, size=sizes, share=st.sampled_from([1e-4, 1e-2, 0.1]))
    def test_lemma_11_corrected(self, exact_problem, seed, size, share):
        d, k = size
        exact = exact_problem(seed, d, k, k)
        network = exact.network.normalized()
        bound = exact.alpha() * np.linalg.svd(network.A, compute_uv=False)[-1] ** 2
        assume(bound >= 1e-4)
        T = unscaled(detector_matrix(exact.X, exact.Y, sample_weight=exact.p))
        E = np.random.default_rng(seed).standard_normal(T.shape)
        E *= share * bound / np.linalg.norm(E)
        spaces = [np.linalg.svd(M, full_matrices=False)[2][-k:] for M in (T, T + E)]
        change = np.linalg.norm(projector(spaces[0]) - projector(spaces[1]), ord="fro")
        assert change <= 2.0 * np.linalg.norm(E) / bound + 1e-9


def test_unvec_star_of_the_null_space_is_spanned_by_squares(exact_problem):
    exact = exact_problem(3, 4, 3, 3)
    T = detector_matrix(exact.X, exact.Y, sample_weight=exact.p)
    stack = unvec_star(np.linalg.svd(T, full_matrices=False)[2][-3:])
    A = exact.network.A
    diagonal = A.T @ stack @ A
    off = diagonal - np.einsum("pii->pi", diagonal)[:, :, None] * np.eye(3)
    np.testing.assert_allclose(off, 0.0, atol=1e-9)
