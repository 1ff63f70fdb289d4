"""Likelihoods: what is assumed of the noise, and what the engine has to know of it.

The loss of a fit is a mean over rows and outputs, in units of the outputs' variance. For Gaussian
noise it is the squared residual, and minimising it is least squares: everything that relies on
that is in :mod:`pureneuron.optimize.least_squares` or asks the record here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from pureneuron.typing import Array

__all__ = ["Gaussian", "Likelihood", "Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    exact : float
        Loss up to which the residual is zero for all purposes (by definition, DESIGN).
    rounding : float
        Loss that is the square of some units in the last place: nothing is left to gain (rounding).
    rounding_single : float
        The same in single precision (rounding).
    least_variance : float
        Variance of an output's noise against the mean below which it counts as this: outputs
        without noise get a finite weight (efficiency.py).
    negligible, most_negligible : float
        Share of what fitting noise takes off the loss that is not worth a step: it moves each
        estimate by the root of it, 5 % of its standard error. With few rows that is not small any
        more, and the second is the limit (efficiency.py, passes.py).
    least_freedom : float
        Degrees of freedom that are left to the residual at least, as a share (surety.py).
    """

    exact: float = 1e-16
    rounding: float = 1e-28
    rounding_single: float = 1e-9
    least_variance: float = 1e-8
    negligible: float = 3e-3
    most_negligible: float = 3e-5
    least_freedom: float = 0.1


THRESHOLDS = Thresholds()


class Likelihood(Protocol):
    """What the engine asks of a likelihood."""

    @property
    def whiten(self) -> Array:
        """(m, m) matrix by which outputs are multiplied before they are fitted."""
        ...

    @property
    def colour(self) -> Array:
        """Its inverse."""
        ...

    def is_exact(self, loss: float) -> bool:
        """Tell whether the fit leaves nothing unexplained, up to rounding."""
        ...

    def floor(self, *, single: bool) -> float:
        """Return the loss below which nothing is left to gain, in single or double precision."""
        ...

    def negligible_gain(self, n_unknowns: int, n_equations: float, tol: float) -> float:
        """Return the share of the loss that is not worth a step."""
        ...

    def noise_variance(self, loss: float, n_unknowns: int, n_equations: float) -> float:
        """Estimate the dispersion of the noise from the loss of a fit."""
        ...


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Gaussian noise with covariance ``s² C``, s unknown.

    Attributes
    ----------
    whiten, colour : (m, m) arrays
        Roots of ``C⁻¹`` and C, inverse to each other; the identity where noise is spherical.
    """

    whiten: Array
    colour: Array

    @classmethod
    def spherical(cls, n_outputs: int) -> Self:
        """Return noise that is the same in all outputs, and independent."""
        return cls(np.eye(n_outputs), np.eye(n_outputs))

    @classmethod
    def in_units(cls, units: Array) -> Self:
        """Return noise that is spherical where each output is measured in a unit of its own (m,).

        Mean squares of the units count as 1.
        """
        root = units / np.sqrt(np.mean(units**2))
        return cls(np.diag(1.0 / root), np.diag(root))

    @classmethod
    def with_covariance(cls, covariance: Array) -> Self:
        """Return noise of a given (m, m) covariance, up to its scale: C has the mean variance 1."""
        values, vectors = np.linalg.eigh(covariance)
        mean = float(values.mean())
        root = np.sqrt(np.maximum(values, THRESHOLDS.least_variance * mean) / mean)
        return cls(whiten=(vectors / root) @ vectors.T, colour=(vectors * root) @ vectors.T)

    def after(self, likelihood: Likelihood) -> Self:
        """Return this noise where it is that of outputs which another likelihood has whitened.

        C has the mean variance 1 again.
        """
        whiten, colour = self.whiten @ likelihood.whiten, likelihood.colour @ self.colour
        size = np.sqrt(np.mean(np.sum(colour**2, axis=1)))
        return replace(self, whiten=whiten * size, colour=colour / size)

    def is_exact(self, loss: float) -> bool:
        """Tell whether the residual is zero up to rounding."""
        return loss <= THRESHOLDS.exact

    def floor(self, *, single: bool) -> float:
        """Return the loss that is rounding: the square of some units in the last place."""
        return THRESHOLDS.rounding_single if single else THRESHOLDS.rounding

    def negligible_gain(self, n_unknowns: int, n_equations: float, tol: float) -> float:
        """Return the share of the loss that is not worth a step.

        It is ``tol``, or 0.003 of what fitting p unknowns to noise alone takes off the loss,
        ``p / (n m)``, if that is more.
        """
        fitted_noise = n_unknowns / n_equations
        share = min(THRESHOLDS.negligible * fitted_noise, THRESHOLDS.most_negligible)
        return max(tol, share)

    def noise_variance(self, loss: float, n_unknowns: int, n_equations: float) -> float:
        """Divide the loss by the share of its degrees of freedom that the unknowns have left."""
        return loss / max(1.0 - n_unknowns / n_equations, THRESHOLDS.least_freedom)
