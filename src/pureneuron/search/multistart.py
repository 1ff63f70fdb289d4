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
- where rows are few, two random starts are made, and basin hopping does the rest
  (:mod:`.basin_hopping`);
- a residual that is zero up to rounding, with clearly more equations than unknowns, is the global
  minimum and ends the search at once;
- the smallest residual wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pureneuron.inference.checks import Checks
from pureneuron.initialize import Candidate, Proposal, Proposer, Random
from pureneuron.model import counted
from pureneuron.monitor import Monitor, Stage, Teller
from pureneuron.optimize import (
    Fit,
    Limits,
    exchanged,
    meeting,
    minimize_mixed,
)
from pureneuron.optimize.comparison import THRESHOLDS as NEARNESS
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import StageReport
from pureneuron.search.evidence import Check, Evidence
from pureneuron.search.swaps import relocated, swap_search

__all__ = ["Multistart", "Thresholds", "multistart"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    fewest_starts, fewest_oriented : int
        Descents before two that agree are believed, if the residual shows nothing; and of starts
        that are oriented last (surety.py, calibration).
    patience : int
        Random starts before the swap search: it is worth some thirty descents, and hardly ever
        needed (success.py).
    puzzled : int
        The same of starts that are oriented last, before weak neurons are relocated (make bench).
        After as many of either it is asked whether a neuron less would do (users.py).
    scarce : float
        Equations for each unknown below which swaps find more than exchanges do, of networks that
        are too large for basin hopping (success.py).
    """

    fewest_starts: int = 3
    fewest_oriented: int = 2
    patience: int = 6
    puzzled: int = 3
    scarce: float = 20.0


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
        Final loss of every descent, in order; where basin hopping has gone on from one, of its end.
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

    @classmethod
    def of(cls, evidence: Evidence) -> Multistart:
        """Return how the best fit of all descents was found."""
        assert evidence.winner is not None
        info = evidence.best_fit.info
        return cls(
            winner=evidence.winner,
            agreement=evidence.agreement,
            losses=evidence.losses,
            checks=evidence.checks,
            n_iter=info.n_iter,
            history=info.history,
        )

    @property
    def is_believed(self) -> bool:
        """Whether the checks leave the best fit in no doubt."""
        return self.checks is not None and not self.checks.in_doubt

    def describe(self) -> StageReport:
        """Report the starts and the winner."""
        n_starts = len(self.losses)
        starts = "1 start" if n_starts == 1 else f"{n_starts} starts, the best"
        return StageReport(
            "multistart",
            f"{starts} from {self.winner.method}, {counted(self.n_iter, 'iteration')}",
            {
                "n_starts": n_starts,
                "losses": np.array(self.losses),
                "history": np.array(self.history),
            },
        )


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
    search = Evidence(fewest_starts, THRESHOLDS.puzzled if blind else THRESHOLDS.patience)
    swaps = not blind or _is_scarce(problem, n_neurons)
    move = partial(_moved, swaps=swaps, limits=limits, rng=local_rng)
    moved: Fit | None = None
    proposal = proposals.first()
    while proposal is not None:
        candidate = proposal.candidate
        search = replace(search, n_random=search.n_random + candidate.is_restart)
        observer = _observer(problem, search, n_restarts, monitor)
        fit = _descended(problem, candidate, search, limits, observer)
        worth = search.is_slow and (swaps or search.is_worth_relocations)
        if worth and not fit.info.joined:
            fit = move(fit, observer)
        met = search.is_met_by(fit)
        if blind and not met and search.is_mirrored_by(fit):
            search = replace(search, given_up=True)
        search = search.with_descent(fit, candidate, check, met=met)
        if blind and search.best is fit and search.doubted:
            search = search.with_better(_exchanged(fit, limits, local_rng, observer), check)
            fit = search.best_fit
        if search.is_at_a_loss(candidate):
            if not swaps:
                search = search.with_better(move(search.best_fit, observer), check)
            search = replace(search, given_up=is_too_large(search.best_fit))
        if blind and search.ends_in_doubt and search.best is not moved:
            search = search.with_better(move(search.best_fit, observer), check)
            moved = search.best
        if search.may_be_proved_by(candidate, fit, met=met):
            proposal = proposal.corroborated()
            search = replace(search, proof=proposal.candidate.corroborated_by)
        info = Multistart.of(search)
        if stage is not None:
            stage.report(info)
        proposal = None if search.is_over else proposals.after(proposal)
    assert search.best is not None
    return search.best, info


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
    problem: Problem, search: Evidence, n_restarts: int, monitor: Monitor
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
    search: Evidence,
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


def _moved(
    fit: Fit,
    observer: Callable[..., Teller],
    *,
    swaps: bool,
    limits: Limits,
    rng: np.random.Generator,
) -> Fit:
    """Put neurons of a fit elsewhere as long as that lowers the loss: by swaps, or relocations."""
    if swaps:
        return swap_search(fit, rng=rng, limits=limits, observer=observer("swapping"))
    return relocated(fit, rng=rng, limits=limits, observer=observer("relocating"))


def _is_scarce(problem: Problem, n_neurons: int) -> bool:
    return problem.n_equations < THRESHOLDS.scarce * n_unknowns(problem, n_neurons)
