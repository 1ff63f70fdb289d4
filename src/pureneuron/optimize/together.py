"""Descents from many starts at once, where rows are few: what takes time there is calls.

Each descent has the rules of :mod:`~pureneuron.optimize.gauss_newton` for damping and for its end.
Steps are not stretched, and all are solved for by conjugate gradients: from far away it may end in
another minimum. What they do side by side is in :mod:`.least_squares.together`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pureneuron.optimize import damping as step_control
from pureneuron.optimize.damping import Damping
from pureneuron.optimize.fit import Descent, Fit, Point
from pureneuron.optimize.gauss_newton import DEFAULT_LIMITS, Course, minimize
from pureneuron.optimize.least_squares import PointsTogether, RowsTogether
from pureneuron.optimize.termination import Limits, Termination, Trace
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["minimize_together", "n_side_by_side"]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide.

    Attributes
    ----------
    activations : int
        Activations of a network, n k, or outputs, n m, up to which descents side by side are faster
        (side_by_side.py).
    entries : int
        The same of all descents that are made side by side (side_by_side.py).
    """

    activations: int = 40_000
    entries: int = 200_000


THRESHOLDS = Thresholds()


def n_side_by_side(problem: Problem, n_neurons: int) -> int:
    """Return how many descents are made side by side: what they need stays near the processor.

    One, where there are many rows, or they do not lie in memory.
    """
    size = problem.n_rows * max(n_neurons, problem.n_outputs)
    few = size <= THRESHOLDS.activations and problem.source.in_memory
    return THRESHOLDS.entries // size if few else 1


def minimize_together(
    problems: Sequence[Problem],
    starts: Sequence[Array],
    *,
    limits: Limits = DEFAULT_LIMITS,
    damping: float = step_control.THRESHOLDS.first,
) -> list[Fit]:
    """Minimise the loss from several starts; one after the other where there are many rows.

    Parameters
    ----------
    problems : sequence of Problem
        For each start its own; they differ in their outputs at most.
    starts : sequence of (k, r) arrays
        White rows.
    limits, damping
        As for :func:`~pureneuron.optimize.gauss_newton.minimize`.

    Returns
    -------
    list of Fit
        In the order of the starts.
    """
    if not starts:
        return []
    k = len(starts[0])
    size = n_side_by_side(problems[0], k)
    if min(len(starts), size) == 1:
        return [
            minimize(problem, W, limits=limits, damping=damping)
            for problem, W in zip(problems, starts, strict=True)
        ]
    parts = [slice(first, first + size) for first in range(0, len(starts), size)]
    return [
        fit
        for part in parts
        for fit in _descended(list(problems[part]), np.stack(starts[part]), limits, damping)
    ]


# A step may go so far that numbers overflow. The loss there is none, and the step is refused.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _descended(problems: list[Problem], W: Array, limits: Limits, damping: float) -> list[Fit]:
    first = problems[0]
    floor = first.likelihood.floor(single=first.single)
    rules = Termination(first.negligible_gain(W.shape[1], limits.tol), floor)
    rows = RowsTogether.of(problems)
    points = PointsTogether.at(rows, W)
    # Measured again, against its own A, a small loss has its digits.
    points = PointsTogether.at(rows, points.W, points.A)
    going = {
        i: Course(Damping(damping), Trace.of(float(loss)), converged=bool(loss <= floor))
        for i, loss in enumerate(points.loss)
    }
    ended: dict[int, Fit] = {}
    while going:
        over = np.array(
            [each.converged or each.trace.n_iter >= limits.max_iter for each in going.values()]
        )
        if over.any():
            for i, number in enumerate(list(going)):
                if over[i]:
                    ended[number] = _fit(problems[number], points, i, going.pop(number))
            points, rows = points.of_points(~over), rows.of_points(~over)
            continue
        mu = np.array([each.damping.value for each in going.values()])
        accuracy = np.array([each.accuracy(floor) for each in going.values()])
        steps = points.steps(rows, mu, accuracy)
        trial = PointsTogether.at(rows, points.W + steps.V, points.A)
        taken = np.zeros(len(going), dtype=np.bool_)
        for i, (number, course) in enumerate(going.items()):
            predicted = float(steps.predicted[i]) / first.n_outputs
            going[number], taken[i] = _after(course, predicted, float(trial.loss[i]), rules)
        points = points.with_points(taken, trial)
    return [ended[i] for i in range(len(problems))]


def _after(
    course: Course, predicted: float, loss: float, rules: Termination
) -> tuple[Course, bool]:
    """Return the course after a step, and whether it is taken."""
    mu = course.damping.value
    if rules.is_negligible(course.trace, predicted, mu):
        return replace(course, converged=True), loss < course.trace.loss
    if course.takes(loss, predicted):
        last = rules.is_last(course.trace, predicted, mu)
        return course.after_gain(rules, loss, predicted, predicted, last=last), True
    return course.after_refusal(rules, predicted, predicted), False


def _fit(problem: Problem, points: PointsTogether, i: int, course: Course) -> Fit:
    point = Point(
        W=points.W[i],
        A=points.A[i],
        loss=float(points.loss[i]),
        gram=points.gram[i],
        gram_inverse=points.gram_inverse[i],
    )
    return Fit(
        problem, point, Descent(course.converged, joined=False, history=course.trace.history)
    )
