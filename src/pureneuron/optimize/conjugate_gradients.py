"""Preconditioned conjugate gradients, for matrices that are applied and never formed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pureneuron.typing import Array

__all__ = ["Operator", "Solution", "conjugate_gradients"]

Operator: TypeAlias = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Solution:
    """An approximate solution of ``M V = right``.

    Attributes
    ----------
    V, residual : arrays
        The solution, and ``right − M V``.
    leftover : float
        Share of the preconditioned right-hand side's square that the residual has.
    scale : float or None
        What the preconditioned right-hand side was multiplied by, where V is no more than that.
    """

    V: Array
    residual: Array
    leftover: float
    scale: float | None


def conjugate_gradients(
    apply: Operator, right: Array, precondition: Operator, accuracy: float, max_products: int
) -> Solution:
    """Solve until the preconditioned residual has shrunk to ``accuracy``, or curvature ends."""
    V = np.zeros_like(right)
    residual = right
    direction = preconditioned = precondition(residual)
    rho = start = float(np.vdot(residual, preconditioned))
    scale = None
    for i in range(max_products):
        if rho <= accuracy**2 * start:
            break
        image = apply(direction)
        curvature = float(np.vdot(direction, image))
        if curvature <= 0.0:
            break
        length = rho / curvature
        scale = length if i == 0 else None
        V = V + length * direction
        residual = residual - length * image
        preconditioned = precondition(residual)
        rho, previous = float(np.vdot(residual, preconditioned)), rho
        direction = preconditioned + (rho / previous) * direction
    return Solution(V, residual, rho / start if start > 0.0 else 0.0, scale)
