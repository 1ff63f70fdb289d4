"""Multistart: which starts are descended from, and when to believe the end.

The policy:

- proposers are asked in their order, each for its next candidate until it has no more: where there
  are rows to spare, a multistart on a subsample has the first word (see
  :mod:`~pureneuron.initialize.subsample`), and the moments, where there are any, the next;
- a candidate for which something speaks (starts on the subsample that agree with one another or
  with the average Hessians, or the moments) is proved right if the descent from it on all rows
  leads to the best minimum, with every neuron near where it began;
- random starts on all rows follow until the best minimum so far has been reached twice, and at
  least three descents have been made; from the seventh on, a swap search follows each;
- a start that comes where the best one has been is not followed any further;
- ends within two standard errors of each other, and as low, are one minimum: kinks that pass rows
  make the loss as rough as that;
- neither counts while the checks of the best fit leave it in doubt, unless more starts have been
  made: then the fault lies with the model, or it was chance;
- where B cannot show all neurons (biases, or more neurons than inputs or outputs) random starts are
  worth more: two that agree are enough, and a best fit in doubt goes on by exchanging neurons. What
  three have not confirmed takes more than descents: weak neurons are relocated, in the best fit and
  in the next starts (or swapped, where rows are too few for a neuron more);
- where two descents end equally low, and what differs is which way round neurons are, more starts
  can decide nothing: beside a linear part they would be the same;
- where random starts do not agree, and the best fit does as well with a neuron less, there is
  nothing to be confirmed: neurons that fit noise are others from every start;
- a residual that is zero up to rounding, with clearly more equations than unknowns, is the global
  minimum and ends the search at once;
- the smallest residual wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from pureneuron.inference.checks import Checks
from pureneuron.inference.information import Information, weight_errors
from pureneuron.initialize import Candidate, Proposal, Proposer, Random
from pureneuron.model import match_neurons, unit_rows
from pureneuron.monitor import Monitor, Stage, Teller
from pureneuron.optimize import (
    Fit,
    Limits,
    Point,
    displacement,
    distance,
    exchanged,
    meeting,
    minimize_mixed,
)
from pureneuron.optimize.comparison import THRESHOLDS as NEARNESS
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import StageReport
from pureneuron.search.swaps import relocated, swap_search

__all__ = ["Check", "Multistart", "Thresholds", "confirms", "multistart"]

Check: TypeAlias = Callable[[Fit], Checks]
"""``check(fit)``: the checks of a fit; asked of every new best one."""

_TWICE = "two starts end in the same minimum"


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    fewest_starts, fewest_oriented : int
        Descents before two that agree are believed, if the residual shows nothing; and of starts
        that are oriented last (surety.py, calibration).
    doubtful_starts : int
        The same where the checks leave the best fit in doubt (surety.py, success.py).
    patience : int
        Random starts before the swap search: it is worth some thirty descents, and hardly ever
        needed (success.py).
    puzzled : int
        The same of starts that are oriented last, before weak neurons are relocated (make bench).
        After as many of either it is asked whether a neuron less would do (users.py).
    relocated : int
        Starts that go on by relocating neurons, at most: each is worth some five (make bench).
    within : float
        Standard errors that rows of W of two ends in one minimum may be apart; its square is what
        their squared residuals may, in units of the noise variance (make bench).
    as_low : float
        Share of the loss by which the ends of two descents differ that are equally low (users.py).
    scarce : float
        Equations for each unknown below which swaps find more than exchanges do (success.py).
    overdetermined : float
        Equations for each unknown from which on a residual of zero betrays any wrong network
        (success.py).
    """

    fewest_starts: int = 3
    fewest_oriented: int = 2
    doubtful_starts: int = 6
    patience: int = 6
    puzzled: int = 3
    relocated: int = 6
    within: float = 2.0
    as_low: float = 1e-3
    scarce: float = 20.0
    overdetermined: float = 1.2


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Multistart:
    """How the best fit was found.

    Attributes
    ----------
    winner : Candidate
        The candidate that led to it.
    agreement : str
        Why it is taken for the global minimum; empty if nothing confirms it.
    losses : tuple of float
        Final loss of every descent, in order.
    checks : Checks or None
        Of the best fit; None where the residual is rounding.
    n_iter, history
        Of the best descent.
    """

    winner: Candidate
    agreement: str
    losses: tuple[float, ...]
    checks: Checks | None
    n_iter: int
    history: tuple[float, ...]

    def describe(self) -> StageReport:
        """Report the starts and the winner."""
        n_starts = len(self.losses)
        starts = "1 start" if n_starts == 1 else f"{n_starts} starts, the best"
        return StageReport(
            "multistart",
            f"{starts} from {self.winner.method}, {self.n_iter} iterations",
            {
                "n_starts": n_starts,
                "losses": np.array(self.losses),
                "history": np.array(self.history),
            },
        )


