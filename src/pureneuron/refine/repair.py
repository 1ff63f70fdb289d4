"""Swaps: what takes a descent out of a local minimum.

In a typical local minimum two neurons share the work of one, and one is missing. Descending from
somewhere else starts all over; a swap keeps what is right. The neuron that is missed least is taken
out, the direction whose rectified response explains most of the residual is put in, and the
descent goes on from there; if the loss falls, the new minimum is kept and repaired in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import array_api_compat
import numpy as np

from pureneuron.linalg import svd, tall_product
from pureneuron.moments import Problem
from pureneuron.network import unit_rows
from pureneuron.refine.descent import EXACT, Descent, descend
from pureneuron.refine.kernels import activations, residual
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array, IndexArray

__all__ = ["least_missed", "repair"]

# Neurons to take out and directions to put in, at most, before a minimum counts as beyond repair.
_NEURONS, _DIRECTIONS = 10, 3
_RANDOM_DIRECTIONS = 200
# Share of the loss that a swap must gain to be kept.
_WORTHWHILE = 1e-3


def repair(
    problem: Problem,
    descent: Descent,
    *,
    rng: np.random.Generator,
    max_iter: int,
    tol: float,
    callback: Callable[[int, float], None] | None = None,
) -> Descent:
    """Swap neurons until no swap lowers the loss; return the last descent.

    Parameters
    ----------
    problem : Problem
        The data.
    descent : Descent
        A converged descent.
    rng : numpy.random.Generator
        Draws candidate directions.
    max_iter, tol, callback
        As for :func:`pureneuron.refine.descent.descend`.
    """
    best = descent
    improved = True
    while improved and best.loss > EXACT and not best.interrupted:
        improved = False
        directions = _best_directions(problem, best, rng=rng)
        swaps = ((a, g) for a in least_missed(best)[:_NEURONS] for g in directions)
        for neuron, direction in swaps:
            W = best.point.W.copy()
            W[neuron] = direction
            trial = descend(problem, W, max_iter=max_iter, tol=tol, callback=callback)
            if trial.interrupted:
                return trial if trial.loss < best.loss else replace(best, interrupted=True)
            if trial.loss < (1.0 - _WORTHWHILE) * best.loss:
                best, improved = trial, True
                break
    return best


def least_missed(descent: Descent) -> IndexArray:
    """Order neurons by how little the loss grows without them, the rest of A refitted."""
    point = descent.point
    k = len(point.W)
    # A neuron explained by the others (no finite inverse) costs nothing to remove.
    spread = np.maximum(np.diag(point.gram_inverse)[:k], np.finfo(np.float64).tiny)
    return np.argsort(np.sum(point.A[:, :k] ** 2, axis=0) / spread)


def _best_directions(problem: Problem, descent: Descent, *, rng: np.random.Generator) -> Array:
    """Return the directions whose response, off the activations, explains most of the residual.

    The candidates are random ones, and both signs of the singular vectors of ``Σ e xᵀ``, in which
    a neuron that is missing shows its linear half.
    """
    W, A, slope = descent.point.W, descent.point.A, problem.negative_slope
    EX = problem.samples.reduce(_residual_sums, W, A, slope)["EX"]
    linear = svd(EX, full_matrices=False)[2]
    random = rng.standard_normal((_RANDOM_DIRECTIONS, problem.n_inputs))
    candidates = unit_rows(np.concatenate([random, linear, -linear]))
    sums = problem.samples.reduce(_response_sums, W, A, candidates, slope)
    cross = sums["HF"] / problem.total
    own = sums["FF"] / problem.total
    beyond = own - np.sum(cross * (descent.point.gram_inverse @ cross), axis=0)
    explained = np.sum(sums["FE"] ** 2, axis=1) / np.maximum(beyond, 1e-9 * own.max())
    return np.asarray(candidates[np.argsort(-explained)[:_DIRECTIONS]])


def _residual_sums(batch: Batch, W: AnyArray, A: AnyArray, slope: float) -> dict[str, Sum]:
    _, H = activations(batch, W, slope)
    return {"EX": Sum(tall_product(residual(batch, H, A), batch.X))}


def _response_sums(
    batch: Batch, W: AnyArray, A: AnyArray, candidates: AnyArray, slope: float
) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    _, H = activations(batch, W, slope)
    E = residual(batch, H, A)
    F = activations(batch, candidates, slope)[1][:, : candidates.shape[0]]
    return {
        "FE": Sum(tall_product(F, E)),
        "FF": Sum(xp.sum(F * F, axis=0)),
        "HF": Sum(tall_product(H, F)),
    }
