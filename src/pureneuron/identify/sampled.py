"""Boxes with noise: questions for a fit, the most telling ones, until errors are small enough.

The first questions are drawn at random in the region, and ``recover`` fits and certifies the
network. Then come those that lower the errors of W most, and the fit is made again with all of
them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pureneuron.identify.design import designed
from pureneuron.identify.questions import OutOfQuestions, Questions
from pureneuron.identify.reading import Reading
from pureneuron.monitor import Monitor, OutOfTime
from pureneuron.options import Init
from pureneuron.recover import recover
from pureneuron.recovery import Recovery
from pureneuron.results import Status
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

__all__ = ["sampled"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    first : float
        First questions, an input and a neuron that is expected or, where their number is not
        known, an input (make bench-identify).
    growth, least_growth : float
        Questions of a round, as a share of those before: so many times what as many more at random
        would have to be, for those of a design tell more; at least a few, and at most as many
        again, for the design rests on those before (make bench-identify).
    most_rounds : int
        Rounds after which the fit is returned as it is.
    most_first : int
        Questions at random after which a fit that is not certified is given up.
    """

    first: float = 8.0
    growth: float = 0.25
    least_growth: float = 0.05
    most_rounds: int = 12
    most_first: int = 200_000


THRESHOLDS = Thresholds()


def sampled(
    questions: Questions,
    n_neurons: int | Literal["auto"],
    *,
    tol: float | None,
    rng: np.random.Generator,
    monitor: Monitor,
) -> Recovery:
    """Ask and fit until the network is certified and its errors are at most ``tol``.

    Parameters
    ----------
    questions : Questions
        The box. When its budget is spent, or after Ctrl-C or the time limit, the last fit is
        returned.
    n_neurons : int or "auto"
        As :func:`~pureneuron.recover` takes it.
    tol : float or None
        Largest standard error of an entry of W, rows of unit length; None is content with a
        certified fit.
    rng : numpy.random.Generator
        Draws questions.
    monitor : Monitor
        Knows the time limit.

    Raises
    ------
    OutOfQuestions
        If the budget does not allow the first fit.
    NotFinite
        If an answer is not finite.
    KeyboardInterrupt, OutOfTime
        After Ctrl-C, or the time limit, where there is no fit yet.
    """
    region, d = questions.region, questions.region.n_inputs
    neurons = d if n_neurons == "auto" else n_neurons
    count = int(THRESHOLDS.first * (d + 1) * neurons) + 200
    Z = region.draw(_affordable(questions, count, first=True), rng)
    Y = questions.ask(Z)
    recovery: Recovery | None = None
    for _ in range(THRESHOLDS.most_rounds):
        try:
            fit = _fit(region.to_inputs(Z), Y, recovery, n_neurons, rng, monitor)
        except (KeyboardInterrupt, OutOfTime) as stop:
            return _kept(recovery, stop)
        if fit.status is Status.NOT_CONVERGED:
            # A part of a fit is worth less than the whole one before.
            try:
                monitor.check_time()
            except OutOfTime as stop:
                return _kept(recovery or fit, stop)
            if fit.reason.startswith("interrupted"):
                return fit if recovery is None else _kept(recovery, KeyboardInterrupt())
        recovery = fit
        errors = recovery.standard_errors
        largest = np.inf if errors is None else float(errors.W.max(initial=0.0))
        if not recovery.certified:
            if len(Z) >= THRESHOLDS.most_first:
                return recovery
            more = region.draw(_affordable(questions, len(Z)), rng)
        elif tol is None or largest <= tol:
            return recovery
        else:
            # Questions of a design tell more than those before: a part of them may do.
            wanted = (largest / tol) ** 2 - 1.0
            growth = np.clip(THRESHOLDS.growth * wanted, THRESHOLDS.least_growth, 1.0)
            count = int(len(Z) * growth) + 1
            reading = Reading.of(recovery.network, region)
            more = designed(reading, Z, _affordable(questions, count), region, rng)
        if not len(more):
            return recovery
        try:
            Z, Y = np.concatenate([Z, more]), np.concatenate([Y, questions.ask(more)])
        except (KeyboardInterrupt, OutOfTime) as stop:
            return _kept(recovery, stop)
    assert recovery is not None
    return recovery


def _fit(
    X: Array,
    Y: Array,
    before: Recovery | None,
    n_neurons: int | Literal["auto"],
    rng: np.random.Generator,
    monitor: Monitor,
) -> Recovery:
    """Fit all answers, from the last fit on if that was certified."""
    init: Init = "auto"
    if before is not None and before.certified and not before.network.linear.any():
        init, n_neurons = before.network, before.network.n_neurons
    left = monitor.seconds_left
    try:
        return recover(
            ArraySamples(X, Y),
            n_neurons,
            init=init,
            rng=rng,
            fit_hidden_bias=True,
            fit_intercept=True,
            time_limit=left,
        )
    except TimeoutError:
        monitor.check_time()
        raise


def _kept(recovery: Recovery | None, stop: KeyboardInterrupt | OutOfTime) -> Recovery:
    """Return the last fit where the run has to stop; the exception goes on if there is none."""
    if recovery is None:
        raise stop
    why = f"ended by {stop}" if isinstance(stop, OutOfTime) else "interrupted"
    reason = f"{why}; before, the fit was {recovery.status.name}: {recovery.reason}"
    return replace(recovery, status=Status.NOT_CONVERGED, reason=reason)


def _affordable(questions: Questions, count: int, *, first: bool = False) -> int:
    """Return how many of so many questions the budget allows."""
    if questions.budget is None:
        return count
    left = questions.budget - questions.count
    if first and left < questions.region.n_inputs:
        raise OutOfQuestions
    return max(0, min(count, left))
