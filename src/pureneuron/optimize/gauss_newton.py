"""Damped Gauss–Newton from one start to one minimum (Levenberg–Marquardt).

The loop alone: how far a step goes is in :mod:`~pureneuron.optimize.damping`, when it ends in
:mod:`~pureneuron.optimize.termination`, and what is known of the surroundings of a point in a
:class:`~pureneuron.optimize.quadratic_model.QuadraticModel`. A step is taken if the loss falls by
at least 1e-4 of what the model predicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from pureneuron.optimize import damping as step_control
from pureneuron.optimize.damping import Damping, StepLength
from pureneuron.optimize.fit import Descent, Fit, Point
from pureneuron.optimize.least_squares import profile, quadratic_model
from pureneuron.optimize.quadratic_model import QuadraticModel
from pureneuron.optimize.termination import Limits, Termination, Trace
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["DEFAULT_LIMITS", "Course", "Observer", "Thresholds", "minimize"]

Observer: TypeAlias = Callable[[int, Point], None]
"""``observer(iteration, point)`` hears of the start, iteration 0, and of every accepted point."""


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    least_gain : float
        Share of its prediction that a step must gain to be taken (the usual Armijo constant).
    cancelled : float
        A loss below this has lost more than half of its digits, and is measured again (rounding).
    coarsest, finest : float
        Limits of the forcing term. A tenth is the classical first one; with this preconditioner the
        first product is worth nearly as much as the second, and far away the model does not
        deserve more (make bench).
    """

    least_gain: float = 1e-4
    cancelled: float = 1e-8
    coarsest: float = 0.3
    finest: float = 1e-3


THRESHOLDS = Thresholds()
DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Course:
    """How a descent goes on: by its damping, from its trace, until it has converged."""

    damping: Damping
    trace: Trace
    converged: bool = False

    def accuracy(self, floor: float) -> float:
        """Choose that of a step: coarse while far away, finer as the loss falls."""
        share = math.sqrt(self.trace.loss / max(self.trace.history[0], floor))
        return min(max(share, THRESHOLDS.finest), THRESHOLDS.coarsest)

    def takes(self, loss: float, stretched: float) -> bool:
        """Tell whether a step to ``loss`` gains enough of what it was itself predicted to gain."""
        return self.trace.loss - loss > THRESHOLDS.least_gain * stretched > 0.0

    def after_gain(
        self, rules: Termination, loss: float, predicted: float, stretched: float, *, last: bool
    ) -> Course:
        """Return the course after a step that was taken."""
        trace = rules.accepted(self.trace, predicted, loss)
        damping = self.damping.after_gain((self.trace.loss - loss) / stretched)
        return Course(damping, trace, last or rules.has_converged(trace, accepted=True))

    def after_refusal(self, rules: Termination, predicted: float, stretched: float) -> Course:
        """Return the course after a step that was refused."""
        trace = rules.refused(self.trace, predicted, stretched)
        converged = rules.has_converged(trace, accepted=False)
        return Course(self.damping.after_refusal(), trace, converged)


@dataclass(frozen=True, eq=False)
class _State:
    """Where a descent is, and what it has learned of steps."""

    model: QuadraticModel
    point: Point
    length: StepLength
    course: Course


# A step may go so far that numbers overflow. The loss there is none, and the step is refused.
@np.errstate(over="ignore", invalid="ignore")
def minimize(
    problem: Problem,
    W: Array,
    A: Array | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    damping: float = step_control.THRESHOLDS.first,
    scale: float | None = None,
    joins: Callable[[Point], bool] = lambda point: False,
    observer: Observer | None = None,
) -> Fit:
    """Minimise the loss, A projected out, from white rows ``W``.

    Parameters
    ----------
    problem : Problem
        The data.
    W : (k, r) array
        The start.
    A : (m, k) array, optional
        Output weights that go with it, where they are known.
    limits : Limits
        Most iterations, and the decrease that is not worth one.
    damping : float
        First μ: small for a start that is trusted.
    scale : float, optional
        Scale of the first step, from the descent that led to the start.
    joins : callable, optional
        Tells of the start and of each new point whether to leave off there.
    observer : callable, optional
        Hears of the start and of every accepted point.
    """
    floor = problem.likelihood.floor(single=problem.single)
    rules = Termination(problem.negligible_gain(len(W), limits.tol), floor)
    state = _begun(problem, W, A, damping, scale, rules)
    joined = joins(state.point)
    if observer is not None:
        observer(0, state.point)
    while state.course.trace.n_iter < limits.max_iter and not (state.course.converged or joined):
        before, state = state, _advanced(problem, state, rules)
        if state.point is not before.point:
            joined = joins(state.point)
            if observer is not None:
                observer(state.course.trace.n_iter, state.point)
    length, course = state.length, state.course
    return Fit(
        problem,
        state.point,
        Descent(
            course.converged,
            joined,
            course.trace.history,
            scale=length.scale if length.reliable else None,
        ),
    )


def _begun(
    problem: Problem,
    W: Array,
    A: Array | None,
    damping: float,
    scale: float | None,
    rules: Termination,
) -> _State:
    """Return the state at the start; a small loss is measured again, against its own A."""
    model = quadratic_model(problem, W, A)
    if model.point.loss < THRESHOLDS.cancelled:
        model = quadratic_model(problem, model.point.W, model.point.A)
    converged = model.point.loss <= rules.floor
    course = Course(Damping(damping), Trace.of(model.point.loss), converged)
    return _State(model, model.point, StepLength(scale, reliable=scale is not None), course)


def _advanced(problem: Problem, state: _State, rules: Termination) -> _State:
    """Try one step; return the state after it, whether it was taken or refused."""
    course, length = state.course, state.length
    trace, mu = course.trace, course.damping.value
    accuracy = course.accuracy(problem.likelihood.floor(single=False))
    step = state.model.step(mu, accuracy, length.scale)
    predicted = step.predicted / problem.n_outputs
    if rules.is_negligible(trace, predicted, mu):
        # Not worth a pass; what costs none is taken.
        ahead = state.model.foretold(state.model.point.W + step.V)
        course = replace(course, converged=True)
        return replace(state, point=ahead or state.point, course=course)
    last = length.stretch == 1.0 and rules.is_last(trace, predicted, mu)
    model, found = _expanded(problem, state, length.stretch * step.V, last=last)
    # Along a step the model is a parabola with its end at the step itself.
    stretched = predicted * (length.stretch * (2.0 - length.stretch))
    if course.takes(found.loss, stretched):
        ratio = (trace.loss - found.loss) / stretched
        course = course.after_gain(rules, found.loss, predicted, stretched, last=last)
        return _State(model, found, length.after_gain(ratio, step), course)
    course = course.after_refusal(rules, predicted, stretched)
    return replace(state, length=length.after_refusal(), course=course)


def _expanded(
    problem: Problem, state: _State, V: Array, *, last: bool
) -> tuple[QuadraticModel, Point]:
    """Return the model and the point a step further; after the last nobody needs a gradient."""
    state.model.release()
    W = state.model.point.W + V
    if last:
        return state.model, state.model.foretold(W) or profile(problem, W, state.model.point.A)
    model = quadratic_model(problem, W, state.model.reference(W))
    return model, model.point
