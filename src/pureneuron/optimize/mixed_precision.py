"""Descents that begin in single precision and end in double."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from pureneuron.optimize import damping as step_control
from pureneuron.optimize.fit import Fit, Point
from pureneuron.optimize.gauss_newton import Observer, minimize
from pureneuron.optimize.least_squares import in_full_precision
from pureneuron.optimize.termination import Limits
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["minimize_mixed", "single_suffices"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    entries : int
        Entries of X and Y from which a first descent in single precision saves more than it costs
        (make bench).
    tol : float
        Relative gain at which it leaves the rest to double precision (rounding).
    loss : float
        Loss above which single precision determines the residual to three digits and more
        (rounding).
    """

    entries: int = 100_000
    tol: float = 3e-6
    loss: float = 1e-6


THRESHOLDS = Thresholds()


def single_suffices(loss: float) -> bool:
    """Whether single precision determines the residual behind a loss to three digits and more."""
    return loss > THRESHOLDS.loss


def minimize_mixed(
    problem: Problem,
    W: Array,
    A: Array | None = None,
    *,
    limits: Limits,
    scale: float | None = None,
    joins: Callable[[Point], bool] = lambda point: False,
    observer: Observer | None = None,
) -> Fit:
    """Minimise the loss from a start, at first in single precision where that saves time.

    Single precision halves the time of a product and sees losses to about seven digits. Where a
    negligible gain is more than that, double precision has only A and the loss to add; elsewhere
    the last step or two. A start that brings A is trusted to be near a minimum.

    Parameters
    ----------
    problem, W, A, limits, scale, joins, observer
        As for :func:`~pureneuron.optimize.gauss_newton.minimize`.
    """
    damping = step_control.THRESHOLDS.first if A is None else step_control.THRESHOLDS.trusted
    descend = partial(minimize, damping=damping, scale=scale, joins=joins)
    if problem.n_rows * (problem.n_inputs + problem.n_outputs) < THRESHOLDS.entries:
        return descend(problem, W, A, limits=limits, observer=observer)
    loose = replace(limits, tol=max(limits.tol, THRESHOLDS.tol))
    rough = descend(problem.in_single_precision, W, A, limits=loose, observer=observer)
    if rough.info.joined:
        return replace(rough, problem=problem)
    W, A = rough.point.W, rough.point.A
    shows_enough = problem.negligible_gain(len(W), limits.tol) >= THRESHOLDS.tol
    if rough.info.converged and shows_enough and single_suffices(rough.loss):
        return _finished(problem, rough)
    fine = minimize(
        problem,
        W,
        A,
        limits=replace(limits, max_iter=max(limits.max_iter - rough.info.n_iter, 0)),
        damping=step_control.THRESHOLDS.trusted,
        scale=rough.info.scale,
        joins=joins,
        observer=None if observer is None else _counting_on(observer, rough.info.n_iter),
    )
    history = rough.info.history + fine.info.history[1:]
    return replace(fine, info=replace(fine.info, history=history))


def _finished(problem: Problem, rough: Fit) -> Fit:
    """Return a fit in single precision with A and loss in double."""
    point = in_full_precision(problem, rough.point)
    history = (*rough.info.history[:-1], point.loss)
    return Fit(problem, point, replace(rough.info, history=history))


def _counting_on(observer: Observer, done: int) -> Observer:
    def observe(iteration: int, point: Point) -> None:
        # Its start is where the descent before it has ended.
        if iteration > 0:
            observer(done + iteration, point)

    return observe
