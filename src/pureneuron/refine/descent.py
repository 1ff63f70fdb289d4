"""Damped Gauss–Newton from one start to one minimum (Levenberg–Marquardt)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pureneuron.moments import Problem, n_unknowns
from pureneuron.refine.local import Expand
from pureneuron.refine.matrix_free import MatrixFreeModel
from pureneuron.refine.pattern import PatternModel
from pureneuron.refine.profile import Point, profile
from pureneuron.typing import Array

__all__ = ["EXACT", "Descent", "choose_model", "descend", "negligible_gain"]

# A residual this small against the outputs is rounding: the square of some units in the last place.
EXACT = 1e-28
_SMALLEST_DAMPING = 1e-12
# A smaller loss is measured against a reference A: without one, rounding in A or in the loss itself
# may show; a loss below the second has lost more than half of its digits.
_ROUNDING_SHOWS, _CANCELLED = 1e-2, 1e-8
# Share of what fitting noise takes off the loss that is negligible: it moves each estimate by the
# root of it, 5 % of its standard error. With few rows that is not small any more.
_NEGLIGIBLE, _MOST_NEGLIGIBLE = 3e-3, 3e-5
# Trials over which a negligible gain means that nothing more is to be had; likewise steps in a row.
_WINDOW, _IDLE_STEPS = 10, 2
# A promise of less than so many negligible gains that is broken twice was made by the creases.
_CREASES, _BROKEN_PROMISES = 10.0, 2
# Up to this many unknowns, and entries of F, gathering the whole pattern (n (kr)² multiplications
# in one product) beats two passes and two conjugate-gradient products (20 n k r, and more calls).
_PATTERN_UNKNOWNS, _PATTERN_ENTRIES = 128, 20_000
# A step that gained so much more than was promised is far from a minimum, and the next is made
# longer by as much; the scale of steps is taken over while they gain more than the second, or, if
# their direction is known to be good, at least the third.
_STRETCH, _STILL_FAR, _AS_GOOD = 1.5, 1.2, 0.5
# Share of its promise that a step leaves to the next at least: what one product leaves of it.
_QUICKEST = 0.1
# A tenth is the classical first forcing term; with this preconditioner the first product is worth
# nearly as much as the second, and far away the model does not deserve more.
_COARSEST, _FINEST = 0.3, 1e-3


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a start led.

    Attributes
    ----------
    point : Point
        The last accepted position.
    converged : bool
        Whether the model promises no further decrease worth the tolerance.
    joined : bool
        Whether it was ended because it had come where another descent had been.
    interrupted : bool
        Whether Ctrl-C ended it.
    history : tuple of float
        Loss after each iteration, the start first.
    scale : float or None
        What a descent that goes on from there may multiply its preconditioned gradients by.
    """

    point: Point
    converged: bool
    joined: bool
    interrupted: bool
    history: tuple[float, ...]
    scale: float | None = None

    @property
    def loss(self) -> float:
        """Squared residual per row and output, in units of the variance of the outputs."""
        return self.point.loss

    @property
    def n_iter(self) -> int:
        """Number of iterations."""
        return len(self.history) - 1

    @property
    def exact(self) -> bool:
        """Whether the residual is zero up to rounding."""
        return self.loss <= 1e-16


def negligible_gain(problem: Problem, n_neurons: int, tol: float) -> float:
    """Return the share of the loss that is not worth a step.

    It is ``tol``, or 0.003 of what fitting p unknowns to noise alone takes off the loss,
    ``p / (n m)``, if that is more.
    """
    fitted_noise = n_unknowns(problem, n_neurons) / problem.n_equations
    return max(tol, min(_NEGLIGIBLE * fitted_noise, _MOST_NEGLIGIBLE))


def choose_model(problem: Problem, n_neurons: int) -> Expand:
    """Return the local model that suits the number of unknowns and of rows."""
    unknowns = n_neurons * problem.n_inputs
    small = unknowns <= _PATTERN_UNKNOWNS and (unknowns * problem.n_rows <= _PATTERN_ENTRIES)
    return PatternModel if small else MatrixFreeModel


