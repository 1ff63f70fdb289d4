"""What inference asks of the data: sums of the scores of the model over rows and blocks.

The score of a row is the gradient of half its squared residual, with a minus: for the residual e,
the activations h and their slopes D

    ψ  =  ( e_j h_b ;  D_a (Aᵀe)_a x_s ;  Σ_a (Aᵀe)_a z_a ),

in the order A row by row, W row by row, the slope where it is fitted. At a minimum scores add up to
zero; how they vary is all that the standard errors depend on beside the information. Where single
rows decide much, scores are divided by what is left of their noise (:mod:`.leverage`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.inference.blocks import Blocks
from pureneuron.inference.information import slope_derivative
from pureneuron.inference.leverage import Leverage
from pureneuron.linalg import row_products, times
from pureneuron.model import Activation
from pureneuron.optimize.least_squares.kernels import (
    activations,
    activations_across,
    like,
    residual,
    residual_across,
)
from pureneuron.samples import Batch, Leaf, Max, Sum
from pureneuron.typing import AnyArray, Array

__all__ = [
    "Thresholds",
    "block_scores",
    "score_products",
    "with_signed_residual",
]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how sums are made.

    Attributes
    ----------
    part_entries, part_rows : int
        Entries of the scores that a part of a batch fills, and the fewest rows (rates.py).
    """

    part_entries: int = 200_000
    part_rows: int = 128


THRESHOLDS = Thresholds()


def with_signed_residual(
    batch: Batch,
    here: tuple[AnyArray, AnyArray],
    larger: tuple[AnyArray, AnyArray],
    activation: Activation,
    blocks: Blocks,
    factor: AnyArray,
) -> Batch:
    """Put fitted outputs plus the residual of a larger network, times a factor, in the place of Y.

    The factor is that of the block.
    """
    xp = array_api_compat.array_namespace(batch.X)
    E, smaller = (
        residual(batch, activations(batch, W, activation)[1], A) for W, A in (larger, here)
    )
    factors = to_numpy(factor)[blocks.numbers(batch)][:, None]
    factors = xp.asarray(factors, dtype=E.dtype, device=array_api_compat.device(E))
    return replace(batch, Y=batch.Y - smaller + factors * E)


def block_scores(
    batch: Batch,
    blocks: Blocks,
    W: AnyArray,
    A: AnyArray,
    activation: Activation,
    fits_slope: bool,
    leverage: Leverage | None = None,
) -> dict[str, Leaf]:
    """Add up scores over each block: ``of A`` (b, m, q), ``of W`` (b, k, r), ``of slope``.

    ``decided`` (k,) is the most that a row decides about the weights of each unit.
    """
    W, A = like(batch, W), like(batch, A)
    k, r = W.shape
    m, q = A.shape
    of_A, of_W = np.zeros((blocks.n_blocks, m, q)), np.zeros((blocks.n_blocks, k, r))
    of_slope, decided = np.zeros((blocks.n_blocks, int(fits_slope))), np.zeros(k)
    leverage = None if leverage is None else leverage.like(batch)
    for number, part in blocks.split(batch):
        rows = _Scores.of(part, W, A, activation, fits_slope, leverage)
        of_A[number] += to_numpy(rows.E @ rows.strengths.T)
        of_W[number] += to_numpy(rows.weights @ part.X)
        if rows.slope is not None:
            of_slope[number] += float(rows.slope.sum())
        decided = np.maximum(decided, rows.decided)
    sums: dict[str, Leaf] = {"of A": Sum(of_A), "of W": Sum(of_W), "of slope": Sum(of_slope)}
    return sums | {"decided": Max(decided)}


def score_products(
    batch: Batch,
    W: AnyArray,
    A: AnyArray,
    activation: Activation,
    fits_slope: bool,
    leverage: Leverage | None = None,
) -> dict[str, Leaf]:
    """``Σ ψψᵀ`` over the rows, (p, p), and ``decided`` as :func:`block_scores`."""
    xp = array_api_compat.array_namespace(batch.X)
    W, A = like(batch, W), like(batch, A)
    p = A.shape[0] * A.shape[1] + W.shape[0] * W.shape[1] + fits_slope
    products, decided = 0.0, np.zeros(W.shape[0])
    leverage = None if leverage is None else leverage.like(batch)
    for part in batch.parts(max(THRESHOLDS.part_rows, THRESHOLDS.part_entries // p)):
        rows = _Scores.of(part, W, A, activation, fits_slope, leverage)
        slope = [] if rows.slope is None else [rows.slope[None, :]]
        of_A, of_W = row_products(rows.E, rows.strengths), row_products(rows.weights, rows.X)
        scores = xp.concat([of_A, of_W, *slope])
        products = products + scores @ scores.T
        decided = np.maximum(decided, rows.decided)
    return {"products": Sum(products), "decided": Max(decided)}


@dataclass(frozen=True, eq=False)
class _Scores:
    """What the scores of some rows are products of.

    Attributes
    ----------
    X, E : (r, n) and (m, n) arrays
        Rows and residuals.
    strengths : (q, n) array
        What residuals are multiplied by in the scores of A.
    weights : (k, n) array
        What rows are multiplied by in those of W.
    slope : (n,) array or None
        Those of the slope.
    decided : (k,) array
        The most that one of the rows decides about the weights of each unit.
    """

    X: AnyArray
    E: AnyArray
    strengths: AnyArray
    weights: AnyArray
    slope: AnyArray | None
    decided: Array

    @classmethod
    def of(
        cls,
        rows: Batch,
        W: AnyArray,
        A: AnyArray,
        activation: Activation,
        fits_slope: bool,
        leverage: Leverage | None,
    ) -> _Scores:
        xp = array_api_compat.array_namespace(rows.X)
        k = W.shape[0]
        X, D, H = activations_across(rows, W, activation)
        E = residual_across(rows, H, A)
        pulled = A[:, :k].T @ E
        slope = None
        if fits_slope:
            slope = xp.sum(slope_derivative(X, H, W, activation) * pulled, axis=0)
        weights, decided = times(pulled, D), np.zeros(k)
        if leverage is not None:
            of_weights, of_strengths = leverage.left(X, D, H)
            weights = weights / of_weights
            H = xp.concat([H[:k, :] / of_strengths, H[k:, :]])
            if X.shape[1]:
                decided = 1.0 - to_numpy(xp.min(of_weights, axis=1))
        return cls(X, E, H, weights, slope, decided)
