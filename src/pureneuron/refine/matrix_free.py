"""Gauss–Newton steps by preconditioned conjugate gradients: the matrix is applied, never formed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.linalg import gram_inverse
from pureneuron.moments import Problem, n_unknowns
from pureneuron.refine.conjugate_gradients import Operator, Solution, conjugate_gradients
from pureneuron.refine.gaussian import GaussianMatrix
from pureneuron.refine.kernels import (
    cross_sums,
    gradient_sums,
    gram_sums,
    product_sums,
    profile_sums,
    with_activations,
    with_change,
)
from pureneuron.refine.local import Step, damping_scale
from pureneuron.refine.profile import Point, scaled_reference
from pureneuron.samples import Batch, Samples
from pureneuron.typing import Array

__all__ = ["MatrixFreeModel"]

_MAX_PRODUCTS = 60
# A first product is made with some rows only, so many equations for each unknown, where a coarse
# solution will do; it stands if it leaves no more than this share of the preconditioned gradient's
# square. (Exactly, one product leaves 0.02 to 0.1 where it is enough; so few rows add as much.)
# With less than the last, the preconditioner is taken for the inverse itself.
_COARSE, _GLANCE_EQUATIONS, _GLANCE_LEFTOVER, _SURE = 0.1, 8, 0.3, 0.1
# Rows that show how often two of k neurons are active together: so many, for each neuron so many.
_ACTIVITY_ROWS, _ACTIVITY_ROWS_A_NEURON = 256, 8
# Multiplications of n k r below which a product costs no more than the calls for a glance.
_GLANCE_WORK = 300_000


@dataclass(frozen=True)
class _Matrix:
    """The Gauss–Newton matrix at a point, as some rows have it."""

    samples: Samples
    point: Point
    gram_inverse: Array
    total: float
    slope: float

    def __matmul__(self, V: Array) -> Array:
        W, coupling = self.point.W, self.point.coupling
        samples = self.samples.derive(with_change, W, V, self.slope)
        cross = samples.reduce(cross_sums, W, V, self.slope)["HU"]
        C = self.gram_inverse @ cross / self.total
        sums = samples.reduce(product_sums, W, V, C, coupling, self.slope)
        return np.asarray(sums["product"] / self.total)


class MatrixFreeModel:
    """One pass projects A out, a second gathers the loss and its gradient.

    That is six products of n rows. Without a reference the loss has all its digits, for it is that
    of the residual itself; but A has them all, where the loss is small, with a reference only.

    A product with the matrix is two passes. In memory the activations stay beside the rows until
    they are released; where the data stream they are computed anew from batch to batch.

    The preconditioner is the matrix that Gaussian inputs would have. With it, one product is
    usually all that a step takes; and that one is enough, and how far to go, some of the rows can
    tell. Where there are hidden biases it is the Kronecker product ``(Q ∘ E[D Dᵀ] + μ diag) ⊗
    E[x̃x̃ᵀ]``, whose second factor is the identity in white coordinates: that would be exact if the
    activation pattern did not depend on the input.
    """

    def __init__(self, problem: Problem, W: Array, reference: Array | None = None) -> None:
        self._problem = problem
        self._kept: Samples | None
        slope, total, n = problem.negative_slope, problem.total, problem.n_rows
        W, A = scaled_reference(problem, W, reference)
        rows = self._kept = problem.samples.derive(with_activations, W, slope)
        sums = rows.reduce(profile_sums, W, None if reference is None else A, slope)
        gram = sums["HH"] / total
        inverse = gram_inverse(gram)
        A = A + (inverse @ (sums["HE"] / total)).T
        every = max(1, n // max(_ACTIVITY_ROWS, _ACTIVITY_ROWS_A_NEURON * len(W)))
        sums = rows.reduce(gradient_sums, W, A, slope, every)
        loss = float(sums["EE"]) / total / problem.n_outputs
        self.point = Point(W=W, A=A, loss=loss, gram=gram, gram_inverse=inverse)
        self.gradient: Array = sums["gradient"] / total
        self._active = sums["DD"] * (n / sums["rows"] / total)

    @property
    def _samples(self) -> Samples:
        """Rows with the activations beside them."""
        if self._kept is None:
            self._kept = self._problem.samples.derive(
                with_activations, self.point.W, self._problem.negative_slope
            )
        return self._kept

    def release(self) -> None:
        """Drop the activations: those of the next point need the room."""
        self._kept = None

    def step(self, damping: float, accuracy: float, scale: float | None = None) -> Step:
        """Solve the damped system until the preconditioned residual has shrunk to ``accuracy``."""
        gradient = self.gradient
        diagonal = damping * damping_scale(self.point.coupling, self._active.diagonal())
        ridge, precondition = diagonal[:, None], self._preconditioner(diagonal)
        if scale is not None:
            direction = precondition(gradient)
            return Step(scale * direction, scale * float(np.sum(gradient * direction)), scale)

        def solve(matrix: _Matrix, accuracy: float, max_products: int) -> Solution:
            return conjugate_gradients(
                lambda V: matrix @ V + ridge * V, gradient, precondition, accuracy, max_products
            )

        glance = self._some_rows if accuracy >= _COARSE else None
        solution = None if glance is None else solve(glance, 0.0, 1)
        if solution is None or solution.leftover > _GLANCE_LEFTOVER:
            solution = solve(self._all_rows, accuracy, _MAX_PRODUCTS)
        V = solution.V
        # 2 g·V − V·(J'J)V with (J'J + ridge)V = g − residual.
        predicted = float(np.sum(V * (gradient + solution.residual + ridge * V)))
        sure = solution.leftover <= _SURE and not self._problem.fit_hidden_bias
        return Step(V, predicted, solution.scale, sure)

    def _preconditioner(self, diagonal: Array) -> Operator:
        problem, point = self._problem, self.point
        if problem.fit_hidden_bias:
            inverse = gram_inverse(point.coupling * self._active + np.diag(diagonal))
            return lambda residual: inverse @ residual
        return GaussianMatrix(
            point.W,
            point.coupling,
            problem.negative_slope,
            diagonal,
            intercept=problem.fit_intercept,
        ).solve

    @property
    def _all_rows(self) -> _Matrix:
        point, problem = self.point, self._problem
        return _Matrix(
            self._samples, point, point.gram_inverse, problem.total, problem.negative_slope
        )

    @property
    def _some_rows(self) -> _Matrix | None:
        """The matrix as a part of the rows has it, if a part is enough."""
        problem, k = self._problem, len(self.point.W)
        n, columns = problem.n_rows, len(self.point.gram_inverse)
        size = _GLANCE_EQUATIONS * n_unknowns(problem, k) / problem.n_outputs
        every = int(n / size)
        if every < 2 or n * self.point.W.size < _GLANCE_WORK:
            return None
        rows = self._samples.derive(Batch.every_nth, every)
        sums = rows.reduce(gram_sums, self.point.W, problem.negative_slope)
        # Divided by degrees of freedom: what is projected out was fitted to these few rows.
        total = problem.total * (rows.n_rows - columns) / n
        inverse = gram_inverse(sums["HH"] / total)
        return _Matrix(rows, self.point, inverse, total, problem.negative_slope)
