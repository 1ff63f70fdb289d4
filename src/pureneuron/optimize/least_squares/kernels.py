"""What least squares asks of the data: sums over the rows, each one pass, and columns beside them.

For white rows ``W`` (k, r), with ``D`` the slopes of σ at ``XWᵀ`` (n, k) and ``H = D ∘ XWᵀ`` the
activations (followed by the q columns that stand beside them: the ones of an intercept, the inputs
of a linear part), all sums below are over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import array_api_compat

from pureneuron.linalg import across, plus, row_products, tall_product, times
from pureneuron.model import Activation
from pureneuron.problem.rows import BESIDE
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray

__all__ = [
    "activations_across",
    "cross_sums",
    "gradient_sums",
    "gram_sums",
    "like",
    "pattern_sums",
    "product_sums",
    "profile_sums",
    "residual",
    "residual_across",
    "residual_cross_sums",
    "residual_sums",
    "with_activations",
    "with_change",
    "with_only_residual",
]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how sums are made.

    Attributes
    ----------
    strands : int
        Sums that squares are added up in: one alone, in single precision, forgets the small ones
        (rounding).
    pattern_entries, pattern_rows : int
        Entries of F that a part of a batch fills, and the fewest rows that are worth a call
        (rates.py).
    """

    strands: int = 64
    pattern_entries: int = 200_000
    pattern_rows: int = 128


THRESHOLDS = Thresholds()


def profile_sums(
    batch: Batch, W: AnyArray, A: AnyArray | None, activation: Activation
) -> dict[str, Sum]:
    """``HᵀH``, ``HᵀE`` and ``|E|²`` of the residual ``E = Y − H Aᵀ`` at a reference ``A``, or of Y.

    Measuring against a reference that is nearly right keeps the digits of a small loss, which
    ``|Y|² − …`` would cancel away.
    """
    _, H = activations(batch, W, activation)
    E = batch.Y if A is None else residual(batch, H, A)
    return {"HH": Sum(tall_product(H, H)), "HE": Sum(tall_product(H, E)), "EE": Sum(_power(E))}


def gradient_sums(
    batch: Batch, W: AnyArray, A: AnyArray, activation: Activation, every: int
) -> dict[str, Sum]:
    """``|E|²`` and half its negative gradient ``(D ∘ (E A))ᵀ X``; ``DᵀD`` over every n-th row.

    ``DᵀD``, with the number of rows, goes into the preconditioner and the scale of the damping,
    which need no more.
    """
    xp = array_api_compat.array_namespace(batch.X)
    D, H = activations(batch, W, activation)
    E = residual(batch, H, A)
    some = xp.astype(D[batch.every(every), :], E.dtype)
    pulled = times(E @ like(batch, A)[:, : W.shape[0]], D)
    return {
        "EE": Sum(_power(E)),
        "gradient": Sum(tall_product(pulled, batch.X)),
        "DD": Sum(some.T @ some),
        "rows": Sum(float(some.shape[0])),
    }


