"""The moment estimate: the paper's pipeline in its robust form.

The steps are those of Algorithm 4, each made to hold out against sampling noise:

1. *Reduction.* Singular vectors of ``B = A W`` in white coordinates: x and y shrink to k numbers.
2. *Linear part again*, now with the products ``x_i x_j`` as further regressors. They are even, so
   with exact moments they change nothing; in a sample they explain most of the even part of y,
   which is the larger part of the noise of ``B``.
3. *Detector* (Lemma 9), both sides white: y has identity second moments, the test functions
   ``x_i x_j`` are centred and decorrelated (two-stage least squares).
4. *Joint diagonalisation* of the whole null space instead of one pencil from it.
5. *Signs and weights*: ``E[z_iᵀy] ≥ 0`` and Algorithm 1 on ``z_iᵀy``.

All data are used for every step: splitting them, as Algorithms 3 and 4 do for the sake of the
proof, costs more than it gains.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import array_api_compat
import numpy as np

from pureneuron.linalg import across, inverse, row_products, svd
from pureneuron.problem import Problem
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Sum
from pureneuron.spectral.diagonalization import joint_diagonalize
from pureneuron.spectral.linear import LinearPart
from pureneuron.spectral.symmetric import symmetric_products, unvec_star, vec_star
from pureneuron.typing import AnyArray, Array

__all__ = [
    "THRESHOLDS",
    "MomentEstimate",
    "Thresholds",
    "estimate_from",
    "moment_estimate",
    "moment_sums",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide in the moment estimate, each with the command that shows its effect.

    Attributes
    ----------
    least_variance : float
        Share of the largest variance below which combinations of test functions are not weighted up
        any further: their variance is itself an estimate (benchmarks/recovery.py).
    least_output : float
        Share of the largest variance of the outputs to which a smaller one is raised before they
        are made white (rounding).
    least_control : float
        Share of the largest power of a regressor below which one has no variance, and keeps its
        scale (rounding).
    dependent : float
        Eigenvalue of the regressors' scaled Gram matrix, times its size and relative to the
        largest, below which regressors are linearly dependent (rounding).
    """

    least_variance: float = 1e-3
    least_output: float = 1e-12
    least_control: float = 1e-12
    dependent: float = 1e-14


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class MomentEstimate:
    """What the moments say.

    Attributes
    ----------
    W : (k, r) array
        Rows of W in white coordinates, not normalised.
    A : (m, k) array
        Output weights, in units of the outputs' root mean square.
    spectrum : (K,) array
        Singular values of the detector matrix T, descending, ``K = k(k+1)/2``; the last k would be
        zero with exact moments.
    directions : (k, k) array
        Rows of Z, the pure directions in white output coordinates.
    misfit : float
        Share of T's null space that no set of k directions explains.
    condition : float
        Condition number of the matrix Z of directions, in white output coordinates.
    """

    W: Array
    A: Array
    spectrum: Array
    directions: Array
    misfit: float
    condition: float

    @property
    def gap(self) -> float:
        """Ratio of T's least singular value that should be there to its largest that should not.

        1 says that the null space is not determined.
        """
        k = len(self.W)
        if len(self.spectrum) == k:
            return np.inf
        return float(self.spectrum[-k - 1] / max(self.spectrum[-k], np.finfo(np.float64).tiny))

    def describe(self) -> StageReport:
        """Report the gap of the detector and how well its null space diagonalises."""
        return StageReport(
            "moments",
            f"{len(self.W)} directions; gap of the detector {self.gap:.3g}, "
            f"misfit {self.misfit:.2g}, condition {self.condition:.2g}",
            {
                "spectrum": self.spectrum,
                "gap": self.gap,
                "misfit": self.misfit,
                "condition": self.condition,
            },
        )


