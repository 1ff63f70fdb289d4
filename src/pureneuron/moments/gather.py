"""Moments of samples, in one pass.

Which group a row belongs to hangs on its inputs alone, by a hash that is the same for x and −x and
in every process. Each batch has a reference of its own, and sums are brought to that of the first
when they merge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.moments.homogeneous import n_products, second_products
from pureneuron.moments.sample_moments import SampleMoments, about
from pureneuron.problem import check_samples
from pureneuron.problem.validation import THRESHOLDS as RANGE
from pureneuron.samples import Batch, First, Leaf, Merged, Min, Samples, Sum
from pureneuron.samples.cores import using_cores
from pureneuron.samples.mirror import mirror_groups
from pureneuron.typing import Array

__all__ = ["THRESHOLDS", "SumAbout", "Thresholds", "check_size", "gather_moments", "moment_kernel"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide how moments are held; files of other numbers do not add up.

    Attributes
    ----------
    n_groups : int
        Groups of rows (as many as the rank of B takes at least: spectral/linear.py).
    seed : int
        Of the hash that deals rows out to groups (no effect on results but chance).
    far : float
        Spreads of a column from zero beyond which its sums are held about another reference: four
        factors lose less than four digits until then (rounding).
    most_bytes : int
        Size of the sums above which they are refused (by definition).
    part_entries : int
        Entries of the products of rows that are held at a time (no effect on results).
    """

    n_groups: int = 32
    seed: int = 1810
    far: float = 8.0
    most_bytes: int = 1 << 28
    part_entries: int = 100_000


THRESHOLDS = Thresholds()


def gather_moments(samples: Samples, *, n_jobs: int | None = None) -> SampleMoments:
    """Gather the moments of samples in one pass.

    Parameters
    ----------
    samples : Samples
        Of any source. Rows are taken for independent of one another, but for mirrored ones.
    n_jobs : int or None
        Threads, as in :class:`~pureneuron.options.Options`.

    Raises
    ------
    ValueError
        If the data are unusable (see :func:`~pureneuron.problem.check_samples`), or there are so
        many columns that the sums of fourth order would be too large.
    """
    check_size(samples.n_inputs, samples.n_outputs)
    with using_cores(n_jobs):
        seen = samples.reduce(moment_kernel)
        if not _is_usable(seen, samples.n_inputs):
            # Another pass says which row and column it is, or what is out of range.
            check_samples(samples)
            raise ValueError(
                "sums of fourth order are out of the range of double precision: choose other "
                "units for X, Y or sample_weight"
            )
    moments = SampleMoments(
        tuple(samples.input_names),
        tuple(samples.output_names),
        int(seen["rows"]),
        float(seen["squares"]),
        seen["reference"],
        seen["sums"],
    )
    return replace(moments, parts=(moments.digest(),))


def _is_usable(seen: Merged, n_inputs: int) -> bool:
    """Tell whether sums are finite, weights not negative, and products of four not lost."""
    if "sums" not in seen or seen["least"] < 0.0:
        return False
    sums, squares = seen["sums"], seen["squares"]
    if not (np.isfinite(sums).all() and np.isfinite(squares) and squares > 0.0):
        return False
    powers = np.diag(second_products(sums).sum(axis=0))
    sizes = np.sqrt(powers[1:] / powers[0]) + np.abs(seen["reference"])
    least = 1.0 / RANGE.largest
    return not any(0.0 < each.max() < least for each in (sizes[:n_inputs], sizes[n_inputs:]))


def check_size(n_inputs: int, n_outputs: int) -> None:
    """Refuse numbers of columns for which the sums would be too large."""
    products = n_products(n_inputs) * n_products(n_inputs + n_outputs)
    size = 8 * THRESHOLDS.n_groups * products
    if size > THRESHOLDS.most_bytes:
        raise ValueError(
            f"moments of {n_inputs} inputs and {n_outputs} outputs take {size / 2**30:.2g} GiB, "
            f"more than {THRESHOLDS.most_bytes / 2**30:.2g}: choose fewer columns, or reduce them "
            "to few combinations that matter, or fit the samples themselves"
        )


@dataclass(frozen=True, slots=True)
class SumAbout(Sum):
    """Sums about a reference, which merge about that of the earlier part."""

    reference: Array
    n_inputs: int

    def merged(self, later: Sum) -> SumAbout:
        """Merge with the same part of a later batch."""
        assert isinstance(later, SumAbout)
        moved = about(later.value, later.reference, self.reference, self.n_inputs)
        return SumAbout(self.value + moved, self.reference, self.n_inputs)


def moment_kernel(batch: Batch) -> dict[str, Leaf]:
    """Sum the products of a batch by groups, about a reference of its own."""
    X, Y = (np.asarray(to_numpy(M), np.float64) for M in (batch.X, batch.Y))
    d, both = X.shape[1], np.hstack([X, Y])
    weight = np.ones(len(X)) if batch.weight is None else np.asarray(to_numpy(batch.weight), float)
    # Values that are not finite are found in the sums, and refused there.
    with np.errstate(all="ignore"):
        reference = _reference(both)
        groups = mirror_groups(X, THRESHOLDS.seed, THRESHOLDS.n_groups)
        order = np.argsort(groups, kind="stable")
        Z = np.vstack([np.ones(len(X)), (both - reference)[order].T])
        edges = np.searchsorted(groups[order], np.arange(THRESHOLDS.n_groups + 1))
        sums = np.stack([_products(Z[:, i:j], weight[order[i:j]], d) for i, j in pairwise(edges)])
        squares = np.sum(weight**2)
    return {
        "rows": Sum(float(len(X))),
        "squares": Sum(squares),
        "least": Min(weight.min()),
        "reference": First(reference),
        "sums": SumAbout(sums, reference, d),
    }


def _products(Z: Array, weight: Array, n_inputs: int) -> Array:
    """Return the weighted sums of ``φ(z_x) φ(z)ᵀ`` over the columns of Z, (d + m + 1, n)."""
    i, j = np.triu_indices(len(Z))
    of_inputs = np.flatnonzero(j <= n_inputs)
    sums = np.zeros((len(of_inputs), len(i)))
    starts = np.flatnonzero(i == j)
    step = max(THRESHOLDS.part_entries // len(i), 1)
    products = np.empty((len(i), min(step, Z.shape[1])))
    for start in range(0, Z.shape[1], step):
        part = Z[:, start : start + step]
        phi = products[:, : part.shape[1]]
        for row, at in enumerate(starts):
            np.multiply(part[row], part[row:], out=phi[at : at + len(Z) - row])
        sums += (phi[of_inputs] * weight[start : start + step]) @ phi.T
    factors = np.where(i == j, 1.0, np.sqrt(2.0))
    return np.asarray(factors[of_inputs, None] * sums * factors)


def _reference(M: Array) -> Array:
    """Return what the columns are held about: rounded, so that batches agree more often than not.

    Where they do, their sums add as they are.
    """
    mean, spread = M.mean(axis=0), M.std(axis=0)
    known = np.isfinite(mean) & np.isfinite(spread)
    far = known & (np.abs(mean) > THRESHOLDS.far * spread)
    grid = np.exp2(np.ceil(np.log2(THRESHOLDS.far * np.where(spread > 0.0, spread, 1.0))))
    return np.where(far, np.where(spread > 0.0, grid * np.round(mean / grid), mean), 0.0)
