"""From the diagnostics to a status: whether the estimate can be taken for the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.inference.candidates import MEANINGS
from pureneuron.inference.diagnostics import Diagnostics
from pureneuron.inference.identifiability import Determinacy
from pureneuron.inference.order import hardly_bent
from pureneuron.inference.scores import LEVELS
from pureneuron.inference.steadiness import SteadinessTest
from pureneuron.inference.units import UnitDiagnostics
from pureneuron.optimize import Fit
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import Status
from pureneuron.spectral import MomentEstimate, SamplingError
from pureneuron.typing import BoolArray, IndexArray

__all__ = [
    "THRESHOLDS",
    "Thresholds",
    "Verdict",
    "recheck_moments",
    "status_of_fit",
    "status_of_moments",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    few_equations : float
        Equations for each unknown below which a fit with a residual cannot be told from an overfit
        (surety.py).
    few_exact : float
        The same for a residual of zero, which says more: any excess of equations would betray a
        wrong network (success.py).
    least_gap : float
        Singular values of T on either side of the gap closer than this are noise (recovery.py).
    most_misfit : float
        Misfit of the directions from which on they explain less than two thirds of the null space:
        noise (recovery.py).
    """

    few_equations: float = 4.0
    few_exact: float = 1.2
    least_gap: float = 1.1
    most_misfit: float = 1.0 / 3.0


THRESHOLDS = Thresholds()
_NOT_SINGLED_OUT = "the detector does not single out k directions (refine=True needs none)"


@dataclass(frozen=True)
class Verdict:
    """A status, and what it rests on."""

    status: Status
    reason: str


def status_of_moments(
    problem: Problem,
    estimate: MomentEstimate,
    units: UnitDiagnostics,
    *,
    rank: int,
    loss: float,
    linear_loss: float,
    asymmetric: bool,
) -> Verdict:
    """Decide on a moment estimate that is not refined, by what is known at once.

    There must be rows enough, symmetric inputs, as many neurons as B shows, directions that stand
    out, and a loss below that of a linear regression.
    """
    k = len(estimate.W)
    ratio = problem.n_equations / n_unknowns(problem, k)
    if ratio < THRESHOLDS.few_equations:
        return Verdict(Status.TOO_FEW_SAMPLES, _few(ratio))
    if asymmetric:
        reason = "moments rest on symmetric inputs, and these are asymmetric"
        return Verdict(Status.MISFIT, reason)
    if rank != k:
        return _wrong_size(rank, k)
    figures = f"gap of T {estimate.gap:.3g}, misfit of the directions {estimate.misfit:.2g}"
    if estimate.gap < THRESHOLDS.least_gap or estimate.misfit > THRESHOLDS.most_misfit:
        return Verdict(Status.RANK_DEFICIENT, f"{_NOT_SINGLED_OUT} ({figures})")
    if not units.healthy:
        return Verdict(Status.DEGENERATE, str(units))
    if loss >= linear_loss:
        reason = "a linear map explains the outputs better than the network does"
        return Verdict(Status.MISFIT, reason)
    return Verdict(Status.RECOVERED, f"the detector singles out k directions ({figures})")


def recheck_moments(
    *,
    nonlinear: bool,
    error: SamplingError,
    stays: bool,
    passed: bool,
    determined: Determinacy | None,
) -> Verdict | None:
    """Decide on a moment estimate that looks right by what takes more work to find out.

    Parameters
    ----------
    nonlinear : bool
        Whether the odd part of the outputs is not linear.
    error : SamplingError
        What is to be expected of it.
    stays : bool
        Whether a short descent leaves every neuron in its place.
    passed : bool
        Whether the fit where it ends passes the checks.
    determined : Determinacy or None
        How well the data determine the neurons there.

    Returns
    -------
    Verdict or None
        None if nothing speaks against it.
    """
    if nonlinear:
        return Verdict(
            Status.MISFIT,
            "the odd part of the outputs is not linear in the inputs: there are biases, or other "
            "neurons than rectifiers",
        )
    if not error.trusted:
        reason = f"{_NOT_SINGLED_OUT}: {error} are to be expected"
        return Verdict(Status.RANK_DEFICIENT, reason)
    if not stays:
        reason = f"{_NOT_SINGLED_OUT}: a descent from them leads elsewhere"
        return Verdict(Status.RANK_DEFICIENT, reason)
    if not passed:
        reason = "where a descent from it ends the residual still depends on the inputs"
        return Verdict(Status.MISFIT, reason)
    if determined is None or not determined.undetermined:
        return None
    return _undetermined(determined, np.arange(len(determined.row_errors)))


def status_of_fit(fit: Fit, diagnostics: Diagnostics, *, agreement: str, n_starts: int) -> Verdict:
    """Decide on the best of all descents: the status is that of the first condition that fails.

    Parameters
    ----------
    fit : Fit
        The fit.
    diagnostics : Diagnostics
        What the data say of it.
    agreement : str
        Why it is taken for the global minimum; empty if nothing confirms it.
    n_starts : int
        How many descents were made.
    """
    verdict = (
        _status_of_size(fit, diagnostics)
        or _status_of_rows(fit, diagnostics)
        or _status_of_number(diagnostics)
        or _status_of_weights(fit, diagnostics)
    )
    if verdict is not None:
        return verdict
    if not agreement:
        starts = "1 start" if n_starts == 1 else f"{n_starts} starts"
        reason = f"{starts}, and nothing confirms the best minimum"
        return Verdict(Status.STARTS_DISAGREE, reason)
    omitted, steadiness = diagnostics.omitted, diagnostics.steadiness
    if steadiness is not None and steadiness.is_rejected:
        return _unsteady(steadiness, diagnostics.checks.units.order)
    if omitted is not None and omitted.concentrated:
        return Verdict(
            Status.MISFIT,
            "most of the residual is that of a few rows: they are outliers, or hold the fit in a "
            "local minimum (look at them, leave them out, or raise n_restarts)",
        )
    return Verdict(Status.RECOVERED, agreement)


