"""The records of the engine: a point, how it was reached, and the two together as a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.model import TwoLayerNetwork
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["Descent", "Fit", "Point"]


@dataclass(frozen=True, eq=False)
class Point:
    """A position of the engine: parameters, loss, and the curvature in A.

    Attributes
    ----------
    W : (k, r) array
        White rows, of unit length.
    A : (m, k) array
        The output weights that are best for W (m, k + 1 with an intercept).
    loss : float
        Mean over rows and outputs of the squared residual, in units of the outputs' variance.
    gram, gram_inverse : arrays
        ``HᵀH / n`` of the activations, and its (pseudo-)inverse.
    """

    W: Array
    A: Array
    loss: float
    gram: Array
    gram_inverse: Array

    @property
    def n_neurons(self) -> int:
        """Number of neurons k."""
        return len(self.W)

    @property
    def columns(self) -> Array:
        """The columns of A that belong to neurons, (m, k)."""
        return self.A[:, : len(self.W)]

    @property
    def coupling(self) -> Array:
        """``Q = AᵀA`` over the neurons, (k, k)."""
        return np.asarray(self.columns.T @ self.columns)


@dataclass(frozen=True)
class Descent:
    """How a point was reached.

    Attributes
    ----------
    converged : bool
        Whether the model promises no further decrease worth the tolerance.
    joined : bool
        Whether it was ended because it had come where another descent had been.
    history : tuple of float
        Loss after each iteration, the start first.
    scale : float or None
        What a descent that goes on from there may multiply its preconditioned gradients by.
    """

    converged: bool
    joined: bool
    history: tuple[float, ...]
    scale: float | None = None

    @property
    def n_iter(self) -> int:
        """Number of iterations."""
        return len(self.history) - 1


@dataclass(frozen=True, eq=False)
class Fit:
    """A network fitted to a problem: what every step takes and returns.

    Attributes
    ----------
    problem : Problem
        The data, and the activation and likelihood under which they were fitted.
    point : Point
        Parameters, loss and curvature, in the coordinates of that problem.
    info : Descent
        How it was reached.
    """

    problem: Problem
    point: Point
    info: Descent

    @property
    def loss(self) -> float:
        """Loss of the point."""
        return self.point.loss

    @property
    def n_neurons(self) -> int:
        """Number of neurons k."""
        return self.point.n_neurons

    @property
    def is_exact(self) -> bool:
        """Whether the residual is zero up to rounding."""
        return self.problem.likelihood.is_exact(self.point.loss)

    @property
    def noise_variance(self) -> float:
        """The loss, corrected for the unknowns that were fitted."""
        return self.problem.noise_variance(self.point.loss, self.n_neurons)

    def network(self) -> TwoLayerNetwork:
        """Return the network in the units of the data."""
        return self.problem.network(self.point.W, self.point.A)
