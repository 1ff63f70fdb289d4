"""Second moments of inputs and outputs, and rows in double precision, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.samples import Batch, Merged, Samples, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["SecondMoments", "design", "parts_in_double", "second_moment_sums", "second_moments"]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how much is held at a time.

    Attributes
    ----------
    part_entries, part_rows : int
        Entries of X and Y that are in double precision at a time, and the fewest rows (rates.py).
    """

    part_entries: int = 200_000
    part_rows: int = 1024


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class SecondMoments:
    """Weighted averages over the rows.

    Attributes
    ----------
    n_rows : int
        Number of rows n.
    total : float
        Sum of the weights.
    n_effective : float
        Number of rows, or what their weights leave of it: ``(Σ w)² / Σ w²`` (Kish).
    xx : (d, d) array
        ``E[xxᵀ]``; with a constant input appended, one row and column more.
    yx : (m, d) array
        ``E[yxᵀ]``.
    yy : (m, m) array
        ``E[yyᵀ]``.
    x, y : (d,) and (m,) arrays
        Means.
    """

    n_rows: int
    total: float
    n_effective: float
    xx: Array
    yx: Array
    yy: Array
    x: Array
    y: Array

    @classmethod
    def of_sums(cls, sums: Merged) -> SecondMoments:
        """Return the averages for the :func:`second_moment_sums` of all rows."""
        total = float(sums["total"])
        return cls(
            n_rows=int(sums["rows"]),
            total=total,
            n_effective=total**2 / float(sums["squares"]),
            **{name: sums[name] / total for name in ("xx", "yx", "yy", "x", "y")},
        )

    def with_centred_outputs(self) -> SecondMoments:
        """Return the moments of the outputs about their means.

        Only where the means are small against the spread does the difference keep its digits.
        """
        return replace(
            self,
            yx=self.yx - np.outer(self.y, self.x),
            yy=self.yy - np.outer(self.y, self.y),
            y=np.zeros_like(self.y),
        )


def second_moments(
    samples: Samples, *, constant_input: bool = False, centre: Array | None = None
) -> SecondMoments:
    """Gather the second moments in one pass.

    Parameters
    ----------
    samples : Samples
        The data.
    constant_input : bool
        Whether an input is appended that is always 1.
    centre : (m,) array, optional
        What is subtracted from the outputs before they are multiplied.
    """
    return SecondMoments.of_sums(samples.reduce(second_moment_sums, constant_input, centre))


def design(
    batch: Batch, constant_input: bool, centre: AnyArray | None = None
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return ``√w X``, ``√w (Y − centre)`` and the column ``√w`` of a batch, in float64.

    With the rows scaled by the root of their weight, plain sums are weighted sums; and since σ is
    positively homogeneous, ``√w σ(Wx) = σ(W √w x)``: a weighted fit is a plain fit to scaled rows.
    """
    xp = array_api_compat.array_namespace(batch.X)
    X, Y = (xp.astype(M, xp.float64, copy=False) for M in (batch.X, batch.Y))
    one = xp.ones((X.shape[0], 1), dtype=X.dtype, device=array_api_compat.device(X))
    if constant_input:
        X = xp.concat([X, one], axis=1)
    if centre is not None:
        Y = Y - centre
    if batch.weight is not None:
        one = xp.sqrt(xp.astype(batch.weight, xp.float64))[:, None]
        X, Y = X * one, Y * one
    return X, Y, one


def parts_in_double(batch: Batch) -> Iterator[Batch]:
    """Yield as many rows of a batch at a time as are to be in double precision."""
    width = batch.X.shape[1] + batch.Y.shape[1]
    return batch.parts(max(THRESHOLDS.part_rows, THRESHOLDS.part_entries // width))


def second_moment_sums(
    batch: Batch, constant_input: bool, centre: AnyArray | None
) -> dict[str, Sum]:
    """Return the sums that second moments are made of, for a kernel to return among its leaves."""
    d, S, rows = batch.X.shape[1], 0.0, float(batch.X.shape[0])
    squares: AnyArray = rows
    if batch.weight is not None:
        xp = array_api_compat.array_namespace(batch.weight)
        weight = xp.astype(batch.weight, xp.float64, copy=False)
        squares = xp.sum(weight * weight)
    width = d + batch.Y.shape[1]
    # All products are those of one matrix, which is made a part at a time and stays in the cache.
    for part in parts_in_double(batch):
        Z = _stacked(part, centre)
        S = S + Z @ Z.T
    # The last row of Z is that of the constant.
    inputs = [*range(d), *([width] if constant_input else [])]
    S = to_numpy(S)
    of_inputs, of_outputs = S[:, inputs], S[:, d:width]
    return {
        "rows": Sum(rows),
        "total": Sum(S[width, width]),
        "squares": Sum(squares),
        "xx": Sum(of_inputs[inputs]),
        "yx": Sum(of_inputs[d:width]),
        "yy": Sum(of_outputs[d:width]),
        "x": Sum(of_inputs[width]),
        "y": Sum(of_outputs[width]),
    }


def _stacked(batch: Batch, centre: AnyArray | None) -> AnyArray:
    """Return X, Y − centre and ones as rows (d + m + 1, n), times the roots of the weights."""
    d, (n, m) = batch.X.shape[1], batch.Y.shape
    if isinstance(batch.X, np.ndarray):
        Z = np.empty((d + m + 1, n))
        Z[:d], Z[d : d + m], Z[d + m] = batch.X.T, batch.Y.T, 1.0
        if centre is not None:
            Z[d : d + m] -= centre[:, None]
        if batch.weight is not None:
            Z *= np.sqrt(batch.weight, dtype=np.float64)
        return Z
    X, Y, one = design(batch, False, centre)
    return array_api_compat.array_namespace(X).concat([X, Y, one], axis=1).T
