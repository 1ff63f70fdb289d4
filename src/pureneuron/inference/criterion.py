"""Schwarz's information criterion (BIC) for Gaussian noise that is independent from row to row."""

from __future__ import annotations

import numpy as np

from pureneuron.problem import Problem, n_unknowns

__all__ = ["asks_for_more", "bic"]


def bic(problem: Problem, loss: float, n_neurons: int, *, fits_slope: bool, full: bool) -> float:
    """Return the criterion of a fit; minus infinity where the residual is zero.

    Parameters
    ----------
    problem : Problem
        The data, under the likelihood of the fit.
    loss : float
        Of the fit, in the units of the problem.
    n_neurons : int
        k.
    fits_slope, full : bool
        Whether the slope, and the covariance of the noise between outputs, were fitted, too.
    """
    m = problem.n_outputs
    if problem.likelihood.is_exact(loss):
        return -np.inf
    unknowns = n_unknowns(problem, n_neurons) + fits_slope + (m * (m + 1) // 2 if full else 1)
    _, log_det = np.linalg.slogdet(problem.likelihood.colour)
    variance = loss * problem.output_scale**2
    deviance = problem.n_equations * (np.log(2.0 * np.pi * variance) + 1.0)
    deviance += 2.0 * problem.n_effective * log_det
    return float(deviance + unknowns * np.log(problem.n_effective))


def asks_for_more(problem: Problem, n_neurons: int, gain: float, loss: float) -> bool:
    """Tell whether the criterion asks for a unit more, every measured output counted for itself.

    Parameters
    ----------
    problem : Problem
        The data.
    n_neurons : int
        k, without the unit.
    gain, loss : float
        What the unit takes off the loss, and what is left.
    """
    own = n_unknowns(problem, n_neurons + 1) - n_unknowns(problem, n_neurons)
    asked = own * np.log(problem.n_equations) / problem.n_equations
    return bool(gain > asked * problem.noise_variance(loss, n_neurons + 1))
