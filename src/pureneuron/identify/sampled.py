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
from pureneuron.options import Init
from pureneuron.recover import recover
from pureneuron.recovery import Recovery
from pureneuron.results import Status
from pureneuron.samples import ArraySamples

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
) -> Recovery:
    """Ask and fit until the network is certified and its errors are at most ``tol``.

    Parameters
    ----------
    questions : Questions
        The box. When its budget is spent, or after Ctrl-C, the last fit is returned.
    n_neurons : int or "auto"
        As :func:`~pureneuron.recover` takes it.
    tol : float or None
        Largest standard error of an entry of W, rows of unit length; None is content with a
        certified fit.
    rng : numpy.random.Generator
        Draws questions.

    Raises
    ------
    OutOfQuestions
        If the budget does not allow the first fit.
    NotFinite
        If an answer is not finite.
    KeyboardInterrupt
        After Ctrl-C where there is no fit yet.
    """
    region, d = questions.region, questions.region.n_inputs
    neurons = d if n_neurons == "auto" else n_neurons
    count = int(THRESHOLDS.first * (d + 1) * neurons) + 200
    Z = region.draw(_affordable(questions, count, first=True), rng)
    Y = questions.ask(Z)
    recovery: Recovery | None = None
    for _ in range(THRESHOLDS.most_rounds):
        init, size = _start(recovery, n_neurons)
        samples = ArraySamples(region.to_inputs(Z), Y)
        try:
            fit = recover(
                samples, size, init=init, rng=rng, fit_hidden_bias=True, fit_intercept=True
            )
        except KeyboardInterrupt:
            return _interrupted(recovery)
        if fit.status is Status.NOT_CONVERGED and fit.reason.startswith("interrupted"):
            return fit if recovery is None else _interrupted(recovery)
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
        except KeyboardInterrupt:
            return _interrupted(recovery)
    assert recovery is not None
    return recovery


def _start(
    before: Recovery | None, n_neurons: int | Literal["auto"]
) -> tuple[Init, int | Literal["auto"]]:
    """Return where the next fit starts, and its size: at the last one, if that was certified."""
    if before is None or not before.certified or before.network.linear.any():
        return "auto", n_neurons
    return before.network, before.network.n_neurons


def _interrupted(recovery: Recovery | None) -> Recovery:
    """Return the last fit after Ctrl-C; the interrupt goes on where there is none."""
    if recovery is None:
        raise KeyboardInterrupt
    reason = f"interrupted; before, the fit was {recovery.status.name}: {recovery.reason}"
    return replace(recovery, status=Status.NOT_CONVERGED, reason=reason)


def _affordable(questions: Questions, count: int, *, first: bool = False) -> int:
    """Return how many of so many questions the budget allows."""
    if questions.budget is None:
        return count
    left = questions.budget - questions.count
    if first and left < questions.region.n_inputs:
        raise OutOfQuestions
    return max(0, min(count, left))
