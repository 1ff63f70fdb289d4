from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron.problem import second_moments
from pureneuron.samples import ArraySamples
from pureneuron.spectral import (
    detector_matrix,
    distinguishing_matrix,
    pure_neuron_detector,
    vec_star,
)
from pureneuron.spectral.detector import detector_matrix_of

seeds = st.integers(0, 2**32 - 1)


def data(seed, n=50, d=3, m=2):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((n, m))


class TestDetector:
    @given(seed=seeds, d=st.integers(1, 4), m=st.integers(1, 5), noisy=st.booleans())
    def test_it_is_the_matrix_times_vec_star(self, seed, d, m, noisy):
        X, Y = data(seed, 30, d, m)
        rng = np.random.default_rng(seed)
        U, weight = rng.standard_normal((4, m)), rng.uniform(0.0, 2.0, 30)
        f = pure_neuron_detector(X, Y, U, noisy=noisy, sample_weight=weight)
        T = detector_matrix(X, Y, noisy=noisy, sample_weight=weight)
        assert T.shape == (d * d, m * (m + 1) // 2)
        np.testing.assert_allclose(f, vec_star(U[:, :, None] * U[:, None, :]) @ T.T, atol=1e-10)

    def test_one_vector_or_several(self):
        X, Y = data(0)
        U = np.array([[1.0, 2.0], [0.5, -1.0]])
        both = pure_neuron_detector(X, Y, U)
        assert both.shape == (2, 9)
        for u, f in zip(U, both, strict=True):
            single = pure_neuron_detector(X, Y, u)
            assert single.shape == (9,)
            np.testing.assert_allclose(single, f, atol=1e-13)

    def test_it_is_a_symmetric_matrix(self):
        f = pure_neuron_detector(*data(1), [1.0, 1.0]).reshape(3, 3)
        np.testing.assert_allclose(f, f.T, atol=1e-13)

    def test_the_noisy_one_is_lemma_9_term_by_term(self):
        X, Y = data(2)
        u = np.array([0.3, -1.2])
        s, xx = Y @ u, X.T @ X / 50
        B = 2.0 * (s @ X / 50) @ np.linalg.inv(xx)
        plain = pure_neuron_detector(X, Y, u, noisy=False)
        correction = (np.mean(s**2) - B @ (s @ X / 50)) * xx.ravel()
        np.testing.assert_allclose(pure_neuron_detector(X, Y, u), plain + correction, atol=1e-12)

    def test_inputs_that_do_not_span_add_nothing(self):
        X, Y = data(3)
        padded = np.column_stack([X, np.zeros(50), X[:, 0]])
        T = detector_matrix(X, Y).reshape(3, 3, 3)
        wide = detector_matrix(padded, Y).reshape(5, 5, 3)
        np.testing.assert_allclose(wide[:3, :3], T, atol=1e-10)
        np.testing.assert_allclose(wide[3], 0.0, atol=1e-12)
        np.testing.assert_allclose(wide[4, :3], T[0], atol=1e-10)

    @given(seed=seeds, noisy=st.booleans())
    def test_weights_equal_repetition(self, seed, noisy):
        X, Y = data(seed)
        counts = np.random.default_rng(seed).integers(0, 4, 50)
        weighted = detector_matrix(X, Y, noisy=noisy, sample_weight=counts)
        rows = np.repeat(np.arange(50), counts)
        repeated = detector_matrix(X[rows], Y[rows], noisy=noisy)
        np.testing.assert_allclose(weighted, repeated, atol=1e-11)

    @pytest.mark.parametrize("batch_rows", [1, 7, 50])
    @pytest.mark.parametrize("noisy", [True, False])
    def test_the_batch_size_does_not_matter(self, batch_rows, noisy):
        X, Y = data(4)
        weight = np.random.default_rng(4).uniform(size=50)
        samples = ArraySamples(X, Y, weight, batch_rows=batch_rows)
        T = detector_matrix_of(samples, second_moments(samples), noisy=noisy)
        whole = detector_matrix(X, Y, noisy=noisy, sample_weight=weight)
        np.testing.assert_allclose(T, whole, atol=1e-12)

    def test_a_sample_vanishes_at_a_pure_neuron_within_its_standard_error(self, symmetric_law):
        support, p = symmetric_law(np.random.default_rng(0), 3)
        A = np.array([[1.0, 0.5], [-0.3, 1.0]])
        W = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, -1.0]])
        z, mixed = np.linalg.inv(A)[0], np.array([1.0, 1.0])
        values = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            X = support[rng.choice(len(p), 1000, p=p)]
            Y = np.maximum(X @ W.T, 0.0) @ A.T + 0.5 * rng.standard_normal((1000, 2))
            values.append(pure_neuron_detector(X, Y, [z, mixed]))
        mean, error = np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / np.sqrt(60)
        t = np.abs(mean / error)
        assert t[0].max() < 4.0
        assert t[1].max() > 10.0