@dataclass(frozen=True, eq=False)
class _Search:
    """What the descents so far have shown."""

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
    ) -> _Search:
        """Return what is known after one descent more; ``met`` if it has come where the best is."""
        after = replace(self, losses=(*self.losses, fit.loss))
        if self.best is not None and fit.loss >= self.best.loss:
            return replace(after, found_twice=self.found_twice or met)
        checks = None if fit.is_exact or check is None else check(fit)
        proven = fit.is_exact and _is_overdetermined(fit)
        return replace(
            after,
            best=fit,
            winner=candidate,
            found_twice=met,
            checks=checks,
            doubted=not fit.is_exact and (checks is None or checks.in_doubt),
            proof="the residual is zero up to rounding" if proven else self.proof,
        )

    def with_better(self, fit: Fit, check: Check | None) -> _Search:
        """Return what is known if the best fit leads on to ``fit``, which may be the same."""
        if fit is self.best:
            return self
        assert self.winner is not None
        return self.with_descent(fit, self.winner, check, met=False)

    def info(self) -> Multistart:
        """Return how the best fit was found."""
        assert self.best is not None
        assert self.winner is not None
        return Multistart(
            winner=self.winner,
            agreement=self.proof or (_TWICE if self.found_twice else ""),
            losses=self.losses,
            checks=self.checks,
            n_iter=self.best.info.n_iter,
            history=self.best.info.history,
        )

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
        either_way = fit.problem.fit_linear
        apart = distance(fit.point, self.best.point, either_way=either_way)
        if fit.info.joined or apart <= NEARNESS.same:
            return True
        known = None if self.checks is None else self.checks.known
        if known is None or apart > NEARNESS.confirmed:
            return False
        return _are_within_errors(fit, self.best, known)

    def is_mirrored_by(self, fit: Fit) -> bool:
        """Whether a descent has come where the best one is, but for neurons turned round."""
        if self.best is None or self.best is fit or self.best.is_exact:
            return False
        as_low = abs(fit.loss - self.best.loss) <= THRESHOLDS.as_low * self.best.loss
        return as_low and distance(fit.point, self.best.point, either_way=True) <= NEARNESS.same


def multistart(
    problem: Problem,
    n_neurons: int,
    proposers: Sequence[Proposer],
    *,
    n_restarts: int,
    fewest_starts: int | None = None,
    limits: Limits,
    rng: np.random.Generator,
    check: Check | None,
    is_too_large: Callable[[Fit], bool] = lambda fit: False,
    monitor: Monitor,
    stage: Stage | None = None,
) -> tuple[Fit, Multistart]:
    """Descend from what is proposed, then from random starts, until the best is confirmed.

    Parameters
    ----------
    problem : Problem
        The data.
    n_neurons : int
        k.
    proposers : sequence of Proposer
        Asked before the random starts, each when it is needed.
    n_restarts : int
        Most random starts; one is made even for 0 where nobody proposes anything.
    fewest_starts : int
        Descents before two that agree are believed; what the policy says if left out.
    limits : Limits
        When a descent ends.
    rng : numpy.random.Generator
        Each proposer gets a stream of its own, and one is for exchanges and swaps.
    check : callable or None
        Checks a fit; None where no check is to be had, and every fit is in doubt.
    is_too_large : callable
        Tells whether a neuron less would do; asked once, when random starts have been in vain.
    monitor : Monitor
        Told of every iteration.
    stage : Stage, optional
        Told of every descent, so that an interrupt leaves a report.

    Returns
    -------
    Fit, Multistart
        The best of all descents, and how it was found.
    """
    random_rng, local_rng, *streams = rng.spawn(len(proposers) + 2)
    asked = [*zip(proposers, streams, strict=True), (Random(n_restarts), random_rng)]
    proposals = _Proposals(problem, n_neurons, asked, monitor)
    blind = not problem.linear_part_shows(n_neurons)
    if fewest_starts is None:
        fewest_starts = THRESHOLDS.fewest_oriented if blind else THRESHOLDS.fewest_starts
    search = _Search(fewest_starts, THRESHOLDS.puzzled if blind else THRESHOLDS.patience)
    swaps = not blind or _is_scarce(problem, n_neurons)
    proposal = proposals.first()
    while proposal is not None:
        candidate = proposal.candidate
        search = replace(search, n_random=search.n_random + candidate.is_restart)
        observer = _observer(problem, search, n_restarts, monitor)
        fit = _descended(problem, candidate, search, limits, observer)
        if search.is_slow and not fit.info.joined:
            if swaps:
                fit = swap_search(fit, rng=local_rng, limits=limits, observer=observer("swapping"))
            elif search.is_worth_relocations:
                fit = _relocated(fit, limits, local_rng, observer)
        met = search.is_met_by(fit)
        if blind and not met and search.is_mirrored_by(fit):
            search = replace(search, given_up=True)
        search = search.with_descent(fit, candidate, check, met=met)
        if blind and search.best is fit and search.doubted:
            search = search.with_better(_exchanged(fit, limits, local_rng, observer), check)
            fit = search.best_fit
        if search.is_at_a_loss(candidate):
            if not swaps:
                better = _relocated(search.best_fit, limits, local_rng, observer)
                search = search.with_better(better, check)
            search = replace(search, given_up=is_too_large(search.best_fit))
        if search.may_be_proved_by(candidate, fit, met=met):
            proposal = proposal.corroborated()
            search = replace(search, proof=proposal.candidate.corroborated_by)
        info = search.info()
        if stage is not None:
            stage.report(info)
        proposal = None if search.is_over else proposals.after(proposal)
    assert search.best is not None
    return search.best, info


