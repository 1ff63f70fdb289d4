"""From the evidence to a status: whether the estimate can be taken for the network."""

from __future__ import annotations

from pureneuron.inference.census import UnitCensus
from pureneuron.inference.evidence import Evidence
from pureneuron.moments import Problem, n_unknowns
from pureneuron.refine import Refinement
from pureneuron.results import Status
from pureneuron.spectral import MomentEstimate, SamplingError

__all__ = ["FEW_EQUATIONS", "doubt_moments", "judge_moments", "judge_refinement"]

# Singular values of T on either side of the gap closer than this, or a null space of which the
# directions explain less than two thirds: the estimate is noise.
_LEAST_GAP = 1.1
_MOST_MISFIT = 1.0 / 3.0
_NOT_SINGLED_OUT = "the detector does not single out k directions"
# Equations per unknown below which a fit with a residual cannot be told from an overfit.
FEW_EQUATIONS = 4.0
# A residual of zero says more: any excess of equations would betray a wrong network.
_FEW_EXACT = 1.2
# A unit that fits noise gains up to about 3, in rare cases 5 (measured: pure noise and one neuron
# too many, 3 to 20 inputs and outputs); one that is needed, dozens and more.
_LEAST_GAIN = 5.0


def judge_moments(
    problem: Problem,
    estimate: MomentEstimate,
    census: UnitCensus,
    *,
    rank: int,
    loss: float,
    linear_loss: float,
    asymmetric: bool,
) -> tuple[Status, str]:
    """Judge an estimate that is not refined, at first sight.

    There must be rows enough, symmetric inputs, as many neurons as B shows, directions that stand
    out, and a loss below that of a linear regression.
    """
    k = len(estimate.W)
    ratio = problem.n_equations / n_unknowns(problem, k)
    if ratio < FEW_EQUATIONS:
        return Status.TOO_FEW_SAMPLES, _few(ratio)
    if asymmetric:
        return Status.MISFIT, "moments rest on symmetric inputs, and these are plainly asymmetric"
    if rank != k:
        return _wrong_size(rank, k)
    figures = f"gap of T {estimate.gap:.3g}, misfit of the directions {estimate.misfit:.2g}"
    if estimate.gap < _LEAST_GAP or estimate.misfit > _MOST_MISFIT:
        return Status.RANK_DEFICIENT, f"{_NOT_SINGLED_OUT} ({figures})"
    if not census.healthy:
        return Status.DEGENERATE, str(census)
    if loss >= linear_loss:
        return Status.MISFIT, "a linear map explains the outputs better than the network does"
    return Status.RECOVERED, f"the detector singles out k directions ({figures})"


def doubt_moments(
    *, bent: bool, error: SamplingError, stays: bool, plausible: bool, undetermined: int
) -> tuple[Status, str] | None:
    """Judge an estimate that looks well by what a second look has shown.

    Parameters
    ----------
    bent : bool
        Whether the odd half of the outputs is not linear.
    error : SamplingError
        What is to be expected of it.
    stays : bool
        Whether a descent leaves every neuron in its place.
    plausible : bool
        Whether the residual where it ends shows nothing of the inputs.
    undetermined : int
        Directions in which the data leave them undetermined there.

    Returns
    -------
    status and reason, or None
        None if nothing speaks against it.
    """
    if bent:
        return Status.MISFIT, (
            "what is odd in the outputs is not linear in the inputs: there are biases, or other "
            "neurons than rectifiers"
        )
    if not error.trusted:
        return Status.RANK_DEFICIENT, f"{_NOT_SINGLED_OUT}: {error} are to be expected"
    if not stays:
        return Status.RANK_DEFICIENT, f"{_NOT_SINGLED_OUT}: a descent from them leads elsewhere"
    if not plausible:
        return (
            Status.MISFIT,
            "where a descent from it ends the residual still depends on the inputs",
        )
    return _undetermined(undetermined) if undetermined else None


def judge_refinement(
    problem: Problem, refinement: Refinement, evidence: Evidence
) -> tuple[Status, str]:
    """Judge the best of all descents by the evidence for it."""
    best, k = refinement.best, len(refinement.best.point.W)
    ratio = problem.n_equations / n_unknowns(problem, k)
    if refinement.interrupted:
        return Status.NOT_CONVERGED, f"interrupted after {len(refinement.losses)} starts"
    few = _FEW_EXACT if best.exact else FEW_EQUATIONS
    if ratio < few:
        return Status.TOO_FEW_SAMPLES, _few(ratio)
    # A row that repeats makes outputs more precise, and adds none.
    distinct = evidence.n_distinct * problem.n_outputs / n_unknowns(problem, k)
    if distinct < few:
        return Status.TOO_FEW_SAMPLES, (
            f"only about {round(evidence.n_distinct)} rows are different inputs: "
            f"{distinct:.2g} outputs for each unknown, however often they were measured"
        )
    if not evidence.census.healthy:
        return Status.DEGENERATE, str(evidence.census)
    if evidence.reversible:
        return Status.DEGENERATE, "the same function has its rows of W the other way round, too"
    if not best.converged:
        return Status.NOT_CONVERGED, f"still improving after {best.n_iter} iterations"
    if evidence.rank is not None and evidence.rank > k and not best.exact:
        return _wrong_size(evidence.rank, k)
    if evidence.spare_gain is not None and evidence.spare_gain < _LEAST_GAIN:
        return Status.RANK_DEFICIENT, (
            f"one neuron less fits as well: the least missed gains {evidence.spare_gain:.2g} times "
            "what noise alone would give it"
        )
    if evidence.undetermined:
        return _undetermined(evidence.undetermined)
    if not refinement.agreement:
        return Status.STARTS_DISAGREE, (
            f"{len(refinement.losses)} starts, and nothing confirms the best minimum"
        )
    if evidence.trace is not None and evidence.trace.misfit:
        return Status.MISFIT, (
            f"the residual still depends on the inputs (p = {evidence.trace.p_value:.2g}): there "
            "are more neurons, or others, or this is a local minimum (raise n_restarts)"
        )
    if evidence.trace is not None and evidence.trace.concentrated:
        return Status.MISFIT, (
            "most of the residual is that of a few rows: they are outliers, or hold the fit in a "
            "local minimum (look at them, leave them out, or raise n_restarts)"
        )
    return Status.RECOVERED, refinement.agreement


def _undetermined(directions: int) -> tuple[Status, str]:
    many = "a direction" if directions == 1 else f"{directions} directions"
    return Status.DEGENERATE, f"the data leave the neurons undetermined in {many}"


def _few(ratio: float) -> str:
    return f"only {ratio:.2g} measured outputs for each unknown"


def _wrong_size(rank: int, k: int) -> tuple[Status, str]:
    if rank > k:
        return Status.MISFIT, f"B = AW has rank {rank}: there are more than {k} neurons"
    return Status.RANK_DEFICIENT, (
        f"only {rank} of the {k} singular values of B = AW stand out of their sampling noise"
    )
