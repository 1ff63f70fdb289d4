"""The distinguishing matrix: what makes two neurons together look unlike one (Definition 1).

Its least singular value (α in the paper) says how hard a problem is before any sample is drawn: at
zero some mixture of neurons passes for a pure one, and the method cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import array_api_compat
import numpy as np
from numpy.typing import ArrayLike

from pureneuron.model import unit_rows
from pureneuron.problem import Problem
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Sum
from pureneuron.spectral.arguments import as_matrix, as_samples
from pureneuron.spectral.detector import product_sums
from pureneuron.typing import AnyArray, Array

__all__ = [
    "THRESHOLDS",
    "Separation",
    "Thresholds",
    "distinguishing_matrix",
    "gaussian_distinguishing_matrix",
    "separation",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide what is taken for a covariance, and for a separation.

    Attributes
    ----------
    negative : float
        Share of the largest eigenvalue that a negative one may have (rounding).
    no_separation : float
        Least singular value of the distinguishing matrix that is as good as none (make paper).
    """

    negative: float = 1e-12
    no_separation: float = 1e-3


THRESHOLDS = Thresholds()


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


def gaussian_distinguishing_matrix(
    W: ArrayLike, *, covariance: ArrayLike | None = None, augmented: bool = False
) -> Array:
    """Return the distinguishing matrix for Gaussian inputs of mean zero, in closed form.

    Parameters
    ----------
    W : (k, d) array-like
        Input weights.
    covariance : (d, d) array-like, optional
        ``E[xxᵀ]``; the identity if left out.
    augmented : bool
        Append the column ``E[x⊗x]``.

    Returns
    -------
    (d², k(k−1)/2) array, or one column more
        As :func:`distinguishing_matrix` in the limit of many samples.

    Raises
    ------
    ValueError
        If an argument has the wrong shape or values, or the covariance is not one.

    Notes
    -----
    ``x = L g`` with ``L Lᵀ`` the covariance and g standard normal; so ``N_ij`` is ``L M Lᵀ`` with M
    that of ``u = Lᵀw_i``, ``v = Lᵀw_j`` and g. Only the plane of u and v matters for the indicator.
    There, in polar coordinates about the bisector of the two, which enclose the angle θ,
    ``(u·g)(v·g) = |u||v| r² (cos 2ψ + cos θ)/2`` and the indicator is that of
    ``|ψ − π/2| ≤ θ/2`` and its opposite. With ``E[r²] = 2``, ``E[r⁴] = 8`` and

        ``J = (θ cos θ − sin θ)/2``,  ``K = (θ − sin θ cos θ)/4``,

    M is ``|u||v|/π`` times: ``4 (J + K)`` along the bisector, ``4 (J − K)`` across it in the plane,
    and ``2 J`` on everything outside the plane.
    """
    rows = as_matrix("W", W)
    if not np.isfinite(rows).all():
        raise ValueError("W holds a value that is not finite")
    k, d = rows.shape
    sigma = np.eye(d) if covariance is None else as_matrix("covariance", covariance)
    if sigma.shape != (d, d) or not np.allclose(sigma, sigma.T):
        raise ValueError(f"covariance must be a symmetric ({d}, {d}) matrix, got {sigma.shape}")
    values, vectors = np.linalg.eigh(sigma)
    if values[0] < -THRESHOLDS.negative * max(values[-1], 0.0):
        raise ValueError(f"covariance has the negative eigenvalue {values[0]:.3g}")
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    mapped = rows @ root
    columns = [
        root @ _gaussian_pair(mapped[i], mapped[j]) @ root
        for i in range(k)
        for j in range(i + 1, k)
    ]
    if augmented:
        columns.append(sigma)
    return np.array(columns).reshape(len(columns), d * d).T


def _gaussian_pair(u: Array, v: Array) -> Array:
    """``E[(u·g)(v·g) ggᵀ 1{(u·g)(v·g) ≤ 0}]`` for standard normal g."""
    d = len(u)
    size = np.linalg.norm(u) * np.linalg.norm(v)
    if size == 0.0:
        return np.zeros((d, d))
    u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
    along, across = u + v, u - v
    # The half angle from both lengths: the arc cosine loses half the digits near 0 and π.
    theta = 2.0 * np.arctan2(np.linalg.norm(across), np.linalg.norm(along))
    J = (theta * np.cos(theta) - np.sin(theta)) / 2.0
    K = (theta - np.sin(theta) * np.cos(theta)) / 4.0
    M = 2.0 * J * np.eye(d)
    for direction, moment in ((along, 4.0 * (J + K)), (across, 4.0 * (J - K))):
        length = np.linalg.norm(direction)
        if length > 0.0:
            M += (moment - 2.0 * J) * np.outer(direction, direction) / length**2
    return np.asarray(size / np.pi * M)


@dataclass(frozen=True)
class Separation:
    """α and β of the paper's guarantee, at an estimated network.

    Attributes
    ----------
    alpha : float
        Least singular value of the augmented distinguishing matrix, inputs white.
    beta : float
        Least singular value of A, outputs of unit size and rows of W of unit length.
    """

    alpha: float
    beta: float

    def describe(self) -> StageReport:
        """Report whether every pair of neurons looks unlike one."""
        verdict = "every pair of neurons looks unlike one"
        if self.alpha <= THRESHOLDS.no_separation:
            verdict = "some pair of neurons looks like one, and moments need other inputs to tell"
        return StageReport(
            "separation",
            f"{verdict} (least singular value of the distinguishing matrix {self.alpha:.3g}, of A "
            f"{self.beta:.3g}, inputs white and outputs of unit size)",
            {"alpha": self.alpha, "beta": self.beta},
        )


def separation(problem: Problem, W: Array, A: Array) -> Separation:
    """Return α and β of a network in white coordinates, in one pass.

    It is taken in white coordinates, on the span of the rows of W (k, r), which are normalised.
    """
    basis = np.linalg.svd(W, full_matrices=False)[2].T
    sums = problem.source.reduce(
        _white_distinguishing_sums, problem.whitening.transform @ basis, unit_rows(W) @ basis
    )
    size = basis.shape[1] ** 2
    columns = [sums["M xx"].reshape(-1, size), sums["xx"].reshape(1, size)]
    M = np.concatenate(columns) / sums["total"]
    return Separation(
        alpha=float(np.linalg.svd(M, compute_uv=False).min()),
        beta=float(np.linalg.svd(A * np.linalg.norm(W, axis=1), compute_uv=False).min()),
    )


def _white_distinguishing_sums(batch: Batch, transform: AnyArray, W: AnyArray) -> dict[str, Sum]:
    return _distinguishing_sums(replace(batch, X=batch.X @ transform), W)


def _distinguishing_sums(batch: Batch, W: AnyArray) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    H = batch.X @ W.T
    k = H.shape[1]
    # A leading column without entries: one neuron has no pairs, and the answer no columns.
    pairs = [H[:, :0], *(H[:, i : i + 1] * H[:, i + 1 :] for i in range(k - 1))]
    products = xp.concat(pairs, axis=1)
    return product_sums(batch, xp.where(products < 0.0, products, 0.0 * products))
