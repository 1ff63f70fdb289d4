"""Out of the small minima about a minimum.

Where a kink passes a row, the slope of the loss jumps. With few rows for each unknown it is rough
on the scale of a tenth of a standard error, and a descent ends in one of many minima there.
Descents from a part of a standard error away find lower ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.inference.information import Information, weight_errors
from pureneuron.optimize import Fit, Limits, minimize_together
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.problem import n_unknowns
from pureneuron.typing import Array

__all__ = ["Thresholds", "polished"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    equations, few_equations : float
        Equations for each unknown from which on the loss is smooth enough; and fewer, from which on
        it is where unknowns are too many for the information, for descents cost more there
        (success.py: with 20 they gain 5e-5 of the loss, with 10 several 1e-4).
    trials, patience : int
        Descents at most, and from one place; it ends where all of those are in vain (success.py).
    trials_of_few, patience_of_few : int
        The same with few equations: minima are many there, and descents cheap (success.py).
    worthwhile : float
        Share of the loss that one must gain to count (success.py).
    away : float
        How far away they start, in standard errors (success.py).
    resembling : float
        Times the error that a neuron has alone: some resemble each other (success.py).
    """

    equations: float = 200.0
    few_equations: float = 20.0
    trials: int = 40
    patience: int = 8
    trials_of_few: int = 120
    patience_of_few: int = 30
    worthwhile: float = 1e-5
    away: float = 0.5
    resembling: float = 2.0


THRESHOLDS = Thresholds()


def polished(
    fit: Fit,
    known: Information | None,
    *,
    limits: Limits,
    rng: np.random.Generator,
) -> Fit:
    """Return the lowest end of descents from near a fit; the fit itself where there are many rows.

    Parameters
    ----------
    fit : Fit
        The fit.
    known : Information or None
        At the fit; where there are too many unknowns for it, the errors that each row would have
        alone do.
    limits : Limits
        As for :func:`~pureneuron.optimize.minimize`.
    rng : numpy.random.Generator
        Draws the starts.
    """
    problem, W = fit.problem, fit.point.W
    each = problem.n_equations / n_unknowns(problem, fit.n_neurons)
    few = each < THRESHOLDS.few_equations
    if fit.is_exact or each >= THRESHOLDS.equations or (known is None and not few):
        return fit
    trials = THRESHOLDS.trials_of_few if few else THRESHOLDS.trials
    patience = THRESHOLDS.patience_of_few if few else THRESHOLDS.patience
    errors = _errors_alone(fit) if known is None else weight_errors(fit, known)
    spread = THRESHOLDS.away * errors
    for _ in range(trials // patience):
        starts = fit.point.W + spread * rng.standard_normal((patience, *W.shape))
        ends = minimize_together(
            [problem] * patience,
            list(starts),
            limits=limits,
            damping=DAMPING.trusted,
        )
        least = (1.0 - THRESHOLDS.worthwhile) * fit.loss
        lower = [end for end in ends if end.loss < least and end.info.converged]
        if not lower:
            break
        fit = replace(fit, point=min(lower, key=lambda end: end.loss).point)
    return fit


def _errors_alone(fit: Fit) -> Array:
    """Return about the standard errors of white rows, (k, 1), from those that each has alone."""
    size = np.linalg.norm(fit.point.columns, axis=0)[:, None]
    alone = np.sqrt(2.0 * fit.noise_variance / fit.problem.n_effective)  # on every other row
    errors = THRESHOLDS.resembling * alone / np.maximum(size, np.finfo(np.float64).tiny)
    return np.asarray(errors)
