"""The Gauss–Newton matrix of Gaussian inputs where hidden biases are fitted, in closed form.

A bias is the weight of an input that is always 1. White coordinates then are ``x = g + c``, with c
the unit vector of the constant and g standard normal across it; a unit row is
``w_a = ρ_a (u_a + τ_a c)`` with a unit vector ``u_a ⟂ c``, and its pre-activation is positive where
``u_a·g > −τ_a``. By Stein's identity, with r the cosine of u_a and u_b,

    E[D_a D_b xxᵀ]  =  P_ab I  +  α_ab u_a u_aᵀ + α_ba u_b u_bᵀ + η_ab (u_a u_bᵀ + u_b u_aᵀ)
                       +  c mᵀ + m cᵀ,        m = κ_ab u_a + κ_ba u_b,
    E[h_b D_a x]    =  ρ_b (P_ab u_b + β_ab u_a + γ_ab c),

where P is the chance that both are on, κ_ab the density of a at its kink while b is on, and η the
density of both at their kinks; slopes below zero mix these with those of one neuron alone. So the
matrix of :mod:`.gaussian_inputs` is known here as well: products of k × k matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.linalg import gram_inverse
from pureneuron.model import ThresholdKernels, unit_rows
from pureneuron.optimize.least_squares.gaussian_inputs import THRESHOLDS as GAUSSIAN
from pureneuron.optimize.least_squares.gaussian_inputs import (
    correlations,
    solve_turning,
    turning,
)
from pureneuron.typing import Array

__all__ = ["BiasedGaussianMatrix", "SplitRows"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    least_length : float
        Length across the constant below which a unit does not depend on the inputs (rounding).
    most_threshold : float
        Standard deviations from zero at which a unit is always on, or always off (rounding).
    """

    least_length: float = 1e-9
    most_threshold: float = 35.0


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class SplitRows:
    """Unit rows ``w_a = ρ_a (u_a + τ_a c)`` along and across the constant input.

    Attributes
    ----------
    constant : (r,) array
        c.
    directions : (k, r) array
        Unit vectors u.
    lengths, thresholds : (k,) arrays
        ρ, τ.
    cosines : (k, k) array
        Of the directions.
    """

    constant: Array
    directions: Array
    lengths: Array
    thresholds: Array
    cosines: Array

    @classmethod
    def of(cls, W: Array, constant: Array) -> SplitRows:
        """Split rows (k, r), with the white coordinates (r,) of the function that is 1."""
        c = unit_rows(constant[None])[0]
        along = W @ c
        across = W - along[:, None] * c
        lengths = np.maximum(np.linalg.norm(across, axis=1), THRESHOLDS.least_length)
        most = THRESHOLDS.most_threshold
        U = across / lengths[:, None]
        # Two neurons nearer than that are as good as one; the kernels have a pole there.
        nearest = np.sqrt(1.0 - GAUSSIAN.least_sine**2)
        cosines = np.clip(correlations(U), -nearest, nearest)
        np.fill_diagonal(cosines, 1.0)
        return cls(c, U, lengths, np.clip(along / lengths, -most, most), cosines)


class BiasedGaussianMatrix:
    """The damped Gauss–Newton matrix, an operator on arrays (k, r) with rows orthogonal to W's.

    Parameters
    ----------
    W : (k, r) array
        Unit rows.
    split : SplitRows
        The same rows, along and across the constant input.
    coupling : (k, k) array
        ``Q = AᵀA``.
    kernels : ThresholdKernels
        Of the activation, at the thresholds and cosines of the rows.
    damping : (k,) array
        What is added to the diagonal, neuron by neuron.
    intercept : bool
        Whether an output bias is projected out as well.
    """

    def __init__(
        self,
        W: Array,
        split: SplitRows,
        coupling: Array,
        kernels: ThresholdKernels,
        damping: Array,
        *,
        intercept: bool,
    ) -> None:
        self._W, self._c, self._Q, self._U = W, split.constant, coupling, split.directions
        tau, r, rho = split.thresholds, split.cosines, split.lengths
        P, kinks, both = kernels.slopes, kernels.kinks, kernels.both_kinks
        # Rows: the neuron whose slope it is; columns: the one whose activation or change.
        beta = kinks * (tau - r * tau[:, None]) + (1.0 - r**2) * both
        gamma = P * tau + r * kinks + kinks.T
        gram = rho * rho[:, None] * (P * r + beta + gamma * tau[:, None])
        self._P, self._beta, self._gamma, self._rho = P, beta, gamma, rho
        self._intercept = intercept
        if intercept:
            mean = rho * (kernels.kink + tau * kernels.slope)
            self._beta = np.column_stack([beta, kernels.kink])
            self._gamma = np.column_stack([gamma, kernels.slope])
            self._P = np.column_stack([P, np.zeros(len(W))])
            self._rho = np.append(rho, 1.0)
            gram = np.block([[gram, mean[:, None]], [mean[None], np.ones((1, 1))]])
        self._gram_inverse = gram_inverse(0.5 * (gram + gram.T))
        alpha = -tau[:, None] * kinks - r * both
        self._Qalpha, self._Qboth, self._Qkinks = (coupling * M for M in (alpha, both, kinks))
        self._QP = coupling * P + np.diag(damping)
        self._inverse = gram_inverse(self._QP)

    def __matmul__(self, V: Array) -> Array:
        U, c, k = self._U, self._c, len(V)
        C, t = U @ V.T, V @ c
        s = C.diagonal()
        along = np.sum(self._Qalpha * C, axis=1) + self._Qboth @ s + self._Qkinks @ t
        others = self._Qalpha.T * s + self._Qboth * C + self._Qkinks.T * t
        constant = np.sum(self._Qkinks * C, axis=1) + self._Qkinks.T @ s
        # What the activations explain of the change, and is projected out.
        if self._intercept:
            C = np.vstack([C, np.zeros((1, k))])
        X = self._rho[:, None] * (self._P.T * C + self._beta.T * s + self._gamma.T * t)
        S = (self._gram_inverse @ (X @ self._Q)).T * self._rho
        along -= np.sum(S * self._beta, axis=1)
        constant -= np.sum(S * self._gamma, axis=1)
        others -= (S * self._P)[:, :k]
        out = self._QP @ V + others @ U + along[:, None] * U + constant[:, None] * c
        return turning(out, self._W)

    def solve(self, gradient: Array) -> Array:
        """Solve against a gradient, roughly, by conjugate gradients."""
        return solve_turning(self, self._inverse, gradient, self._W)
