"""Basin hopping: out of local minima where rows are few, and a descent costs next to nothing.

With few rows for each unknown the loss has many minima, small ones about each other and others far
apart, and hardly a start ends in the lowest. From the best so far neurons are moved, a little or
anywhere, some or one alone, and descents lead on from there, many side by side; the lowest is the
next to start from. Where that leads to another minimum than the one that starts have agreed on,
the same is done from the best of other starts, until the lowest has been reached twice.

Wales and Doye, "Global optimization by basin-hopping", J. Phys. Chem. A 101 (1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pureneuron.inference.information import information, is_small
from pureneuron.initialize import random_start
from pureneuron.model import unit_rows
from pureneuron.monitor import Monitor
from pureneuron.optimize import (
    Fit,
    Limits,
    Observer,
    minimize,
    minimize_together,
    n_side_by_side,
    single_suffices,
)
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.problem import Problem, n_unknowns
from pureneuron.search.evidence import TWICE, are_one_minimum, proof_by_residual
from pureneuron.search.multistart import Multistart
from pureneuron.search.polish import THRESHOLDS as POLISH
from pureneuron.typing import Array

__all__ = ["Thresholds", "confirmed_by_hopping", "is_rough", "lowest_by_hopping"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    moves : int
        Descents from one place; where so many are not made side by side, hopping is too slow
        (success.py).
    in_vain, most_rounds : int
        Rounds of them in vain before it ends, at least, and in all (success.py).
    weights : float
        Entries of W for each round in vain, where there are many (success.py).
    sizes : tuple of float
        Smallest and largest move of a neuron whose white row has unit length (success.py).
    shares : tuple of float
        Shares of the neurons that are moved together, beside one alone (success.py).
    worthwhile : float
        What a round must gain, in units of the noise variance, to count (success.py).
    starts : int
        Random starts of which the best is gone on from (success.py).
    restarts : int
        Random starts that are allowed for each time that this is done, at most, where no two ends
        agree (success.py).
    limits, move_limits : Limits
        When descents from these starts, and those of moves, end (success.py).
    """

    moves: int = 32
    in_vain: int = 6
    most_rounds: int = 40
    weights: float = 20.0
    sizes: tuple[float, float] = (0.02, 1.0)
    shares: tuple[float, ...] = (0.3, 1.0)
    worthwhile: float = 0.02
    starts: int = 64
    restarts: int = 7
    limits: Limits = Limits(max_iter=100, tol=1e-4)  # noqa: RUF009
    move_limits: Limits = Limits(max_iter=15, tol=1e-5)  # noqa: RUF009


THRESHOLDS = Thresholds()


def is_rough(problem: Problem, n_neurons: int) -> bool:
    """Whether rows are so few that minima are many, and descents from all of them cheap."""
    few = problem.n_equations < POLISH.few_equations * n_unknowns(problem, n_neurons)
    return few and n_side_by_side(problem, n_neurons) >= THRESHOLDS.moves