def pattern_sums(batch: Batch, W: AnyArray, A: AnyArray, activation: Activation) -> dict[str, Sum]:
    """``FᵀF``, ``FᵀE``, ``|E|²`` for ``F = [D_a x]`` (n, k·r) and the residual at (W, A); ``Σ D²``.

    F ends with the columns that stand beside the activations; here its transpose is made.
    """
    xp = array_api_compat.array_namespace(batch.X)
    width = W.shape[0] * W.shape[1]
    FF, FE, EE, DD = 0.0, 0.0, 0.0, 0.0
    # F is far larger than the rows that it is made of: a part at a time stays in the cache.
    for part in batch.parts(max(THRESHOLDS.pattern_rows, THRESHOLDS.pattern_entries // width)):
        X, D, H = activations_across(part, W, activation)
        E, F = residual_across(part, H, A), row_products(D, X)
        if BESIDE in part.extra:
            F = xp.concat([F, part.extra[BESIDE].T])
        # The rows of a part are added up in the precision of the rows, parts in double.
        FF, FE = FF + _in_double(F @ F.T), FE + _in_double(F @ E.T)
        EE, DD = EE + _in_double(_power(E)), DD + _in_double(xp.linalg.vecdot(D, D))
    return {"FF": Sum(FF), "FE": Sum(FE), "EE": Sum(EE), "DD": Sum(DD)}


def gram_sums(batch: Batch, W: AnyArray, activation: Activation) -> dict[str, Sum]:
    """``HᵀH`` of the activations, and the number of rows."""
    _, H = activations(batch, W, activation)
    return {"HH": Sum(tall_product(H, H)), "rows": Sum(float(H.shape[0]))}


def cross_sums(batch: Batch, W: AnyArray, V: AnyArray, activation: Activation) -> dict[str, Sum]:
    """``HᵀU`` for the first-order change ``U = D ∘ XVᵀ`` of the activations."""
    _, H = activations(batch, W, activation)
    return {"HU": Sum(tall_product(H, change(batch, W, V, activation)))}


def product_sums(
    batch: Batch, W: AnyArray, V: AnyArray, C: AnyArray, Q: AnyArray, activation: Activation
) -> dict[str, Sum]:
    """Product of the Gauss–Newton matrix with ``V``: ``(D ∘ ((U − H C) Q))ᵀ X``."""
    D, H = activations(batch, W, activation)
    U = plus(H @ -like(batch, C), change(batch, W, V, activation))
    pulled = times(U @ like(batch, Q), D)
    return {"product": Sum(tall_product(pulled, batch.X))}


def residual_cross_sums(
    batch: Batch, W: AnyArray, A: AnyArray, activation: Activation
) -> dict[str, Sum]:
    """``HᵀE`` and ``|E|²`` of the residual ``E = Y − H Aᵀ``."""
    _, H = activations(batch, W, activation)
    E = residual(batch, H, A)
    return {"HE": Sum(tall_product(H, E)), "EE": Sum(_power(E))}


def residual_sums(batch: Batch, W: AnyArray, A: AnyArray, activation: Activation) -> dict[str, Sum]:
    """``EᵀE`` of the residual ``E = Y − H Aᵀ``, the outputs by one another."""
    _, H = activations(batch, W, activation)
    E = residual(batch, H, A)
    return {"EE": Sum(E.T @ E)}


def activations(batch: Batch, W: AnyArray, activation: Activation) -> tuple[AnyArray, AnyArray]:
    """Return slopes ``D`` (n, k) and activations ``H`` (n, k + q).

    Where :func:`with_activations` has put them beside the rows, they are taken from there.
    """
    if "activations" in batch.extra:
        return batch.extra["slopes"], batch.extra["activations"]
    Z = batch.X @ like(batch, W).T
    D = activation.slopes(Z)
    H = times(Z, D)
    if BESIDE in batch.extra:
        xp = array_api_compat.array_namespace(batch.X)
        H = xp.concat([H, batch.extra[BESIDE]], axis=1)
    return D, H


def activations_across(
    batch: Batch, W: AnyArray, activation: Activation
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return ``Xᵀ`` (r, n), slopes ``Dᵀ`` (k, n) and activations ``Hᵀ`` (k + q, n).

    For kernels that make much of a few rows, entry by entry: see
    :func:`~pureneuron.linalg.across`.
    """
    xp = array_api_compat.array_namespace(batch.X)
    X = across(batch.X)
    Z = like(batch, W) @ X
    D = xp.astype(activation.slopes(Z), Z.dtype, copy=False)
    H = times(Z, D)
    if BESIDE in batch.extra:
        H = xp.concat([H, batch.extra[BESIDE].T])
    return X, D, H


def residual_across(batch: Batch, H: AnyArray, A: AnyArray) -> AnyArray:
    """Return ``Yᵀ − A Hᵀ`` (m, n) for activations ``Hᵀ`` (k + q, n)."""
    return across(batch.Y) - like(batch, A) @ H


def residual(batch: Batch, H: AnyArray, A: AnyArray) -> AnyArray:
    """Return ``Y − H Aᵀ``."""
    return plus(H @ -like(batch, A).T, batch.Y)


def with_activations(batch: Batch, W: AnyArray, activation: Activation) -> Batch:
    """Put slopes and activations at ``W`` beside the rows, for kernels that need them often."""
    D, H = activations(batch, W, activation)
    return replace(batch, extra={**batch.extra, "slopes": D, "activations": H})


def with_only_residual(batch: Batch, W: AnyArray, A: AnyArray, activation: Activation) -> Batch:
    """Put the residual in the place of Y; nothing stands beside the activations any more."""
    _, H = activations(batch, W, activation)
    extra = {name: column for name, column in batch.extra.items() if name != BESIDE}
    return replace(batch, Y=residual(batch, H, A), extra=extra)


def change(batch: Batch, W: AnyArray, V: AnyArray, activation: Activation) -> AnyArray:
    """Return the first-order change ``U = D ∘ XVᵀ`` (n, k) of the activations, or take it along."""
    if "change" in batch.extra:
        return batch.extra["change"]
    return times(batch.X @ like(batch, V).T, activations(batch, W, activation)[0])


def with_change(batch: Batch, W: AnyArray, V: AnyArray, activation: Activation) -> Batch:
    """Put the change of the activations along ``V`` beside the rows: a product needs it twice."""
    return replace(batch, extra={**batch.extra, "change": change(batch, W, V, activation)})


def like(batch: Batch, parameter: AnyArray) -> AnyArray:
    """Bring a parameter to the precision of the batch, so that products run in it."""
    if parameter.dtype == batch.X.dtype:
        return parameter
    xp = array_api_compat.array_namespace(batch.X)
    return xp.astype(parameter, batch.X.dtype, copy=False)


def _in_double(M: AnyArray) -> AnyArray:
    xp = array_api_compat.array_namespace(M)
    return xp.astype(M, xp.float64, copy=False)


def _power(E: AnyArray) -> AnyArray:
    xp = array_api_compat.array_namespace(E)
    even = E.shape[0] - E.shape[0] % THRESHOLDS.strands
    strands = xp.reshape(E[:even, :], (THRESHOLDS.strands, -1))
    rest = xp.reshape(E[even:, :], (-1,))
    return xp.sum(xp.linalg.vecdot(strands, strands)) + xp.linalg.vecdot(rest, rest)
