"""Swap search: what takes a fit out of a local minimum where rows are too few for a neuron more.

The neuron whose removal costs least is taken out, the direction whose rectified response explains
most of the residual is put in, and the descent goes on from there; if the loss falls, the search
goes on from the new minimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.optimize import Fit, Limits, Observer, best_directions, least_missed, minimize

__all__ = ["Thresholds", "swap_search"]


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
    """

    neurons: int = 10
    directions: int = 3
    worthwhile: float = 1e-3


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
