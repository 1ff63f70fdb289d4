"""Descents that begin in single precision and end in double."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pureneuron.moments import Problem
from pureneuron.refine.comparison import meeting
from pureneuron.refine.descent import Descent, descend, negligible_gain
from pureneuron.refine.profile import Point, in_full_precision
from pureneuron.refine.starts import Start

__all__ = ["SINGLE_FLOOR", "descend_from", "single_suffices"]

# The loss that single precision takes for zero.
SINGLE_FLOOR = 1e-9
# Entries of X and Y from which a first descent in single precision saves more than it costs, and
# the gain at which it leaves the rest to double precision.
_SINGLE_ENTRIES, _SINGLE_TOL = 100_000, 3e-6
_SINGLE_LOSS = 1e-6


def single_suffices(loss: float) -> bool:
    """Whether single precision determines the residual behind a loss to three digits and more."""
    return loss > _SINGLE_LOSS


def descend_from(
    problem: Problem,
    start: Start,
    best: Point | None,
    *,
    same: float,
    max_iter: int,
    tol: float,
    callback: Callable[[int, float], None] | None,
) -> Descent:
    """Descend from a start, at first in single precision; leave off where ``best`` has been.

    Single precision halves the time of a product and sees losses to about seven digits. Where a
    negligible gain is more than that, double precision has only A and the loss to add; elsewhere
    the last step or two.
    """
    joins = meeting(best, same)
    damping = 1e-2 if start.A is None else 1e-4
    entries = problem.n_rows * (problem.n_inputs + problem.n_outputs)
    if entries < _SINGLE_ENTRIES:
        return descend(
            problem,
            start.W,
            start.A,
            max_iter=max_iter,
            tol=tol,
            damping=damping,
            scale=start.scale,
            joins=joins,
            callback=callback,
        )
    rough = descend(
        problem.in_single_precision,
        start.W,
        start.A,
        max_iter=max_iter,
        tol=max(tol, _SINGLE_TOL),
        damping=damping,
        scale=start.scale,
        floor=SINGLE_FLOOR,
        joins=joins,
        callback=callback,
    )
    if rough.joined or rough.interrupted:
        return rough
    W, A = rough.point.W, rough.point.A
    shows_enough = negligible_gain(problem, len(W), tol) >= _SINGLE_TOL
    if rough.converged and shows_enough and single_suffices(rough.loss):
        point = in_full_precision(problem, rough.point)
        return replace(rough, point=point, history=(*rough.history[:-1], point.loss))
    fine = descend(
        problem,
        W,
        A,
        max_iter=max(max_iter - rough.n_iter, 0),
        tol=tol,
        damping=1e-4,
        scale=rough.scale,
        joins=joins,
        callback=None if callback is None else _counting_on(callback, rough.n_iter),
    )
    return replace(fine, history=rough.history + fine.history[1:])


def _counting_on(callback: Callable[[int, float], None], done: int) -> Callable[[int, float], None]:
    return lambda iteration, loss: callback(done + iteration, loss)
