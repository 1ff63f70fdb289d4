"""When a descent ends.

A gain is negligible below a share of the loss that the likelihood knows
(:meth:`~pureneuron.model.likelihood.Gaussian.negligible_gain`). That is more than the tolerance,
for near a noisy minimum the loss is rough: each row leaves a kink where it changes sides, and a
minimiser can creep from kink to kink for long without moving the estimate by anything that the
data could tell.

The descent has converged when

- the residual is rounding;
- the model predicts a negligible gain at light damping, or would after a step as good as the last;
- it predicted less than ten times that and the loss rose, twice: a gain between kinks;
- two steps in a row, or ten trials together, made a negligible gain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Limits", "Termination", "Thresholds", "Trace"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    light : float
        Damping up to which a prediction counts as that of the undamped model (success.py).
    window, idle_steps : int
        Trials over which a negligible gain means that nothing more is to be had; likewise steps in
        a row (passes.py, success.py).
    kinks, broken_predictions : float, int
        A prediction of less than so many negligible gains that is broken so many times was a gain
        between kinks (passes.py).
    quickest : float
        Share of its prediction that a step leaves to the next at least: what one conjugate-gradient
        product leaves of it (passes.py, make bench).
    """

    light: float = 1.0
    window: int = 10
    idle_steps: int = 2
    kinks: float = 10.0
    broken_predictions: int = 2
    quickest: float = 0.1


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Limits:
    """What the caller asks of a descent.

    Attributes
    ----------
    max_iter : int
        Most iterations; each is one gradient and one or more solutions of the damped system.
    tol : float
        Relative decrease of the loss that is not worth a step.
    """

    max_iter: int = 200
    tol: float = 1e-8


@dataclass(frozen=True)
class Trace:
    """What the termination has to remember of a descent.

    Attributes
    ----------
    history : tuple of float
        Loss after each accepted step, the start first.
    trials : tuple of float
        Loss after each trial, accepted or not.
    predicted : float
        What the last trial was predicted to gain; 0 before the first.
    idle, broken : int
        Steps in a row with a negligible gain; predictions that were broken.
    """

    history: tuple[float, ...]
    trials: tuple[float, ...]
    predicted: float = 0.0
    idle: int = 0
    broken: int = 0

    @classmethod
    def of(cls, loss: float) -> Trace:
        """Begin at a loss."""
        return cls((loss,), (loss,))

    @property
    def loss(self) -> float:
        """The loss so far."""
        return self.history[-1]

    @property
    def n_iter(self) -> int:
        """Accepted steps."""
        return len(self.history) - 1


@dataclass(frozen=True)
class Termination:
    """The rules for one descent.

    Attributes
    ----------
    negligible : float
        Share of the loss that is not worth a step.
    floor : float
        Loss that counts as rounding.
    """

    negligible: float
    floor: float

    def is_negligible(self, trace: Trace, predicted: float, damping: float) -> bool:
        """Tell whether a step is not worth taking."""
        return predicted <= self.negligible * trace.loss and damping <= THRESHOLDS.light

    def is_last(self, trace: Trace, predicted: float, damping: float) -> bool:
        """Tell whether nothing worth a step will be left after one: a geometric series."""
        shrinks = 1.0
        if trace.predicted > 0.0:
            shrinks = max(predicted / trace.predicted, THRESHOLDS.quickest)
        left = predicted * shrinks / (1.0 - shrinks) if shrinks < 1.0 else np.inf
        return self.is_negligible(trace, left, damping)

    def accepted(self, trace: Trace, predicted: float, loss: float) -> Trace:
        """Note an accepted step to ``loss``."""
        negligible = trace.loss - loss <= self.negligible * loss
        return Trace(
            history=(*trace.history, loss),
            trials=(*trace.trials, loss),
            predicted=predicted,
            idle=trace.idle + 1 if negligible else 0,
            broken=trace.broken,
        )

    def refused(self, trace: Trace, predicted: float, stretched: float) -> Trace:
        """Note a trial that was refused; ``stretched`` is what it was itself predicted to gain."""
        between_kinks = stretched <= THRESHOLDS.kinks * self.negligible * trace.loss
        return Trace(
            history=trace.history,
            trials=(*trace.trials, trace.loss),
            predicted=predicted,
            idle=trace.idle,
            broken=trace.broken + between_kinks,
        )

    def has_converged(self, trace: Trace, *, accepted: bool) -> bool:
        """Tell whether the last trial has shown that nothing more is to be had."""
        if trace.loss <= self.floor:
            return True
        if accepted and trace.idle >= THRESHOLDS.idle_steps:
            return True
        if not accepted and trace.broken >= THRESHOLDS.broken_predictions:
            return True
        window = THRESHOLDS.window
        if len(trace.trials) <= window:
            return False
        return trace.trials[-1 - window] - trace.loss <= self.negligible * trace.loss