def moment_estimate(
    problem: Problem, part: LinearPart, n_neurons: int, *, rng: np.random.Generator
) -> MomentEstimate:
    """Estimate a network of k neurons from moments, in one pass.

    Parameters
    ----------
    problem : Problem
        Samples in white coordinates, without biases.
    part : LinearPart
        The linear part, of rank at least k.
    n_neurons : int
        k.
    rng : numpy.random.Generator
        Draws the starts of the diagonalisation.
    """
    P, R = part.outputs[:, :n_neurons], part.inputs[:, :n_neurons]
    M = problem.samples.reduce(moment_sums, P, R)["moments"] / problem.total
    return estimate_from(M, P, R, negative_slope=problem.activation.negative_slope, rng=rng)


def estimate_from(
    M: Array,
    P: Array,
    R: Array,
    *,
    negative_slope: float,
    rng: np.random.Generator,
    start: Array | None = None,
) -> MomentEstimate:
    """Estimate a network from moments alone, without data.

    Parameters
    ----------
    M : array
        What :func:`moment_sums` gathers, over the sum of the weights.
    P, R : (m, k) and (r, k) arrays
        The output and input directions to which it is reduced.
    negative_slope : float
        Slope of σ on the negative side.
    rng : numpy.random.Generator
        Draws the starts of the diagonalisation.
    start : (k, k) array, optional
        Directions to start it from instead.
    """
    k, slope = P.shape[1], negative_slope
    moments = _reduced_moments(M, k)

    B = 2.0 / (1.0 + slope) * _controlled_regression(moments)
    # A leaky rectifier is a linear map plus (1 − s) times a ReLU: take the linear map off.
    moments = moments.with_outputs(np.eye(k) / (1.0 - slope), -slope / (1.0 - slope) * B)

    values, vectors = np.linalg.eigh(moments.yy)
    floor = values[-1] * THRESHOLDS.least_output
    whiten = (vectors / np.sqrt(np.maximum(values, floor))) @ vectors.T
    white = moments.with_outputs(whiten, np.zeros_like(B))
    linear = whiten @ B

    T = _detector_matrix(white, linear)
    _, spectrum, right = svd(T)
    solution = joint_diagonalize(unvec_star(right[-k:]), rng=rng, start=start)
    Z = solution.directions
    Z = Z * np.where(Z @ white.y < 0.0, -1.0, 1.0)[:, None]
    Z_inverse, condition = inverse(Z)
    return MomentEstimate(
        W=Z @ linear @ R.T,
        A=P @ inverse(whiten)[0] @ Z_inverse,
        spectrum=spectrum,
        directions=Z,
        misfit=solution.misfit,
        condition=condition,
    )


@dataclass(frozen=True)
class _ReducedMoments:
    """Moments of the reduced x and y (k each) and of ``φ = vec*(xxᵀ) − E[vec*(xxᵀ)]`` (K)."""

    x: Array
    y: Array
    xx: Array
    xy: Array
    yy: Array
    phi_x: Array
    phi_y: Array
    phi_phi: Array
    phi_xy: Array  # (K, k, k): E[φ x_a y_b]
    phi_yy: Array  # (K, k, k)
    phi_xx: Array  # (K, k, k)

    def with_outputs(self, M: Array, L: Array) -> _ReducedMoments:
        """Return the moments for outputs ``M y + L x`` in place of y."""
        xy = self.xy @ M.T + self.xx @ L.T
        cross = L @ self.phi_xy @ M.T
        return _ReducedMoments(
            x=self.x,
            y=M @ self.y + L @ self.x,
            xx=self.xx,
            xy=xy,
            yy=M @ self.yy @ M.T + M @ self.xy.T @ L.T + L @ self.xy @ M.T + L @ self.xx @ L.T,
            phi_x=self.phi_x,
            phi_y=self.phi_y @ M.T + self.phi_x @ L.T,
            phi_phi=self.phi_phi,
            phi_xy=self.phi_xy @ M.T + self.phi_xx @ L.T,
            phi_yy=M @ self.phi_yy @ M.T + cross + cross.transpose(0, 2, 1) + L @ self.phi_xx @ L.T,
            phi_xx=self.phi_xx,
        )


