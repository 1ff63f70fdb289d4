"""The stopwatch: when a fit had which loss."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Finished", "Trace"]

# Points closer together than this share of the time so far are kept as one, at the earlier time:
# Adam makes tens of thousands of steps, and nobody measures times to better than that.
_RESOLUTION = 1.01
# A fit has stalled if the second half of it, and of at least so many losses, gained less than this.
_STALLED_GAIN = 1e-5
_FEWEST_LOSSES = 200


class Finished(Exception):
    """Raised by :meth:`Trace.record`: leave off, and return what there is."""


class Trace:
    """Losses of one fit, or of several that were tried in turn, against the seconds spent.

    Parameters
    ----------
    budget : float
        Seconds there are. An infinite budget is for methods that run to their own end: they are
        never told to leave off.
    stop_at : float, optional
        Loss at which there is no more to be shown.

    Attributes
    ----------
    points : list of [seconds, loss]
        Each time the loss was the lowest so far.
    """

    def __init__(self, budget: float = math.inf, stop_at: float | None = None) -> None:
        self.budget = budget
        self.stop_at = -math.inf if stop_at is None else stop_at
        self.points: list[list[float]] = []
        self._uncounted = 0.0
        self._start = time.perf_counter()
        self.begin()

    def begin(self) -> None:
        """Note that a new fit begins; the time goes on."""
        self._begun = self._gained = self.seconds
        self._n_losses, self._level = 0, math.inf

    @property
    def seconds(self) -> float:
        """Time since the trace was made, less the pauses."""
        return time.perf_counter() - self._start - self._uncounted

    @property
    def lowest(self) -> float:
        """The lowest loss so far."""
        return self.points[-1][1] if self.points else math.inf

    @property
    def done(self) -> bool:
        """Whether the budget is spent or the goal is reached."""
        return self.seconds > self.budget or self.lowest <= self.stop_at

    def record(self, loss: float) -> None:
        """Note the loss of the moment: mean squared residual over rows and outputs.

        Raises
        ------
        Finished
            If this fit should end: there is no time or nothing to gain, or it leads nowhere.
        """
        now = self.seconds
        if loss < self.lowest:
            if self.points and now <= self.points[-1][0] * _RESOLUTION:
                self.points[-1][1] = loss
            else:
                self.points.append([now, loss])
        if math.isfinite(self.budget) and (self.done or self._hopeless(now, loss)):
            raise Finished

    def _hopeless(self, now: float, loss: float) -> bool:
        """Whether the fit has diverged or stalled, so that another start would be wiser."""
        self._n_losses += 1
        if loss < (1.0 - _STALLED_GAIN) * self._level:
            self._level, self._gained = loss, now
        stalled = now - self._begun > 2.0 * (self._gained - self._begun)
        return not math.isfinite(loss) or (stalled and self._n_losses >= _FEWEST_LOSSES)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock for what is not the method's own work."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._uncounted += time.perf_counter() - start
