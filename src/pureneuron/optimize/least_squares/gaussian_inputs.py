"""The Gauss–Newton matrix of Gaussian inputs, in closed form.

What makes the matrix costly is that it is a mean over rows of products of activation patterns. For
Gaussian inputs, white and about zero, those means are known. With unit rows w_a at angles θ_ab, and
``V`` that turns neurons and does not stretch them (``v_a ⟂ w_a``), slope 0 for now:

    E[D_a D_b xxᵀ] v_b  =  P_ab v_b + (w_a·v_b) / (2π sin θ_ab) w_b    up to a multiple of w_a,
    E[h_c D_a x·v_a]    =  P_ca (w_c·v_a),
    E[h_a h_b]          =  G_ab = (sin θ_ab + (π − θ_ab) cos θ_ab) / 2π

with ``P = (π − θ) / 2π``; the activation knows these kernels, for any slope
(:meth:`~pureneuron.model.activation.LeakyReLU.gaussian_kernels`). So the matrix,
``V ↦ E[(D ∘ (Π(D ∘ XVᵀ) Q))ᵀ X]`` with Π the projection off H, is

    V  ↦  (Q ∘ P) V + (K ∘ C − P ∘ (Q (P ∘ C)ᵀ G⁻¹)) W,    C = W Vᵀ,    K = Q / (2π sin θ),

less its part along the rows of W: a few products of k × k matrices, and no row of data. An
intercept is projected out too: G becomes the covariance of the activations.

The matrix of a data set is that, to within sampling noise, if its inputs are Gaussian; inputs that
are merely symmetric are near enough that a solution of this system is nearly one of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pureneuron.linalg import gram_inverse
from pureneuron.model import GaussianKernels
from pureneuron.optimize.conjugate_gradients import conjugate_gradients
from pureneuron.typing import Array

__all__ = ["GaussianMatrix", "correlations", "solve_turning", "turning"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    least_sine : float
        Sine of the angle below which two neurons are as good as one (success.py).
    accuracy, most_iterations : float, int
        Share of the preconditioned gradient that is left when a solution is good enough to stand
        for one of the data's own system; and most iterations (make bench).
    """

    least_sine: float = 1e-3
    accuracy: float = 0.1
    most_iterations: int = 30


THRESHOLDS = Thresholds()


def correlations(W: Array) -> Array:
    """Return the correlations (k, k) of pre-activations with unit rows W and white inputs."""
    cosine = np.clip(W @ W.T, -1.0, 1.0)
    np.fill_diagonal(cosine, 1.0)
    return cosine


class GaussianMatrix:
    """The damped Gauss–Newton matrix, an operator on arrays (k, r) with rows orthogonal to W's.

    Parameters
    ----------
    W : (k, r) array
        Unit rows.
    coupling : (k, k) array
        ``Q = AᵀA``.
    kernels : GaussianKernels
        Of the activation, at the :func:`correlations` of W.
    damping : (k,) array
        What is added to the diagonal, neuron by neuron.
    intercept : bool
        Whether an output bias is projected out as well.
    """

    def __init__(
        self,
        W: Array,
        coupling: Array,
        kernels: GaussianKernels,
        damping: Array,
        *,
        intercept: bool,
    ) -> None:
        gram = kernels.values - kernels.mean**2 if intercept else kernels.values
        self._W, self._Q = W, coupling
        self._P = kernels.slopes
        self._gram_inverse = gram_inverse(gram)
        self._K = kernels.kinks * coupling
        self._QP = coupling * self._P + np.diag(damping)
        self._inverse = gram_inverse(self._QP)

    def __matmul__(self, V: Array) -> Array:
        C = self._W @ V.T
        shared = self._Q @ (self._P * C).T @ self._gram_inverse
        shared *= self._P
        return turning(self._QP @ V + (self._K * C - shared) @ self._W, self._W)

    def solve(self, gradient: Array) -> Array:
        """Solve against a gradient, roughly: see :func:`solve_turning`."""
        return solve_turning(self, self._inverse, gradient, self._W)


class Matrix(Protocol):
    """An operator on arrays (k, r)."""

    def __matmul__(self, V: Array) -> Array:
        """Apply it."""
        ...


def solve_turning(matrix: Matrix, inverse: Array, gradient: Array, W: Array) -> Array:
    """Solve against a gradient, roughly, by conjugate gradients, for what turns the rows W.

    The preconditioner is the ``inverse`` (k, k) of the first term, which is all there would be if
    patterns did not depend on the input and nothing were projected out.
    """
    solution = conjugate_gradients(
        matrix.__matmul__,
        turning(gradient, W),
        lambda residual: turning(inverse @ residual, W),
        THRESHOLDS.accuracy,
        THRESHOLDS.most_iterations,
    )
    return solution.V


def turning(V: Array, W: Array) -> Array:
    """Return ``V`` less what stretches the unit rows W."""
    return np.asarray(V - np.einsum("ar,ar->a", V, W)[:, None] * W)
