"""Factorisations with a fallback for the cases where LAPACK fails, and fast narrow products.

What is called often goes through NumPy, not SciPy: wheels of both bring a linear algebra library of
their own, and the idle threads of the one keep the processors busy while the other works. On two
processors alternating between them made a descent ten times slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import array_api_compat
import numpy as np
from scipy import linalg

from pureneuron.typing import AnyArray, Array

__all__ = [
    "THRESHOLDS",
    "Thresholds",
    "across",
    "gram_inverse",
    "gram_inverses",
    "inverse",
    "plus",
    "rectified",
    "row_products",
    "single_rows",
    "svd",
    "tall_product",
    "times",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide between two ways to compute, each with what shows its effect.

    Attributes
    ----------
    dependent : float
        Eigenvalue, divided by the number of columns, of a Gram matrix with unit diagonal below
        which columns are linearly dependent: sums in float64 know it no better (rounding).
    clear : float
        Share of every column, unexplained by the others, above which the matrix is inverted
        directly (rounding).
    uncopied : int
        Multiplications up to which OpenBLAS multiplies without copying the factors
        (benchmarks/rates.py).
    block : int
        Multiplications of a block of rows, a little less than ``uncopied`` (benchmarks/rates.py).
    most_columns, most_entries : int
        Columns of a factor and entries of a product up to which blocks are faster
        (benchmarks/rates.py).
    """

    dependent: float = 1e-13
    clear: float = 1e-9
    uncopied: int = 1_000_000
    block: int = 900_000
    most_columns: int = 64
    most_entries: int = 2_500


THRESHOLDS = Thresholds()


def svd(M: Array, *, full_matrices: bool = True) -> tuple[Array, Array, Array]:
    """Singular value decomposition ``M = U diag(s) Vᵀ``; returns ``U, s, Vᵀ``.

    LAPACK's divide and conquer is fast and, on rare matrices that are perfectly finite (rows of
    rounding size among ordinary ones), does not converge; its QR iteration does.
    """
    try:
        U, s, Vt = np.linalg.svd(M, full_matrices=full_matrices)
    except np.linalg.LinAlgError:
        U, s, Vt = linalg.svd(M, full_matrices=full_matrices, lapack_driver="gesvd")
    return U, s, Vt


def inverse(M: Array) -> tuple[Array, float]:
    """Return the inverse of a square matrix, and its condition number.

    Singular values below ``k eps`` of the largest count as zero, and are left out: a singular
    matrix gets its pseudo-inverse, and its condition number says so.
    """
    U, s, Vt = svd(M)
    tolerance = len(M) * np.finfo(np.float64).eps * s[0]
    kept = s > max(tolerance, np.finfo(np.float64).tiny)
    condition = float(s[0] / s[-1]) if s[-1] > 0.0 else np.inf
    return (Vt[kept].T / s[kept]) @ U[:, kept].T, condition


def gram_inverse(gram: Array) -> Array:
    """Return the inverse of a symmetric positive semidefinite matrix, or its pseudo-inverse.

    Scaled to unit diagonal first: columns of any size count alike. Directions that are linearly
    dependent to the precision of float64 are left out, as are columns of zeros, whose squares may
    have become negative by rounding, and columns that overflow: a step may have gone too far.
    """
    gram = np.where(np.isfinite(gram), gram, 0.0)
    scale = np.sqrt(np.maximum(gram.diagonal(), 0.0))
    alive = scale > 0.0
    unit = alive / np.where(alive, scale, 1.0)
    scaling = unit[:, None] * unit
    scaled = gram * scaling
    inverse = _plain_inverse(scaled)
    if inverse is not None:
        return inverse * scaling
    values, vectors = np.linalg.eigh(scaled)
    kept = values > THRESHOLDS.dependent * len(gram)
    vectors = vectors[:, kept] * unit[:, None]
    return np.asarray((vectors / values[kept]) @ vectors.T)


def gram_inverses(grams: Array) -> Array:
    """Return the inverses of several such matrices, (s, k, k): one call where none is singular."""
    scale = np.sqrt(np.einsum("sii->si", grams))
    scaling = scale[:, :, None] * scale[:, None, :]
    try:
        inverses = np.linalg.inv(grams / scaling) / scaling
    except np.linalg.LinAlgError:
        return np.stack([gram_inverse(gram) for gram in grams])
    inflation = np.einsum("sii->si", inverses) * scale**2
    clear = ((inflation > 0.0) & (inflation < 1.0 / THRESHOLDS.clear)).all(axis=1)
    for i in np.flatnonzero(~clear):
        inverses[i] = gram_inverse(grams[i])
    return np.asarray(inverses)


