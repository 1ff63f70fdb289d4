from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pureneuron.datasets import make_teacher, symmetric_inputs, symmetrize
from pureneuron.model import unit_rows
from pureneuron.problem import second_moments
from pureneuron.samples import ArraySamples
from pureneuron.samples.mirror import split_halves
from pureneuron.spectral import (
    detector_matrix,
    learn_single_neuron,
    learn_two_layer,
    learn_two_layer_noisy,
    learn_two_layer_nonsquare,
    pencil_directions,
    unvec_star,
)

seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([(1, 1), (2, 2), (3, 2), (3, 3), (4, 3), (5, 4)])


def pencil_of(T, k, seed):
    """Return the two combinations of the null space that an algorithm seeded so draws."""
    null_space = np.linalg.svd(T, full_matrices=False)[2][-k:]
    return unvec_star(np.random.default_rng(seed).standard_normal((2, k)) @ null_space)


def pencil_is_well_posed(A, first, second):
    """Say whether the second matrix is invertible and the eigenvalues are apart.

    In terms of the coefficients a_i, b_i of the two matrices on the z_i z_iᵀ: |b_i| ≥ 0.01 of the
    largest, and the eigenvalues a_i/b_i at least 0.01 apart on the (projective) circle.
    """
    lengths = np.linalg.norm(np.linalg.inv(A), axis=1)
    a, b = (np.diag(A.T @ S @ A) * lengths**2 for S in (first, second))
    angles = np.sort(np.arctan2(a, b) % np.pi)
    gaps = np.diff(np.append(angles, angles[0] + np.pi))
    return np.abs(b).min() >= 0.01 * np.abs(b).max() and gaps.min() >= 0.01


def well_conditioned(exact, *, augmented):
    """Bounds: α ≥ 0.02 (of unit rows), κ(A) ≤ 30, κ(W) ≤ 30."""
    network = exact.network.normalized()
    return (
        exact.alpha(augmented=augmented) >= 0.02
        and np.linalg.cond(network.A) <= 30.0
        and np.linalg.cond(network.W) <= 30.0
    )


class TestExactLaws:
    """With exact moments the algorithms return A and W (Theorems 4, 5 and 6)."""

    @given(seed=seeds, size=sizes)
    def test_algorithm_2(self, exact_problem, weight_error, seed, size):
        d, k = size
        exact = exact_problem(seed, d, k, k)
        assume(well_conditioned(exact, augmented=False))
        T = detector_matrix(exact.X, exact.Y, noisy=False, sample_weight=exact.p)
        assume(pencil_is_well_posed(exact.network.A, *pencil_of(T, k, seed)))
        found = learn_two_layer(exact.X, exact.Y, sample_weight=exact.p, rng=seed)
        assert weight_error(found, exact.network) <= 1e-10

    @given(seed=seeds, size=sizes)
    def test_algorithm_3_with_noise(self, exact_problem, weight_error, seed, size):
        d, k = size
        exact = exact_problem(seed, d, k, k)
        assume(well_conditioned(exact, augmented=True))
        noise = np.random.default_rng(seed).standard_normal((2, k))
        noise[1] = -noise[0] / 3.0
        noisy = exact.with_noise(noise, np.array([0.25, 0.75]))
        T = detector_matrix(noisy.X, noisy.Y, sample_weight=noisy.p)
        assume(pencil_is_well_posed(exact.network.A, *pencil_of(T, k, seed)))
        found = learn_two_layer_noisy(
            noisy.X, noisy.Y, split=False, sample_weight=noisy.p, rng=seed
        )
        assert weight_error(found, exact.network) <= 1e-10

    @given(seed=seeds, size=sizes, more=st.integers(0, 4))
    def test_algorithm_4(self, exact_problem, weight_error, seed, size, more):
        d, k = size
        exact = exact_problem(seed, d, k, k + more)
        assume(well_conditioned(exact, augmented=True))
        samples = ArraySamples(exact.X, exact.Y, exact.p)
        P = np.linalg.svd(second_moments(samples).yx, full_matrices=False)[0][:, :k]
        T = detector_matrix(exact.X, exact.Y @ P, sample_weight=exact.p)
        assume(pencil_is_well_posed(P.T @ exact.network.A, *pencil_of(T, k, seed)))
        found = learn_two_layer_nonsquare(
            exact.X, exact.Y, k, split=False, sample_weight=exact.p, rng=seed
        )
        assert found.A.shape == (k + more, k)
        assert weight_error(found, exact.network) <= 1e-10

    def test_the_network_comes_with_z_of_unit_length(self, exact_problem):
        exact = exact_problem(1, 4, 3, 3)
        found = learn_two_layer(exact.X, exact.Y, sample_weight=exact.p, rng=0)
        np.testing.assert_allclose(np.linalg.norm(np.linalg.inv(found.A), axis=1), 1.0)
        np.testing.assert_allclose(found.predict(exact.X), exact.Y, atol=1e-10)

    @pytest.mark.parametrize("learn", [learn_two_layer, learn_two_layer_noisy])
    def test_inputs_that_do_not_span_give_the_shortest_weights(self, exact_problem, learn):
        exact = exact_problem(2, 4, 3, 3)
        X = np.column_stack([exact.X, np.zeros(len(exact.X)), exact.X[:, 0]])
        options = {} if learn is learn_two_layer else {"split": False}
        found = learn(X, exact.Y, sample_weight=exact.p, rng=0, **options)
        np.testing.assert_allclose(found.predict(X), exact.Y, atol=1e-9)
        np.testing.assert_allclose(found.W[:, 4], 0.0, atol=1e-12)
        np.testing.assert_allclose(found.W[:, 5], found.W[:, 0], atol=1e-9)


