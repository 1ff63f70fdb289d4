"""The number of neurons: whether one less would do (drop-one test)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.optimize import Fit, Limits, minimize, single_suffices
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.problem import Problem, n_unknowns
from pureneuron.typing import Array, IndexArray

__all__ = ["Thresholds", "drop_one_gain", "least_missed"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    candidates : int
        Neurons that are tried out (surety.py).
    resolution : float
        The gain is wanted to this share of what chance gives (surety.py).
    """

    candidates: int = 2
    resolution: float = 0.3


THRESHOLDS = Thresholds()


def least_missed(fit: Fit) -> IndexArray:
    """Order neurons by how little the loss grows without them, the rest of A refitted."""
    point = fit.point
    # A neuron explained by the others (no finite inverse) costs nothing to remove.
    spread = np.diag(point.gram_inverse)[: point.n_neurons]
    spread = np.maximum(spread, np.finfo(np.float64).tiny)
    return np.argsort(np.sum(point.columns**2, axis=0) / spread)


def drop_one_gain(fit: Fit, *, limits: Limits) -> float:
    """Measure what the fit would lose with one neuron less, refitted.

    The gain in squared residual is divided by the noise variance and by ``r + m − 1``, the number
    of unknowns of a neuron. A neuron that fits noise gains about 1 to 3, for it chooses its
    direction; one that the outputs need gains in proportion to the rows.

    Parameters
    ----------
    fit : Fit
        The fit.
    limits : Limits
        As for :func:`~pureneuron.optimize.minimize`; the tolerance is raised to what is needed.
    """
    problem, k = fit.problem, fit.n_neurons
    own = n_unknowns(problem, k) - n_unknowns(problem, k - 1)
    chance = fit.noise_variance * own / problem.n_equations
    if k == 1:
        return (_loss_of_nothing(problem) - fit.loss) / chance
    rows = problem.in_single_precision if single_suffices(fit.loss) else problem
    tol = max(limits.tol, THRESHOLDS.resolution * chance / fit.loss)
    without = min(
        minimize(
            rows,
            np.delete(fit.point.W, a, axis=0),
            limits=Limits(limits.max_iter, tol),
            damping=DAMPING.trusted,
        ).loss
        for a in least_missed(fit)[: THRESHOLDS.candidates]
    )
    return (without - fit.loss) / chance


def _loss_of_nothing(problem: Problem) -> float:
    power: Array = np.diag(problem.moments.yy)
    if problem.fit_intercept:
        power = power - problem.moments.y**2
    return float(power.mean()) / problem.output_scale**2
