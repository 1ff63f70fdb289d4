"""Perturbations after which the method works: smoothed analysis (Theorems 9 and 10).

Some laws and weights make the distinguishing matrix singular, and no number of samples helps. They
are rare: a small random change of the weights (Theorem 9), or a little Gaussian noise of a fixed
shape among the inputs (Theorem 10), bounds its least singular value from below. The second is also
something to do, where the inputs can be chosen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.spectral.arguments import as_matrix
from pureneuron.typing import Array

__all__ = ["perturb_inputs", "perturb_weights"]


def perturb_inputs(
    X: ArrayLike,
    probability: float,
    *,
    Q: ArrayLike | None = None,
    rng: np.random.Generator | int | None = None,
) -> Array:
    """Replace rows of X by Gaussian ones: the (Q, λ)-perturbation of Theorem 10.

    Each row is replaced, with probability λ, by ``Q n``, n standard normal. If the law of x is
    symmetric, so is the new one; the outputs have to be asked for anew.

    Parameters
    ----------
    X : (n, d) array-like
        Inputs.
    probability : float
        λ, between 0 and 1.
    Q : (d, d) array-like, optional
        The fixed matrix; left out, its entries are drawn from the standard normal law.
    rng : Generator or int, optional
        Source of randomness, or its seed.

    Returns
    -------
    (n, d) array

    Raises
    ------
    ValueError
        If λ is out of range or a shape does not fit.
    """
    rng = np.random.default_rng(rng)
    rows = as_matrix("X", X).copy()
    n, d = rows.shape
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability must be between 0 and 1, got {probability}")
    shape = rng.standard_normal((d, d)) if Q is None else as_matrix("Q", Q)
    if shape.shape != (d, d):
        raise ValueError(
            f"Q must be a ({d}, {d}) matrix for the {d} columns of X, got {shape.shape}"
        )
    replaced = np.flatnonzero(rng.random(n) < probability)
    rows[replaced] = rng.standard_normal((len(replaced), d)) @ shape.T
    return rows


def perturb_weights(
    W: ArrayLike, scale: float, *, rng: np.random.Generator | int | None = None
) -> Array:
    """Return ``W + ρE`` with standard normal E: the ρ-perturbation of Theorem 9.

    Parameters
    ----------
    W : (k, d) array-like
        Input weights.
    scale : float
        ρ, at least 0.
    rng : Generator or int, optional
        Source of randomness, or its seed.

    Returns
    -------
    (k, d) array

    Raises
    ------
    ValueError
        If ρ is negative.
    """
    rows = as_matrix("W", W)
    if not scale >= 0.0:
        raise ValueError(f"scale must be at least 0, got {scale}")
    return np.asarray(rows + scale * np.random.default_rng(rng).standard_normal(rows.shape))