class TestInvariance:
    @given(seed=seeds, factor=st.sampled_from([1e-3, 7.0, 1e4]))
    def test_units_and_order_of_inputs_and_outputs(self, exact_problem, weight_error, seed, factor):
        exact = exact_problem(seed, 4, 3, 3)
        assume(well_conditioned(exact, augmented=True))
        inputs, outputs = np.random.default_rng(seed).permutation(4), [2, 0, 1]
        found = learn_two_layer(
            exact.X[:, inputs] * factor, exact.Y[:, outputs] / factor, sample_weight=exact.p, rng=0
        )
        back = type(found)(
            factor * found.A[np.argsort(outputs)], factor * found.W[:, np.argsort(inputs)]
        )
        assert weight_error(back, exact.network) <= 1e-8

    def test_order_and_scale_of_the_neurons_do_not_show(self, exact_problem, weight_error):
        exact = exact_problem(5, 4, 3, 3)
        network = exact.network.permuted([1, 2, 0])
        scale = np.array([0.1, 1.0, 20.0])
        rescaled = type(network)(network.A / scale, network.W * scale[:, None])
        found = learn_two_layer(exact.X, rescaled.predict(exact.X), sample_weight=exact.p, rng=0)
        assert weight_error(found, exact.network) <= 1e-9

    def test_weights_equal_repetition(self, weight_error):
        teacher = make_teacher(4, 3, 3, rng=0)
        rng = np.random.default_rng(0)
        X = symmetrize(rng.standard_normal((300, 4)))
        Y = teacher.predict(X) + 0.1 * rng.standard_normal((600, 3))
        counts = rng.integers(0, 3, 600)
        rows = np.repeat(np.arange(600), counts)
        for learn, options in (
            (learn_two_layer, {}),
            (learn_two_layer_noisy, {"split": False}),
            (learn_two_layer_nonsquare, {"split": False, "n_neurons": 3}),
        ):
            weighted = learn(X, Y, sample_weight=counts, rng=1, **options)
            repeated = learn(X[rows], Y[rows], rng=1, **options)
            assert weight_error(weighted, repeated) <= 1e-9

    def test_rows_of_weight_zero_do_not_exist(self):
        teacher = make_teacher(4, 3, 3, rng=0)
        X = np.random.default_rng(0).standard_normal((900, 4))
        Y = teacher.predict(X)
        weight = np.where(np.arange(900) % 3 == 0, 0.0, 1.0)
        kept = weight > 0.0
        one = learn_two_layer_noisy(X, Y, sample_weight=weight, rng=3)
        two = learn_two_layer_noisy(X[kept], Y[kept], sample_weight=weight[kept], rng=3)
        np.testing.assert_array_equal(one.W, two.W)

    def test_the_same_seed_gives_the_same_bits(self):
        teacher = make_teacher(4, 3, 5, rng=0)
        X = np.random.default_rng(0).standard_normal((500, 4))
        Y = teacher.predict(X)
        one = learn_two_layer_nonsquare(X, Y, 3, rng=7)
        two = learn_two_layer_nonsquare(X, Y, 3, rng=np.random.default_rng(7))
        np.testing.assert_array_equal(one.A, two.A)
        np.testing.assert_array_equal(one.W, two.W)


