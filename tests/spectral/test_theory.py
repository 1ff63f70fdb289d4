"""The theory as code: Gaussian closed forms, guarantees, perturbations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.spectral import (
    distinguishing_matrix,
    gaussian_distinguishing_matrix,
    guarantee,
    perturb_inputs,
    perturb_weights,
)


def polar_quadrature(u, v, n_angles=200_000):
    """``E[(u·g)(v·g) ggᵀ 1{(u·g)(v·g) ≤ 0}]`` in two dimensions, by the midpoint rule in the angle.

    The radius comes out: ``E[r⁴] = 8``.
    """
    phi = (np.arange(n_angles) + 0.5) * 2.0 * np.pi / n_angles
    g = np.stack([np.cos(phi), np.sin(phi)])
    products = np.minimum((u @ g) * (v @ g), 0.0)
    return 8.0 * (g * products) @ g.T / n_angles


angles = st.floats(0.0, 2.0 * np.pi)
lengths = st.floats(0.1, 10.0)


@given(one=angles, other=angles, size=lengths)
def test_gaussian_pairs_in_the_plane(one, other, size):
    u = size * np.array([np.cos(one), np.sin(one)])
    v = np.array([np.cos(other), np.sin(other)])
    closed = gaussian_distinguishing_matrix(np.stack([u, v])).reshape(2, 2)
    assert closed == pytest.approx(polar_quadrature(u, v), abs=2e-8 * size)


def test_parallel_and_opposite_neurons():
    w = np.array([3.0, 4.0])
    assert gaussian_distinguishing_matrix([w, w]) == pytest.approx(0.0, abs=1e-15)
    # Opposite ones always disagree: −E[(w·g)² ggᵀ] = −(|w|² I + 2 w wᵀ).
    expected = -(w @ w * np.eye(2) + 2.0 * np.outer(w, w))
    assert gaussian_distinguishing_matrix([w, -w]).reshape(2, 2) == pytest.approx(expected)


def test_gaussian_closed_form_is_the_limit_of_samples():
    rng = np.random.default_rng(0)
    W = rng.standard_normal((4, 5))
    root = rng.standard_normal((5, 5))
    closed = gaussian_distinguishing_matrix(W, covariance=root @ root.T, augmented=True)
    parts = [
        distinguishing_matrix(rng.standard_normal((20_000, 5)) @ root.T, W, augmented=True)
        for _ in range(40)
    ]
    error = np.std(parts, axis=0) / np.sqrt(len(parts) - 1)
    scores = (np.mean(parts, axis=0) - closed) / error
    # 175 scores that are standard normal, but for symmetric entries, which come twice.
    assert np.abs(scores).max() < 5.0
    assert np.mean(scores**2) == pytest.approx(1.0, abs=0.5)


@pytest.mark.parametrize("covariance", [np.ones((2, 3)), [[1.0, 2.0], [0.0, 1.0]], -np.eye(2)])
def test_what_is_no_covariance_is_refused(covariance):
    with pytest.raises(ValueError, match="covariance"):
        gaussian_distinguishing_matrix(np.eye(2), covariance=covariance)


SIGNS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])


def test_guarantee_of_the_counterexample():
    A = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2.0)
    found = guarantee(SIGNS, TwoLayerNetwork(A, np.eye(2)))
    assert found.alpha * found.beta**2 == pytest.approx((np.sqrt(5.0) - 1.0) / 2.0)
    assert found.gap == pytest.approx(0.5)
    # As the paper states it, Lemma 14 would be wrong here.
    assert found.gap_bound <= found.gap < found.alpha * found.beta**2
    assert found.null_space_error(0.01) == pytest.approx(0.02 / (found.alpha * found.beta**2))
    # Weights are taken in normal form: rescaling changes nothing.
    scaled = guarantee(SIGNS, TwoLayerNetwork(A / [2.0, 5.0], np.diag([2.0, 5.0])))
    assert scaled.spectrum == pytest.approx(found.spectrum)


def test_guarantee_wants_a_square_network_without_biases():
    with pytest.raises(ValueError, match="reduce y"):
        guarantee(SIGNS, TwoLayerNetwork(np.ones((3, 2)), np.eye(2)))
    with pytest.raises(ValueError, match="without biases"):
        guarantee(SIGNS, TwoLayerNetwork(np.eye(2), np.eye(2), hidden_bias=np.ones(2)))


class TestPerturbations:
    def test_inputs_are_replaced_at_the_rate_asked_for(self):
        X = np.full((20_000, 3), 7.0)
        Q = np.diag([1.0, 2.0, 0.0])
        new = perturb_inputs(X, 0.25, Q=Q, rng=0)
        replaced = np.any(new != 7.0, axis=1)
        assert replaced.mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 20_000))
        assert np.cov(new[replaced].T) == pytest.approx(Q**2, abs=0.2)
        assert np.array_equal(X, np.full((20_000, 3), 7.0))
        assert np.array_equal(perturb_inputs(X, 0.0, rng=0), X)
        assert not np.any(perturb_inputs(X, 1.0, rng=0) == 7.0)

    def test_weights_move_by_rho(self):
        W = np.zeros((100, 50))
        assert perturb_weights(W, 0.3, rng=0).std() == pytest.approx(0.3, rel=0.05)
        assert np.array_equal(perturb_weights(W, 0.0), W)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: perturb_inputs(SIGNS, 1.5), "probability"),
            (lambda: perturb_inputs(SIGNS, 0.5, Q=np.eye(3)), r"Q must be a \(2, 2\)"),
            (lambda: perturb_weights(SIGNS, -1.0), "scale"),
        ],
    )
    def test_impossible_requests(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()

    def test_a_little_gaussian_noise_makes_signs_identifiable(self):
        # (w₁·x)(w₂·x) = (x₁² − x₂²)/2 vanishes for signs, and with it N.
        W = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2.0)
        network = TwoLayerNetwork(np.eye(2), W)
        X = symmetric_inputs(20_000, 2, "rademacher", rng=0)
        singular = guarantee(X, network)
        assert singular.alpha < 1e-12
        assert singular.gap_bound < 1e-12
        perturbed = guarantee(perturb_inputs(X, 0.3, Q=np.eye(2), rng=1), network)
        assert perturbed.alpha > 0.01
        assert perturbed.gap >= perturbed.gap_bound > 1e-3

    def test_alpha_grows_with_the_perturbation_of_the_weights(self):
        teacher = make_teacher(10, 3, 3, rng=0)
        W = teacher.W.copy()
        W[1] = W[0]
        alphas = [
            np.linalg.svd(
                gaussian_distinguishing_matrix(perturb_weights(W, rho, rng=1), augmented=True),
                compute_uv=False,
            )[-1]
            for rho in (0.0, 0.01, 0.1)
        ]
        assert alphas[0] < 1e-12
        assert alphas[0] < alphas[1] < alphas[2]
