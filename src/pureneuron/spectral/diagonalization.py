"""From the span of ``z_i z_iᵀ`` to the directions z_i.

Lemma 5: for two random elements X, Y of the span, the z_i are the only eigenvectors of ``X Y⁻¹``.
That is exact but sensitive to noise: eigenvalues of the pencil coincide, pairs become complex, and
one direction comes out twice. All k basis matrices of the span together determine the directions
far better than any two of them; :func:`joint_diagonalize` fits them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.linalg import inverse, svd
from pureneuron.model import unit_rows
from pureneuron.typing import Array

__all__ = [
    "THRESHOLDS",
    "JointDiagonalization",
    "Thresholds",
    "joint_diagonalize",
    "orthogonal_directions",
    "pencil_directions",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide in the diagonalisation, each with the command that shows its effect.

    Attributes
    ----------
    ridge : float
        Added to the unit diagonal of the alternating least-squares systems: they stay solvable
        while two directions coincide, and no solution is biased where none do (rounding).
    sweeps : int
        Sweeps between two computations of the misfit (no benchmark covers it).
    solved : float
        Misfit that ends the search: rounding of a squared norm (rounding).
    stalled, slow : float
        Decrease of the misfit from one computation to the next that ends the search, absolute and
        as a share of the misfit; both add up (benchmarks/recovery.py).
    most_steps : int
        Most steps towards orthogonal directions (benchmarks/surety.py, benchmarks/cost.py).
    last_turn : float
        The steps end when the cosine of the turn of every direction is within this of 1
        (benchmarks/surety.py, benchmarks/cost.py).
    singular : float
        Square of a singular value, relative to the largest, below which a polar factor from the
        eigenvalues would keep less than half of its digits (rounding).
    """

    ridge: float = 1e-14
    sweeps: int = 5
    solved: float = 1e-24
    stalled: float = 1e-10
    slow: float = 1e-4
    most_steps: int = 20
    last_turn: float = 1e-2
    singular: float = 1e-8


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class JointDiagonalization:
    """Directions that diagonalise a stack of symmetric matrices.

    Attributes
    ----------
    directions : (k, k) array
        Rows z_i of unit length, sign and order arbitrary.
    misfit : float
        Share of the stack's squared norm that ``Σ_i c_ji z_i z_iᵀ`` leaves unexplained.
    """

    directions: Array
    misfit: float


def pencil_directions(first: Array, second: Array) -> tuple[Array, int]:
    """Return the eigenvectors of ``first · second⁻¹`` as unit rows (Lemma 5).

    A complex pair has no direction of its own: it is replaced by an orthonormal basis of the plane
    it spans, so that the rows stay independent.

    Returns
    -------
    directions : (k, k) array
        Unit rows.
    n_complex : int
        How many rows stand for complex eigenvectors; any at all says that the directions they
        replace could not be told apart.
    """
    values, vectors = np.linalg.eig(first @ inverse(second)[0])
    upper = values.imag > 0.0
    planes = [
        np.linalg.qr(np.column_stack([vector.real, vector.imag]))[0].T
        for vector in vectors.T[upper]
    ]
    rows = [vectors.T[values.imag == 0.0].real, *planes]
    return unit_rows(np.concatenate(rows)), 2 * int(upper.sum())


