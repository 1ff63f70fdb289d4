"""The damped Gauss–Newton system, solved in one of two ways.

With ``Q = AᵀA`` and ``Π`` the projection off the activations H, Kaufman's approximation of the
variable-projection Jacobian gives the Gauss–Newton matrix

    V  ↦  (D ∘ (Π (D ∘ X Vᵀ) Q))ᵀ X,

an operator on (k, r) arrays. Damping adds ``μ`` times the diagonal ``Q_aa P_aa`` (with ``P_aa``
the mean square slope of neuron a), which in white coordinates is nearly the diagonal of the matrix
itself, so that μ has no units. Turning and not stretching: the directions ``V_a ∝ w_a`` rescale a
neuron and change nothing; the damping alone keeps them at zero.

- :class:`DenseSolver` forms the matrix from one pass and factors it; for small k·r.
- :func:`solve_iteratively` applies it by matrix products in conjugate gradients; memory and time
  per product are linear in k·r.

Another inner solver is another callable with their signature, :data:`Solver`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from pureneuron.moments import Problem
from pureneuron.refine.kernels import cross_sums, curvature_sums, gradient_sums, product_sums
from pureneuron.refine.profile import Point
from pureneuron.typing import Array

__all__ = [
    "Linearization",
    "Solver",
    "Step",
    "choose_solver",
    "gauss_newton_matrix",
    "linearize",
]

# Up to this many unknowns, and entries of G, forming the matrix (n (kr)² multiplications in one
# product) beats some ten conjugate-gradient products (10 n k r each, and the cost of ten calls).
_DENSE_UNKNOWNS, _DENSE_ENTRIES = 128, 400_000

_MAX_PRODUCTS = 60


@dataclass(frozen=True)
class Linearization:
    """First-order information at a point.

    Attributes
    ----------
    point : Point
        Where.
    gradient : (k, r) array
        Half the negative gradient of the squared residual per row.
    active : (k, k) array
        Means of ``D_a D_b``: how often neurons a and b are active together.
    loss : float
        Loss at the point, from the residual itself.
    """

    point: Point
    gradient: Array
    active: Array
    loss: float

    @property
    def coupling(self) -> Array:
        """``Q = AᵀA`` over the neurons, (k, k)."""
        A = self.point.A[:, : len(self.point.W)]
        return np.asarray(A.T @ A)

    @property
    def damping(self) -> Array:
        """The (k,) diagonal that damping multiplies."""
        diagonal = np.diag(self.coupling) * np.diag(self.active)
        # A neuron without weight has no curvature; the floor keeps the system definite.
        return np.asarray(np.maximum(diagonal, 1e-8 * diagonal.max(initial=0.0) + 1e-300))


@dataclass(frozen=True)
class Step:
    """A step in W and the decrease of the squared residual per row that the model predicts."""

    V: Array
    predicted: float


Solver = Callable[[Problem, Linearization, float, float], Step]
"""``solver(problem, linearization, damping, accuracy)``."""


def linearize(problem: Problem, point: Point) -> Linearization:
    """Gather the gradient at ``point``, in one pass."""
    sums = point.samples.reduce(gradient_sums, point.W, point.A, problem.negative_slope)
    return Linearization(
        point=point,
        gradient=sums["gradient"] / problem.total,
        active=sums["DD"] / problem.total,
        loss=float(sums["EE"]) / problem.total / problem.n_outputs,
    )


def choose_solver(problem: Problem, n_neurons: int) -> Solver:
    """Return the solver that suits the number of unknowns and of rows."""
    unknowns = n_neurons * problem.n_inputs
    small = unknowns <= _DENSE_UNKNOWNS and unknowns * problem.samples.n_rows <= _DENSE_ENTRIES
    return DenseSolver() if small else solve_iteratively


class DenseSolver:
    """Forms the Gauss–Newton matrix at a point once, then factors it for each damping."""

    def __init__(self) -> None:
        self._at: Linearization | None = None
        self._matrix = np.empty((0, 0))

    def __call__(
        self, problem: Problem, at: Linearization, damping: float, accuracy: float
    ) -> Step:
        """Solve the damped system exactly."""
        if self._at is not at:
            self._at, self._matrix = at, gauss_newton_matrix(problem, at)
        ridge = np.repeat(damping * at.damping, problem.n_inputs)
        gradient = at.gradient.ravel()
        while True:
            try:
                factor = linalg.cho_factor(
                    self._matrix + np.diag(ridge), lower=True, check_finite=False
                )
                break
            except linalg.LinAlgError:
                # Rounding has pushed a null direction below zero: more damping.
                ridge = 10.0 * ridge + 1e-14 * np.trace(self._matrix)
        V = linalg.cho_solve(factor, gradient, check_finite=False)
        return Step(V.reshape(at.gradient.shape), float(gradient @ V + V @ (ridge * V)))


def gauss_newton_matrix(problem: Problem, at: Linearization) -> Array:
    """Form the (kr, kr) Gauss–Newton matrix, undamped, in one pass."""
    point = at.point
    k, r = point.W.shape
    sums = point.samples.reduce(curvature_sums, point.W, problem.negative_slope)
    GH = sums["GH"] / problem.total
    projected = sums["GG"] / problem.total - GH @ point.gram_inverse @ GH.T
    return np.asarray(
        (projected.reshape(k, r, k, r) * at.coupling[:, None, :, None]).reshape(k * r, k * r)
    )


def solve_iteratively(problem: Problem, at: Linearization, damping: float, accuracy: float) -> Step:
    """Solve the damped system by preconditioned conjugate gradients.

    The preconditioner is the Kronecker product ``(Q ∘ E[D Dᵀ] + μ diag) ⊗ E[x̃x̃ᵀ]``, whose
    second factor is the identity in white coordinates: it would be exact if the activation
    pattern did not depend on the input.
    """
    point, slope, Q = at.point, problem.negative_slope, at.coupling
    ridge = damping * at.damping[:, None]

    def apply(V: Array) -> Array:
        HU = point.samples.reduce(cross_sums, point.W, V, slope)["HU"] / problem.total
        C = point.gram_inverse @ HU
        sums = point.samples.reduce(product_sums, point.W, V, C, Q, slope)
        return np.asarray(sums["product"] / problem.total + ridge * V)

    kernel = Q * at.active
    kernel[np.diag_indices_from(kernel)] += damping * at.damping
    scale = np.sqrt(np.diag(kernel))
    inverse = np.linalg.pinv(kernel / np.outer(scale, scale), hermitian=True) / np.outer(
        scale, scale
    )

    V = np.zeros_like(at.gradient)
    residual = at.gradient.copy()
    preconditioned = inverse @ residual
    direction = preconditioned
    rho = start = float(np.sum(residual * preconditioned))
    for _ in range(_MAX_PRODUCTS):
        if rho <= accuracy**2 * start:
            break
        image = apply(direction)
        curvature = float(np.sum(direction * image))
        if curvature <= 0.0:
            break
        V = V + (rho / curvature) * direction
        residual = residual - (rho / curvature) * image
        preconditioned = inverse @ residual
        rho, previous = float(np.sum(residual * preconditioned)), rho
        direction = preconditioned + (rho / previous) * direction
    # 2 g·V − V·(J'J)V with (J'J + ridge)V = g − residual.
    predicted = np.sum(at.gradient * V) + np.sum(V * residual) + np.sum(ridge * V * V)
    return Step(V, float(predicted))
