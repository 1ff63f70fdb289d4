"""The information that the rows hold on the parameters of a fit, and its inverse.

Parameters are the output weights A (m, q; biases and a linear part are columns of it), white rows W
(k, r), and the slope of σ where it is fitted. In the outputs ``H Aᵀ``, with ``F = [D_a x]`` (n, kr)
and Z the derivative of the activations with respect to the slope, a change of the parameters makes

    δy_j  =  H δA_j  +  Σ_a A_ja (D_a x·δw_a)  +  δs Σ_a A_ja z_a.

A positive factor moves freely between w_a and A_a: rows of W change at right angles to themselves
only (the *gauge*). A is projected out; what is left of the information is the Gauss–Newton matrix
of W and the slope, and its inverse gives all other parts (Schur complement):

    K_WW = G (Gᵀ M G)⁻¹ Gᵀ,      K_AW = −L K_WW,      K_AA = I ⊗ (HᵀH)⁻¹ + L K_WW Lᵀ,

where G spans the gauge and L is the change of A that follows a change of W.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from pureneuron.linalg import gram_inverse, row_products
from pureneuron.model import Activation, LeakyReLU
from pureneuron.optimize import Fit, Point, single_suffices
from pureneuron.optimize.least_squares.kernels import THRESHOLDS as KERNELS
from pureneuron.optimize.least_squares.kernels import activations_across, like, pattern_sums
from pureneuron.optimize.least_squares.pattern import lift
from pureneuron.problem import Problem, n_unknowns
from pureneuron.problem.rows import weight_sums
from pureneuron.samples import Batch, Samples, Sum
from pureneuron.typing import AnyArray, Array

__all__ = [
    "Information",
    "LargeSolver",
    "Thresholds",
    "information",
    "is_affordable",
    "is_small",
    "large_solver",
    "slope_derivative",
    "telling_rows",
    "weight_errors",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most_weights, most_unknowns : int
        Entries of W, and unknowns in all, up to which the information is formed (cost.py).
    most_factored : int
        Entries of W up to which the Gauss–Newton matrix is factored, if it is asked for (cost.py).
    enough_rows, enough_equations : float
        Rows, and equations for each unknown, that show the information well enough: where there are
        more, it is that of every n-th row (calibration).
    singular : float
        Eigenvalue of the scaled matrix that is zero (rounding).
    at_kink : float
        Pre-activation of a white row that is zero (rounding).
    """

    most_weights: int = 400
    most_unknowns: int = 1600
    most_factored: int = 5000
    enough_rows: float = 5000.0
    enough_equations: float = 50.0
    singular: float = 1e-10
    at_kink: float = 1e-9


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class _OffAtKink(LeakyReLU):
    """A neuron that is off in rows at its kink, too, as it is for one of the ways it may move."""

    def slopes(self, Z: AnyArray) -> AnyArray:
        return super().slopes(Z - THRESHOLDS.at_kink)


@dataclass(frozen=True, eq=False)
class Information:
    """Second moments of the derivatives of the outputs, means over the rows, and their inverse.

    The unknowns beside A are w in number: W row by row, then the slope where it is fitted.

    Attributes
    ----------
    point : Point
        Where.
    gram, gram_inverse : (q, q) arrays
        ``HᵀH`` and its inverse, over the same rows as the rest.
    cross : (m, q, w) array
        Between the entries of A and the other unknowns.
    FF, HF : (k r, k r) and (q, k r) arrays
        ``FᵀF`` and ``HᵀF``.
    HZ : (q, k) array or None
        ``HᵀZ``; None where the slope is given.
    slope_moments : tuple of arrays or None
        ``FᵀZ`` (kr, k) and ``ZᵀZ`` (k, k).
    inverse : (w, w) array
        ``K_WW``.
    null : (w, z) array
        Orthonormal directions without any information, beside the gauge.
    """

    point: Point
    gram: Array
    gram_inverse: Array
    cross: Array
    FF: Array
    HF: Array
    HZ: Array | None
    slope_moments: tuple[Array, Array] | None
    inverse: Array
    null: Array

    @property
    def fits_slope(self) -> bool:
        """Whether the slope is among the unknowns."""
        return self.slope_moments is not None

    @property
    def follow(self) -> Array:
        """L: minus the change of A, (m, q, w), that makes up for one of W and the slope."""
        return np.asarray(np.einsum("bc,mcw->mbw", self.gram_inverse, self.cross))

    def score_covariance(self, noise: Array) -> Array:
        """Return the covariance (p, p) of a row's score for noise that is the same in all rows.

        Parameters
        ----------
        noise : (m, m) array
            Covariance of the noise between outputs.
        """
        m, q, w = self.cross.shape
        S = np.empty((m * q + w, m * q + w))
        S[: m * q, : m * q] = np.kron(noise, self.gram)
        cross = np.tensordot(noise, self.cross, 1).reshape(m * q, w)
        S[: m * q, m * q :], S[m * q :, : m * q] = cross, cross.T
        columns = self.point.columns
        S[m * q :, m * q :] = _curvature(columns.T @ noise @ columns, self.FF, self.slope_moments)
        return S

    def bread(self) -> Array:
        """Return ``K`` (p, p), unknowns in the order A row by row, W row by row, slope."""
        m, q, w = self.cross.shape
        follow = self.follow.reshape(m * q, w)
        AW = -follow @ self.inverse
        K = np.empty((m * q + w, m * q + w))
        K[m * q :, m * q :] = self.inverse
        K[: m * q, m * q :], K[m * q :, : m * q] = AW, AW.T
        K[: m * q, : m * q] = np.kron(np.eye(m), self.gram_inverse) - AW @ follow.T
        return K