class TestTheSplit:
    """Algorithms 3 and 4, written out on halves made by hand."""

    teacher = make_teacher(4, 3, 5, rng=2)
    X = symmetrize(np.random.default_rng(2).standard_normal((1000, 4)))
    Y = teacher.predict(X) + 0.05 * np.random.default_rng(3).standard_normal((2000, 5))

    @staticmethod
    def algorithm_3(samples, rng):
        first, second = split_halves(samples, rng)
        X, Y, _ = first.arrays()
        k = Y.shape[1]
        null_space = np.linalg.svd(detector_matrix(X, Y), full_matrices=False)[2][-k:]
        pencil = unvec_star(rng.standard_normal((2, k)) @ null_space)
        Z, _ = pencil_directions(*pencil)
        X, Y, _ = second.arrays()
        Z = Z * np.where(Z @ Y.mean(axis=0) < 0.0, -1.0, 1.0)[:, None]
        return np.stack([learn_single_neuron(X, Y @ z) for z in Z]), np.linalg.inv(Z)

    def test_algorithm_3(self):
        Y = self.Y[:, :3]
        V, A = self.algorithm_3(ArraySamples(self.X, Y), np.random.default_rng(11))
        found = learn_two_layer_noisy(self.X, Y, rng=11)
        np.testing.assert_allclose(found.W, V, atol=1e-9)
        np.testing.assert_allclose(found.A, A, atol=1e-9)

    def test_algorithm_4(self):
        rng = np.random.default_rng(12)
        first, second = split_halves(ArraySamples(self.X, self.Y), rng)
        P = np.linalg.svd(second_moments(first).yx, full_matrices=False)[0][:, :3]
        X, Y, _ = second.arrays()
        V, A = self.algorithm_3(ArraySamples(X, Y @ P), rng)
        found = learn_two_layer_nonsquare(self.X, self.Y, 3, rng=12)
        np.testing.assert_allclose(found.W, V, atol=1e-9)
        np.testing.assert_allclose(found.A, P @ A, atol=1e-9)


class TestSampling:
    def test_algorithm_1_is_unbiased_within_its_standard_error(self):
        w = np.array([1.0, -2.0, 0.5])
        found = []
        for seed in range(200):
            rng = np.random.default_rng(seed)
            X = symmetric_inputs(400, 3, "laplace", rng=rng)
            found.append(learn_single_neuron(X, np.maximum(X @ w, 0.0) + rng.standard_normal(400)))
        error = np.std(found, axis=0, ddof=1) / np.sqrt(200)
        assert (np.abs(np.mean(found, axis=0) - w) / error).max() < 4.0

    def test_more_samples_help_algorithm_3(self):
        medians = []
        for n in (4_000, 64_000):
            errors = []
            for seed in range(9):
                teacher = make_teacher(4, 4, 4, rng=seed)
                rng = np.random.default_rng(seed)
                X = rng.standard_normal((n, 4))
                Y = teacher.predict(X) + 0.1 * rng.standard_normal((n, 4))
                match = teacher.match(learn_two_layer_noisy(X, Y, rng=seed))
                errors.append(match.error_A + match.error_W)
            medians.append(np.median(errors))
        # Sixteen times the samples: a sixteenth of the squared error, if the start is near enough.
        assert medians[1] < medians[0] / 5.0
        assert medians[1] < 0.05