def descend(
    problem: Problem,
    W: Array,
    A: Array | None = None,
    *,
    max_iter: int = 200,
    tol: float = 1e-8,
    damping: float = 1e-2,
    scale: float | None = None,
    floor: float = EXACT,
    joins: Callable[[Point], bool] = lambda point: False,
    callback: Callable[[int, float], None] | None = None,
) -> Descent:
    """Minimise the profiled loss from white rows ``W``.

    Step control, all of it: a step is taken if the loss falls by at least 1e-4 of what the
    quadratic model promised. The damping μ follows Nielsen's rule: after a step of gain ρ it is
    multiplied by ``max(1/10, 1 − (2ρ − 1)³)``, after a refusal by 2, 4, 8, …. Far from a minimum ρ
    is near 2, for the model knows nothing of the neurons' turning away from one another: a step
    after such a gain is made longer by half. And where a step has been a mere multiple of the
    preconditioned gradient, the next are the same multiple of theirs as long as that goes well (far
    away, or where the first has shown that this solves the system): it saves the products that
    measure it.

    A gain is negligible below :func:`negligible_gain`. That is more than ``tol``, for near a noisy
    minimum the loss is rough, each row leaves a crease where it changes sides, and a minimiser can
    creep from crease to crease for long without moving the estimate by anything that the data
    could tell. The descent has converged when the residual is rounding; when the model promises a
    negligible gain at light damping, or would after a step as good as the last; when it promised
    less than ten times that and the loss rose, twice; or when two steps in a row, or ten trials
    together, made a negligible gain.

    Parameters
    ----------
    problem : Problem
        The data.
    W : (k, r) array
        The start.
    A : (m, k) array, optional
        Output weights that go with it, where they are known.
    max_iter : int
        Most iterations; each is one gradient and one or more solutions of the damped system.
    tol : float
        Relative decrease of the loss that is not worth a step.
    floor : float
        Loss that counts as rounding: the square of a residual relative to the outputs' spread.
    damping : float
        First μ: small for a start that is trusted.
    scale : float, optional
        Scale of the first step, from the descent that led to the start.
    joins : callable, optional
        Tells of each new point whether to leave off there.
    callback : callable, optional
        Called with the iteration and the loss.
    """
    expand = choose_model(problem, len(W))
    negligible = negligible_gain(problem, len(W), tol)
    at = expand(problem, W, A)
    if at.point.loss < _CANCELLED:
        at = expand(problem, at.point.W, at.point.A)
    loss = at.point.loss
    history, trials = [loss], [loss]
    converged, joined, interrupted = loss <= floor, False, False
    growth, stretch, idle, broken = 2.0, 1.0, 0, 0
    point, before, sure = at.point, 0.0, scale is not None
    try:
        while len(history) <= max_iter and not (converged or joined):
            step = at.step(damping, _accuracy(loss, history[0]), scale)
            promised = step.predicted / problem.n_outputs
            converged = promised <= negligible * loss and damping <= 1.0
            if converged:
                break
            shrinks = max(promised / before, _QUICKEST) if before > 0.0 else 1.0
            # A geometric series: what steps after this one would gain.
            left = promised * shrinks / (1.0 - shrinks) if shrinks < 1.0 else np.inf
            last = left <= negligible * loss and damping <= 1.0 and stretch == 1.0
            at.release()
            W = at.point.W + stretch * step.V
            if last:
                # Nobody will ask for the gradient there.
                trial, found = at, profile(problem, W, at.point.A)
            else:
                trial = expand(problem, W, at.point.A if loss < _ROUNDING_SHOWS else None)
                found = trial.point
            gain = loss - found.loss
            before = promised
            promised *= stretch * (2.0 - stretch)
            stretch = 1.0
            if gain > 1e-4 * promised > 0.0:
                ratio = gain / promised
                damping = max(damping * max(0.1, 1.0 - (2.0 * ratio - 1.0) ** 3), _SMALLEST_DAMPING)
                growth = 2.0
                stretch = _STRETCH if ratio > _STRETCH else 1.0
                sure = step.sure if scale is None else sure
                least = _AS_GOOD if sure else _STRETCH if scale is None else _STILL_FAR
                scale = step.scale if ratio > least else None
                at, point, loss = trial, found, found.loss
                idle = idle + 1 if gain <= negligible * loss else 0
                converged = last or idle >= _IDLE_STEPS
                history.append(loss)
                joined = joins(point)
                if callback is not None:
                    callback(len(history) - 1, loss)
            else:
                damping, growth, scale = damping * growth, growth * 2.0, None
                broken += promised <= _CREASES * negligible * loss
                converged = broken >= _BROKEN_PROMISES
            trials.append(loss)
            stalled = len(trials) > _WINDOW and (trials[-1 - _WINDOW] - loss <= negligible * loss)
            converged = converged or stalled or loss <= floor
    except KeyboardInterrupt:
        interrupted = True
    return Descent(
        point=point,
        converged=converged,
        joined=joined,
        interrupted=interrupted,
        history=tuple(history),
        scale=scale if sure else None,
    )


def _accuracy(loss: float, first_loss: float) -> float:
    """Choose the forcing term: coarse while far away, finer as the loss falls."""
    return float(np.clip(np.sqrt(loss / max(first_loss, EXACT)), _FINEST, _COARSEST))