def is_small(problem: Problem, n_neurons: int) -> bool:
    """Tell whether the information on k neurons is small enough to be formed."""
    few = n_neurons * problem.n_inputs <= THRESHOLDS.most_weights
    return few and n_unknowns(problem, n_neurons) <= THRESHOLDS.most_unknowns


def is_affordable(fit: Fit) -> bool:
    """Tell whether the Gauss–Newton matrix of W can be factored."""
    return fit.point.W.size <= THRESHOLDS.most_factored


def information(fit: Fit, *, fits_slope: bool = False, all_rows: bool = False) -> Information:
    """Gather the information at a fit, in one pass.

    Parameters
    ----------
    fit : Fit
        The fit, small enough (:func:`is_small`).
    fits_slope : bool
        Whether the slope is an unknown, too.
    all_rows : bool
        Whether to look at every row, though some would do.
    """
    problem, point = fit.problem, fit.point
    W, A, activation = point.W, point.A, problem.activation
    if fit.is_exact:
        # A descent may push a kink up to a row, and no further: that row holds nothing in place.
        activation = _OffAtKink(activation.negative_slope)
    rows = problem.samples if all_rows else telling_rows(problem, fit.n_neurons)
    calls: list[tuple[Any, ...]] = [(pattern_sums, W, A, activation), (weight_sums,)]
    if fits_slope:
        calls.append((_slope_sums, W, activation))
    sums, counted, *of_slope = rows.reduce_together(calls)
    total = float(counted["total"])
    FF, HF, gram = _moments(sums["FF"] / total, W, problem.n_beside)
    k, N = len(W), W.size
    m, q = A.shape
    cross = (point.columns[:, None, :, None] * HF.reshape(q, k, -1)).reshape(m, q, N)
    slope, HZ = None, None
    if of_slope:
        HZ = of_slope[0]["HZ"] / total
        slope = of_slope[0]["FZ"] / total, of_slope[0]["ZZ"] / total
        of_A = (HZ @ point.columns.T).T
        cross = np.concatenate([cross, of_A[:, :, None]], axis=2)
    whole = _curvature(point.coupling, FF, slope)
    gram_inv = gram_inverse(gram)
    left = np.einsum("bc,mcw->mbw", gram_inv, cross).reshape(m * q, -1)
    inverse, null = _gauge_inverse(whole - left.T @ cross.reshape(m * q, -1), whole, W)
    return Information(point, gram, gram_inv, cross, FF, HF, HZ, slope, inverse, null)


def weight_errors(fit: Fit, known: Information) -> Array:
    """Return the standard errors (k, r) of white rows if noise is independent and alike.

    Parameters
    ----------
    fit : Fit
        The fit.
    known : Information
        At that fit, or one near it.
    """
    W, problem = fit.point.W, fit.problem
    variance = known.inverse.diagonal()[: W.size] * fit.noise_variance / problem.n_effective
    return np.sqrt(np.maximum(variance, 0.0)).reshape(W.shape)


