"""Which starts are descended from, and when to believe the end.

The policy:

- where there are rows to spare, a race (see :mod:`~pureneuron.refine.race`) has the first word, and
  the moments, where there are any, the next;
- a start that rests on evidence of its own (racers that agree with one another or with the average
  Hessians, or the moments) is proved right if the descent from it on all rows leads to the best
  minimum, with every neuron near where it began;
- random starts on all rows follow until the best minimum so far has been reached twice, and at
  least three descents have been made; from the seventh on, each is repaired by swaps of neurons;
- a start that comes where the best one has been is not followed any further;
- neither counts while the residual may still show the inputs or a unit lies idle, unless twice as
  many starts have been made: then the fault lies with the model, or it was chance;
- a residual that is zero up to rounding, with clearly more equations than unknowns, is the global
  minimum and ends the search at once;
- the smallest residual wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from pureneuron.moments import Problem, n_unknowns
from pureneuron.network import unit_rows
from pureneuron.progress import ProgressCallback, report_to
from pureneuron.refine.comparison import apart, displacement
from pureneuron.refine.descent import Descent, descend
from pureneuron.refine.precision import descend_from
from pureneuron.refine.repair import repair
from pureneuron.refine.starts import Start, random_start
from pureneuron.typing import Array

__all__ = ["FEWEST_STARTS", "Refinement", "search", "settle"]

# Two descents found the same minimum if no neuron moved by more than this share of the way to its
# nearest neighbour. A race or a moment estimate, which carry sampling error, are confirmed by half
# the way.
_SAME, _CONFIRMED = 0.1, 0.5
# Equations for each unknown, and the tolerance, of a descent that is to show whether an estimate
# holds.
_ENOUGH_EQUATIONS, _ROUGH = 100, 1e-3
# Descents before two that agree are believed.
FEWEST_STARTS = 3
# Random starts before swaps are tried: they are worth some thirty descents, and hardly ever needed.
_PATIENCE = 6


@dataclass(frozen=True)
class Refinement:
    """The best of all descents.

    Attributes
    ----------
    best : Descent
        The winner.
    winner : str
        Name of the start it came from.
    agreement : str
        Why the winner is taken for the global minimum; empty if nothing confirms it.
    losses : tuple of float
        Final loss of every descent, in order.
    interrupted : bool
        Whether Ctrl-C ended the search.
    """

    best: Descent
    winner: str
    agreement: str
    losses: tuple[float, ...]
    interrupted: bool


def search(
    problem: Problem,
    n_neurons: int,
    *,
    first: Iterable[Start] = (),
    n_restarts: int,
    max_iter: int,
    tol: float,
    fewest: int = FEWEST_STARTS,
    rng: np.random.Generator,
    unsuspicious: Callable[[Descent], bool] = lambda descent: True,
    callback: ProgressCallback | None = None,
) -> Refinement:
    """Descend from the ``first`` starts, then from random ones, until the best is confirmed.

    Parameters
    ----------
    problem : Problem
        The data.
    n_neurons : int
        k.
    first : iterable of Start
        Starts that come before the random ones; the next is asked for when it is needed.
    n_restarts : int
        Most random starts.
    max_iter, tol
        As for :func:`pureneuron.refine.descent.descend`.
    fewest : int
        Descents before two that agree are believed.
    rng : numpy.random.Generator
        Draws the random starts.
    unsuspicious : callable, optional
        Whether there is no more reason than usual to doubt a descent; asked of every new best one.
    callback : callable, optional
        Told of every iteration.
    """
    overdetermined = problem.n_equations >= 1.2 * n_unknowns(problem, n_neurons)
    descents: list[Descent] = []
    best: Descent | None = None
    winner, proof, found_twice, interrupted = "", "", False, False
    enough, n_random = fewest, 0

    def random_starts() -> Iterator[Start]:
        for _ in range(max(n_restarts, 0 if descents else 1)):
            yield Start("random", random_start(problem, n_neurons, rng=rng))

    try:
        for start in chain(first, random_starts()):
            i = len(descents) + 1
            n_random += start.name == "random"
            n_most = max(i, i - n_random + n_restarts)
            reached = None if best is None else best.loss
            descent = descend_from(
                problem,
                start,
                None if best is None else best.point,
                same=_SAME,
                max_iter=0 if start.interrupted else max_iter,
                tol=tol,
                callback=report_to(callback, "refining", i, n_most, reached),
            )
            if n_random > _PATIENCE and not descent.joined:
                descent = repair(
                    problem,
                    descent,
                    rng=rng,
                    max_iter=max_iter,
                    tol=tol,
                    callback=report_to(callback, "repairing", i, n_most, reached),
                )
            descents.append(descent)
            interrupted = descent.interrupted or start.interrupted
            met = best is not None and (descent.joined or apart(descent.point, best.point) <= _SAME)
            if best is None or descent.loss < best.loss:
                best, winner, found_twice = descent, start.name, met
                doubted = not (best.exact or interrupted or unsuspicious(best))
                enough = 2 * fewest if doubted else fewest
                if best.exact and overdetermined:
                    proof = "the residual is zero up to rounding"
            elif met:
                found_twice = True
            leads_there = met or best is descent
            if leads_there and not (proof or doubted or interrupted) and _confirms(start, best):
                proof = start.evidence()
            if proof or interrupted or (found_twice and len(descents) >= enough):
                break
    except KeyboardInterrupt:
        if best is None:
            raise
        interrupted = True
    assert best is not None
    return Refinement(
        best=best,
        winner=winner,
        agreement=proof or ("two starts end in the same minimum" if found_twice else ""),
        losses=tuple(descent.loss for descent in descents),
        interrupted=interrupted,
    )


def settle(
    problem: Problem, W: Array, A: Array, *, rng: np.random.Generator
) -> tuple[Problem, Descent, bool]:
    """Descend from an estimate on some of the rows: those, the descent, and whether neurons stay.

    Parameters
    ----------
    problem : Problem
        The data.
    W, A : (k, r) and (m, k) arrays
        The estimate.
    rng : numpy.random.Generator
        Draws the rows.
    """
    n = problem.n_rows
    # Rows that weigh next to nothing do not count.
    size = _ENOUGH_EQUATIONS * n_unknowns(problem, len(W)) / problem.n_equations * n
    if size < n:
        problem = problem.subset(int(size), rng=rng)
    descent = descend(problem, W, A, tol=_ROUGH, damping=1e-4)
    if descent.interrupted:
        raise KeyboardInterrupt
    return problem, descent, _confirms(Start("estimate", W, A), descent)


def _confirms(start: Start, descent: Descent) -> bool:
    if start.A is None:
        return False
    k, point = len(start.W), descent.point
    moved = displacement(unit_rows(start.W), start.A[:, :k], point.W, point.A[:, :k])
    return moved <= _CONFIRMED
