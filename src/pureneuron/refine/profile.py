"""Variable projection: for given W the best A is a linear least-squares solution.

So the loss becomes a function of W alone, with a k × k system to solve at each W. Dead and
coincident neurons make that system singular; they are an ordinary event, and get the minimum-norm
A (a dead neuron a column of zeros).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.moments import Problem
from pureneuron.network import unit_rows
from pureneuron.refine.kernels import profile_sums, with_activations
from pureneuron.samples import Samples
from pureneuron.typing import Array

__all__ = ["Point", "evaluate", "profile"]

# Activations whose Gram matrix, scaled to unit diagonal, has smaller eigenvalues than this are
# linearly dependent: the matrix itself is known only to the precision of float64.
_DEPENDENT = 1e-13


@dataclass(frozen=True)
class Point:
    """A position of the engine: W and everything that follows from W.

    Attributes
    ----------
    W : (k, r) array
        White rows, of unit length.
    A : (m, k) array
        The profiled output weights (m, k + 1 with an intercept).
    loss : float
        ``|Y − H Aᵀ|²`` per row and output.
    gram_inverse : array
        (Pseudo-)inverse of ``HᵀH / n``.
    samples : Samples
        The data with the activations at W beside them: kept in memory where the data are, and
        computed anew from batch to batch where they stream.
    """

    W: Array
    A: Array
    loss: float
    gram_inverse: Array
    samples: Samples


def profile(problem: Problem, W: Array, reference: Array | None = None) -> Point:
    """Project out A at ``W``, in one pass.

    Parameters
    ----------
    W : (k, r) array
        White rows; they come back with unit length.
    reference : array, optional
        An A near the solution, in the scale of ``W`` as given: residuals are measured against it.
    """
    length = np.linalg.norm(W, axis=1)
    W = unit_rows(W)
    width = len(W) + problem.fit_intercept
    if reference is None:
        reference = np.zeros((problem.n_outputs, width))
    else:
        reference = reference.copy()
        reference[:, : len(W)] *= length
    slope = problem.negative_slope
    samples = problem.samples.derive(with_activations, W, slope)
    sums = samples.reduce(profile_sums, W, reference, slope)
    gram_inverse = _pseudo_inverse(sums["HH"] / problem.total)
    cross = sums["HE"] / problem.total
    change = gram_inverse @ cross
    loss = float(sums["EE"] / problem.total - np.sum(change * cross))
    return Point(
        W=W,
        A=reference + change.T,
        loss=max(loss, 0.0) / problem.n_outputs,
        gram_inverse=gram_inverse,
        samples=samples,
    )


def _pseudo_inverse(gram: Array) -> Array:
    scale = np.sqrt(np.diag(gram))
    alive = scale > 0.0
    scale = np.where(alive, scale, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    kept = values > _DEPENDENT * len(gram)
    vectors = vectors[:, kept] / scale[:, None]
    return np.asarray((vectors / values[kept]) @ vectors.T)


def evaluate(problem: Problem, W: Array, A: Array) -> float:
    """Return the loss of the network ``(A, W)`` as it is, without projecting A; one pass."""
    sums = problem.samples.reduce(profile_sums, W, A, problem.negative_slope)
    return float(sums["EE"]) / problem.total / problem.n_outputs
