"""What inference asks of the data: sums of the scores of the model over rows and blocks.

The score of a row is the gradient of half its squared residual, with a minus: for the residual e,
the activations h and their slopes D

    ψ  =  ( e_j h_b ;  D_a (Aᵀe)_a x_s ;  Σ_a (Aᵀe)_a z_a ),

in the order A row by row, W row by row, the slope where it is fitted. At a minimum scores add up to
zero; how they vary is all that the standard errors depend on beside the information. Where single
rows decide much, scores are divided by what is left of their noise (:mod:`.leverage`).
"""

from __future__ import annotations

from collections.abc import Iterator
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
from pureneuron.typing import AnyArray

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
) -> dict[str, Sum]:
    """Add up scores over each block: ``of A`` (b, m, q), ``of W`` (b, k, r), ``of slope``.

    With them comes what the rows of each block decide together, where it is asked for.
    """
    xp = array_api_compat.array_namespace(batch.X)
    W, A = like(batch, W), like(batch, A)
    k, r = W.shape
    m, q = A.shape
    b = blocks.n_blocks
    of_A, of_W = np.zeros((b, m, q)), np.zeros((b, k, r))
    of_slope = np.zeros((b, int(fits_slope)))
    V, strengths = np.zeros((b, k, r, r) if leverage else 0), np.zeros((b, k) if leverage else 0)
    leverage = None if leverage is None else leverage.like(batch)
    for number, part in _parts(batch, blocks, k * r if leverage else 0):
        X, D, H = activations_across(part, W, activation)
        E = residual_across(part, H, A)
        of_A[number] += to_numpy(E @ H.T)
        pulled = A[:, :k].T @ E
        if fits_slope:
            Z = slope_derivative(X, H, W, activation)
            of_slope[number] += float(xp.sum(Z * pulled))
        of_W[number] += to_numpy(times(pulled, D) @ part.X)
        if leverage is not None:
            of_weights, of_strengths = leverage.decided(X, D, H)
            V[number] += to_numpy(of_weights)
            strengths[number] += to_numpy(of_strengths)
    sums = {"of A": of_A, "of W": of_W, "of slope": of_slope, "V": V, "strengths": strengths}
    return {name: Sum(each) for name, each in sums.items()}


def _parts(batch: Batch, blocks: Blocks, width: int) -> Iterator[tuple[int, Batch]]:
    """Yield the rows of each block, some at a time where they are made ``width`` entries wide."""
    for number, block in blocks.split(batch):
        n_rows = THRESHOLDS.part_entries // width if width else block.X.shape[0]
        for part in block.parts(max(THRESHOLDS.part_rows, n_rows)):
            yield number, part


def score_products(
    batch: Batch,
    W: AnyArray,
    A: AnyArray,
    activation: Activation,
    fits_slope: bool,
    leverage: Leverage | None = None,
) -> dict[str, Leaf]:
    """``Σ ψψᵀ`` over the rows, (p, p).

    ``decided`` (k,) is the most that a row decides about the weights of each unit.
    """
    xp = array_api_compat.array_namespace(batch.X)
    W, A = like(batch, W), like(batch, A)
    k = W.shape[0]
    p = A.shape[0] * A.shape[1] + W.shape[0] * W.shape[1] + fits_slope
    products, decided = 0.0, np.zeros(k)
    leverage = None if leverage is None else leverage.like(batch)
    for part in batch.parts(max(THRESHOLDS.part_rows, THRESHOLDS.part_entries // p)):
        X, D, H = activations_across(part, W, activation)
        E = residual_across(part, H, A)
        pulled = A[:, :k].T @ E
        slope = []
        if fits_slope:
            Z = slope_derivative(X, H, W, activation)
            slope = [xp.sum(Z * pulled, axis=0)[None, :]]
        pulled = times(pulled, D)
        if leverage is not None:
            of_weights, of_strengths = leverage.left(X, D, H)
            pulled, H = pulled / of_weights, xp.concat([H[:k, :] / of_strengths, H[k:, :]])
            decided = np.maximum(decided, 1.0 - to_numpy(xp.min(of_weights, axis=1)))
        scores = xp.concat([row_products(E, H), row_products(pulled, X), *slope])
        products = products + scores @ scores.T
    return {"products": Sum(products), "decided": Max(decided)}
