"""What descents have shown so far, and when the best of their ends is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from pureneuron.inference.checks import Checks
from pureneuron.inference.information import Information, weight_errors
from pureneuron.initialize import Candidate
from pureneuron.model import match_neurons, unit_rows
from pureneuron.optimize import Fit, Point, displacement, distance
from pureneuron.optimize.comparison import THRESHOLDS as NEARNESS
from pureneuron.problem import n_unknowns

__all__ = [
    "TWICE",
    "Check",
    "Evidence",
    "Thresholds",
    "are_one_minimum",
    "confirms",
    "proof_by_residual",
]

Check: TypeAlias = Callable[[Fit], Checks]
"""``check(fit)``: the checks of a fit; asked of every new best one."""

TWICE = "two starts end in the same minimum"


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    doubtful_starts : int
        Descents before two that agree are believed where the checks leave the best fit in doubt
        (surety.py, success.py).
    relocated : int
        Starts that go on by relocating neurons, at most: each is worth some five (make bench).
    within : float
        Standard errors that rows of W of two ends in one minimum may be apart; its square is what
        their squared residuals may, in units of the noise variance (make bench).
    as_low : float
        Share of the loss by which the ends of two descents differ that are equally low (users.py).
    overdetermined : float
        Equations for each unknown from which on a residual of zero betrays any wrong network
        (success.py).
    """

    doubtful_starts: int = 6
    relocated: int = 6
    within: float = 2.0
    as_low: float = 1e-3
    overdetermined: float = 1.2


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the descents so far have shown.

    Attributes
    ----------
    fewest : int
        Descents before two that agree are believed.
    patience : int
        Random starts that should be enough.
    losses : tuple of float
        Final loss of every descent.
    n_random : int
        Random starts so far.
    best, winner : Fit and Candidate, or None
        The best fit, and what led to it.
    found_twice : bool
        Whether another descent has come where it is.
    checks, doubted : Checks or None, and bool
        Of the best fit, and whether they leave it in doubt.
    proof : str
        What proves it right, if anything does.
    given_up : bool
        Whether more starts would decide nothing.
    """

    fewest: int
    patience: int
    losses: tuple[float, ...] = ()
    n_random: int = 0
    best: Fit | None = None
    winner: Candidate | None = None
    found_twice: bool = False
    checks: Checks | None = None
    doubted: bool = False
    proof: str = ""
    given_up: bool = False

    @property
    def is_over(self) -> bool:
        """Whether no more starts are needed."""
        enough = max(self.fewest, THRESHOLDS.doubtful_starts * self.doubted)
        return (
            self.given_up or bool(self.proof) or (self.found_twice and len(self.losses) >= enough)
        )

    @property
    def ends_in_doubt(self) -> bool:
        """Whether starts agree on a fit that has failed the checks."""
        failed = self.doubted and self.checks is not None
        return self.is_over and failed and not self.given_up

    @property
    def is_slow(self) -> bool:
        """Whether more random starts have been made than should have been enough."""
        return self.n_random > self.patience

    @property
    def is_worth_relocations(self) -> bool:
        """Whether weak neurons are all that may be wrong, and starts have not had their share."""
        few = self.n_random <= self.patience + THRESHOLDS.relocated
        return few and not self.doubted

    @property
    def best_point(self) -> Point | None:
        """The point of the best fit."""
        return None if self.best is None else self.best.point

    def with_descent(
        self, fit: Fit, candidate: Candidate, check: Check | None, *, met: bool
    ) -> Evidence:
        """Return what is known after one descent more; ``met`` if it has come where the best is."""
        after = replace(self, losses=(*self.losses, fit.loss))
        if self.best is not None and fit.loss >= self.best.loss:
            return replace(after, found_twice=self.found_twice or met)
        checks = None if fit.is_exact or check is None else check(fit)
        return replace(
            after,
            best=fit,
            winner=candidate,
            found_twice=met,
            checks=checks,
            doubted=not fit.is_exact and (checks is None or checks.in_doubt),
            proof=proof_by_residual(fit) or self.proof,
        )

    def with_better(self, fit: Fit, check: Check | None) -> Evidence:
        """Return what is known if the best fit leads on to ``fit``, which may be the same."""
        if fit is self.best:
            return self
        assert self.winner is not None
        return self.with_descent(fit, self.winner, check, met=False)

    @property
    def agreement(self) -> str:
        """Why the best fit is taken for the global minimum; empty if nothing confirms it."""
        return self.proof or (TWICE if self.found_twice else "")

    def may_be_proved_by(self, candidate: Candidate, fit: Fit, *, met: bool) -> bool:
        """Whether what speaks for a candidate would count: it has led to the best minimum."""
        assert self.best is not None
        still_open = not (self.proof or self.doubted)
        return still_open and (met or self.best is fit) and confirms(candidate, self.best)

    @property
    def best_fit(self) -> Fit:
        """The best fit."""
        assert self.best is not None
        return self.best

    def is_at_a_loss(self, candidate: Candidate) -> bool:
        """Whether as many random starts have been made as should have been enough, in vain."""
        last = candidate.is_restart and self.n_random == self.patience
        return last and not self.is_over and not self.best_fit.is_exact

    def is_met_by(self, fit: Fit) -> bool:
        """Whether a descent has come where the best one is."""
        if self.best is None:
            return False
        known = None if self.checks is None else self.checks.known
        return fit.info.joined or are_one_minimum(fit, self.best, known)

    def is_mirrored_by(self, fit: Fit) -> bool:
        """Whether a descent has come where the best one is, but for neurons turned round."""
        if self.best is None or self.best is fit or self.best.is_exact:
            return False
        as_low = abs(fit.loss - self.best.loss) <= THRESHOLDS.as_low * self.best.loss
        return as_low and distance(fit.point, self.best.point, either_way=True) <= NEARNESS.same


def confirms(candidate: Candidate, fit: Fit) -> bool:
    """Tell whether a fit has every neuron near where a candidate puts it."""
    if candidate.A is None:
        return False
    point = fit.point
    columns = candidate.A[:, : len(candidate.W)]
    moved = displacement(unit_rows(candidate.W), columns, point.W, point.columns)
    return moved <= NEARNESS.confirmed


def are_one_minimum(fit: Fit, best: Fit, known: Information | None) -> bool:
    """Tell whether two ends are one minimum, as far as the rows can tell.

    Parameters
    ----------
    fit, best : Fit
        The ends.
    known : Information or None
        At ``best``; None where there are too many unknowns for it.
    """
    apart = distance(fit.point, best.point, either_way=fit.problem.fit_linear)
    if apart <= NEARNESS.same:
        return True
    if known is None or apart > NEARNESS.confirmed:
        return False
    return _are_within_errors(fit, best, known)


def _are_within_errors(fit: Fit, best: Fit, known: Information) -> bool:
    """Tell whether an end is as near the best one, and as low, as two standard errors allow.

    Kinks that pass rows make several minima within that distance, and the rows do not tell which of
    them is right. The loss has its say, for a row of W may be known badly in one direction only.
    """
    one, other, problem = fit.point, best.point, fit.problem
    match = match_neurons(one.columns, one.W, other.columns, other.W, either_way=problem.fit_linear)
    errors = np.linalg.norm(weight_errors(best, known), axis=1)[match.right]
    near = np.sqrt(match.errors_W) <= THRESHOLDS.within * errors
    above = abs(fit.loss - best.loss) * problem.n_equations / best.noise_variance
    return bool(near.all()) and above <= THRESHOLDS.within**2


def proof_by_residual(fit: Fit) -> str:
    """Return why the residual proves a fit right; empty if it does not."""
    unknowns = n_unknowns(fit.problem, fit.n_neurons)
    enough = fit.problem.n_equations >= THRESHOLDS.overdetermined * unknowns
    return "the residual is zero up to rounding" if fit.is_exact and enough else ""
