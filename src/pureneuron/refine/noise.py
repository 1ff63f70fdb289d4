"""Noise that is not spherical: the estimate that weighs outputs by what their noise is worth.

Where outputs have different or correlated noise, plain least squares is consistent but not
efficient. With the noise covariance Σ estimated from the residual of the plain fit, one pass, the
fit to ``Σ^{-1/2} y`` is: its error has the least covariance that unbiased estimates can have, as
if Σ had been known (feasible generalised least squares).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.moments import Problem, n_unknowns
from pureneuron.refine.descent import Descent, descend
from pureneuron.refine.kernels import residual_sums
from pureneuron.refine.profile import Point
from pureneuron.typing import Array

__all__ = ["WeighedFit", "noise_covariance", "weigh_outputs"]

# Outputs that are noiseless beside others get a finite weight: variances below this share of the
# mean are as good as zero.
_LEAST_VARIANCE = 1e-8
# Weights that are off by this share lose its square of the efficiency.
_SETTLED, _MOST_ROUNDS = 0.05, 3


@dataclass(frozen=True)
class WeighedFit:
    """The problem with its outputs weighed, and the descent to the minimum of its loss.

    Attributes
    ----------
    problem : Problem
        Outputs ``s Σ^{-1/2} y``, with s² the mean noise variance: the loss, the mean of
        ``s² eᵀ Σ⁻¹ e``, is what the plain one would be if all noise were spherical.
    descent : Descent
        In the coordinates of that problem.
    covariance : (m, m) array
        The noise covariance Σ, in the units of the plain problem.
    """

    problem: Problem
    descent: Descent
    covariance: Array


def noise_covariance(problem: Problem, point: Point) -> Array:
    """Estimate the noise covariance (m, m) from the residual of a fit, in one pass."""
    sums = problem.samples.reduce(residual_sums, point.W, point.A, problem.negative_slope)
    # Each output has spent its share of the unknowns on fitting its own noise.
    spent = n_unknowns(problem, len(point.W)) / problem.n_equations
    return np.asarray(sums["EE"] / problem.total / max(1.0 - spent, 0.1))


def weigh_outputs(problem: Problem, descent: Descent, *, max_iter: int, tol: float) -> WeighedFit:
    """Go on from a converged descent to the minimum of the loss weighted by its noise.

    Where the noise differs much, the plain fit has itself put residual into the better outputs:
    Σ is estimated anew from the weighed fit, and the outputs weighed again if that changes it.

    Parameters
    ----------
    problem : Problem
        The data.
    descent : Descent
        The plain fit.
    max_iter, tol
        As for :func:`pureneuron.refine.descend`.
    """
    point = descent.point
    covariance = noise_covariance(problem, point)
    for _ in range(_MOST_ROUNDS):
        values, vectors = np.linalg.eigh(covariance)
        mean = float(values.mean())
        root = np.sqrt(np.maximum(values, _LEAST_VARIANCE * mean) / mean)
        weigh, unweigh = (vectors / root) @ vectors.T, (vectors * root) @ vectors.T
        weighed = problem.with_outputs(weigh, unweigh)
        found = descend(weighed, point.W, weigh @ point.A, max_iter=max_iter, tol=tol, damping=1e-4)
        if found.interrupted:
            raise KeyboardInterrupt
        point = replace(found.point, A=unweigh @ found.point.A)
        previous, covariance = covariance, noise_covariance(problem, point)
        change = weigh @ (covariance - previous) @ weigh / mean
        if np.abs(change).max() <= _SETTLED:
            break
    return WeighedFit(weighed, found, covariance)
