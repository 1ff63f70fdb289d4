"""The slope of σ on the negative side, where it is not known.

With slope s, ``σ(t) = (1+s)/2 t + (1−s)/2 |t|``: the odd and the even part of the output have the
same directions, and s is how large the one is against the other. So it is identified wherever A and
W are, but for s = 1, where σ is linear, and s = −1, where the sign of a neuron is lost. (Slopes s
and 1/s are the same network with the neurons' signs reversed: s is sought between −1 and 1.)

The loss, minimised over A and W too, is a smooth function of s: units have their kinks where they
have them, whatever the slope, so a descent at a wrong slope still finds the directions. It has one
minimum for each choice of the neurons' signs, which only a slope near −1 gets wrong; and others
where there are few outputs, or more neurons than inputs. So the slope is a nuisance parameter of an
outer step: Brent's method minimises over it; each of its points is a descent from the best one
before, of one to three iterations as it closes in.

The moments know s as well: the factor 2 of Lemma 3 is ``2 (1+s²)/(1+s)²`` with slope s, and only
with the right one has T a null space of dimension k. But that is a poor guide: where there is much
noise T has small singular values for slopes near 1 too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import minimize_scalar

from pureneuron.initialize import Candidate, Fitted, Proposer
from pureneuron.model import LeakyReLU
from pureneuron.monitor import Monitor
from pureneuron.optimize import Fit, Limits, distance, minimize
from pureneuron.optimize.comparison import THRESHOLDS as NEARNESS
from pureneuron.problem import Problem
from pureneuron.results import StageReport
from pureneuron.search.multistart import THRESHOLDS as POLICY
from pureneuron.search.multistart import multistart

__all__ = ["Slope", "Thresholds", "fit_slope", "refit_slope"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the command that shows its effect.

    All of them are seen in `python -m experiments.paper.slope` (make paper).

    Attributes
    ----------
    largest : float
        Largest slope: at 1 σ is linear and W unknown, at −1 B is zero and the neurons' signs are
        unknown.
    accuracy, most_trials : float, int
        Of Brent's method.
    most_rounds : int
        Most times that the search begins again from a better network.
    quarters, eighths : tuple of float
        Guesses of the slope after the first from which to begin until the best end is reached
        twice. Where B does not show all neurons some ends are popular, and the quarters are all
        tried.
    first_distance, errors_away, most_distance : float
        First distance over which the loss is seen to rise; then so many standard errors, at most.
    least_rise : float
        Rise of twice the log-likelihood that counts at least.
    at_end, errors_to_end : float
        Distance from ±1, also in standard errors, that is as good as none.
    """

    largest: float = 0.99
    accuracy: float = 1e-9
    most_trials: int = 40
    most_rounds: int = 3
    quarters: tuple[float, ...] = (-0.7, 0.5, 0.25, -0.25, 0.75, -0.5)
    eighths: tuple[float, ...] = (0.125, -0.125, 0.375, -0.375, 0.625)
    first_distance: float = 0.02
    errors_away: float = 2.0
    most_distance: float = 0.5
    least_rise: float = 1e-3
    at_end: float = 0.011
    errors_to_end: float = 3.0


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Slope:
    """What is known of the slope.

    Attributes
    ----------
    value : float
        The slope.
    standard_error : float
        From the curvature of the likelihood; zero where the residual is.
    confirmed : bool
        Whether two guesses of the slope have led there, or the residual is zero.
    """

    value: float
    standard_error: float
    confirmed: bool = False

    @property
    def is_at_end(self) -> bool:
        """Whether σ may as well be linear, or an absolute value."""
        margin = THRESHOLDS.errors_to_end * self.standard_error
        return 1.0 - abs(self.value) < max(THRESHOLDS.at_end, margin)

    @property
    def why_at_end(self) -> str:
        """What that means."""
        error = f" ± {self.standard_error:.2g}" if self.standard_error else ""
        if THRESHOLDS.errors_to_end * self.standard_error > 1.0:
            return f"the data do not show the slope ({self.value:.3g}{error})"
        slope = f"the slope, {self.value:.3g}{error}, may as well be "
        if self.value > 0.0:
            return slope + "that of a linear σ: nothing shows A and W, only B = AW"
        return slope + "that of an absolute value: nothing shows the neurons' signs"

    def describe(self) -> StageReport:
        """Report the slope with its standard error."""
        error = f" ± {self.standard_error:.2g}" if self.standard_error else ""
        return StageReport(
            "slope",
            f"slope of σ on the negative side {self.value:.4g}{error}, fitted to all rows",
            {"slope": self.value, "standard_error": self.standard_error},
        )


