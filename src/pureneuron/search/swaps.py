"""Swap search: what takes a fit out of a local minimum.

In a typical local minimum two neurons share the work of one, and one is missing. Descending from
somewhere else starts all over; a swap keeps what is right. The neuron whose removal costs least is
taken out, the direction whose rectified response explains most of the residual is put in, and the
descent goes on from there; if the loss falls, the search goes on from the new minimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat
import numpy as np

from pureneuron.inference.order import least_missed
from pureneuron.linalg import svd, tall_product
from pureneuron.model import Activation, unit_rows
from pureneuron.optimize import Fit, Limits, Observer, minimize
from pureneuron.optimize.least_squares.kernels import activations, residual
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["Thresholds", "swap_search"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    neurons, directions : int
        Neurons to take out and directions to put in, at most, before a minimum counts as one that
        swaps do not leave (success.py).
    random_directions : int
        Random candidates for the direction (success.py).
    nothing_beyond : float
        Share of the largest response's power that counts as nothing beyond the activations
        (rounding).
    worthwhile : float
        Share of the loss that a swap must gain to be kept (success.py).
    """

    neurons: int = 10
    directions: int = 3
    random_directions: int = 200
    nothing_beyond: float = 1e-9
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
        directions = _best_directions(best, rng=rng)
        neurons = least_missed(best)[: THRESHOLDS.neurons]
        for neuron, direction in ((a, g) for a in neurons for g in directions):
            W = best.point.W.copy()
            W[neuron] = direction
            trial = minimize(best.problem, W, limits=limits, observer=observer)
            if trial.loss < (1.0 - THRESHOLDS.worthwhile) * best.loss:
                best, improved = trial, True
                break
    return best


def _best_directions(fit: Fit, *, rng: np.random.Generator) -> Array:
    """Return the directions whose response, off the activations, explains most of the residual.

    The candidates are random ones, and both signs of the singular vectors of ``Σ e xᵀ``, in which
    a neuron that is missing shows its linear half. All of them travel in one pass.
    """
    problem, point = fit.problem, fit.point
    W, A, activation = point.W, point.A, problem.activation
    EX = problem.samples.reduce(_residual_sums, W, A, activation)["EX"]
    linear = svd(EX, full_matrices=False)[2]
    random = rng.standard_normal((THRESHOLDS.random_directions, problem.n_inputs))
    candidates = unit_rows(np.concatenate([random, linear, -linear]))
    sums = problem.samples.reduce(_response_sums, W, A, candidates, activation)
    cross = sums["HF"] / problem.total
    own = sums["FF"] / problem.total
    beyond = own - np.sum(cross * (point.gram_inverse @ cross), axis=0)
    explained = np.sum(sums["FE"] ** 2, axis=1) / np.maximum(
        beyond, THRESHOLDS.nothing_beyond * own.max()
    )
    return np.asarray(candidates[np.argsort(-explained)[: THRESHOLDS.directions]])


def _residual_sums(
    batch: Batch, W: AnyArray, A: AnyArray, activation: Activation
) -> dict[str, Sum]:
    _, H = activations(batch, W, activation)
    return {"EX": Sum(tall_product(residual(batch, H, A), batch.X))}


def _response_sums(
    batch: Batch, W: AnyArray, A: AnyArray, candidates: AnyArray, activation: Activation
) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    _, H = activations(batch, W, activation)
    E = residual(batch, H, A)
    F = activations(batch, candidates, activation)[1][:, : candidates.shape[0]]
    return {
        "FE": Sum(tall_product(F, E)),
        "FF": Sum(xp.sum(F * F, axis=0)),
        "HF": Sum(tall_product(H, F)),
    }
