"""Sums of products up to the fourth order, and what a change of coordinates does to them.

With ``z_x = (1, x)`` and ``z = (1, x, y)`` the products that the moment method needs are the
entries of ``φ(z_x) φ(z)ᵀ``, where ``φ(z) = vec*(zzᵀ)``: those with 1 among the factors are the
lower orders. A linear map of z takes zzᵀ to ``T zzᵀ Tᵀ``, so it acts on the sums as well. Shifts
are such maps, because of the 1 (their entries are the binomial identities), and so are changes of
scale and projections to fewer coordinates.
"""

from __future__ import annotations

import numpy as np

from pureneuron.spectral import unvec_star, vec_star
from pureneuron.typing import Array, IndexArray

__all__ = ["affine", "estimate_layout", "mapped", "n_products", "second_products"]


def n_products(size: int) -> int:
    """Return the length of ``φ(z)`` for z of ``size`` entries beside the 1."""
    return (size + 1) * (size + 2) // 2


def affine(M: Array, shift: Array) -> Array:
    """Return the map of ``(1, v)`` to ``(1, M (v + shift))``, for M (p, q) and shift (q,)."""
    T = np.zeros((M.shape[0] + 1, M.shape[1] + 1))
    T[0, 0] = 1.0
    T[1:, 0], T[1:, 1:] = M @ shift, M
    return T


def mapped(sums: Array, T_x: Array, T: Array) -> Array:
    """Return the sums of ``φ(T_x z_x) φ(T z)ᵀ``.

    Parameters
    ----------
    sums : (g, D, N) array
        Sums of ``φ(z_x) φ(z)ᵀ`` for each group of rows.
    T_x, T : (p, d + 1) and (q, d + m + 1) arrays
        The maps.
    """
    # One group at a time: full matrices take twice the memory.
    return np.stack([_mapped(_mapped(group, T).T, T_x).T for group in sums])


def _mapped(rows: Array, T: Array) -> Array:
    return vec_star(T @ unvec_star(rows) @ T.T)


def second_products(sums: Array) -> Array:
    """Return the sums of ``z zᵀ``, a (…, d + m + 1, d + m + 1) array: the row of the 1."""
    return unvec_star(sums[..., 0, :])


def estimate_layout(sums: Array, k: int, n_inputs: int) -> Array:
    """Pick the first k inputs and k outputs, for :func:`~pureneuron.spectral.estimate_from`.

    Rows 1, x, vec*(xxᵀ); columns 1, x, y, vec*(xxᵀ), x⊗y, vec*(yyᵀ). What is linear, and ``x⊗y``,
    is off the diagonal of zzᵀ and comes with a factor √2.

    Parameters
    ----------
    sums : (…, D, N) array
        Sums of ``φ(1, x) φ(1, x, y)ᵀ``, k outputs.
    k : int
        How many.
    n_inputs : int
        Number of inputs in ``sums``.
    """
    one, x, y = np.array([0]), np.arange(1, k + 1), n_inputs + np.arange(1, k + 1)
    upper = np.triu_indices(k)
    xx, yy = (x[upper[0]], x[upper[1]]), (y[upper[0]], y[upper[1]])
    xy = np.repeat(x, k), np.tile(y, k)
    plain, halved = 1.0, np.sqrt(0.5)
    inputs = [(one, one, plain), (one, x, halved)]
    rows, of_rows = _places([*inputs, (*xx, plain)], n_inputs + 1)
    columns, of_columns = _places(
        [*inputs, (one, y, halved), (*xx, plain), (*xy, halved), (*yy, plain)], n_inputs + k + 1
    )
    return np.asarray(sums[..., rows[:, None], columns] * of_columns * of_rows[:, None])


def _places(
    blocks: list[tuple[IndexArray, IndexArray, float]], size: int
) -> tuple[IndexArray, Array]:
    """Return where products of two entries stand in ``vec*``, and the factor each comes with."""
    place = np.zeros((size, size), dtype=np.intp)
    i, j = np.triu_indices(size)
    place[i, j] = np.arange(len(i))
    places = [place[a, b] for a, b, _ in blocks]
    factors = [np.full(len(at), factor) for at, (*_, factor) in zip(places, blocks, strict=True)]
    return np.concatenate(places), np.concatenate(factors)
