"""Moments add up: whatever the split, the order, the offsets, the scales and the weights."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pureneuron.datasets import symmetrize
from pureneuron.moments import gather_moments
from pureneuron.moments.homogeneous import estimate_layout
from pureneuron.moments.sample_moments import about
from pureneuron.samples import ArraySamples, Batch, CountedSamples, StreamedSamples
from pureneuron.spectral import unvec_star
from pureneuron.spectral.estimate import moment_sums

seeds = st.integers(0, 2**32 - 1)
D, M = 3, 2


def rows(seed, n=60, *, offset=0.0, scale=0):
    rng = np.random.default_rng(seed)
    units = 10.0 ** rng.integers(-scale, scale + 1, size=D + M)
    Z = (rng.standard_normal((n, D + M)) + offset * rng.integers(-1, 2, size=D + M)) * units
    return Z[:, :D], Z[:, D:], rng.uniform(0.1, 2.0, size=n)


def gathered(X, Y, weight=None, **options):
    return gather_moments(ArraySamples(X, Y, weight, **options), n_jobs=1)


def fourth(moments):
    """Return Σ w z_a z_b z_c z_e from zero, a and b among (1, x), c and e among (1, x, y)."""
    return as_tensor(moments.in_coordinates(np.eye(D), np.eye(M)).sum(axis=0))


def as_tensor(sums):
    columns = unvec_star(sums)
    return unvec_star(columns.transpose(1, 2, 0)).transpose(2, 3, 0, 1)


def direct(X, Y, weight):
    z = np.hstack([np.ones((len(X), 1)), X, Y])
    z_x = z[:, : D + 1]
    return np.einsum("n,na,nb,nc,ne->abce", weight, z_x, z_x, z, z)


def assert_equal_moments(found, expected, X, Y, weight):
    """Compare about the means, in units of the spread: there, nothing may be lost."""
    Z = np.hstack([X, Y])
    mean = np.average(Z, axis=0, weights=weight)
    spread = np.sqrt(np.average((Z - mean) ** 2, axis=0, weights=weight))
    tensors = []
    for each in (found, expected):
        sums = about(each.sums, each.reference, mean, D).sum(axis=0)
        s = np.r_[1.0, spread]
        size = s[: D + 1, None, None, None] * s[: D + 1, None, None] * s[:, None] * s
        tensors.append(as_tensor(sums) / size)
    largest = np.abs(tensors[1]).max()
    np.testing.assert_allclose(tensors[0], tensors[1], atol=1e-10 * largest)
    assert found.n_rows == expected.n_rows
    assert found.squares == pytest.approx(expected.squares, rel=1e-12)


@given(seed=seeds, scale=st.sampled_from([0, 3]))
def test_they_are_the_sums_of_products(seed, scale):
    X, Y, weight = rows(seed, scale=scale)
    expected = direct(X, Y, weight)
    powers = np.sqrt(np.einsum("aacc->ac", expected))
    size = np.maximum(np.abs(expected), 1e-3 * np.einsum("ac,be->abce", powers, powers))
    assert np.max(np.abs(fourth(gathered(X, Y, weight)) - expected) / size) <= 1e-11


def test_they_are_those_of_a_finite_law():
    rng = np.random.default_rng(0)
    X = symmetrize(rng.standard_normal((20, D)))
    p = np.tile(rng.dirichlet(np.ones(20)), 2) / 2.0
    moments = gathered(X, np.abs(X[:, :M]), p)
    assert moments.total == pytest.approx(1.0, rel=1e-14)
    second = moments.second_moments()
    np.testing.assert_allclose(second.xx, (X.T * p) @ X, atol=1e-14)
    np.testing.assert_allclose(second.x, 0.0, atol=1e-15)
    # What is odd in x vanishes: |x| times three factors of x.
    tensor = fourth(moments)
    np.testing.assert_allclose(tensor[1:4, 1:4, 1:4, 4:], 0.0, atol=1e-14)


@settings(max_examples=40)
@given(
    seed=seeds,
    offset=st.sampled_from([0.0, 20.0, 1e6]),
    scale=st.sampled_from([0, 6]),
    cuts=st.lists(st.integers(1, 59), max_size=4, unique=True),
)
def test_any_split_in_any_order_is_one_pass(seed, offset, scale, cuts):
    X, Y, weight = rows(seed, offset=offset, scale=scale)
    whole = gathered(X, Y, weight)
    edges = [0, *sorted(cuts), 60]
    parts = [gathered(X[i:j], Y[i:j], weight[i:j]) for i, j in pairwise(edges)]
    order = np.random.default_rng(seed).permutation(len(parts))
    merged = parts[order[0]]
    for i in order[1:]:
        merged = merged + parts[i]
    assert_equal_moments(merged, whole, X, Y, weight)


@settings(max_examples=20)
@given(seed=seeds, offset=st.sampled_from([0.0, 1e6]), batch_rows=st.sampled_from([1, 7, 30]))
def test_batches_merge_like_records(seed, offset, batch_rows):
    X, Y, weight = rows(seed, offset=offset)
    pieces = gathered(X, Y, weight, batch_rows=batch_rows)
    assert_equal_moments(pieces, gathered(X, Y, weight), X, Y, weight)


def test_offsets_cost_no_digits():
    # Whole numbers, far from zero: the sums about the mean are exact, as those near zero are.
    rng = np.random.default_rng(0)
    Z = rng.integers(-5, 6, size=(400, D + M)).astype(float)
    near = gathered(Z[:, :D], Z[:, D:])
    far = gathered(Z[:, :D] + 2.0**40, Z[:, D:] - 2.0**40)
    moved = about(far.sums, far.reference, np.repeat([2.0**40, -(2.0**40)], [D, M]), D)
    np.testing.assert_allclose(
        moved.sum(axis=0), near.sums.sum(axis=0), atol=1e-12 * near.sums.sum(axis=0).max()
    )


def test_weights_are_repetitions():
    X, Y, _ = rows(0)
    counts = np.random.default_rng(1).integers(1, 4, size=60)
    weighted = gathered(X, Y, counts.astype(float))
    repeated = gathered(np.repeat(X, counts, axis=0), np.repeat(Y, counts, axis=0))
    np.testing.assert_allclose(weighted.sums, repeated.sums, atol=1e-10)


def test_a_row_and_its_mirror_image_are_in_one_group():
    X, Y, _ = rows(0)
    moments = gathered(X, Y) + gathered(-X, Y)
    np.testing.assert_allclose(moments.second_sums()[:, 0, 1 : D + 1], 0.0, atol=1e-12)


def test_one_pass_over_any_source():
    X, Y, _ = rows(0)
    counted = CountedSamples(ArraySamples(X, Y, batch_rows=9))
    gather_moments(counted)
    assert counted.n_passes == 1
    streamed = StreamedSamples(
        lambda: ((X[i : i + 9], Y[i : i + 9], None) for i in range(0, 60, 9)),
    )
    ones = np.ones(60)
    assert_equal_moments(gather_moments(streamed), gathered(X, Y), X, Y, ones)


def test_the_layout_of_the_estimate():
    X, Y, _ = rows(0)
    moments = gathered(X, Y)
    found = estimate_layout(moments.in_coordinates(np.eye(D), np.eye(M)), M, D).sum(axis=0)
    expected = moment_sums(Batch(X, Y), np.eye(M), np.eye(D)[:, :M])["moments"].value
    np.testing.assert_allclose(found, expected, atol=1e-11)


class TestRefused:
    def test_other_columns(self):
        X, Y, _ = rows(0)
        with pytest.raises(ValueError, match="input names are x0, x1, x2 here and a, b, c there"):
            gathered(X, Y) + gathered(X, Y, input_names=("a", "b", "c"))

    def test_the_same_part_twice(self):
        X, Y, _ = rows(0)
        moments = gathered(X, Y)
        with pytest.raises(ValueError, match="the same rows would count twice"):
            moments + moments
        with pytest.raises(ValueError, match="count twice"):
            (gathered(2.0 * X, Y) + moments) + gathered(X, Y)
        # Who keeps count in another way may say so.
        uncounted = replace(moments, parts=())
        assert (uncounted + uncounted).n_rows == 120

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_values_that_are_not_finite(self, bad):
        X, Y, weight = rows(0)
        X[7, 1] = bad
        with pytest.raises(ValueError, match=r"X.*row 7.*x1"):
            gathered(X, Y, weight)

    def test_weights(self):
        X, Y, weight = rows(0)
        with pytest.raises(ValueError, match="negative weight"):
            gathered(X, Y, np.where(np.arange(60) == 3, -1.0, weight))
        with pytest.raises(ValueError, match="zero for every row"):
            gathered(X, Y, 0.0 * weight)

    @pytest.mark.parametrize("size", [1e80, 1e-90])
    def test_out_of_range(self, size):
        X, Y, _ = rows(0)
        with pytest.raises(ValueError, match=r"another unit|other units"):
            gathered(size * X, Y)

    def test_no_rows(self):
        with pytest.raises(ValueError, match="0 sample"):
            gathered(np.empty((0, D)), np.empty((0, M)))

    def test_too_many_columns(self):
        with pytest.raises(ValueError, match="moments of 100 inputs and 50 outputs take"):
            gathered(np.zeros((2, 100)), np.zeros((2, 50)))
