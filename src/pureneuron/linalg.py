"""Factorisations that do not give up."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from pureneuron.typing import Array

__all__ = ["inverse", "svd"]


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