def telling_rows(problem: Problem, n_neurons: int) -> Samples:
    """Return rows that show second moments of derivatives well enough."""
    per_output = n_unknowns(problem, n_neurons) / problem.n_outputs
    enough = max(THRESHOLDS.enough_rows, THRESHOLDS.enough_equations * per_output)
    if problem.kept is not None and enough <= len(problem.kept):
        return problem.thinned(enough).samples
    return problem.samples.every_nth(max(int(problem.n_rows // enough), 1))


def _moments(FF: Array, W: Array, n_beside: int) -> tuple[Array, Array, Array]:
    """Return ``FᵀF`` and ``HᵀF`` without the columns beside the activations, and ``HᵀH``."""
    up, N = lift(W, n_beside), W.size
    HF = up.T @ FF
    return FF[:N, :N], HF[:, :N], HF @ up


def _curvature(coupling: Array, FF: Array, slope: tuple[Array, Array] | None) -> Array:
    """Return the moments of F and Z times ``Σ_j A_ja A_jb``, the coupling, (w, w)."""
    k, N = len(coupling), len(FF)
    r = N // k
    curvature = (FF.reshape(k, r, k, r) * coupling[:, None, :, None]).reshape(N, N)
    if slope is None:
        return np.asarray(curvature)
    FZ, ZZ = slope
    border = np.sum(FZ.reshape(k, r, k) * coupling[:, None, :], axis=2).reshape(N, 1)
    corner = np.array([[np.sum(ZZ * coupling)]])
    return np.block([[curvature, border], [border.T, corner]])


def _gauge_inverse(M: Array, whole: Array, W: Array) -> tuple[Array, Array]:
    """Invert M within the gauge; directions whose eigenvalue is rounding are left out.

    Scaled by the curvature before A is projected out: what is left of that may be rounding all
    over.
    """
    gauge = _gauge(W, len(M) - W.size)
    M, whole = gauge.T @ M @ gauge, gauge.T @ whole @ gauge
    scale = np.sqrt(whole.diagonal())
    scale = np.where(scale > 0.0, scale, 1.0)
    values, vectors = np.linalg.eigh(M / np.outer(scale, scale))
    regular = values > THRESHOLDS.singular
    moves = gauge @ (vectors / scale[:, None])
    inverse = (moves[:, regular] / values[regular]) @ moves[:, regular].T
    null = np.linalg.qr(moves[:, ~regular])[0]
    return np.asarray(inverse), null


def _gauge(W: Array, n_others: int) -> Array:
    """Return an orthonormal basis (w, w − k) of the changes of W at right angles to its rows."""
    k, r = W.shape
    turning = np.linalg.qr(W[:, :, None], mode="complete")[0][:, :, 1:]
    basis = np.zeros((k, r, k, r - 1))
    basis[np.arange(k), :, np.arange(k)] = turning
    gauge = np.zeros((k * r + n_others, k * (r - 1) + n_others))
    gauge[: k * r, : k * (r - 1)] = basis.reshape(k * r, k * (r - 1))
    gauge[k * r :, k * (r - 1) :] = np.eye(n_others)
    return gauge


def slope_derivative(X: AnyArray, H: AnyArray, W: AnyArray, activation: Activation) -> AnyArray:
    """Return ``Zᵀ`` (k, n) for X (r, n) and H (k + q, n), and W in the same precision.

    The derivative of the activations is ``min(t, 0) = (t − σ(t)) / (1 − s)``.
    """
    return (W @ X - H[: W.shape[0], :]) / (1.0 - activation.negative_slope)


def _slope_sums(batch: Batch, W: AnyArray, activation: Activation) -> dict[str, Sum]:
    FZ, HZ, ZZ = 0.0, 0.0, 0.0
    for part in batch.parts(KERNELS.pattern_rows):
        X, D, H = activations_across(part, W, activation)
        Z = slope_derivative(X, H, like(part, W), activation)
        FZ, HZ, ZZ = FZ + row_products(D, X) @ Z.T, HZ + H @ Z.T, ZZ + Z @ Z.T
    return {"FZ": Sum(FZ), "HZ": Sum(HZ), "ZZ": Sum(ZZ)}


@dataclass(frozen=True, eq=False)
class LargeSolver:
    """Solves for what scores move the estimate by, where the information is too large to invert.

    Attributes
    ----------
    point : Point
        The fit.
    HF : (q, k r) array
        ``HᵀF``.
    gram_inverse : (q, q) array
        Inverse of ``HᵀH``.
    factor : (k r, k r) array
        Lower triangular root of the Gauss–Newton matrix, with the gauge filled up.
    """

    point: Point
    HF: Array
    gram_inverse: Array
    factor: Array

    def moves(self, of_A: Array, of_W: Array) -> tuple[Array, Array]:
        """Return changes (b, m, q) of A and (b, k, r) of W.

        Parameters
        ----------
        of_A, of_W : (b, m, q) and (b, k r) arrays
            Scores.
        """
        k, r = self.point.W.shape
        b, columns = len(of_A), self.point.columns
        spanned = (of_A @ self.gram_inverse).transpose(0, 2, 1) @ columns
        spanned = np.einsum("qar,bqa->bar", self.HF.reshape(-1, k, r), spanned, optimize=True)
        beyond = of_W.reshape(b, k, r) - spanned
        W = linalg.cho_solve((self.factor, True), beyond.reshape(b, -1).T).T.reshape(b, k, r)
        follow = np.einsum("qar,bar->bqa", self.HF.reshape(-1, k, r), W, optimize=True)
        A = (of_A - (follow @ columns.T).transpose(0, 2, 1)) @ self.gram_inverse
        return A, W


def large_solver(fit: Fit) -> LargeSolver:
    """Form and factor the Gauss–Newton matrix at a fit, in one pass of n (k r)² multiplications."""
    problem, point = fit.problem, fit.point
    rows = problem.in_single_precision if single_suffices(fit.loss) else problem
    sums = rows.samples.reduce(pattern_sums, point.W, point.A, problem.activation)
    FF, HF, gram = _moments(sums["FF"] / problem.total, point.W, problem.n_beside)
    (k, r), N, inverse = point.W.shape, point.W.size, gram_inverse(gram)
    FF -= HF.T @ inverse @ HF
    M = FF.reshape(k, r, k, r)
    M *= point.coupling[:, None, :, None]
    mean = np.trace(FF) / N
    # A row of W that is stretched leaves the outputs as they are: fill that direction up.
    for a in range(k):
        M[a, :, a] += mean * np.outer(point.W[a], point.W[a])
    FF[np.diag_indices(N)] += THRESHOLDS.singular * mean
    return LargeSolver(point, HF, inverse, np.asarray(np.linalg.cholesky(FF), np.float64))
