from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.signal import lfilter

from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.inference.blocks import Blocks, blocks_of_groups, consecutive_blocks
from pureneuron.model import LeakyReLU, TwoLayerNetwork
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.spectral import (
    learn_two_layer_nonsquare,
    linear_part,
    linear_rank,
    numerical_rank,
)
from pureneuron.spectral.estimate import _reduced_moments, moment_sums
from pureneuron.spectral.linear import linear_map

seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([(1, 1, 1), (3, 1, 2), (3, 3, 3), (4, 3, 6), (6, 3, 3)])


def noisy_samples(seed, d, k, m, n, *, noise=0.1, law="gaussian", slope=0.0):
    base = make_teacher(d, k, m, rng=seed)
    teacher = TwoLayerNetwork(base.A, base.W, negative_slope=slope)
    rng = np.random.default_rng(seed)
    X = symmetric_inputs(n, d, law, rng=rng)
    return teacher, X, teacher.predict(X) + noise * rng.standard_normal((n, m))


def with_memory(rng, n, d, memory):
    """Draw stationary autoregressive columns of variance 1."""
    drive = np.sqrt(1.0 - memory**2) * rng.standard_normal((n + 500, d))
    return lfilter([1.0], [1.0, -memory], drive, axis=0)[500:]


def dependent_samples(seed, *, n=4000, d=6, k=2, m=6, noise=1.0, groups=False, batch_rows=None):
    """Draw inputs and noise that have memory, or a part that the rows of a session share."""
    rng = np.random.default_rng(seed)
    teacher, labels = make_teacher(d, k, m, rng=rng), None
    if groups:
        labels = rng.permutation(np.arange(n) % 80)
        X, xi = (
            np.sqrt(0.5) * (rng.standard_normal((80, p))[labels] + rng.standard_normal((n, p)))
            for p in (d, m)
        )
    else:
        X, xi = with_memory(rng, n, d, 0.95), with_memory(rng, n, m, 0.9)
    Y = teacher.predict(X)
    return ArraySamples(X, Y + noise * Y.std() * xi, groups=labels, batch_rows=batch_rows)


