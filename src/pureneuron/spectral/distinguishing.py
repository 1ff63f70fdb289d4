"""The distinguishing matrix: what makes two neurons together look unlike one (Definition 1).

Its least singular value (α in the paper) says how hard a problem is before any sample is drawn: at
zero some mixture of neurons passes for a pure one, and the method cannot tell.
"""

from __future__ import annotations

import array_api_compat
import numpy as np
from numpy.typing import ArrayLike

from pureneuron.samples import Batch, Sum
from pureneuron.spectral.arguments import as_matrix, as_samples
from pureneuron.spectral.detector import product_sums
from pureneuron.typing import AnyArray, Array

__all__ = ["distinguishing_matrix"]


def distinguishing_matrix(
    X: ArrayLike,
    W: ArrayLike,
    *,
    augmented: bool = False,
    sample_weight: ArrayLike | None = None,
) -> Array:
    """Return the distinguishing matrix N of neurons ``W``, or the augmented one, M.

    Parameters
    ----------
    X : (n, d) array-like
        Inputs.
    W : (k, d) array-like
        Input weights. The paper's bounds assume rows of unit length; column (i, j) scales with the
        lengths of rows i and j.
    augmented : bool
        Append the column ``E[x⊗x]``: with noise, M must have full column rank, not only N.
    sample_weight : (n,) array-like, optional
        Weights of the rows.

    Returns
    -------
    (d², k(k−1)/2) array, or one column more
        Columns ``N_ij = E[(w_i·x)(w_j·x)(x⊗x) 1{(w_i·x)(w_j·x) ≤ 0}]`` for i < j in the order of
        ``np.triu_indices(k, 1)``: (0, 1), (0, 2), …, (1, 2), ….

    Raises
    ------
    ValueError
        If an argument has the wrong shape or holds values that are not finite real numbers.
    """
    rows = as_matrix("W", W)
    samples = as_samples(X, X, sample_weight)
    if rows.shape[1] != samples.n_inputs:
        raise ValueError(f"W has {rows.shape[1]} columns and X has {samples.n_inputs}: both are d")
    if not np.isfinite(rows).all():
        raise ValueError("W holds a value that is not finite")
    sums = samples.reduce(_distinguishing_sums, rows)
    size = samples.n_inputs**2
    columns = [sums["M xx"].reshape(-1, size)]
    if augmented:
        columns.append(sums["xx"].reshape(1, size))
    return np.asarray(np.concatenate(columns).T / sums["total"])


def _distinguishing_sums(batch: Batch, W: AnyArray) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    H = batch.X @ W.T
    k = H.shape[1]
    # A leading column without entries: one neuron has no pairs, and the answer no columns.
    pairs = [H[:, :0], *(H[:, i : i + 1] * H[:, i + 1 :] for i in range(k - 1))]
    products = xp.concat(pairs, axis=1)
    return product_sums(batch, xp.where(products < 0.0, products, 0.0 * products))
