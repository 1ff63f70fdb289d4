"""What the engine asks of the surroundings of a point: a quadratic model, and steps to its end.

With ``Q = AᵀA`` and ``Π`` the projection off the activations H, Kaufman's approximation of the
variable-projection Jacobian gives the Gauss–Newton matrix

    V  ↦  (D ∘ (Π (D ∘ X Vᵀ) Q))ᵀ X,

an operator on (k, r) arrays. Damping adds ``μ`` times the diagonal ``Q_aa P_aa`` (with ``P_aa``
the mean square slope of neuron a), which in white coordinates is nearly the diagonal of the matrix
itself, so that μ has no units. Turning and not stretching: the directions ``V_a ∝ w_a`` rescale a
neuron and change nothing; the damping alone keeps them at zero.

Three models offer the damped step for least squares.
:class:`~pureneuron.optimize.least_squares.pattern.PatternModel` gathers all there is to know of an
activation pattern in one pass, and solves without the data; for small k·r.
:class:`~pureneuron.optimize.least_squares.matrix_free.MatrixFreeModel` applies the matrix in
conjugate gradients, whose memory and time are linear in k·r.
:class:`~pureneuron.optimize.least_squares.sampled.SampledModel` has the matrix from some of the
rows, where a pass over all is dear. Another one is another class with these members.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pureneuron.optimize.fit import Point
from pureneuron.typing import Array

__all__ = ["QuadraticModel", "Step", "damping_scale"]


@dataclass(frozen=True, eq=False)
class Step:
    """A step in W.

    Attributes
    ----------
    V : (k, r) array
        The step.
    predicted : float
        Decrease of the squared residual per row that the model predicts.
    scale : float or None
        What the preconditioned gradient was multiplied by, where the step is no more than that.
    reliable : bool
        Whether that was seen to leave next to nothing of the system, and will again.
    """

    V: Array
    predicted: float
    scale: float | None = None
    reliable: bool = False


class QuadraticModel(Protocol):
    """A point and the Gauss–Newton steps that lead away from it."""

    @property
    def point(self) -> Point:
        """W, the A that is best for it, and the loss."""
        ...

    def step(self, damping: float, accuracy: float, scale: float | None = None) -> Step:
        """Solve the damped system, to a relative ``accuracy`` of the residual's norm.

        With the ``scale`` of an earlier step, a model that has a preconditioner multiplies its
        gradient by that, and measures nothing.
        """
        ...

    def foretold(self, W: Array) -> Point | None:
        """Return the point at W, which is near, as the model has it; None where it has no A there.

        For the last step of a descent whose rows do not lie in memory: what is foretold wrongly of
        it is of the second order, and what is asked of the data next is asked at this point.
        """
        ...

    def reference(self, W: Array) -> Array | None:
        """Return an A near the best at W, in the scale of W, for the model there to begin with.

        None where it needs none.
        """
        ...

    def release(self) -> None:
        """Drop what only a further step needs, and can be had again."""
        ...


def damping_scale(coupling: Array, active: Array) -> Array:
    """Return the diagonal that damping multiplies, ``Q_aa P_aa``: (…, k) for Q (…, k, k)."""
    diagonal = coupling.diagonal(axis1=-2, axis2=-1) * active
    # A neuron without weight has no curvature; the floor keeps the system definite.
    largest = diagonal.max(axis=-1, initial=0.0, keepdims=True)
    return np.asarray(np.maximum(diagonal, 1e-8 * largest + 1e-300))
