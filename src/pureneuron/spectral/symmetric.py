"""Symmetric matrices as vectors: vec*, an isometry."""

from __future__ import annotations

import array_api_compat
import numpy as np

from pureneuron.typing import AnyArray, Array

__all__ = ["symmetric_products", "unvec_star", "vec_star"]

_ROOT2 = float(np.sqrt(2.0))


def vec_star(S: Array) -> Array:
    """Map symmetric matrices (…, k, k) to vectors (…, k(k+1)/2) of the same length.

    The upper triangle row by row, entries off the diagonal times √2: so inner products are kept,
    and singular vectors do not depend on how the triangle is stored.
    """
    i, j = np.triu_indices(S.shape[-1])
    return np.asarray(S[..., i, j] * np.where(i == j, 1.0, _ROOT2))


def unvec_star(v: Array) -> Array:
    """Invert :func:`vec_star`."""
    k = int((np.sqrt(8 * v.shape[-1] + 1) - 1) / 2)
    i, j = np.triu_indices(k)
    S = np.empty((*v.shape[:-1], k, k))
    S[..., i, j] = S[..., j, i] = v / np.where(i == j, 1.0, _ROOT2)
    return S


def symmetric_products(P: AnyArray, Q: AnyArray) -> AnyArray:
    """``vec*`` of the symmetric part of ``p qᵀ`` for each row p of ``P`` and q of ``Q``, (n, K)."""
    xp = array_api_compat.array_namespace(P, Q)
    k = P.shape[1]
    columns = []
    for i in range(k):
        columns.append(P[:, i : i + 1] * Q[:, i : i + 1])
        if i + 1 < k:
            rest = slice(i + 1, k)
            mixed = P[:, i : i + 1] * Q[:, rest] + P[:, rest] * Q[:, i : i + 1]
            columns.append(mixed / _ROOT2)
    return xp.concat(columns, axis=1)
