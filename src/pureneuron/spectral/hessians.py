"""The sums behind average Hessians: third moments of outputs and inputs, in one pass.

For Gaussian inputs ``E[y (xxᵀ − I)]`` is the average second derivative of y (Stein), and for
whatever inputs it is a moment that a linear function has no part in, if they are symmetric.
"""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat

from pureneuron.linalg import across, row_products
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray

__all__ = ["THRESHOLDS", "Thresholds", "hessian_sums"]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how the sums are made.

    Attributes
    ----------
    part_entries, part_rows : int
        Entries of the rows' products that a part of a batch fills, and its fewest rows, so that
        they stay near the processor's cache (benchmarks/cost.py).
    """

    part_entries: int = 500_000
    part_rows: int = 256


THRESHOLDS = Thresholds()


def hessian_sums(
    batch: Batch, outputs: AnyArray, regression: AnyArray, mean: AnyArray, R: AnyArray, every: int
) -> dict[str, Sum]:
    """``Σ e_j xxᵀ`` for c residuals e_j, one below the other, and reduced x; ``Σ e_j, Σ w, Σ w²``.

    Over every n-th row, in single precision, with ``e = outputsᵀ y − regressionᵀ x − mean``. Rows
    come scaled by the root of their weight, and the sums are weighted.
    """
    xp = array_api_compat.array_namespace(batch.X)
    batch = batch.every_nth(every)
    outputs, regression, mean, R = (
        xp.astype(M, xp.float32, copy=False) for M in (outputs, regression, mean, R)
    )
    c, k = outputs.shape[1], R.shape[1]
    hessians, residual, total, squares = 0.0, 0.0 * mean, 0.0, 0.0
    for part in batch.parts(max(THRESHOLDS.part_rows, THRESHOLDS.part_entries // (c * k))):
        X, Y = (xp.astype(M, xp.float32, copy=False) for M in (part.X, part.Y))
        root = one = xp.ones_like(X[:, :1])
        if "root" in part.extra:
            root = xp.astype(part.extra["root"], xp.float32, copy=False)
        # x carries the root of the weight too, so that products of the two carry the weight.
        E, x = (Y @ outputs - X @ regression) / xp.where(root > 0.0, root, one) - mean, X @ R
        products = row_products(across(E), across(x))
        weight = root * root
        hessians, residual = hessians + products @ x, residual + (weight.T @ E)[0, :]
        total, squares = total + xp.sum(weight), squares + xp.sum(weight * weight)
    return {
        "hessians": Sum(hessians),
        "residual": Sum(residual),
        "total": Sum(total),
        "squares": Sum(squares),
    }