def confirms(candidate: Candidate, fit: Fit) -> bool:
    """Tell whether a fit has every neuron near where a candidate puts it."""
    if candidate.A is None:
        return False
    point = fit.point
    columns = candidate.A[:, : len(candidate.W)]
    moved = displacement(unit_rows(candidate.W), columns, point.W, point.columns)
    return moved <= NEARNESS.confirmed


class _Proposals:
    """One proposer after the other, each with its own stream of random numbers."""

    def __init__(
        self,
        problem: Problem,
        n_neurons: int,
        proposers: Sequence[tuple[Proposer, np.random.Generator]],
        monitor: Monitor,
    ) -> None:
        self._ask = [
            partial(each.first, problem, n_neurons, rng=stream, monitor=monitor)
            for each, stream in proposers
        ]
        stream = proposers[-1][1]
        self._at_least = partial(Random(1).first, problem, n_neurons, rng=stream, monitor=monitor)

    def first(self) -> Proposal | None:
        """Return the first proposal; a random start where nobody proposes anything."""
        return self._next() or self._at_least()

    def after(self, proposal: Proposal) -> Proposal | None:
        """Return the one after ``proposal``, or None where there are no more."""
        return proposal.following() or self._next()

    def _next(self) -> Proposal | None:
        while self._ask:
            proposal = self._ask.pop(0)()
            if proposal is not None:
                return proposal
        return None


def _observer(
    problem: Problem, search: _Search, n_restarts: int, monitor: Monitor
) -> Callable[..., Teller]:
    """Return what makes the observer of a stage of the next descent."""
    i, best = len(search.losses) + 1, search.best_point
    return partial(
        monitor.observer,
        problem,
        start=i,
        n_starts=max(i, i - search.n_random + n_restarts),
        best_loss=None if best is None else best.loss,
    )


def _descended(
    problem: Problem,
    candidate: Candidate,
    search: _Search,
    limits: Limits,
    observer: Callable[..., Teller],
) -> Fit:
    """Descend from a candidate, as far as where the best one has been."""
    return minimize_mixed(
        problem,
        candidate.W,
        candidate.A,
        limits=limits,
        scale=candidate.scale,
        joins=meeting(search.best_point, NEARNESS.same, either_way=problem.fit_linear),
        observer=observer("refining"),
    )


def _exchanged(
    fit: Fit, limits: Limits, rng: np.random.Generator, observer: Callable[..., Teller]
) -> Fit:
    """Exchange neurons of a fit as long as that lowers the loss."""
    tell = observer("exchanging").progress
    descend = partial(minimize_mixed, limits=limits, observer=tell)
    return exchanged(fit, descend, rng=rng)


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


def _relocated(
    fit: Fit, limits: Limits, rng: np.random.Generator, observer: Callable[..., Teller]
) -> Fit:
    return relocated(fit, rng=rng, limits=limits, observer=observer("relocating"))


def _is_scarce(problem: Problem, n_neurons: int) -> bool:
    return problem.n_equations < THRESHOLDS.scarce * n_unknowns(problem, n_neurons)


def _is_overdetermined(fit: Fit) -> bool:
    unknowns = n_unknowns(fit.problem, fit.n_neurons)
    return fit.problem.n_equations >= THRESHOLDS.overdetermined * unknowns