class TestExactLaws:
    # Bounds: α ≥ 0.01 (augmented), κ(A), κ(W) ≤ 30.

    @given(seed=seeds, size=sizes, slope=st.sampled_from([0.0, 0.2, -0.3]))
    def test_the_estimate_is_exact(self, exact_problem, estimate, weight_error, seed, size, slope):
        d, k, m = size
        exact = exact_problem(seed, d, k, m, negative_slope=slope)
        network = exact.network.normalized()
        assume(exact.alpha() >= 0.01)
        assume(max(np.linalg.cond(network.A), np.linalg.cond(network.W)) <= 30.0)
        found, details = estimate(exact.X, exact.Y, k, weight=exact.p, negative_slope=slope)
        assert found.negative_slope == slope
        assert weight_error(found, network) <= 1e-8
        assert details.spectrum.shape == (k * (k + 1) // 2,)
        assert details.misfit <= 1e-16
        assert details.gap >= 1e6

    @given(seed=seeds)
    def test_independent_noise_does_no_harm(self, exact_problem, estimate, weight_error, seed):
        exact = exact_problem(seed, 4, 3, 5)
        network = exact.network.normalized()
        assume(exact.alpha() >= 0.01)
        assume(max(np.linalg.cond(network.A), np.linalg.cond(network.W)) <= 30.0)
        noise = np.random.default_rng(seed).standard_normal((3, 5))
        q = np.array([0.2, 0.3, 0.5])
        noisy = exact.with_noise(noise - q @ noise, q)
        found, _ = estimate(noisy.X, noisy.Y, 3, weight=noisy.p)
        assert weight_error(found, network) <= 1e-8

    def test_inputs_that_do_not_span_give_the_shortest_weights(self, exact_problem, estimate):
        exact = exact_problem(2, 4, 3, 5)
        X = np.column_stack([exact.X, np.zeros(len(exact.X)), exact.X[:, 0]])
        found, _ = estimate(X, exact.Y, 3, weight=exact.p)
        np.testing.assert_allclose(found.predict(X), exact.Y, atol=1e-9)
        np.testing.assert_allclose(found.W[:, 4], 0.0, atol=1e-12)
        np.testing.assert_allclose(found.W[:, 5], found.W[:, 0], atol=1e-9)


class TestSamples:
    def test_four_times_the_samples_quarter_the_squared_error(self, estimate):
        medians = []
        for n in (3_000, 12_000):
            errors = []
            for seed in range(15):
                teacher, X, Y = noisy_samples(seed, 4, 4, 4, n)
                match = teacher.match(estimate(X, Y, 4)[0])
                errors.append(match.error_A + match.error_W)
            medians.append(np.median(errors))
        assert 2.5 < medians[0] / medians[1] < 7.0
        assert medians[1] < 1e-3

    def test_it_beats_the_plain_algorithm(self, estimate):
        ratios = []
        for seed in range(7):
            teacher, X, Y = noisy_samples(seed, 5, 5, 5, 5_000)
            plain = teacher.match(learn_two_layer_nonsquare(X, Y, 5, split=False, rng=seed))
            robust = teacher.match(estimate(X, Y, 5)[0])
            ratios.append((robust.error_A + robust.error_W) / (plain.error_A + plain.error_W))
        assert np.median(ratios) < 0.3

    @pytest.mark.parametrize("slope", [0.2, -0.2])
    def test_leaky_rectifiers(self, estimate, slope):
        teacher, X, Y = noisy_samples(0, 4, 3, 3, 10_000, slope=slope)
        match = teacher.match(estimate(X, Y, 3, negative_slope=slope)[0])
        assert match.error_A + match.error_W < 0.01
        # Taken for ReLUs they come out biased: the slope matters.
        wrong = teacher.match(estimate(X, Y, 3)[0])
        assert wrong.error_A + wrong.error_W > match.error_A + match.error_W

    @pytest.mark.parametrize("seed", range(3))
    def test_many_more_inputs_and_outputs_than_neurons(self, estimate, seed):
        teacher, X, Y = noisy_samples(seed, 60, 3, 40, 5_000, noise=0.05)
        match = teacher.match(estimate(X, Y, 3)[0])
        assert match.error_A < 0.003
        assert match.error_W < 0.1

    @pytest.mark.parametrize("batch_rows", [1, 13, 1000])
    def test_the_batch_size_does_not_matter(self, estimate, weight_error, batch_rows):
        _, X, Y = noisy_samples(1, 4, 3, 5, 600)
        weight = np.random.default_rng(1).uniform(size=600)
        whole, _ = estimate(X, Y, 3, weight=weight)
        pieces, _ = estimate(X, Y, 3, weight=weight, batch_rows=batch_rows)
        assert weight_error(pieces, whole) <= 1e-8

    def test_weights_equal_repetition(self, estimate, weight_error):
        _, X, Y = noisy_samples(2, 4, 3, 5, 600)
        counts = np.random.default_rng(2).integers(0, 3, 600)
        rows = np.repeat(np.arange(600), counts)
        weighted, _ = estimate(X, Y, 3, weight=counts.astype(float))
        repeated, _ = estimate(X[rows], Y[rows], 3)
        assert weight_error(weighted, repeated) <= 1e-8

    @given(seed=seeds)
    def test_it_moves_with_a_change_of_coordinates(self, estimate, weight_error, seed):
        _, X, Y = noisy_samples(3, 4, 3, 5, 2_000)
        rng = np.random.default_rng(seed)
        G = rng.standard_normal((4, 4))
        assume(np.linalg.cond(G) <= 100.0)
        order = rng.permutation(5)
        found, _ = estimate(X @ G.T, 3.0 * Y[:, order], 3)
        back = TwoLayerNetwork(found.A[np.argsort(order)] / 3.0, found.W @ G)
        assert weight_error(back, estimate(X, Y, 3)[0]) <= 1e-4

    def test_no_gap_says_that_the_null_space_is_guesswork(self, estimate):
        _, X, Y = noisy_samples(0, 4, 4, 4, 20_000, noise=0.0)
        assert estimate(X, Y, 4)[1].gap > 5.0
        rng = np.random.default_rng(1)
        assert estimate(rng.standard_normal((300, 4)), Y[:300], 4)[1].gap < 3.0


class TestReducedMoments:
    @given(seed=seeds)
    def test_outputs_may_be_mixed_after_the_pass(self, seed):
        rng = np.random.default_rng(seed)
        X, Y = rng.standard_normal((2, 40, 3))
        M, L = rng.standard_normal((2, 3, 3))
        problem = pose(ArraySamples(X, Y))
        white, scaled, _ = problem.samples.arrays()
        rows = ArraySamples(white, scaled @ M.T + white @ L.T)
        mixed = replace(
            problem, rows=replace(problem.rows, source=rows, transform=np.eye(3), outputs=1.0)
        )
        after, before = (
            _reduced_moments(
                each.samples.reduce(moment_sums, np.eye(3), np.eye(3))["moments"] / each.total, 3
            )
            for each in (problem, mixed)
        )
        after = after.with_outputs(M, L)
        for field in fields(before):
            np.testing.assert_allclose(
                getattr(after, field.name),
                getattr(before, field.name),
                atol=1e-11,
                err_msg=field.name,
            )


class TestLinearPart:
    @given(seed=seeds, size=sizes, slope=st.sampled_from([0.0, 0.4]))
    def test_it_is_the_product_of_a_and_w_up_to_the_slope(self, exact_problem, seed, size, slope):
        d, k, m = size
        exact = exact_problem(seed, d, k, m, negative_slope=slope)
        problem = pose(ArraySamples(exact.X, exact.Y, exact.p), activation=LeakyReLU(slope))
        part = linear_part(problem)
        L = problem.output_scale * problem.whitening.from_white(part.matrix)
        B = exact.network.A @ exact.network.W
        np.testing.assert_allclose(L, (1.0 + slope) / 2.0 * B, atol=1e-9)
        np.testing.assert_allclose(part.singular_values[k:], 0.0, atol=1e-10)
        np.testing.assert_allclose(linear_map(problem.moments), (1.0 + slope) * B, atol=1e-9)

    @pytest.mark.parametrize("law", ["gaussian", "rademacher", "mixture", "student_t3"])
    def test_numerical_rank_counts_the_neurons(self, law):
        counts = []
        for seed in range(10):
            _, X, Y = noisy_samples(seed, 12, 4, 8, 5_000, noise=0.3, law=law)
            problem = pose(ArraySamples(X, Y))
            rng = np.random.default_rng(seed)
            counts.append(numerical_rank(problem, linear_part(problem), rng=rng))
        assert counts == [4] * 10

    def test_numerical_rank_without_noise(self):
        _, X, Y = noisy_samples(0, 12, 4, 8, 3_000, noise=0.0)
        problem = pose(ArraySamples(X, Y))
        assert numerical_rank(problem, linear_part(problem), rng=np.random.default_rng(0)) == 4

    def test_an_offset_that_an_intercept_takes_up_does_not_change_the_rank(self):
        _, X, Y = noisy_samples(0, 6, 3, 4, 5_000, noise=0.3)
        seen = []
        for offset in (0.0, 1e7):
            problem = pose(ArraySamples(X, Y + offset), fit_intercept=True)
            rank = linear_rank(problem, linear_part(problem), rng=np.random.default_rng(0))
            seen.append((rank.value, *rank.singular_values))
        assert seen[0][0] == 3
        np.testing.assert_allclose(seen[1], seen[0], rtol=1e-6)

    def test_outputs_that_do_not_depend_on_the_inputs_have_rank_zero(self):
        ranks = []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            problem = pose(
                ArraySamples(rng.standard_normal((500, 6)), rng.standard_normal((500, 4)))
            )
            ranks.append(numerical_rank(problem, linear_part(problem), rng=rng))
        # The largest of 21 exchangeable values is the true one in one case of 21.
        assert sum(ranks) <= 4

    @pytest.mark.parametrize("noise", [0.1, 1.0])
    @pytest.mark.parametrize("groups", [False, True])
    def test_rows_that_depend_on_one_another_share_a_sign(self, noise, groups):
        alone, shared = [], []
        for seed in range(20):
            problem = pose(dependent_samples(seed, noise=noise, groups=groups, batch_rows=997))
            part = linear_part(problem)
            n = problem.n_rows
            blocks = blocks_of_groups(problem, 100) if groups else consecutive_blocks(n, 64)
            for found, given_blocks in ((alone, None), (shared, blocks)):
                rng = np.random.default_rng(seed)
                found.append(numerical_rank(problem, part, rng=rng, blocks=given_blocks))
        assert np.sum(np.array(alone) > 2) >= 15
        assert np.sum(np.array(shared) > 2) <= 1
        assert np.sum(np.array(shared) == 2) >= 18

    @pytest.mark.parametrize("n_blocks", [30, 200, 4000])
    def test_blocks_of_independent_rows_cost_no_power(self, n_blocks):
        counts = []
        for seed in range(5):
            _, X, Y = noisy_samples(seed, 12, 4, 8, 5_000, noise=0.3)
            problem, blocks = pose(ArraySamples(X, Y)), consecutive_blocks(5_000, n_blocks)
            rng = np.random.default_rng(seed)
            counts.append(numerical_rank(problem, linear_part(problem), rng=rng, blocks=blocks))
        assert counts == [4] * 5

    def test_one_block_is_refused(self):
        problem = pose(dependent_samples(0))
        with pytest.raises(ValueError, match="at least two"):
            linear_rank(
                problem, linear_part(problem), rng=np.random.default_rng(0), blocks=Blocks(1)
            )
