"""What a fit holds that the rows do not show is left out, and the rest is judged by itself.

Trained networks are full of units that their inputs do not switch. A unit that is never on, or has
no effect, adds nothing. One that is always on is linear: with others of its kind it adds up to a
linear part, which is known where they are not; and that may be what other neurons lack that are
the wrong way round. Two that respond alike are one. And along a direction in which the inputs
hardly vary, nothing is known of any row of W.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.inference import Diagnostics, unit_diagnostics
from pureneuron.inference.status import THRESHOLDS as STATUS
from pureneuron.initialize.orientation import enough_without_linear_part, rightly_turned
from pureneuron.optimize import Fit, Limits, minimize
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.options import Options
from pureneuron.problem import Problem, n_unknowns
from pureneuron.typing import Array

__all__ = ["Simpler", "simplified"]


@dataclass(frozen=True, eq=False)
class Simpler:
    """A start for a simpler model, near its minimum.

    Attributes
    ----------
    problem : Problem
        The model.
    W : (k', r') array
        White rows in its coordinates.
    """

    problem: Problem
    W: Array


def simplified(fit: Fit, diagnostics: Diagnostics, *, asked: Options) -> Simpler | None:
    """Leave out what the rows do not show; None where they show everything.

    Parameters
    ----------
    fit : Fit
        The fit.
    diagnostics : Diagnostics
        What the data say of it.
    asked : Options
        What is asked of the fit.
    """
    simpler = None
    # A slope has been fitted to the network as it is.
    if asked.negative_slope != "auto":
        simpler = _without_units(fit, diagnostics, asked.limits)
        simpler = simpler or _without_hardly_off(fit, diagnostics, asked.limits)
        if simpler is None and fit.problem.fit_linear and not asked.fit_linear:
            simpler = _without_linear_part(fit, asked.limits)
    return simpler or _without_weak_inputs(fit, diagnostics)


def _without_units(fit: Fit, diagnostics: Diagnostics, limits: Limits) -> Simpler | None:
    problem, units = fit.problem, diagnostics.checks.units
    # With a slope, a unit that is never on is linear, too.
    never = set(units.dead) if problem.activation.negative_slope else set()
    linear = (never | set(units.always_on)) - set(units.idle)
    twins = {second for _, second in units.coincident} - linear
    nothing = (set(units.dead) | set(units.idle)) - linear
    gone = linear | twins | nothing
    left = [unit for unit in range(fit.n_neurons) if unit not in gone]
    if linear:
        problem = problem.with_linear_part()
    few = STATUS.few_exact if fit.is_exact else STATUS.few_equations
    affordable = problem.n_equations >= few * n_unknowns(problem, len(left))
    if not gone or not left or not affordable:
        return None
    W = fit.point.W[left]
    if problem.fit_linear:
        W = rightly_turned(minimize(problem, W, limits=limits, damping=DAMPING.trusted))
    return Simpler(problem, W)


def _without_hardly_off(fit: Fit, diagnostics: Diagnostics, limits: Limits) -> Simpler | None:
    """Leave out units that are off in fewer rows than they have weights, if the fit stays exact.

    Those few rows hold them where another neuron, the wrong way round, lets them.
    """
    problem, off = fit.problem, 1.0 - diagnostics.checks.units.active
    few = problem.n_inputs / problem.n_effective
    left = np.flatnonzero(off >= few)
    if not fit.is_exact or problem.fit_linear or not 0 < len(left) < fit.n_neurons:
        return None
    beside = problem.with_linear_part()
    if beside.n_equations < STATUS.few_exact * n_unknowns(beside, len(left)):
        return None
    other = minimize(beside, fit.point.W[left], limits=limits, damping=DAMPING.trusted)
    return Simpler(beside, rightly_turned(other)) if other.is_exact else None


def _without_linear_part(fit: Fit, limits: Limits) -> Simpler | None:
    """Turn neurons round so that the linear part vanishes, if they can be."""
    problem = fit.problem.without_linear_part()
    W = rightly_turned(fit)
    plain = minimize(problem, W, limits=limits, damping=DAMPING.trusted)
    always_on = unit_diagnostics(problem, plain.point.W, plain.point.A).always_on
    if always_on or plain.loss > enough_without_linear_part(fit, problem):
        return None
    return Simpler(problem, plain.point.W)


def _without_weak_inputs(fit: Fit, diagnostics: Diagnostics) -> Simpler | None:
    """Leave out the direction along which inputs vary too little for W to be known.

    What noise makes of W there spoils all predictions.
    """
    determined, problem = diagnostics.determinacy, fit.problem
    if determined is None:
        return None
    weak = determined.weak_inputs
    if weak.shape[1] == 0 or weak.shape[1] >= problem.input_span.shape[1]:
        return None
    narrow = problem.without_inputs(weak)
    raw = problem.whitening.from_white(fit.point.W)
    return Simpler(narrow, narrow.whitening.to_white(raw))