def confirmed_by_hopping(
    fit: Fit,
    search: Multistart,
    *,
    n_restarts: int,
    is_too_large: Callable[[Fit], bool],
    limits: Limits,
    rng: np.random.Generator,
    monitor: Monitor,
) -> tuple[Fit, Multistart]:
    """Go on from the best fit of a search until the lowest end has been reached twice.

    Parameters
    ----------
    fit, search : Fit and Multistart
        The best of all descents, and how it was found.
    n_restarts : int
        Most random starts that the search may make; a few of them for each time that the best of
        others is gone on from.
    is_too_large : callable
        Tells whether a neuron less would do: then there is nothing to be confirmed.
    limits : Limits
        When the last descent ends.
    rng : numpy.random.Generator
        Draws moves and starts.
    monitor : Monitor
        Told of every round.

    Returns
    -------
    Fit, Multistart
        The lowest end; it is confirmed if starts have agreed on it and nothing is in doubt, or if
        it was reached twice.
    """
    problem, k, losses = fit.problem, fit.n_neurons, list(search.losses)
    populations = math.ceil(n_restarts / THRESHOLDS.restarts)

    def hop(start: Fit, best: Fit) -> Fit:
        i, most = len(losses), len(search.losses) + populations
        tell = monitor.observer(problem, "hopping", i, most, best_loss=best.loss)
        return lowest_by_hopping(start, limits=limits, rng=rng, observer=tell)

    best = hop(fit, fit)
    losses[int(np.argmin(losses))] = best.loss
    agreement = proof_by_residual(best)
    if not agreement and (search.is_believed or fit.is_exact) and _are_one(best, fit):
        agreement = search.agreement
    for done in range(populations):
        if agreement or (done > 0 and is_too_large(best)):
            break
        starts = [random_start(problem, k, rng=rng) for _ in range(THRESHOLDS.starts)]
        W = _lowest_end(problem, starts, THRESHOLDS.limits).point.W
        first = minimize(problem, W, limits=limits, damping=DAMPING.trusted)
        losses.append(first.loss)
        losses[-1] = (end := hop(first, best)).loss
        agreement = TWICE if _are_one(end, best) else ""
        best = min(best, end, key=lambda each: each.loss)
        agreement = proof_by_residual(best) or agreement
    search = replace(search, n_iter=best.info.n_iter, history=best.info.history)
    return best, replace(search, agreement=agreement, losses=tuple(losses))


def lowest_by_hopping(
    fit: Fit, *, limits: Limits, rng: np.random.Generator, observer: Observer | None = None
) -> Fit:
    """Return the lowest end of descents from moves of a fit, and of moves of what they lead to.

    Parameters
    ----------
    fit : Fit
        The fit.
    limits : Limits
        When the last descent ends.
    rng : numpy.random.Generator
        Draws the moves.
    observer : callable, optional
        Hears of the best point after every round.
    """
    problem, best, in_vain = fit.problem, fit, 0
    most_in_vain = max(THRESHOLDS.in_vain, int(fit.point.W.size / THRESHOLDS.weights))
    for done in range(THRESHOLDS.most_rounds):
        if in_vain == most_in_vain or best.is_exact:
            break
        starts = [_moved(best.point.W, turn, rng) for turn in range(THRESHOLDS.moves)]
        end = _lowest_end(problem, starts, THRESHOLDS.move_limits)
        worthwhile = THRESHOLDS.worthwhile * best.noise_variance / problem.n_equations
        if end.loss < best.loss - worthwhile:
            W = end.point.W
            end = minimize(problem, W, limits=limits, damping=DAMPING.trusted)
        if end.loss < best.loss - worthwhile:
            best, in_vain = end, 0
        else:
            in_vain += 1
        if observer is not None:
            observer(done + 1, best.point)
    return best


def _lowest_end(problem: Problem, starts: Sequence[Array], limits: Limits) -> Fit:
    """Descend from several starts; return the lowest end, in the precision that shows its loss."""
    rows = problem.in_single_precision
    ends = minimize_together([rows] * len(starts), starts, limits=limits)
    lowest = min(ends, key=lambda end: end.loss)
    if not single_suffices(lowest.loss):
        W = lowest.point.W
        return minimize(problem, W, limits=limits, damping=DAMPING.trusted)
    return lowest


def _are_one(fit: Fit, other: Fit) -> bool:
    if fit is other:
        return True
    small = is_small(other.problem, other.n_neurons)
    return are_one_minimum(fit, other, information(other) if small else None)


def _moved(W: Array, turn: int, rng: np.random.Generator) -> Array:
    """Put one neuron anywhere, or move some of them a little, by turns."""
    k, r = W.shape
    W, one = W.copy(), rng.integers(k)
    if turn % 2:
        W[one] = unit_rows(rng.standard_normal((1, r)))[0]
        return W
    moved = rng.random(k) < rng.choice((0.0, *THRESHOLDS.shares))
    moved[one] = True
    size = np.exp(rng.uniform(*np.log(THRESHOLDS.sizes)))
    W[moved] += size / np.sqrt(r) * rng.standard_normal((int(moved.sum()), r))
    return W