def fit_slope(
    problem: Problem,
    n_neurons: int,
    proposers: Sequence[Proposer],
    *,
    n_restarts: int,
    limits: Limits,
    rng: np.random.Generator,
    monitor: Monitor,
) -> tuple[Fit, Slope]:
    """Minimise the loss over the slope, A and W.

    From one guess after the other until the best end has been reached from two, and from there
    until no start leads further down: at a wrong slope a neuron may have the wrong sign, the more
    so the nearer σ is to an absolute value, and with few outputs or many neurons a slope that is
    off by a half may have a best network of its own. There the residual always depends on the
    inputs and is no guide: as many starts are made as where it speaks against all of them, and no
    swap search.

    Parameters
    ----------
    problem : Problem
        The data, with a first guess of the slope.
    proposers : sequence of Proposer
        The starts before the random ones.
    n_restarts : int
        Most random starts of a search, up to six.
    n_neurons, limits, rng, monitor
        As for :func:`~pureneuron.search.multistart.multistart`.

    Returns
    -------
    Fit, Slope
        The fit at the best slope, and what is known of that.
    """
    step = _OuterStep(problem, n_neurons, proposers, n_restarts, limits, monitor)
    guess_rng, again_rng = rng.spawn(2)
    fit, slope = step.from_guess(problem, guess_rng.spawn(1)[0])
    guesses = [*THRESHOLDS.quarters, *THRESHOLDS.eighths]
    owed = 0 if problem.linear_part_shows(n_neurons) else len(THRESHOLDS.quarters)
    for _ in range(THRESHOLDS.most_rounds):
        while guesses and not fit.is_exact and (owed > 0 or not slope.confirmed):
            at = problem.with_activation(LeakyReLU(guesses.pop(0)))
            fit, slope = _better((fit, slope), step.from_guess(at, guess_rng.spawn(1)[0]))
            owed -= 1
        if fit.is_exact:
            return fit, replace(slope, confirmed=True)
        again, winner = step.searched(fit.problem, again_rng.spawn(1)[0], Fitted(fit, "slope"))
        # Another start that comes to the same network may end lower by a rounding.
        if winner.W is fit.point.W or distance(fit.point, again.point) <= NEARNESS.same:
            return fit, slope
        fit, slope = refit_slope(again, limits=limits, monitor=monitor)
    return fit, replace(slope, confirmed=slope.confirmed or fit.is_exact)


@dataclass(frozen=True)
class _OuterStep:
    """A search for the network at one slope, and for the slope at that network."""

    problem: Problem
    n_neurons: int
    proposers: Sequence[Proposer]
    n_restarts: int
    limits: Limits
    monitor: Monitor

    def from_guess(self, problem: Problem, rng: np.random.Generator) -> tuple[Fit, Slope]:
        """Search at the slope of ``problem``, and minimise over the slope from there."""
        fit, _ = self.searched(problem, rng)
        return refit_slope(fit, limits=self.limits, monitor=self.monitor)

    def searched(
        self, problem: Problem, rng: np.random.Generator, *before: Proposer
    ) -> tuple[Fit, Candidate]:
        """Search at the slope of ``problem``; return the candidate that won, too."""
        fit, found = multistart(
            problem,
            self.n_neurons,
            [*before, *self.proposers],
            n_restarts=min(self.n_restarts, 2 * POLICY.fewest_starts),
            limits=self.limits,
            rng=rng,
            check=None,
            monitor=self.monitor,
        )
        return fit, found.winner


def _better(one: tuple[Fit, Slope], other: tuple[Fit, Slope]) -> tuple[Fit, Slope]:
    """Return the better of two fits from different guesses; equal ones confirm each other."""
    (fit, slope), (other_fit, other_slope) = one, other
    met = distance(fit.point, other_fit.point) <= NEARNESS.same_slope
    if other_fit.loss < fit.loss:
        return other_fit, replace(other_slope, confirmed=met)
    return fit, replace(slope, confirmed=slope.confirmed or met)


@dataclass
class _Profile:
    """The loss as a function of the slope, minimised over A and W; remembers the best fit."""

    best: Fit
    limits: Limits
    monitor: Monitor
    n_trials: int = field(default=0, init=False)

    def __call__(self, slope: float) -> float:
        self.n_trials += 1
        at = self.best.problem.with_activation(LeakyReLU(float(slope)))
        found = minimize(
            at,
            self.best.point.W,
            self.best.point.A,
            limits=self.limits,
            observer=self.monitor.observer(
                at, "slope", self.n_trials, THRESHOLDS.most_trials, best_loss=self.best.loss
            ),
        )
        if found.loss < self.best.loss:
            self.best = found
        return found.loss


def refit_slope(fit: Fit, *, limits: Limits, monitor: Monitor) -> tuple[Fit, Slope]:
    """Minimise the loss over the slope from a fit at another.

    Parameters
    ----------
    fit : Fit
        Where to begin.
    limits, monitor
        As for :func:`~pureneuron.search.multistart.multistart`.

    Returns
    -------
    Fit, Slope
        The fit at the best slope, and what is known of that.
    """
    profile = _Profile(fit, limits, monitor)
    minimize_scalar(
        profile,
        bounds=(-THRESHOLDS.largest, THRESHOLDS.largest),
        method="bounded",
        options={"xatol": THRESHOLDS.accuracy, "maxiter": THRESHOLDS.most_trials},
    )
    error = 0.0
    if not profile.best.is_exact:
        error = _standard_error(profile, THRESHOLDS.first_distance)
        away = min(THRESHOLDS.errors_away * error, THRESHOLDS.most_distance)
        error = _standard_error(profile, away)
    best = profile.best
    return best, Slope(best.problem.activation.negative_slope, error)


def _standard_error(profile: _Profile, distance: float) -> float:
    """Read the standard error off the loss at a distance from its minimum.

    One standard error away, twice the log-likelihood ``−½ n m log(loss)`` has fallen by one.
    """
    best = profile.best
    slope = best.problem.activation.negative_slope
    rise = np.log(profile(slope - distance if slope > 0.0 else slope + distance) / best.loss)
    information = max(best.problem.n_equations * rise, THRESHOLDS.least_rise)
    return float(distance / np.sqrt(information))
