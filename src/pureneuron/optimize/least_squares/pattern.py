"""Gauss–Newton steps from all that one activation pattern has to tell.

While the pattern D stays as it is, the outputs are linear in ``F = [D_a x]`` (and what
stands beside the activations): ``H Aᵀ = F L Aᵀ``, where L (N, k) holds the rows of W, one
below the other, each in its own column. So ``FᵀF``, which holds every ``S_ab = Σ D_a D_b xxᵀ``,
``FᵀE`` and ``|E|²`` for the residual E at one (W, A) give A, loss, gradient and Gauss–Newton
matrix there and at any other W of the same pattern: one pass does for a whole iteration.
"""

from __future__ import annotations

import numpy as np

from pureneuron.linalg import gram_inverse
from pureneuron.model import unit_rows
from pureneuron.optimize.fit import Point
from pureneuron.optimize.least_squares.kernels import pattern_sums
from pureneuron.optimize.least_squares.projection import reference_of, scaled_reference
from pureneuron.optimize.quadratic_model import Step, damping_scale
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["PatternModel", "lift"]


class PatternModel:
    """Everything at a point from one pass, whose cost is n (k r)² multiplications.

    ``active`` (k,) is the mean square slope of each neuron.
    """

    def __init__(self, problem: Problem, W: Array, reference: Array | None = None) -> None:
        W, reference = scaled_reference(problem, W, reference)
        k, r = W.shape
        sums = problem.samples.reduce(pattern_sums, W, reference, problem.activation)
        self._FF, FE = sums["FF"] / problem.total, sums["FE"] / problem.total
        self._problem, self._reference, self._FE = problem, reference, FE
        self._EE = float(sums["EE"] / problem.total)
        self.active: Array = sums["DD"] / problem.total
        up = lift(W, problem.n_beside)
        self._FH = self._FF @ up
        gram = up.T @ self._FH
        inverse = gram_inverse(gram)
        change = inverse @ (up.T @ FE)
        loss = self._EE - float(np.sum(change * (up.T @ FE)))
        A = reference + change.T
        loss = max(loss, 0.0) / problem.n_outputs
        self.point = Point(W=W, A=A, loss=loss, gram=gram, gram_inverse=inverse)
        residual_cross = (FE - self._FH @ change)[: k * r].reshape(k, r, -1)
        self.gradient: Array = np.einsum("arj,ja->ar", residual_cross, A[:, :k])

    @property
    def matrix(self) -> Array:
        """The (kr, kr) Gauss–Newton matrix, undamped."""
        k, r = self.point.W.shape
        N = k * r
        projected = self._FF[:N, :N] - self._FH[:N] @ self.point.gram_inverse @ self._FH[:N].T
        return np.asarray(
            (projected.reshape(k, r, k, r) * self.point.coupling[:, None, :, None]).reshape(N, N)
        )

    @property
    def unprojected_diagonal(self) -> Array:
        """The (kr,) diagonal that the matrix would have if A stayed as it is."""
        k, r = self.point.W.shape
        diagonal = np.diag(self._FF)[: k * r] * np.repeat(np.diag(self.point.coupling), r)
        return np.asarray(diagonal)

    def step(self, damping: float, accuracy: float, scale: float | None = None) -> Step:
        """Solve the damped system exactly; accuracy and scale do not matter."""
        k, r = self.point.W.shape
        ridge = np.repeat(damping * damping_scale(self.point.coupling, self.active), r)
        matrix, gradient = self.matrix, self.gradient.ravel()
        while True:
            try:
                V = np.asarray(np.linalg.solve(matrix + np.diag(ridge), gradient), np.float64)
            except np.linalg.LinAlgError:
                V = np.full_like(gradient, np.nan)
            predicted = float(gradient @ V + V @ (ridge * V))
            if predicted >= 0.0:
                return Step(np.asarray(V.reshape(k, r)), predicted)
            # Rounding has pushed a null direction below zero: more damping.
            ridge = 10.0 * ridge + 1e-14 * np.trace(matrix)

    def foretold(self, W: Array) -> Point | None:
        """Return the point at W as it would be with this pattern, where a pass is worth saving."""
        if self._problem.source.in_memory:
            return None
        W, beside = unit_rows(W), self._problem.n_beside
        before, up = lift(self.point.W, beside) @ self._reference.T, lift(W, beside)
        gram = up.T @ self._FF @ up
        inverse = gram_inverse(gram)
        A = inverse @ (up.T @ (self._FE + self._FF @ before))
        change = up @ A - before
        power = self._EE + float(np.sum(change * (self._FF @ change - 2.0 * self._FE)))
        loss = max(power, 0.0) / self._problem.n_outputs
        return Point(W=W, A=A.T, loss=loss, gram=gram, gram_inverse=inverse)

    def reference(self, W: Array) -> Array | None:
        """Return the A that is best here, where the loss is so small that rounding may show."""
        return reference_of(self.point)

    def release(self) -> None:
        """Keep all: it is small."""


def lift(W: Array, n_beside: int) -> Array:
    """Return L (N, k), with the rows of W one below the other, each in its own column: H = F L.

    The columns that stand beside the activations are the last ones of both.
    """
    k, r = W.shape
    up = np.zeros((k * r + n_beside, k + n_beside))
    for a in range(k):
        up[a * r : (a + 1) * r, a] = W[a]
    up[k * r :, k:] = np.eye(n_beside)
    return up