def _controlled_regression(moments: _ReducedMoments) -> Array:
    """Regress y on x with φ and 1 as controls; return the (k, k) coefficients of x."""
    k, K = len(moments.x), len(moments.phi_phi)
    gram = np.block(
        [
            [moments.xx, moments.phi_x.T, moments.x[:, None]],
            [moments.phi_x, moments.phi_phi, np.zeros((K, 1))],
            [moments.x[None, :], np.zeros((1, K)), np.ones((1, 1))],
        ]
    )
    right = np.vstack([moments.xy, moments.phi_y, moments.y[None, :]])
    # Controls may be constant or dependent (x_i² = 1 for signs). Those of no variance are not
    # scaled, so that their rounding stays small; for dependent ones the minimum norm decides.
    power = np.diag(gram)
    scale = np.sqrt(np.where(power > THRESHOLDS.least_control * power.max(), power, 1.0))
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    kept = values > len(gram) * THRESHOLDS.dependent * values[-1]
    vectors = vectors[:, kept] / scale[:, None]
    return np.asarray(((vectors[:k] / values[kept]) @ (vectors.T @ right)).T)


def _detector_matrix(moments: _ReducedMoments, linear: Array) -> Array:
    """T of Lemma 9 with centred, decorrelated test functions: (K, K).

    Column (a, b) is the sample mean of ``φ ((Bx)_a y_b − y_a y_b)``, symmetrised; since ``B``
    stands for ``2 E[yxᵀ] E[xxᵀ]⁻¹``, this is the paper's f, term by term.
    """
    products = linear @ moments.phi_xy
    T = vec_star(0.5 * (products + products.transpose(0, 2, 1)) - moments.phi_yy)
    values, vectors = np.linalg.eigh(moments.phi_phi)
    largest = max(values[-1], np.finfo(np.float64).tiny)
    values = np.maximum(values, THRESHOLDS.least_variance * largest)
    return np.asarray((vectors / np.sqrt(values)).T @ T)


def _reduced_moments(M: Array, k: int) -> _ReducedMoments:
    # Rows: 1, x, φ. Columns: 1, x, y, φ, x⊗y, vec*(yyᵀ).
    K = k * (k + 1) // 2
    one, x, phi = slice(0, 1), slice(1, 1 + k), slice(1 + k, 1 + k + K)
    edges = np.cumsum([0, 1, k, k, K, k * k, K])
    c_one, c_x, c_y, c_phi, c_xy, c_yy = (slice(a, b) for a, b in pairwise(edges))
    mean_phi = M[phi, c_one]

    def centred(columns: slice) -> Array:
        return np.asarray(M[phi, columns] - mean_phi * M[one, columns])

    phi_phi = centred(c_phi)
    return _ReducedMoments(
        x=M[x, c_one][:, 0],
        y=M[one, c_y][0],
        xx=M[x, c_x],
        xy=M[x, c_y],
        yy=unvec_star(M[one, c_yy][0]),
        phi_x=centred(c_x),
        phi_y=centred(c_y),
        phi_phi=phi_phi,
        phi_xy=centred(c_xy).reshape(K, k, k),
        phi_yy=unvec_star(centred(c_yy)),
        phi_xx=unvec_star(phi_phi),
    )


def moment_sums(batch: Batch, P: AnyArray, R: AnyArray) -> dict[str, Sum]:
    """Sum all products of the reduced x and y that the estimate is made of, up to fourth order."""
    xp = array_api_compat.array_namespace(batch.X)
    x, y = batch.X @ R, batch.Y @ P
    one = xp.ones((x.shape[0], 1), dtype=x.dtype, device=array_api_compat.device(x))
    weight = one
    if "root" in batch.extra:
        # Products of four factors would carry w²: take the root off, and weigh once.
        root = batch.extra["root"]
        inverse = xp.where(root > 0.0, 1.0 / xp.where(root > 0.0, root, one), 0.0 * one)
        x, y, weight = x * inverse, y * inverse, root * root
    phi = symmetric_products(x, x)
    xy = row_products(across(x), across(y)).T
    left = xp.concat([one, x, phi], axis=1)
    right = xp.concat([one, x, y, phi, xy, symmetric_products(y, y)], axis=1)
    return {"moments": Sum(left.T @ (weight * right))}