def _status_of_size(fit: Fit, diagnostics: Diagnostics) -> Verdict | None:
    """Decide by rows, units, convergence and rank."""
    problem, k = fit.problem, fit.n_neurons
    unknowns = n_unknowns(problem, k)
    few = THRESHOLDS.few_exact if fit.is_exact else THRESHOLDS.few_equations
    if problem.n_equations / unknowns < few:
        return Verdict(Status.TOO_FEW_SAMPLES, _few(problem.n_equations / unknowns))
    # A row that repeats makes outputs more precise, and adds none.
    distinct = diagnostics.n_distinct * problem.n_outputs / unknowns
    if distinct < few:
        return Verdict(
            Status.TOO_FEW_SAMPLES,
            f"only about {round(diagnostics.n_distinct)} rows are different inputs: "
            f"{distinct:.2g} outputs for each unknown, however often they were measured",
        )
    if not diagnostics.checks.units.healthy:
        return Verdict(Status.DEGENERATE, str(diagnostics.checks.units))
    if diagnostics.reversible:
        reason = "the same function has its rows of W the other way round, too"
        return Verdict(Status.DEGENERATE, reason)
    if not fit.info.converged:
        return Verdict(Status.NOT_CONVERGED, f"still improving after {fit.info.n_iter} iterations")
    return None


def _status_of_rows(fit: Fit, diagnostics: Diagnostics) -> Verdict | None:
    """Decide by whether rows are enough, and independent enough, for tests to say anything."""
    if fit.is_exact:
        return None
    if diagnostics.why_not_tested:
        return Verdict(Status.TOO_FEW_SAMPLES, diagnostics.why_not_tested)
    few = diagnostics.why_hardly_tested
    rejected = diagnostics.omitted is not None and diagnostics.omitted.is_rejected
    return Verdict(Status.TOO_FEW_SAMPLES, few) if few and not rejected else None


def _status_of_number(diagnostics: Diagnostics) -> Verdict | None:
    """Decide by the tests of the number of neurons; what they say of a unit held off is chance."""
    omitted, smaller, held = diagnostics.omitted, diagnostics.smaller, diagnostics.held_off
    if smaller is not None and smaller.p_value > LEVELS.needed:
        return Verdict(
            Status.RANK_DEFICIENT,
            f"one neuron less fits as well (p = {smaller.p_value:.2g}): the one that is missed "
            f"least gains χ² = {smaller.gain:.3g}",
        )
    if omitted is None or not omitted.is_rejected or len(held.units):
        return None
    return Verdict(
        Status.MISFIT,
        f"the residual still depends on the inputs (p = {omitted.p_value:.2g}): "
        f"{MEANINGS[omitted.family]}, or this is a local minimum (raise n_restarts)",
    )


def _status_of_weights(fit: Fit, diagnostics: Diagnostics) -> Verdict | None:
    """Decide by how well the rows determine the units."""
    units, held = diagnostics.checks.units, diagnostics.held_off
    determined = diagnostics.determinacy
    if len(held.units):
        return Verdict(
            Status.DEGENERATE,
            f"unit {_names(held.units[:1], units.order)} is held off by "
            f"{', '.join(held.inputs(fit.problem))}, and the rows do not tell how strongly: any "
            "larger weight fits as well",
        )
    straight = hardly_bent(fit, units.bend)
    if straight.any():
        return Verdict(
            Status.DEGENERATE,
            f"units hardly bend, and noise hides where: {_names(straight, units.order)} "
            "(a linear part may stand for them: fit_linear=True)",
        )
    if determined is not None and determined.undetermined:
        return _undetermined(determined, units.order)
    return None


def _unsteady(steadiness: SteadinessTest, order: IndexArray) -> Verdict:
    """Say what changes, units by their place in the network as it is reported."""
    what = {
        "gain": f"the strength of unit {_names(np.array([steadiness.unit]), order)}",
        "gains": "the strength of all units",
        "weights": f"the weights of unit {_names(np.array([steadiness.unit]), order)}",
        "rest": "what stands beside the units",
    }[steadiness.what]
    reason = (
        f"the network changes in the course of the rows (p = {steadiness.p_value:.2g}), most of "
        f"all {what}: this is its average (fit stretches of the rows apart)"
    )
    return Verdict(Status.MISFIT, reason)


def _undetermined(determined: Determinacy, order: IndexArray) -> Verdict:
    """Name the units by their place in the network as it is reported."""
    if names := _names(determined.vague, order):
        reason = f"noise leaves units undetermined: {names}"
    else:
        reason = f"the data leave {determined.null_directions} directions undetermined"
    return Verdict(Status.DEGENERATE, reason)


def _names(which: BoolArray | IndexArray, order: IndexArray) -> str:
    return ", ".join(str(unit) for unit in sorted(np.argsort(order)[which]))


def _few(ratio: float) -> str:
    return f"only {ratio:.2g} measured outputs for each unknown"


def _wrong_size(rank: int, k: int) -> Verdict:
    if rank > k:
        reason = f"B = AW has rank {rank}: there are more than {k} neurons"
        return Verdict(Status.MISFIT, reason)
    reason = f"only {rank} of the {k} singular values of B = AW stand out of their sampling noise"
    return Verdict(Status.RANK_DEFICIENT, reason)
