"""What an estimate is taken for: the network, and the status that it earns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.inference import (
    Evidence,
    UnitCensus,
    doubt_moments,
    examine,
    judge_moments,
    judge_refinement,
    odd_half_test,
    symmetry_test,
    undetermined_directions,
    unit_census,
)
from pureneuron.moments import Problem
from pureneuron.refine import Refinement, SlopeFit, evaluate, settle
from pureneuron.results import Status
from pureneuron.spectral import LinearPart, MomentEstimate, linear_loss, sampling_error
from pureneuron.stages import StageLog, describe_sampling_error
from pureneuron.typing import Array

__all__ = ["Outcome", "of_moments", "of_search", "unchecked", "with_slope"]


@dataclass(frozen=True)
class Outcome:
    """A network in the coordinates of the problem, and what is thought of it.

    Attributes
    ----------
    W, A : (k, r) and (m, k) arrays
        The network.
    loss : float
        Of the network, in the units of the problem.
    n_iter : int
        Iterations of the descent that led there.
    census : UnitCensus
        The state of its units.
    status, reason
        The judgement, and what it rests on.
    asymmetric : bool
        Whether it rests on a symmetry that the inputs plainly do not have.
    checked : bool
        Whether the checks were made; Ctrl-C ends them.
    """

    W: Array
    A: Array
    loss: float
    n_iter: int
    census: UnitCensus
    status: Status
    reason: str
    asymmetric: bool = False
    checked: bool = True


def of_moments(
    problem: Problem,
    estimate: MomentEstimate,
    part: LinearPart,
    rank: int,
    *,
    log: StageLog,
    rng: np.random.Generator,
) -> Outcome:
    """Judge a moment estimate that is not refined, with a second look if it looks well."""
    census = unit_census(problem, estimate.W, estimate.A)
    loss = evaluate(problem, estimate.W, estimate.A)
    asymmetric = symmetry_test(problem).plainly_asymmetric
    status, reason = judge_moments(
        problem,
        estimate,
        census,
        rank=rank,
        loss=loss,
        linear_loss=linear_loss(problem, part),
        asymmetric=asymmetric,
    )
    if status is Status.RECOVERED:
        with log.stage("sampling error") as said:
            error = sampling_error(problem, part, estimate, rng=rng)
            said.append(describe_sampling_error(error))
        rows, settled, stays = settle(problem, estimate.W, estimate.A, rng=rng)
        doubt = doubt_moments(
            bent=odd_half_test(problem, part, estimate.W).plainly_bent,
            error=error,
            stays=stays,
            plausible=examine(rows, settled, seed=int(rng.integers(2**63))).plausible,
            undetermined=undetermined_directions(problem, settled),
        )
        status, reason = doubt or (status, reason)
    return Outcome(estimate.W, estimate.A, loss, 0, census, status, reason, asymmetric)


def of_search(problem: Problem, refinement: Refinement, evidence: Evidence) -> Outcome:
    """Judge the best of a search."""
    best = refinement.best
    status, reason = judge_refinement(problem, refinement, evidence)
    unconfirmed = refinement.winner == "moments" and not refinement.agreement
    return Outcome(
        best.point.W,
        best.point.A,
        best.loss,
        best.n_iter,
        evidence.census,
        status,
        reason,
        asymmetric=unconfirmed and symmetry_test(problem).plainly_asymmetric,
    )


def unchecked(problem: Problem, refinement: Refinement) -> Outcome:
    """Keep what was found when Ctrl-C ended the checks."""
    best = refinement.best
    return Outcome(
        best.point.W,
        best.point.A,
        best.loss,
        best.n_iter,
        unit_census(problem, best.point.W, best.point.A),
        Status.NOT_CONVERGED,
        "interrupted before the fit was checked",
        checked=False,
    )


def with_slope(outcome: Outcome, slope: SlopeFit, *, astray: bool) -> Outcome:
    """Let the fit of the slope have its say; what was interrupted says so whatever the slope.

    Parameters
    ----------
    outcome : Outcome
        Of a search at that slope.
    slope : SlopeFit
        The fit.
    astray : bool
        Whether the search has found another network than the one that the slope was fitted to.
    """
    if outcome.status is Status.NOT_CONVERGED:
        return outcome
    if slope.at_end:
        return replace(outcome, status=Status.RANK_DEFICIENT, reason=slope.why_at_end)
    if astray:
        reason = "the slope was fitted to another minimum than the best"
        return replace(outcome, status=Status.STARTS_DISAGREE, reason=reason)
    if outcome.status is Status.RECOVERED and not slope.confirmed:
        reason = "no two guesses of the slope lead to the same network"
        return replace(outcome, status=Status.STARTS_DISAGREE, reason=reason)
    return outcome
