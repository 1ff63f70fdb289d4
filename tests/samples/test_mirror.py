"""Hashes of rows up to sign, and what is counted with them."""

import numpy as np
import pytest

from pureneuron.datasets import symmetrize
from pureneuron.samples import ArraySamples
from pureneuron.samples.mirror import distinct_rows, mirror_hash, mirror_signs


def test_rows_of_signs_do_not_collide():
    X = np.random.default_rng(0).choice([-1.0, 1.0], size=(100_000, 40))
    hashes, flipped = mirror_hash(X)
    assert len(np.unique(hashes)) == len(
        np.unique(X * np.where(flipped, -1.0, 1.0)[:, None], axis=0)
    )


def test_signs_are_fair_independent_and_shared_by_mirror_images():
    X = symmetrize(np.random.default_rng(0).standard_normal((20_000, 3)))
    signs = mirror_signs(X, 0, 70)
    assert np.array_equal(signs[:, :20_000], signs[:, 20_000:])
    # Means and correlations of 20,000 coins.
    assert np.abs(signs.mean(axis=1)).max() < 5.0 / np.sqrt(20_000)
    correlation = signs[:, :20_000] @ signs[:, :20_000].T / 20_000
    assert np.abs(correlation - np.eye(70)).max() < 5.0 / np.sqrt(20_000)


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