def joint_diagonalize(
    stack: Array,
    *,
    rng: np.random.Generator | int | None = None,
    n_restarts: int = 10,
    max_iter: int = 300,
    start: Array | None = None,
) -> JointDiagonalization:
    """Fit ``stack_j ≈ Σ_i c_ji z_i z_iᵀ`` for all j at once.

    Alternating least squares on the k directions (a canonical polyadic decomposition with two equal
    factors), started from the pencils of random pairs in the span and from random directions; all
    restarts advance together and the best fit wins.

    Parameters
    ----------
    stack : (p, k, k) array
        Symmetric matrices; for the span of Lemma 4, an orthonormal basis of it.
    rng : Generator, int or None
        Draws the starts.
    n_restarts : int
        Number of starts.
    max_iter : int
        Most sweeps over the three factors.
    start : (k, k) array, optional
        Directions to start from, in place of all others.
    """
    rng = np.random.default_rng(rng)
    p, k, _ = stack.shape
    total = float(np.sum(stack**2))
    if total == 0.0:
        raise ValueError("stack is zero: every set of directions diagonalises it")
    if start is not None:
        left = start[None]
    else:
        left = np.stack([_start(stack, pencil=i % 2 == 0, rng=rng) for i in range(n_restarts)])
    right, n_restarts = left.copy(), len(left)
    by_matrix = stack.reshape(p, k * k)
    by_row = stack.transpose(1, 0, 2).reshape(k, p * k)
    misfit = np.full(n_restarts, np.inf)
    for sweep in range(max_iter):
        outer = (left[:, :, :, None] * right[:, :, None, :]).reshape(n_restarts, k, k * k)
        scales = _solve((left @ _t(left)) * (right @ _t(right)), outer @ by_matrix.T)
        # The stack is symmetric, so both factors solve against the same unfolding.
        left, right = (_update(scales, right, by_row), right)
        right = _update(scales, left, by_row)
        if (sweep + 1) % THRESHOLDS.sweeps == 0:
            outer = (left[:, :, :, None] * right[:, :, None, :]).reshape(n_restarts, k, k * k)
            scales = _solve((left @ _t(left)) * (right @ _t(right)), outer @ by_matrix.T)
            residual = by_matrix - _t(scales) @ outer
            previous, misfit = misfit, np.sum(residual**2, axis=(1, 2)) / total
            least_decrease = THRESHOLDS.stalled + THRESHOLDS.slow * misfit
            if misfit.min() < THRESHOLDS.solved or np.all(previous - misfit <= least_decrease):
                break
    winner = int(misfit.argmin())
    sign = np.sign(np.sum(left[winner] * right[winner], axis=1, keepdims=True))
    return JointDiagonalization(
        directions=unit_rows(left[winner] + np.where(sign < 0.0, -1.0, 1.0) * right[winner]),
        misfit=float(misfit[winner]),
    )


def orthogonal_directions(stack: Array) -> Array:
    """Find the orthonormal directions that come nearest to diagonalising all matrices at once.

    The sum over matrices and directions of ``(vᵀ M v)²`` is maximised from the eigenvectors of the
    first: each step is the orthonormal matrix nearest to the gradient. That is a power method; it
    converges cubically near the maximum and costs a few matrix products. It stops early, and works
    in single precision.

    Parameters
    ----------
    stack : (p, k, k) array
        Symmetric matrices.

    Returns
    -------
    directions : (k, k) array
        Orthonormal rows.
    """
    V = np.linalg.eigh(stack[0])[1].T
    matrices = stack.astype(np.float32)
    for _ in range(THRESHOLDS.most_steps):
        V_single = V.astype(np.float32)
        images = V_single @ matrices
        values = np.einsum("jar,ar->ja", images, V_single)
        before, V = V, _nearest_rotation(np.einsum("ja,jar->ar", values, images).astype(np.float64))
        if np.sum(before * V, axis=1).min() > 1.0 - THRESHOLDS.last_turn:
            break
    return V


def _nearest_rotation(M: Array) -> Array:
    """Return the orthonormal matrix nearest to ``M``, the polar factor ``(MMᵀ)^(-1/2) M``."""
    values, vectors = np.linalg.eigh(M @ M.T)
    if values[0] > THRESHOLDS.singular * values[-1]:
        return np.asarray((vectors / np.sqrt(values)) @ (vectors.T @ M))
    left, _, right = svd(M)
    return left @ right


def _start(stack: Array, *, pencil: bool, rng: np.random.Generator) -> Array:
    p, k, _ = stack.shape
    if not pencil:
        return unit_rows(rng.standard_normal((k, k)))
    first, second = np.tensordot(rng.standard_normal((2, p)), stack, 1)
    return pencil_directions(first, second)[0]


def _update(scales: Array, other: Array, by_row: Array) -> Array:
    """Least squares for one factor, with the scales (r, k, p) and the other factor fixed."""
    n, k, _ = scales.shape
    outer = (scales[:, :, :, None] * other[:, :, None, :]).reshape(n, k, -1)
    return unit_rows(_solve((scales @ _t(scales)) * (other @ _t(other)), outer @ by_row.T))


def _solve(gram: Array, right: Array) -> Array:
    diagonal = np.einsum("nii->ni", gram)
    scale = 1.0 / np.sqrt(np.maximum(diagonal, np.finfo(np.float64).tiny))
    scaled = gram * scale[:, :, None] * scale[:, None, :]
    scaled = scaled + THRESHOLDS.ridge * np.eye(gram.shape[-1])
    return np.asarray(scale[:, :, None] * np.linalg.solve(scaled, scale[:, :, None] * right))


def _t(stack: Array) -> Array:
    return stack.transpose(0, 2, 1)
