"""Gauss–Newton steps by preconditioned conjugate gradients: the matrix is applied, never formed."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from pureneuron.linalg import gram_inverse
from pureneuron.moments import Problem
from pureneuron.refine.kernels import (
    cross_sums,
    gradient_sums,
    product_sums,
    with_activations,
    with_change,
)
from pureneuron.refine.local import Step, damping_scale
from pureneuron.refine.profile import Point, profile, scaled_reference
from pureneuron.typing import Array

__all__ = ["MatrixFreeModel"]

_MAX_PRODUCTS = 60


class MatrixFreeModel:
    """One pass projects A out; a second, made when it is first needed, gathers the gradient.

    A product with the matrix is two passes. In memory the activations stay beside the rows until
    the descent moves on; where the data stream they are computed anew from batch to batch.

    The preconditioner is the Kronecker product ``(Q ∘ E[D Dᵀ] + μ diag) ⊗ E[x̃x̃ᵀ]``, whose second
    factor is the identity in white coordinates: it would be exact if the activation pattern did
    not depend on the input. With it, one or two products are usually all that a step takes.
    """

    def __init__(self, problem: Problem, W: Array, reference: Array | None = None) -> None:
        self._problem = problem
        W, reference = scaled_reference(problem, W, reference)
        self._samples = problem.samples.derive(with_activations, W, problem.negative_slope)
        self.point: Point = profile(problem, W, reference, samples=self._samples)

    @cached_property
    def _first_order(self) -> tuple[Array, Array]:
        point, total = self.point, self._problem.total
        sums = self._samples.reduce(gradient_sums, point.W, point.A, self._problem.negative_slope)
        return sums["gradient"] / total, sums["DD"] / total

    @property
    def gradient(self) -> Array:
        """Half the negative gradient of the squared residual per row, (k, r)."""
        return self._first_order[0]

    def step(self, damping: float, accuracy: float) -> Step:
        """Solve the damped system until the preconditioned residual has shrunk to ``accuracy``."""
        coupling = self.point.coupling
        gradient, active = self._first_order
        diagonal = damping * damping_scale(coupling, np.diag(active))
        ridge = diagonal[:, None]
        preconditioner = gram_inverse(coupling * active + np.diag(diagonal))

        V = np.zeros_like(gradient)
        residual = gradient.copy()
        preconditioned = preconditioner @ residual
        direction = preconditioned
        rho = start = float(np.sum(residual * preconditioned))
        for _ in range(_MAX_PRODUCTS):
            if rho <= accuracy**2 * start:
                break
            image = self._product(direction, coupling) + ridge * direction
            curvature = float(np.sum(direction * image))
            if curvature <= 0.0:
                break
            V = V + (rho / curvature) * direction
            residual = residual - (rho / curvature) * image
            preconditioned = preconditioner @ residual
            rho, previous = float(np.sum(residual * preconditioned)), rho
            direction = preconditioned + (rho / previous) * direction
        # 2 g·V − V·(J'J)V with (J'J + ridge)V = g − residual.
        predicted = np.sum(gradient * V) + np.sum(V * residual) + np.sum(ridge * V * V)
        return Step(V, float(predicted))

    def _product(self, V: Array, coupling: Array) -> Array:
        W, slope, total = self.point.W, self._problem.negative_slope, self._problem.total
        samples = self._samples.derive(with_change, W, V, slope)
        C = self.point.gram_inverse @ samples.reduce(cross_sums, W, V, slope)["HU"] / total
        sums = samples.reduce(product_sums, W, V, C, coupling, slope)
        return np.asarray(sums["product"] / total)
