"""Starts that find first where neurons bend, and last which side of the bend is on.

``σ(z) = (1 + s) z + σ(−z)``, for a slope s below zero: a neuron that is turned round differs by a
linear function of the inputs. Where outputs are few, others make up for it, and most local minima
are networks with some neurons turned round. With a linear part ``L x`` of its own the model does
not care: turned round or not, it is the same. It has few local minima left. Once its neurons are
found, those to be turned, S, are what makes the linear part vanish,

    L + (1 + s) Σ_{i ∈ S} a_i w_iᵀ = 0,

least squares with unknowns that are 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.spatial import cKDTree

from pureneuron.linalg import svd
from pureneuron.optimize import Fit, Limits, Observer, exchanged, minimize
from pureneuron.problem import Problem
from pureneuron.typing import Array, BoolArray

__all__ = [
    "binary_least_squares",
    "enough_without_linear_part",
    "oriented",
    "rightly_turned",
    "turned_round",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most_enumerated : int
        Unknowns that are 0 or 1, at most, of which all combinations are tried, those of one half
        against those of the other (make bench).
    queries : int
        Sums of one half that are looked for at a time (make bench).
    dependent : float
        Share of the largest singular value below which one counts as zero (rounding).
    chance : float
        What each unknown of the linear part may gain by chance, in units of the noise variance,
        and nothing is missing without it (success.py).
    """

    most_enumerated: int = 32
    queries: int = 1024
    dependent: float = 1e-6
    chance: float = 2.0


THRESHOLDS = Thresholds()


def oriented(
    problem: Problem,
    W: Array,
    *,
    limits: Limits,
    rng: np.random.Generator,
    observer: Observer | None = None,
) -> tuple[Array, float]:
    """Fit a network with a linear part from ``W``; return its rows, the right way round.

    Parameters
    ----------
    problem : Problem
        The rows to fit it to.
    W : (k, r) array
        White rows.
    limits : Limits
        When a descent ends.
    rng : numpy.random.Generator
        Draws directions of neurons that are exchanged.
    observer : callable, optional
        Hears of the points of that fit, which are no points of ``problem``.

    Returns
    -------
    W : (k, r) array
        White rows of unit length.
    enough : float
        Loss up to which a fit without the linear part, which has fewer unknowns, is as good.
    """
    descend = partial(minimize, limits=limits, observer=observer)
    fit = exchanged(descend(problem.with_linear_part(), W), descend, rng=rng)
    enough = enough_without_linear_part(fit, problem)
    return rightly_turned(fit), enough


def enough_without_linear_part(fit: Fit, problem: Problem) -> float:
    """Return the loss up to which a fit of ``problem`` is as good as one with a linear part."""
    chance = THRESHOLDS.chance * (fit.problem.n_beside - problem.n_beside) * problem.n_outputs
    enough = fit.loss * (1.0 + chance / problem.n_equations)
    return max(enough, problem.likelihood.floor(single=problem.single))


def rightly_turned(fit: Fit) -> Array:
    """Return the white rows (k, r) of a fit with a linear part, turned so that it is small."""
    return np.where(turned_round(fit)[:, None], -fit.point.W, fit.point.W)


def turned_round(fit: Fit) -> BoolArray:
    """Tell which neurons of a fit with a linear part to turn round for it to vanish, (k,) bool."""
    problem, W, A = fit.problem, fit.point.W, fit.point.columns
    r, slope = problem.n_inputs, problem.activation.negative_slope
    linear = fit.point.A[:, len(W) : len(W) + r]
    if problem.fit_hidden_bias and problem.fit_intercept:
        # A constant is no obstacle: the intercept takes it.
        constant = problem.constant_input
        across = np.eye(r) - np.outer(constant, constant) / (constant @ constant)
        W, linear = W @ across, linear @ across
    effects = (1.0 + slope) * (A.T[:, :, None] * W[:, None, :]).reshape(len(W), -1)
    return binary_least_squares(effects.T, -linear.ravel())


def binary_least_squares(M: Array, y: Array) -> BoolArray:
    """Minimise ``|y − M z|`` over z with entries 0 or 1; return z as booleans.

    Exactly, by meeting in the middle, where rows are fewer than unknowns and those not too many;
    elsewhere the solution without the constraint is rounded, and improved by changing one entry or
    two as long as that helps.

    Parameters
    ----------
    M : (p, k) array
        Any matrix.
    y : (p,) array
        The right-hand side.
    """
    k = M.shape[1]
    U, s, Vt = svd(M, full_matrices=False)
    kept = s > THRESHOLDS.dependent * s.max(initial=0.0)
    if not kept.any():
        # Neurons without weight: either way round they do the same.
        return np.zeros(k, dtype=np.bool_)
    M, y = s[kept, None] * Vt[kept], U[:, kept].T @ y
    z = _improved(M, y, Vt[kept].T @ (y / s[kept]) > 0.5)
    return _met_in_the_middle(M, y, z) if len(M) < k <= THRESHOLDS.most_enumerated else z


def _met_in_the_middle(M: Array, y: Array, z: BoolArray) -> BoolArray:
    """Find the nearest of all sums of one half of the columns to y less those of the other.

    Some of the latter at a time, each only as far as what is nearest so far, ``z`` at first: in ten
    dimensions and more that saves most of the tree.
    """
    half = M.shape[1] // 2
    first, second = _all_choices(half), _all_choices(M.shape[1] - half)
    tree, wanted = cKDTree(first @ M[:, :half].T), y - second @ M[:, half:].T
    least = float(np.linalg.norm(y - M @ z))
    for begin in range(0, len(second), THRESHOLDS.queries):
        some = slice(begin, begin + THRESHOLDS.queries)
        distances, nearest = tree.query(wanted[some], distance_upper_bound=least)
        best = int(np.argmin(distances))
        if distances[best] < least:
            least = float(distances[best])
            z = np.concatenate([first[nearest[best]], second[begin + best]]) > 0.0
    return z


def _all_choices(k: int) -> Array:
    return ((np.arange(2**k)[:, None] >> np.arange(k)) & 1).astype(np.float64)


def _improved(M: Array, y: Array, z: BoolArray) -> BoolArray:
    """Change one entry or two as long as the residual falls."""
    gram, step = M.T @ M, np.where(z, -1.0, 1.0)
    while True:
        gradient = M.T @ (y - M @ z) * step
        alone = gram.diagonal() - 2.0 * gradient
        change = alone[:, None] + alone + 2.0 * gram * np.outer(step, step)
        np.fill_diagonal(change, alone)
        a, b = np.unravel_index(np.argmin(change), change.shape)
        if change[a, b] >= -1e-12 * gram.diagonal().max(initial=0.0):
            return z
        z = z.copy()
        z[[a, b]] = ~z[[a, b]]
        step = np.where(z, -1.0, 1.0)
