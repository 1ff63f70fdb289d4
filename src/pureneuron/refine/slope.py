"""The slope of σ on the negative side, where it is not known.

With slope s, ``σ(t) = (1+s)/2 t + (1−s)/2 |t|``: the odd and the even half of the output have the
same directions, and s is how large the one is against the other. So it is identified wherever A and
W are, but for s = 1, where σ is linear, and s = −1, where the sign of a neuron is lost. (Slopes s
and 1/s are the same network with the neurons' signs reversed: s is sought between −1 and 1.)

The profiled loss, minimised over A and W too, is a smooth function of s: units bend where they
bend, whatever the slope, so a descent at a wrong slope still finds the directions. It has one
minimum for each choice of the neurons' signs, which only a slope near −1 gets wrong; and others
where there are few outputs, or more neurons than inputs. Brent's method minimises it; each of its
points is a descent from the best one before, of one to three iterations as it closes in.

The moments know s as well: the factor 2 of Lemma 3 is ``2 (1+s²)/(1+s)²`` with slope s, and only
with the right one has T a null space of dimension k. But that is a poor guide: where there is much
noise T has small singular values for slopes near 1 too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from scipy.optimize import minimize_scalar

from pureneuron.moments import Problem
from pureneuron.progress import ProgressCallback, report_to
from pureneuron.refine.comparison import apart
from pureneuron.refine.descent import Descent, descend
from pureneuron.refine.search import FEWEST_STARTS, Refinement, search
from pureneuron.refine.starts import Start

__all__ = ["SlopeFit", "fit_slope", "refit_slope"]

# At 1 σ is linear and W unknown, at −1 B is zero and the neurons' signs are unknown.
_LARGEST = 0.99
_ACCURACY, _MOST_TRIALS, _MOST_ROUNDS = 1e-9, 40, 3
# Guesses of the slope after the first, by quarters and then by eighths, from which to begin until
# the best end is reached twice. Where B does not show all neurons some ends are popular, and the
# quarters are all tried.
_QUARTERS, _EIGHTHS = (-0.7, 0.5, 0.25, -0.25, 0.75, -0.5), (0.125, -0.125, 0.375, -0.375, 0.625)
# How far from its own network a fit of the slope still holds; how far apart two ends, whose slopes
# differ a little, are the same.
_SAME, _MET = 0.1, 0.25
# First distance over which the loss is seen to rise; then so many standard errors, within limits.
_ASIDE, _ERRORS_ASIDE, _MOST_ASIDE = 0.02, 2.0, 0.5
_LEAST_RISE = 1e-3
# Distance from ±1, also in standard errors, that is as good as none.
_AT_END, _ERRORS_TO_END = 0.011, 3.0


@dataclass(frozen=True)
class SlopeFit:
    """The best slope, and the fit that goes with it.

    Attributes
    ----------
    problem : Problem
        The problem with that slope.
    descent : Descent
        The minimum over A and W.
    standard_error : float
        Of the slope, from the curvature of the likelihood; zero where the residual is.
    interrupted : bool
        Whether Ctrl-C ended it.
    confirmed : bool
        Whether two guesses of the slope have led there, or the residual is zero.
    """

    problem: Problem
    descent: Descent
    standard_error: float
    interrupted: bool
    confirmed: bool = False

    @property
    def slope(self) -> float:
        """The slope."""
        return self.problem.negative_slope

    @property
    def over(self) -> bool:
        """Whether there is nothing more to do: the residual is zero, or Ctrl-C has ended it."""
        return self.descent.exact or self.interrupted

    def belongs_to(self, descent: Descent) -> bool:
        """Tell whether a descent at this slope led to the same network."""
        return apart(self.descent.point, descent.point) <= _SAME

    def joined_by(self, other: SlopeFit) -> SlopeFit:
        """Return the better of two fits from different guesses; equal ones confirm each other."""
        met = apart(self.descent.point, other.descent.point) <= _MET
        if other.descent.loss < self.descent.loss:
            return replace(other, confirmed=met)
        return replace(self, interrupted=other.interrupted, confirmed=self.confirmed or met)

    @property
    def at_end(self) -> bool:
        """Whether σ may as well be linear, or an absolute value."""
        return 1.0 - abs(self.slope) < max(_AT_END, _ERRORS_TO_END * self.standard_error)

    @property
    def why_at_end(self) -> str:
        """What that means."""
        error = f" ± {self.standard_error:.2g}" if self.standard_error else ""
        if _ERRORS_TO_END * self.standard_error > 1.0:
            return f"the data do not show the slope ({self.slope:.3g}{error})"
        slope = f"the slope, {self.slope:.3g}{error}, may as well be "
        if self.slope > 0.0:
            return slope + "that of a linear σ: nothing shows A and W, only B = AW"
        return slope + "that of an absolute value: nothing shows the neurons' signs"

    @property
    def start(self) -> Start:
        """Where it ended, for a search at the new slope."""
        point = self.descent.point
        return Start("slope", point.W, point.A, interrupted=self.interrupted)


def fit_slope(
    problem: Problem,
    n_neurons: int,
    *,
    first: Callable[[Problem], Iterable[Start]],
    n_restarts: int,
    max_iter: int,
    tol: float,
    rng: np.random.Generator,
    callback: ProgressCallback | None = None,
) -> SlopeFit:
    """Minimise the loss over the slope, A and W.

    From one guess after the other until the best end has been reached from two, and from there
    until no start leads further down: at a wrong slope a neuron may have the wrong sign, the more
    so the nearer σ is to an absolute value, and with few outputs or many neurons a slope that is
    off by a half may have a best network of its own. There the residual always shows the inputs and
    is no guide: as many starts are made as where it speaks against all of them, and none is
    repaired. Ctrl-C ends it with the best so far.

    Parameters
    ----------
    problem : Problem
        The data, with a first guess of the slope.
    first : callable
        The starts before the random ones, for a problem with its slope.
    n_restarts : int
        Most random starts of a search, up to six.
    n_neurons, max_iter, tol, rng, callback
        As for :func:`pureneuron.refine.search`.
    """

    def searched(problem: Problem, *starts: Start) -> Refinement:
        return search(
            problem,
            n_neurons,
            first=chain(starts, first(problem)),
            n_restarts=min(n_restarts, 2 * FEWEST_STARTS),
            max_iter=max_iter,
            tol=tol,
            unsuspicious=lambda descent: False,
            rng=rng,
            callback=callback,
        )

    def minimised(problem: Problem, found: Refinement) -> SlopeFit:
        if found.interrupted:
            return SlopeFit(problem, found.best, 0.0, interrupted=True)
        return refit_slope(problem, found.best, max_iter=max_iter, tol=tol, callback=callback)

    fit = minimised(problem, searched(problem))
    guesses = [*_QUARTERS, *_EIGHTHS]
    owed = 0 if problem.shows_all(n_neurons) else len(_QUARTERS)
    try:
        for _ in range(_MOST_ROUNDS):
            while guesses and not fit.over and (owed > 0 or not fit.confirmed):
                at = replace(problem, negative_slope=guesses.pop(0))
                fit = fit.joined_by(minimised(at, searched(at)))
                owed -= 1
            if fit.over:
                break
            again = searched(fit.problem, fit.start)
            # Another start that comes to the same network may end lower by a rounding.
            if again.winner == fit.start.name or fit.belongs_to(again.best):
                return replace(fit, interrupted=again.interrupted)
            fit = minimised(fit.problem, again)
    except KeyboardInterrupt:
        return replace(fit, interrupted=True)
    return replace(fit, confirmed=fit.confirmed or fit.descent.exact)


def refit_slope(
    problem: Problem,
    descent: Descent,
    *,
    max_iter: int,
    tol: float,
    callback: ProgressCallback | None = None,
) -> SlopeFit:
    """Minimise the loss over the slope from a descent at that of the problem.

    Parameters
    ----------
    problem : Problem
        The data.
    descent : Descent
        Where to begin.
    max_iter, tol
        As for :func:`pureneuron.refine.descend`.
    callback : callable, optional
        Told of every iteration.
    """
    best, n_trials = (problem, descent), 0

    def loss(slope: float) -> float:
        nonlocal best, n_trials
        n_trials += 1
        at, point = replace(problem, negative_slope=float(slope)), best[1].point
        found = descend(
            at,
            point.W,
            point.A,
            max_iter=max_iter,
            tol=tol,
            callback=report_to(callback, "slope", n_trials, _MOST_TRIALS, best[1].loss),
        )
        if found.loss < best[1].loss:
            best = at, found
        if found.interrupted:
            raise KeyboardInterrupt
        return found.loss

    error, interrupted = 0.0, False
    try:
        minimize_scalar(
            loss,
            bounds=(-_LARGEST, _LARGEST),
            method="bounded",
            options={"xatol": _ACCURACY, "maxiter": _MOST_TRIALS},
        )
        if not best[1].exact:
            error = _standard_error(loss, *best, _ASIDE)
            error = _standard_error(loss, *best, min(_ERRORS_ASIDE * error, _MOST_ASIDE))
    except KeyboardInterrupt:
        interrupted = True
    return SlopeFit(*best, error, interrupted)


def _standard_error(
    loss: Callable[[float], float], problem: Problem, descent: Descent, aside: float
) -> float:
    """Read the standard error off the loss at a distance from its minimum.

    One standard error away, twice the log-likelihood ``−½ n m log(loss)`` has fallen by one.
    """
    toward_zero = -aside if problem.negative_slope > 0.0 else aside
    rise = np.log(loss(problem.negative_slope + toward_zero) / descent.loss)
    return float(aside / np.sqrt(max(problem.n_equations * rise, _LEAST_RISE)))