class TestDefinedOutcomes:
    def test_complex_pairs_warn_and_return_a_network(self):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((200, 10))
        Y = make_teacher(10, 10, 10, rng=0).predict(X) + rng.standard_normal((200, 10))
        with pytest.warns(RuntimeWarning, match="of 10 directions are complex") as caught:
            found = learn_two_layer_noisy(X, Y, rng=0)
        assert found.n_neurons == 10
        assert caught[0].filename == __file__  # The line of the caller, not of the library.

    X, Y = symmetrize(
        np.random.default_rng(0).standard_normal((40, 4)), make_teacher(4, 3, 6, rng=0).predict
    )

    @pytest.mark.parametrize("learn", [learn_two_layer, learn_two_layer_noisy])
    def test_more_outputs_than_inputs_are_for_algorithm_4(self, learn):
        with pytest.raises(ValueError, match=r"Y has 6 columns and X has 4: .*Algorithm 4"):
            learn(self.X, self.Y, rng=0)

    @pytest.mark.parametrize("learn", [learn_two_layer, learn_two_layer_noisy])
    def test_more_outputs_than_neurons_are_for_algorithm_4(self, learn):
        with pytest.raises(ValueError, match=r"rank 3, below k = 4: .*learn_two_layer_nonsquare"):
            learn(self.X, self.Y[:, :4], rng=0)

    @pytest.mark.parametrize("k", [0, 5, -1, 2.0, True, "3"])
    def test_the_number_of_neurons(self, k):
        with pytest.raises(ValueError, match=r"n_neurons must be an integer from 1 to .* = 4, got"):
            learn_two_layer_nonsquare(self.X, self.Y, k, rng=0)

    def test_more_neurons_than_the_data_show(self):
        with pytest.raises(ValueError, match="rank 3, below k = 4"):
            learn_two_layer_nonsquare(self.X, self.Y, 4, rng=0)

    def test_too_few_rows(self):
        X, Y = self.X[:8], self.Y[:8]
        with pytest.raises(ValueError, match=r"a step .* sees 3 .*d \+ k - 1 = 4"):
            learn_single_neuron(X[:3], Y[:3, 0])
        with pytest.raises(ValueError, match=r"a step .* sees 4 .*d \+ k - 1 = 6"):
            learn_two_layer_noisy(X, Y[:, :3], rng=0)
        with pytest.raises(ValueError, match=r"a step .* sees 2 .*in Algorithm 4 a quarter"):
            learn_two_layer_nonsquare(X, Y, 3, rng=4)

    def test_a_vector_of_outputs_is_for_algorithm_1_only(self):
        with pytest.raises(ValueError, match="y must be a vector"):
            learn_single_neuron(self.X, self.Y)
        with pytest.raises(ValueError, match="Y must be a matrix"):
            learn_two_layer(self.X, self.Y[:, 0])

    @pytest.mark.parametrize("learn", [learn_two_layer, learn_two_layer_noisy])
    def test_values_that_are_not_finite(self, learn):
        X = self.X.copy()
        X[5, 2] = np.nan
        with pytest.raises(ValueError, match="X contains NaN at row 5, column 'x2'"):
            learn(X, self.Y[:, :3], rng=0)
        y = self.Y[:, 0].copy()
        y[1] = np.inf
        with pytest.raises(ValueError, match="Y contains infinity at row 1"):
            learn_single_neuron(self.X, y)


def test_a_null_space_of_dimension_k_gives_unit_directions(exact_problem):
    exact = exact_problem(8, 3, 3, 3)
    T = detector_matrix(exact.X, exact.Y, noisy=False, sample_weight=exact.p)
    Z, n_complex = pencil_directions(*pencil_of(T, 3, 0))
    assert n_complex == 0
    truth = unit_rows(np.linalg.inv(exact.network.A))
    np.testing.assert_allclose(np.abs(Z @ truth.T).max(axis=1), 1.0, atol=1e-10)
