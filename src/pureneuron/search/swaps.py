"""Out of a local minimum with as many neurons: one is taken out and put in elsewhere.

*Swaps* serve where B shows all neurons, or rows are too few for a neuron more. The neuron whose
removal costs least is taken out, the direction whose rectified response explains most of the
residual is put in, and the descent goes on from there; if the loss falls, the search goes on from
the new minimum.

*Relocations* serve where outputs are few, and a start finds the strong neurons and puts a weak one
somewhere. The residual hardly shows where it belongs, so it is put anywhere: the rest is where it
should be, and such a descent is short. From a random start it costs five descents or so, and finds
the global minimum several times as often as they do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.model import unit_rows
from pureneuron.optimize import Fit, Limits, Observer, best_directions, least_missed, minimize

__all__ = ["Thresholds", "relocated", "swap_search"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    neurons, directions : int
        Neurons to take out and directions to put in, at most, before a minimum counts as one that
        swaps do not leave (success.py).
    worthwhile : float
        Share of the loss that a swap must gain to be kept (success.py).
    weakest, places : int
        Neurons that are relocated in turn, and places for them in vain before it ends (make bench).
    noticed : float
        What a relocation must gain, in units of the noise variance, to be kept (make bench).
    """

    neurons: int = 10
    directions: int = 3
    worthwhile: float = 1e-3
    weakest: int = 3
    places: int = 6
    noticed: float = 1.0


THRESHOLDS = Thresholds()


def swap_search(
    fit: Fit, *, rng: np.random.Generator, limits: Limits, observer: Observer | None = None
) -> Fit:
    """Swap neurons until no swap lowers the loss; return the last fit.

    Parameters
    ----------
    fit : Fit
        A converged fit.
    rng : numpy.random.Generator
        Draws candidate directions.
    limits, observer
        As for :func:`~pureneuron.optimize.minimize`.
    """
    best, improved = fit, True
    floor = fit.problem.likelihood.floor(single=False)
    while improved and best.loss > floor:
        improved = False
        directions = best_directions(best, THRESHOLDS.directions, rng=rng)
        neurons = least_missed(best)[: THRESHOLDS.neurons]
        for neuron, direction in ((a, g) for a in neurons for g in directions):
            W = best.point.W.copy()
            W[neuron] = direction
            trial = minimize(best.problem, W, limits=limits, observer=observer)
            if trial.loss < (1.0 - THRESHOLDS.worthwhile) * best.loss:
                best, improved = trial, True
                break
    return best


def relocated(
    fit: Fit, *, rng: np.random.Generator, limits: Limits, observer: Observer | None = None
) -> Fit:
    """Put the least missed neurons somewhere else until nothing is gained by it; return the best.

    Parameters
    ----------
    fit : Fit
        A converged fit.
    rng : numpy.random.Generator
        Draws the places.
    limits, observer
        As for :func:`~pureneuron.optimize.minimize`.
    """
    best, in_vain = fit, 0
    problem, weakest = fit.problem, min(THRESHOLDS.weakest, fit.n_neurons)
    while in_vain < THRESHOLDS.places and not best.is_exact:
        W = best.point.W.copy()
        W[least_missed(best)[in_vain % weakest]] = unit_rows(rng.standard_normal((1, W.shape[1])))
        trial = minimize(problem, W, limits=limits, observer=observer)
        gain = (best.loss - trial.loss) * problem.n_equations / best.noise_variance
        if gain > THRESHOLDS.noticed:
            best, in_vain = trial, 0
        else:
            in_vain += 1
    return best
