"""The network from moments is that of the rows, and so is what is said of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher, symmetric_inputs, symmetrize
from pureneuron.moments import gather_moments, solve_moments
from pureneuron.moments.evidence import group_score
from pureneuron.results import Status
from pureneuron.samples import ArraySamples

CUTS = (0, 700, 1500, 3000)


def noisy(seed, d=6, k=3, m=5, n=3000, *, noise=0.05, slope=0.0, law="gaussian", bias=0.0):
    rng = np.random.default_rng(seed)
    base = make_teacher(d, k, m, rng=rng)
    teacher = TwoLayerNetwork(
        base.A, base.W, hidden_bias=bias * rng.standard_normal(k), negative_slope=slope
    )
    X = symmetric_inputs(n, d, law, rng=rng)
    return teacher, X, teacher.predict(X) + noise * rng.standard_normal((n, m))


def merged(X, Y, weight=None, cuts=CUTS):
    total = None
    for i, j in pairwise(cuts):
        rows = slice(i, j)
        part = gather_moments(
            ArraySamples(X[rows], Y[rows], None if weight is None else weight[rows]), n_jobs=1
        )
        total = part if total is None else part + total
    return total


def from_rows(X, Y, k="auto", weight=None, **options):
    samples = ArraySamples(X, Y, weight)
    return recover(samples, k, init="moments", refine=False, rng=3, n_jobs=1, **options)


def assert_same_network(found, expected, rtol=1e-6):
    # Neurons of about the same effect may come in another order: it is known to sampling error.
    match = expected.match(found)
    found = found.permuted(np.asarray(match.right)[np.argsort(match.left)])
    for name in ("A", "W"):
        value, wanted = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(value, wanted, atol=rtol * np.abs(wanted).max(), err_msg=name)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [3, "auto"])
@pytest.mark.parametrize("weighted", [False, True])
def test_merged_moments_give_the_network_of_all_rows(seed, k, weighted):
    teacher, X, Y = noisy(seed)
    weight = np.random.default_rng(seed).uniform(size=len(X)) if weighted else None
    solved, expected = solve_moments(merged(X, Y, weight), k, rng=3), from_rows(X, Y, k, weight)
    assert_same_network(solved.network, expected.network)
    assert expected.status is Status.RECOVERED
    assert solved.status is Status.UNCONFIRMED
    assert solved.network.match(teacher).error_W < 0.02
    assert solved.input_names == tuple(f"x{j}" for j in range(6))
    assert np.isnan(solved.loss)
    assert "not the maximum-likelihood fit" in solved.notes[0]


@pytest.mark.parametrize("law", ["rademacher", "mixture", "student_t3"])
def test_other_laws(law):
    _, X, Y = noisy(0, law=law)
    solved, expected = solve_moments(merged(X, Y), 3, rng=3), from_rows(X, Y, 3)
    assert_same_network(solved.network, expected.network)


@pytest.mark.parametrize("slope", [0.2, -0.3])
def test_leaky_rectifiers(slope):
    _, X, Y = noisy(1, slope=slope)
    solved = solve_moments(merged(X, Y), 3, negative_slope=slope, rng=3)
    expected = from_rows(X, Y, 3, negative_slope=slope)
    assert_same_network(solved.network, expected.network)
    assert expected.status is Status.RECOVERED
    assert solved.status is Status.UNCONFIRMED
    assert solved.network.negative_slope == slope


def test_badly_scaled_inputs_and_outputs():
    _, X, Y = noisy(0)
    X, Y = X * 10.0 ** np.arange(-6, 6, 2), Y * np.array([1e-4, 1.0, 1.0, 1.0, 10.0])
    solved, expected = solve_moments(merged(X, Y), 3, rng=3), from_rows(X, Y, 3)
    assert_same_network(solved.network, expected.network)
    assert expected.status is Status.RECOVERED
    assert solved.status is Status.UNCONFIRMED


def test_inputs_that_do_not_span():
    _, X, Y = noisy(0)
    X = np.column_stack([X, X[:, 0], np.zeros(len(X))])
    solved, expected = solve_moments(merged(X, Y), 3, rng=3), from_rows(X, Y, 3)
    assert_same_network(solved.network, expected.network)
    np.testing.assert_allclose(
        solved.span @ solved.span.T, expected.span @ expected.span.T, atol=1e-12
    )


def test_mirrored_rows():
    _, X, Y = noisy(0, n=1500, noise=0.0)
    teacher = make_teacher(6, 3, 5, rng=np.random.default_rng(0))
    X = symmetrize(X)
    Y = teacher.predict(X) + 0.05 * np.random.default_rng(1).standard_normal((3000, 5))
    solved, expected = solve_moments(merged(X, Y), rng=3), from_rows(X, Y)
    assert_same_network(solved.network, expected.network)
    assert expected.status is Status.RECOVERED
    assert solved.status is Status.UNCONFIRMED


@pytest.mark.parametrize("offset", [3.0, 1e6])
def test_inputs_with_an_offset_are_asymmetric(offset):
    _, X, Y = noisy(0)
    solved, expected = solve_moments(merged(X + offset, Y), 3, rng=3), None
    assert solved.status is Status.MISFIT
    assert "asymmetric" in solved.reason
    if offset < 10.0:
        expected = from_rows(X + offset, Y, 3)
        assert_same_network(solved.network, expected.network, rtol=1e-5)
        assert expected.status is Status.MISFIT


def test_outputs_with_an_offset_are_not_recovered():
    _, X, Y = noisy(0)
    for offset in (3.0, 1e6):
        assert solve_moments(merged(X, Y + offset), 3, rng=3).status is not Status.UNCONFIRMED


def test_an_exact_law_gives_the_exact_network():
    rng = np.random.default_rng(4)
    X = symmetrize(rng.standard_normal((60, 4)))
    p = np.tile(rng.dirichlet(np.full(60, 4.0)), 2) / 2.0
    teacher = make_teacher(4, 3, 5, rng=rng)
    solved = solve_moments(merged(X, teacher.predict(X), p, cuts=(0, 50, 120)), 3, rng=0)
    match = teacher.match(solved.network)
    assert match.error_W < 1e-16
    assert match.error_A < 1e-16


class TestStatus:
    def test_right_networks_are_recovered(self):
        statuses = [solve_moments(merged(*noisy(seed)[1:]), rng=0).status for seed in range(20)]
        assert statuses.count(Status.UNCONFIRMED) >= 19

    @pytest.mark.parametrize("sizes", [(4, 6, 4), (8, 5, 4), (4, 5, 7)])
    def test_more_neurons_than_moments_show(self, sizes):
        for seed in range(4):
            _, X, Y = noisy(seed, *sizes, n=20_000)
            solved = solve_moments(merged(X, Y, cuts=(0, 9000, 20_000)), rng=0)
            assert solved.status is not Status.UNCONFIRMED

    @pytest.mark.parametrize("bias", [0.3, 1.0])
    def test_biases(self, bias):
        for seed in range(4):
            _, X, Y = noisy(seed, n=10_000, bias=bias)
            solved = solve_moments(merged(X, Y, cuts=(0, 10_000)), rng=0)
            assert solved.status is Status.MISFIT

    def test_another_number_of_neurons(self):
        moments = merged(*noisy(0)[1:])
        assert solve_moments(moments, 2, rng=0).status is Status.MISFIT
        assert solve_moments(moments, 4, rng=0).status is Status.RANK_DEFICIENT
        with pytest.raises(ValueError, match=r"min\(6, 5\) neurons, and 6 are asked for"):
            solve_moments(moments, 6)

    def test_noise_alone(self):
        rng = np.random.default_rng(0)
        solved = solve_moments(
            merged(rng.standard_normal((3000, 6)), rng.standard_normal((3000, 5))), rng=0
        )
        assert solved.status is Status.RANK_DEFICIENT
        assert "no linear part stands out" in solved.reason

    def test_a_linear_map(self):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((3000, 6))
        solved = solve_moments(merged(X, X @ rng.standard_normal((6, 5))), rng=0)
        assert solved.status is not Status.UNCONFIRMED

    def test_few_rows(self):
        _, X, Y = noisy(0, n=20)
        moments = merged(X, Y, cuts=(0, 20))
        assert solve_moments(moments, 3).status is Status.TOO_FEW_SAMPLES
        _, X, Y = noisy(0, n=5)
        with pytest.raises(ValueError, match="at least 6 rows are needed"):
            solve_moments(merged(X, Y, cuts=(0, 5)), 3)

    def test_constants(self):
        _, X, Y = noisy(0)
        with pytest.raises(ValueError, match="Y is constant"):
            solve_moments(merged(X, 0.0 * Y + 7.0), 3)


def test_group_scores_are_calibrated_and_know_rounding():
    rng = np.random.default_rng(0)
    p = [group_score(rng.standard_normal((32, 1)), 1.0)[1] for _ in range(2000)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.015)
    assert group_score(1.0 + 0.1 * rng.standard_normal((32, 3)), 1.0)[1] < 1e-20
    assert group_score(1e-12 * np.ones((32, 3)), 1.0)[1] == 1.0
    assert group_score(np.zeros((32, 3)), 1.0) == (0.0, 1.0)


def test_reasons_speak_of_no_option_that_is_not_there():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 6))
    Y = make_teacher(6, 3, 5, rng=0).predict(X) + 0.5 * rng.standard_normal((200, 5))
    solved = solve_moments(merged(X, Y, cuts=(0, 200)), 3, rng=0)
    assert solved.status is Status.RANK_DEFICIENT
    assert "a fit to the samples needs none" in solved.reason
    assert "refine" not in solved.reason
