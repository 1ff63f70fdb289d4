"""Hashes of rows up to sign, and what is counted with them."""

import numpy as np
import pytest

from pureneuron.datasets import symmetrize
from pureneuron.samples import ArraySamples
from pureneuron.samples.mirror import distinct_rows, mirror_groups, mirror_hash


def test_rows_of_signs_do_not_collide():
    X = np.random.default_rng(0).choice([-1.0, 1.0], size=(100_000, 40))
    hashes, flipped = mirror_hash(X)
    assert len(np.unique(hashes)) == len(
        np.unique(X * np.where(flipped, -1.0, 1.0)[:, None], axis=0)
    )


def test_groups_are_even_independent_and_shared_by_mirror_images():
    X = symmetrize(np.random.default_rng(0).standard_normal((20_000, 3)))
    one, two = (mirror_groups(X, seed, 8) for seed in (0, 1))
    assert np.array_equal(one[:20_000], one[20_000:])
    assert not np.array_equal(one, two)
    # Each of the 64 pairs of groups has 20,000/64 rows, to five standard deviations.
    pairs = np.bincount(8 * one[:20_000] + two[:20_000], minlength=64)
    assert np.abs(pairs - 312.5).max() < 5.0 * np.sqrt(312.5)


@pytest.mark.parametrize(("distinct", "copies"), [(1, 50), (8, 1000), (900, 3), (30_000, 2)])
def test_distinct_rows_are_counted_however_they_are_batched(distinct, copies):
    rng = np.random.default_rng(distinct)
    X = np.repeat(rng.standard_normal((distinct, 4)), copies, axis=0)
    X = X[rng.permutation(len(X))]
    counts = [distinct_rows(ArraySamples(X, X[:, :1], batch_rows=rows)) for rows in (len(X), 1000)]
    assert counts[0] == counts[1]
    assert counts[0] == pytest.approx(distinct, rel=0.08)
    # A mirror image is another input.
    both = distinct_rows(ArraySamples(symmetrize(X), symmetrize(X)[:, :1]))
    assert both == pytest.approx(2 * distinct, rel=0.08)