def _plain_inverse(scaled: Array) -> Array | None:
    """Return the inverse, or None where a column is nearly a combination of the others."""
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        return None
    # One over the share of each column that the others do not explain.
    inflation = inverse.diagonal()
    clear = (inflation > 0.0) & (inflation < 1.0 / THRESHOLDS.clear)
    return np.asarray(inverse) if clear.all() else None


def tall_product(A: AnyArray, B: AnyArray) -> AnyArray:
    """Return ``AᵀB`` of two tall arrays, (n, p) and (n, q), of any Array API library.

    Before it multiplies, OpenBLAS copies all but small factors to suit the processor's cache; for a
    narrow product that costs as much as the product, and three times as much where the caches of
    two threads are far apart. So NumPy's arrays are multiplied block by block of rows.
    """
    (n, p), q = A.shape, B.shape[1]
    size = p * q
    narrow = max(p, q) <= THRESHOLDS.most_columns and size <= THRESHOLDS.most_entries
    if not isinstance(A, np.ndarray) or not narrow or n * size <= THRESHOLDS.uncopied:
        return A.T @ B
    if A is B:
        # BLAS has a symmetric product, with half the work, but it always copies.
        middle = p // 2
        return np.concatenate([tall_product(A[:, :middle], A), tall_product(A[:, middle:], A)])
    rows = THRESHOLDS.block // size
    whole = n - n % rows
    left, right = (M[:whole].reshape(-1, rows, M.shape[1]) for M in (A, B))
    return (left.transpose(0, 2, 1) @ right).sum(axis=0) + A[whole:].T @ B[whole:]


def across(M: AnyArray) -> AnyArray:
    """Return ``Mᵀ`` (k, n) of a tall matrix, each of its rows in one piece of memory.

    What is done entry by entry runs along the last axis, and is slow where that is short.
    """
    return np.ascontiguousarray(M.T) if isinstance(M, np.ndarray) else M.T


def row_products(A: AnyArray, B: AnyArray) -> AnyArray:
    """Return the products of each row of A (p, n) with each of B (q, n), as rows (p q, n)."""
    shape = (A.shape[0] * B.shape[0], A.shape[1])
    products = A[:, None, :] * B[None, :, :]
    return array_api_compat.array_namespace(A).reshape(products, shape)


def times(M: AnyArray, D: AnyArray) -> AnyArray:
    """Return ``M ∘ D`` for a temporary M, (n, k), and slopes D that may be boolean.

    The result takes the memory of M where the library is NumPy: M must not be used any more.
    """
    if isinstance(M, np.ndarray):
        return np.multiply(M, D, out=M)
    return M * array_api_compat.array_namespace(M).astype(D, M.dtype, copy=False)


def plus(M: AnyArray, N: AnyArray) -> AnyArray:
    """Return ``M + N`` for a temporary M, whose memory it takes where the library is NumPy."""
    return np.add(M, N, out=M) if isinstance(M, np.ndarray) else M + N


def rectified(M: AnyArray) -> AnyArray:
    """Return ``max(M, 0)`` for a temporary M (p, n), whose memory it takes where M is NumPy's."""
    if isinstance(M, np.ndarray):
        # Beside a row of zeros it takes half the time that it takes beside the number.
        return np.maximum(M, np.zeros(M.shape[1], dtype=M.dtype), out=M)
    return array_api_compat.array_namespace(M).clip(M, 0.0)


def single_rows(parts: Iterable[Sequence[AnyArray]], n_rows: int) -> list[AnyArray]:
    """Stack the rows of several matrices that come part by part, in single precision.

    NumPy's are filled as the parts come, so that there is one of these at a time.

    Parameters
    ----------
    parts : iterable of sequences of (p, q) arrays
        Consecutive rows of each matrix.
    n_rows : int
        How many there will be in all.
    """
    whole: list[AnyArray] = []
    pieces: list[Sequence[AnyArray]] = []
    start = 0
    for part in parts:
        if not isinstance(part[0], np.ndarray):
            xp = array_api_compat.array_namespace(part[0])
            pieces.append([xp.astype(M, xp.float32) for M in part])
            continue
        if not whole:
            whole = [np.empty((n_rows, M.shape[1]), dtype=np.float32) for M in part]
        end = start + len(part[0])
        for all_rows, M in zip(whole, part, strict=True):
            all_rows[start:end] = M
        start = end
    if pieces:
        xp = array_api_compat.array_namespace(pieces[0][0])
        whole = [xp.concat(list(columns)) for columns in zip(*pieces, strict=True)]
    return whole