class TestDistinguishing:
    def test_the_columns_are_definition_1(self):
        X, _ = data(5)
        W = np.random.default_rng(5).standard_normal((4, 3))
        weight = np.random.default_rng(6).uniform(size=50)
        N = distinguishing_matrix(X, W, sample_weight=weight)
        assert N.shape == (9, 6)
        p = weight / weight.sum()
        pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
        for column, (i, j) in zip(N.T, pairs, strict=True):
            product = (X @ W[i]) * (X @ W[j])
            terms = (p * product * (product <= 0.0))[:, None, None] * X[:, :, None] * X[:, None, :]
            np.testing.assert_allclose(column.reshape(3, 3), terms.sum(axis=0), atol=1e-13)
        M = distinguishing_matrix(X, W, augmented=True, sample_weight=weight)
        np.testing.assert_array_equal(M[:, :6], N)
        np.testing.assert_allclose(M[:, 6].reshape(3, 3), (p * X.T) @ X, atol=1e-13)

    def test_one_neuron_has_no_pairs(self):
        X, _ = data(5)
        assert distinguishing_matrix(X, X[:1]).shape == (9, 0)
        assert distinguishing_matrix(X, X[:1], augmented=True).shape == (9, 1)

    def test_parallel_neurons_cannot_be_distinguished(self):
        X, _ = data(5)
        W = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
        np.testing.assert_array_equal(distinguishing_matrix(X, W), 0.0)


class TestErrors:
    X, Y = data(0)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((X[0], Y), r"X must be a matrix .* shape \(3,\)"),
            ((X, Y[:, 0]), r"Y must be a matrix .* shape \(50,\)"),
            ((X[:-1], Y), "X has 49 rows and Y has 50"),
            ((X * 1j, Y), "X must hold real numbers, got an array of type complex128"),
            ((X, Y.astype(str)), "Y must hold real numbers"),
            ((np.where(X[3, 1] == X, np.nan, X), Y), "X contains NaN at row 3, column 'x1'"),
            ((X, np.where(Y[7, 0] == Y, np.inf, Y)), "Y contains infinity at row 7, column 'y0'"),
            ((X[:0], Y[:0]), r"0 sample\(s\)"),
        ],
    )
    def test_bad_data(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            detector_matrix(*arguments)
        with pytest.raises(ValueError, match=message):
            pure_neuron_detector(*arguments, [1.0, 0.0])

    @pytest.mark.parametrize(
        ("weight", "message"),
        [
            (np.ones(49), "sample_weight has 49 values for the 50 rows of X"),
            (np.ones((50, 2)), "sample_weight must be"),
            (-np.ones(50), "sample_weight holds a negative weight"),
            (np.zeros(50), "sample_weight is zero for every row"),
        ],
    )
    def test_bad_weights(self, weight, message):
        with pytest.raises(ValueError, match=message):
            detector_matrix(self.X, self.Y, sample_weight=weight)

    @pytest.mark.parametrize(
        ("U", "message"),
        [
            ([1.0, 2.0, 3.0], "U holds vectors of length 3; Y has 2 columns"),
            (np.ones((2, 2, 2)), "U must be a matrix"),
            ([np.nan, 1.0], "U holds a value that is not finite"),
        ],
    )
    def test_bad_vectors(self, U, message):
        with pytest.raises(ValueError, match=message):
            pure_neuron_detector(self.X, self.Y, U)

    @pytest.mark.parametrize(
        ("W", "message"),
        [
            (np.ones((2, 4)), "W has 4 columns and X has 3"),
            (np.ones(3), "W must be a matrix"),
            (np.full((2, 3), np.inf), "W holds a value that is not finite"),
        ],
    )
    def test_bad_neurons(self, W, message):
        with pytest.raises(ValueError, match=message):
            distinguishing_matrix(self.X, W)
