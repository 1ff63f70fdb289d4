"""Out of a local minimum: a neuron more, then one less.

In a typical local minimum two neurons share the work of one, and one is missing. So a neuron is
added where it explains most of the residual, all descend together, and the one that is missed least
is taken out: what is right stays, and the two become one. From a random start it costs about as
much as the descent, and finds the global minimum about three times as often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import array_api_compat
import numpy as np

from pureneuron.linalg import svd, tall_product
from pureneuron.model import Activation, unit_rows
from pureneuron.optimize.curvature import curved_directions, residual_problem
from pureneuron.optimize.fit import Fit
from pureneuron.optimize.least_squares.kernels import activations, residual
from pureneuron.problem import Problem, n_unknowns
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array, IndexArray

__all__ = ["Descend", "Thresholds", "best_directions", "exchanged", "gains", "least_missed"]

Descend: TypeAlias = Callable[[Problem, Array], Fit]
"""``descend(problem, W)``: the minimum that white rows ``W`` lead to."""


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    worthwhile : float
        Share of the loss that an exchange must gain to be kept (success.py).
    chance : float
        Gain of a neuron more, in units of what one gains that fits noise, from which on it may be
        one that is missing (success.py).
    random_directions : int
        Random candidates for the direction (success.py).
    nothing_beyond : float
        Share of the largest response's power that counts as nothing beyond the activations
        (rounding).
    """

    worthwhile: float = 1e-3
    chance: float = 4.0
    random_directions: int = 200
    nothing_beyond: float = 1e-9


THRESHOLDS = Thresholds()


def exchanged(fit: Fit, descend: Descend, *, rng: np.random.Generator) -> Fit:
    """Exchange neurons until it does not lower the loss; return the last fit.

    Parameters
    ----------
    fit : Fit
        A converged fit.
    descend : callable
        How the larger and the smaller network descend.
    rng : numpy.random.Generator
        Draws candidate directions.
    """
    problem, best = fit.problem, fit
    floor = problem.likelihood.floor(single=problem.single)
    while best.loss > floor:
        larger = descend(problem, np.vstack([best.point.W, best_directions(best, 1, rng=rng)]))
        if best.loss - larger.loss < _least_gain(best) * best.loss:
            return best
        smaller = descend(problem, np.delete(larger.point.W, least_missed(larger)[0], axis=0))
        if smaller.loss > (1.0 - THRESHOLDS.worthwhile) * best.loss:
            return best
        best = smaller
    return best


def least_missed(fit: Fit) -> IndexArray:
    """Order neurons by how little the loss grows without them, the rest of A refitted."""
    return np.argsort(gains(fit))


def gains(fit: Fit) -> Array:
    """Return what the loss grows by without each neuron (k,), the rest of A refitted."""
    point, k = fit.point, fit.n_neurons
    spread = np.diag(point.gram_inverse)[:k]
    # A neuron that is never on has none, and that others make up for is left out in part: neither
    # costs anything to remove.
    spanned = np.einsum("ij,ji->i", point.gram_inverse, point.gram)[:k]
    missed = (spread > 0.0) & (spanned > 1.0 - THRESHOLDS.nothing_beyond)
    squares = np.sum(point.columns**2, axis=0) / fit.problem.n_outputs
    return np.asarray(squares * missed / np.where(missed, spread, 1.0))


def best_directions(fit: Fit, n_directions: int, *, rng: np.random.Generator) -> Array:
    """Return the directions whose response, off the activations, explains most of the residual.

    The candidates are random ones, both signs of the singular vectors of ``Σ e xᵀ``, in which a
    neuron that is missing shows its linear half, and those in which the residual curves most, where
    it shows the other. All of them travel in one pass.

    Returns
    -------
    (n_directions, r) array
        White rows of unit length, the best first.
    """
    problem, point = fit.problem, fit.point
    W, A, activation = point.W, point.A, problem.activation
    EX = problem.samples.reduce(_residual_sums, W, A, activation)["EX"]
    linear = svd(EX, full_matrices=False)[2]
    random = rng.standard_normal((THRESHOLDS.random_directions, problem.n_inputs))
    curved = curved_directions(residual_problem(_shown(problem), point), rng=rng)
    candidates = unit_rows(np.concatenate([random, linear, -linear, curved]))
    sums = problem.samples.reduce(_response_sums, W, A, candidates, activation)
    cross = sums["HF"] / problem.total
    own = sums["FF"] / problem.total
    beyond = own - np.sum(cross * (point.gram_inverse @ cross), axis=0)
    explained = np.sum(sums["FE"] ** 2, axis=1) / np.maximum(
        beyond, THRESHOLDS.nothing_beyond * own.max()
    )
    return np.asarray(candidates[np.argsort(-explained)[:n_directions]])


def _shown(problem: Problem) -> Problem:
    """Return the rows that are kept, where some are: they show what directions there are."""
    return problem if problem.kept is None else problem.on(problem.kept.samples)


def _least_gain(fit: Fit) -> float:
    """Share of the loss that a neuron more gains at least where one is missing."""
    problem, k = fit.problem, fit.n_neurons
    own = n_unknowns(problem, k + 1) - n_unknowns(problem, k)
    return max(THRESHOLDS.worthwhile, min(THRESHOLDS.chance * own / problem.n_equations, 0.5))


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
