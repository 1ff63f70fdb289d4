"""Second moments of inputs and outputs: the first pass over any data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from pureneuron.linalg import tall_product
from pureneuron.samples import Batch, Merged, Samples, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["SecondMoments", "design", "second_moment_sums", "second_moments"]


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


def second_moment_sums(
    batch: Batch, constant_input: bool, centre: AnyArray | None
) -> dict[str, Sum]:
    """Return the sums that second moments are made of, for a kernel to return among its leaves."""
    xp = array_api_compat.array_namespace(batch.X)
    X, Y, one = design(batch, constant_input, centre)
    weight = one * one
    return {
        "rows": Sum(float(X.shape[0])),
        "total": Sum(xp.sum(weight)),
        "squares": Sum(xp.sum(weight * weight)),
        "xx": Sum(tall_product(X, X)),
        "yx": Sum(tall_product(Y, X)),
        "yy": Sum(tall_product(Y, Y)),
        "x": Sum((X.T @ one)[:, 0]),
        "y": Sum((Y.T @ one)[:, 0]),
    }
