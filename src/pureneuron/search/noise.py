"""Noise that is not spherical: the fit that is weighted by the noise covariance.

Where outputs have different or correlated noise, plain least squares is consistent but not
efficient. With the noise covariance Σ estimated from the residual of the plain fit, one pass, the
fit to ``Σ^{-1/2} y`` is: its error has the least covariance that unbiased estimates can have, as
if Σ had been known (feasible generalised least squares). Σ is a nuisance parameter of an outer
step: estimate it, minimise, until it stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.model import Gaussian
from pureneuron.optimize import Fit, Limits, Point, minimize
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.optimize.least_squares.kernels import residual_sums
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import StageReport
from pureneuron.typing import Array

__all__ = ["Noise", "Thresholds", "has_noise", "noise_covariance", "reweighted"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    same, most_rounds : float, int
        Change of the covariance that ends the iteration (weights that are off by this share lose
        its square of the efficiency), and most iterations (efficiency.py).
    """

    same: float = 0.05
    most_rounds: int = 3


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Noise:
    """The covariance of the noise, (m, m), in the units of the data."""

    covariance: Array
    n_iter: int

    def describe(self) -> StageReport:
        """Report how different and how correlated the noise of the outputs is."""
        deviations = np.sqrt(np.diag(self.covariance))
        scale = np.where(deviations > 0.0, deviations, 1.0)
        correlation = self.covariance / np.outer(scale, scale)
        largest = float(np.abs(correlation - np.diag(np.diag(correlation))).max())
        return StageReport(
            "noise",
            f"standard deviations from {deviations.min():.3g} to {deviations.max():.3g}, "
            f"correlations up to {largest:.2g}; outputs are weighted by the inverse covariance",
            {"covariance": self.covariance, "n_iter": self.n_iter},
        )


def has_noise(fit: Fit) -> bool:
    """Whether there is a residual, and rows enough for its covariance."""
    return not fit.is_exact and fit.problem.n_effective > 2 * fit.problem.n_outputs


def noise_covariance(problem: Problem, point: Point) -> Array:
    """Estimate the noise covariance (m, m) of a problem's rows from a residual, in one pass.

    Each output has spent its share of the unknowns on fitting its own noise.
    """
    sums = problem.samples.reduce(residual_sums, point.W, point.A, problem.activation)
    unknowns = n_unknowns(problem, point.n_neurons)
    correction = problem.likelihood.noise_variance(1.0, unknowns, problem.n_equations)
    return np.asarray(sums["EE"] / problem.total * correction)


def reweighted(fit: Fit, *, limits: Limits) -> tuple[Fit, Noise]:
    """Go on from a plain fit to the minimum of the loss weighted by its noise.

    Where the noise differs much, the plain fit has itself put residual into the better outputs:
    Σ is estimated anew from the weighted fit, and the outputs weighted again if that changes it.

    Parameters
    ----------
    fit : Fit
        The plain fit.
    limits : Limits
        As for :func:`~pureneuron.optimize.minimize`.

    Returns
    -------
    Fit, Noise
        The fit, whose loss is the mean of ``s² eᵀ Σ⁻¹ e`` with s² the mean noise variance: what the
        plain one would be if all noise were spherical.
    """
    problem, point = fit.problem, fit.point
    covariance = noise_covariance(problem, point)
    for _ in range(THRESHOLDS.most_rounds):
        noise = Gaussian.with_covariance(covariance)
        likelihood = noise.after(problem.likelihood)
        mean = float(np.trace(covariance)) / len(covariance)
        found = minimize(
            problem.with_likelihood(likelihood),
            point.W,
            likelihood.whiten @ problem.likelihood.colour @ point.A,
            limits=limits,
            damping=DAMPING.trusted,
        )
        back = problem.likelihood.whiten @ likelihood.colour
        point = replace(found.point, A=back @ found.point.A)
        previous, covariance = covariance, noise_covariance(problem, point)
        change = noise.whiten @ (covariance - previous) @ noise.whiten / mean
        if np.abs(change).max() <= THRESHOLDS.same:
            break
    colour = problem.colour_outputs
    return found, Noise(colour @ covariance @ colour.T, found.info.n_iter)
