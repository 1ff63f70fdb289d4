"""Sample moments as a record that adds up: of parts of the data, wherever and whenever gathered.

The record holds sums, not averages, so that records of different rows add. The sums are held for
groups of rows: what the moment method needs beyond averages, the noise of ``B`` and the error of
the estimate, is the spread between groups. Which group a row belongs to hangs on its inputs alone,
by a hash that is the same for x and −x and in every process.

Numerics. A product of four factors that are far from zero against their spread loses four times
the digits of one. So sums are held about a *reference*: zero, or what is near the mean, for columns
that lie further than a few spreads from zero. Each batch has its own, and sums are brought to the
reference of the first (:mod:`~pureneuron.moments.homogeneous`) when they merge. Scales need no such
care: each product is summed by itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pureneuron.moments.homogeneous import affine, mapped, n_products, second_products
from pureneuron.problem import SecondMoments, check_samples
from pureneuron.samples import Batch, First, Leaf, Min, Samples, Sum, to_numpy
from pureneuron.samples.cores import using_cores
from pureneuron.samples.mirror import mirror_groups
from pureneuron.typing import Array

__all__ = ["THRESHOLDS", "SampleMoments", "Thresholds", "check_size", "gather_moments"]


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


@dataclass(frozen=True, eq=False)
class SampleMoments:
    """Sums over rows, from which the moment method works without the rows.

    ``a + b`` are the moments of the rows of both, to rounding, in whatever order records are added.

    Attributes
    ----------
    input_names, output_names : tuple of str
        The columns, d and m of them.
    n_rows : int
        Number of rows.
    squares : float
        Sum of the squares of the weights.
    reference : (d + m,) array
        What is subtracted from inputs and outputs before they are multiplied.
    sums : (g, D, N) array
        For each group of rows, weighted sums of ``φ(1, x) φ(1, x, y)ᵀ``, ``φ(z) = vec*(zzᵀ)``.
    parts : tuple of str
        Digests of the records that were added up, in order; empty where nobody keeps count.
    """

    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    n_rows: int
    squares: float
    reference: Array
    sums: Array
    parts: tuple[str, ...] = ()

    @property
    def n_inputs(self) -> int:
        """Number of inputs d."""
        return len(self.input_names)

    @property
    def n_outputs(self) -> int:
        """Number of outputs m."""
        return len(self.output_names)

    @property
    def total(self) -> float:
        """Sum of the weights."""
        return float(self.sums[:, 0, 0].sum())

    def __add__(self, other: SampleMoments) -> SampleMoments:
        """Return the moments of the rows of both.

        Raises
        ------
        ValueError
            If they are of other columns, or a part is in both, so that its rows would count twice.
        """
        if not isinstance(other, SampleMoments):
            return NotImplemented
        for what in ("input_names", "output_names"):
            mine, others = getattr(self, what), getattr(other, what)
            if mine != others:
                raise ValueError(
                    f"moments of other columns do not add up: the {what.replace('_', ' ')} are "
                    f"{_shown(mine)} here and {_shown(others)} there"
                )
        both = set(self.parts) & set(other.parts)
        if both:
            raise ValueError(
                f"the same rows would count twice: both hold the part {min(both)[:12]}, among "
                f"{len(self.parts)} and {len(other.parts)}"
            )
        return SampleMoments(
            self.input_names,
            self.output_names,
            self.n_rows + other.n_rows,
            self.squares + other.squares,
            self.reference,
            self.sums + _about(other.sums, other.reference, self.reference, self.n_inputs),
            tuple(sorted((*self.parts, *other.parts))) if self.parts and other.parts else (),
        )

    def in_coordinates(self, M: Array, N: Array) -> Array:
        """Return the sums of products of ``M x`` and ``N y``, for M (p, d) and N (q, m).

        One map takes the reference off and brings them there: no sum passes through coordinates
        in which it is large.
        """
        d = self.n_inputs
        both = np.zeros((len(M) + len(N), d + self.n_outputs))
        both[: len(M), :d], both[len(M) :, d:] = M, N
        T = affine(both, self.reference)
        return mapped(self.sums, T[: len(M) + 1, : d + 1], T)

    def second_sums(self) -> Array:
        """Return, for each group, the sums of products of two of (1, x, y), from zero."""
        T = affine(np.eye(len(self.reference)), self.reference)
        return np.asarray(T @ second_products(self.sums) @ T.T)

    def second_moments(self) -> SecondMoments:
        """Return the second moments of the rows, from zero."""
        d, M = self.n_inputs, self.second_sums().sum(axis=0) / self.total
        x, y = slice(1, d + 1), slice(d + 1, None)
        return SecondMoments(
            n_rows=self.n_rows,
            total=self.total,
            n_effective=self.total**2 / self.squares,
            xx=M[x, x],
            yx=M[y, x],
            yy=M[y, y],
            x=M[x, 0],
            y=M[y, 0],
        )

    def variances(self) -> tuple[Array, Array]:
        """Return the variances of inputs (d,) and outputs (m,), and lose no digits to an offset."""
        M = second_products(self.sums).sum(axis=0) / self.total
        variances = np.maximum(np.diag(M)[1:] - M[0, 1:] ** 2, 0.0)
        return variances[: self.n_inputs], variances[self.n_inputs :]


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
        finite = "sums" in seen and np.isfinite(seen["sums"]).all() and np.isfinite(seen["squares"])
        if not finite or seen["least"] < 0.0 or seen["squares"] == 0.0:
            # Another pass says which row and column it is, or that the range is exceeded.
            check_samples(samples)
            raise ValueError(
                "the sums of fourth order overflow: choose other units for X, Y or sample_weight"
            )
    moments = SampleMoments(
        tuple(samples.input_names),
        tuple(samples.output_names),
        int(seen["rows"]),
        float(seen["squares"]),
        seen["reference"],
        seen["sums"],
    )
    return _with_digest(moments)


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


def _with_digest(moments: SampleMoments) -> SampleMoments:
    digest = hashlib.sha256()
    for text in (*moments.input_names, "", *moments.output_names, str(moments.n_rows)):
        digest.update(text.encode() + b"\0")
    for array in (moments.reference, moments.sums):
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    names = moments.input_names, moments.output_names
    return SampleMoments(
        *names,
        moments.n_rows,
        moments.squares,
        moments.reference,
        moments.sums,
        (digest.hexdigest(),),
    )


@dataclass(frozen=True, slots=True)
class SumAbout(Sum):
    """Sums about a reference, which merge about that of the earlier part."""

    reference: Array
    n_inputs: int

    def merged(self, later: Sum) -> SumAbout:
        """Merge with the same part of a later batch."""
        assert isinstance(later, SumAbout)
        moved = _about(later.value, later.reference, self.reference, self.n_inputs)
        return SumAbout(self.value + moved, self.reference, self.n_inputs)


def _about(sums: Array, reference: Array, other: Array, n_inputs: int) -> Array:
    """Bring sums about one reference to another."""
    if np.array_equal(reference, other):
        return sums
    T = affine(np.eye(len(reference)), reference - other)
    return mapped(sums, T[: n_inputs + 1, : n_inputs + 1], T)


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


def _shown(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f", … ({len(names)})" if len(names) > 6 else "")
