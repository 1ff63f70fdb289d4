"""What can be claimed of an estimate: the last step of a recovery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pureneuron.inference import (
    Blocks,
    Dependence,
    Diagnostics,
    UnitDiagnostics,
    Verdict,
    assumed_dependence,
    check,
    covariance_root,
    determinacy,
    first_blocks,
    hidden_neuron,
    odd_part_test,
    recheck_moments,
    status_of_fit,
    status_of_moments,
    symmetry_test,
    unit_diagnostics,
)
from pureneuron.inference.delta_method import large_standard_errors
from pureneuron.inference.information import information, is_affordable, is_small
from pureneuron.inference.scores import LEVELS
from pureneuron.inference.status import THRESHOLDS as STATUS
from pureneuron.initialize import Candidate
from pureneuron.monitor import BestSoFar, Monitor
from pureneuron.optimize import Fit, Limits, evaluate, minimize, profile
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.options import Options
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import Status
from pureneuron.search import Multistart, Slope, confirms
from pureneuron.spectral import (
    LinearPart,
    LinearRank,
    MomentEstimate,
    linear_loss,
    sampling_error,
)
from pureneuron.standard_errors import StandardErrors
from pureneuron.typing import Array, IndexArray

__all__ = ["Claim", "Found", "certify", "certify_moments", "claim_best_so_far", "verdict_of"]

_ASYMMETRIC = (
    "the inputs are asymmetric, and this result rests on their symmetry: "
    "refine it (refine=True) or symmetrise the inputs (pureneuron.datasets.symmetrize)"
)


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    short_equations : float
        Equations for each unknown of the short descent that a moment estimate must survive
        (recovery.py).
    short_tol : float
        Its tolerance (recovery.py).
    """

    short_equations: float = 100.0
    short_tol: float = 1e-3


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Found:
    """What the search has found.

    Attributes
    ----------
    fit : Fit
        The best fit.
    search : Multistart
        How it was found.
    slope : Slope or None
        The slope that was fitted; None where it was given.
    at_that_slope : bool
        Whether the best fit is the network that the slope was fitted to.
    unchanged : bool
        Whether the fit is still the one that the search has checked.
    searched : (bool, int)
        The size that was searched for: whether with a linear part, and how many neurons. The fit
        may be of a simpler model.
    diagnostics : Diagnostics or None
        What the data say of the fit, once they have been asked.
    """

    fit: Fit
    search: Multistart
    slope: Slope | None = None
    at_that_slope: bool = True
    unchanged: bool = True
    searched: tuple[bool, int] = (False, 0)
    diagnostics: Diagnostics | None = None


@dataclass(frozen=True, eq=False)
class Claim:
    """A network in the coordinates of a problem, and what is claimed of it.

    Attributes
    ----------
    problem : Problem
        The data.
    W, A : (k, r) and (m, k) arrays
        The network.
    loss : float
        Of the network, in the units of the problem.
    n_iter : int
        Iterations of the descent that led there.
    units : UnitDiagnostics
        The state of its units.
    verdict : Verdict
        Status and reason.
    errors : StandardErrors, callable or None
        Of the network, neurons in the order of the report; or what makes them.
    """

    problem: Problem
    W: Array
    A: Array
    loss: float
    n_iter: int
    units: UnitDiagnostics
    verdict: Verdict
    errors: StandardErrors | Callable[[], StandardErrors] | None = None


def certify(found: Found, asked: Options, monitor: Monitor) -> Claim:
    """Decide what can be claimed of the best fit of a search.

    Parameters
    ----------
    found : Found
        The fit, with its diagnostics.
    asked : Options
        What was asked for.
    monitor : Monitor
        Gets warnings and notes.
    """
    fit, search, diagnostics = found.fit, found.search, found.diagnostics
    assert diagnostics is not None
    verdict = _with_number(_with_slope(verdict_of(found), found), fit, asked)
    unconfirmed = search.winner.rests_on_symmetry and not search.agreement
    if unconfirmed and symmetry_test(fit.problem).is_rejected:
        monitor.warnings.append(_ASYMMETRIC)
    _remark(fit.problem, fit.n_neurons, monitor)
    monitor.notes += _left_out(fit, asked)
    units = diagnostics.checks.units
    return Claim(
        fit.problem,
        fit.point.W,
        fit.point.A,
        fit.loss,
        fit.info.n_iter,
        units,
        verdict,
        _errors(found, diagnostics),
    )


def _left_out(fit: Fit, asked: Options) -> list[str]:
    """Say in what the network is another one than was asked for."""
    k, notes = fit.n_neurons, []
    if asked.n_neurons != "auto" and k < asked.n_neurons:
        notes.append(
            f"{asked.n_neurons} neurons were asked for, and these rows show no more than {k}"
        )
    if fit.problem.fit_linear and not asked.fit_linear:
        intercept = " and an intercept" if fit.problem.fit_hidden_bias else ""
        notes.append(
            f"neurons that these inputs do not switch add up to a linear part{intercept}, which "
            "are fitted in their place: beside it, either way round a neuron is the same"
        )
    return notes


def verdict_of(found: Found) -> Verdict:
    """Decide on a fit, whatever became of the slope."""
    assert found.diagnostics is not None
    return status_of_fit(
        found.fit,
        found.diagnostics,
        agreement=found.search.agreement,
        n_starts=len(found.search.losses),
    )


def _errors(
    found: Found, diagnostics: Diagnostics
) -> StandardErrors | Callable[[], StandardErrors] | None:
    """Return the standard errors in the order of the report, or what makes them."""
    order = diagnostics.checks.units.order
    if diagnostics.errors is not None:
        return diagnostics.errors.permuted(order)
    fit, fits_slope = found.fit, found.slope is not None
    # The matrix that is factored knows nothing of a slope.
    if diagnostics.dependence is None or fits_slope or not is_affordable(fit):
        return None
    return partial(_large_errors, fit, diagnostics.dependence, diagnostics.blocks, order)


def _large_errors(
    fit: Fit, dependence: Dependence, blocks: Blocks, order: IndexArray
) -> StandardErrors:
    return large_standard_errors(fit, dependence, blocks).permuted(order)


def certify_moments(
    problem: Problem,
    estimate: MomentEstimate,
    part: LinearPart,
    rank: LinearRank,
    options: Options,
    *,
    rng: np.random.Generator,
    monitor: Monitor,
) -> Claim:
    """Decide what can be claimed of a moment estimate that is not refined.

    What takes more work is asked only where all else speaks for it: the expected error, whether the
    odd part of the outputs is linear, and whether a short descent leaves every neuron in place.
    """
    W, A = estimate.W, estimate.A
    units = unit_diagnostics(problem, W, A)
    loss = evaluate(problem, W, A)
    asymmetric = symmetry_test(problem).is_rejected
    verdict = status_of_moments(
        problem,
        estimate,
        units,
        rank=rank.value,
        loss=loss,
        linear_loss=linear_loss(problem, part),
        asymmetric=asymmetric,
    )
    if verdict.status is Status.RECOVERED:
        doubts = _doubts(problem, estimate, part, options, rng=rng, monitor=monitor)
        verdict = doubts or verdict
    if asymmetric:
        monitor.warnings.append(_ASYMMETRIC)
    _remark(problem, len(W), monitor)
    return Claim(problem, W, A, loss, 0, units, _with_rank(verdict, rank, options))


def claim_best_so_far(best: BestSoFar, ended: str) -> Claim:
    """Keep the best network that there is when a run is ``ended`` early, in two passes."""
    problem = replace(best.problem, single=False)
    point = profile(problem, best.point.W, best.point.A)
    done = "the fit was checked" if best.search_ended else "the search had ended"
    verdict = Verdict(Status.NOT_CONVERGED, f"{ended} before {done}")
    units = unit_diagnostics(problem, point.W, point.A, gram=point.gram)
    return Claim(problem, point.W, point.A, point.loss, best.n_iter, units, verdict)


def _doubts(
    problem: Problem,
    estimate: MomentEstimate,
    part: LinearPart,
    options: Options,
    *,
    rng: np.random.Generator,
    monitor: Monitor,
) -> Verdict | None:
    error_rng, rows_rng, tests_rng, noise_rng = rng.spawn(4)
    with monitor.stage("sampling error") as stage:
        error = sampling_error(problem, part, estimate, rng=error_rng)
        stage.report(error)
    fit = _short_descent(problem, estimate, rng=rows_rng)
    stays = confirms(Candidate(estimate.W, estimate.A), fit)
    blocks, seed = first_blocks(fit.problem), int(tests_rng.integers(2**32))
    checks = check(fit, blocks, seed)
    # Errors are those of all rows, about the end of the short descent.
    whole, blocks, determined = replace(fit, problem=problem), first_blocks(problem), None
    if is_small(problem, fit.n_neurons) and not fit.is_exact:
        known = information(whole)
        grouped = blocks.kind == "groups"
        noise = assumed_dependence(whole, options.errors, grouped=grouped, rng=noise_rng)
        root = covariance_root(whole, known, noise, blocks)
        determined = determinacy(whole, known, root)
    screened = checks.screened
    return recheck_moments(
        nonlinear=odd_part_test(problem, part, estimate.W).is_rejected,
        error=error,
        stays=stays,
        passed=checks.units.healthy and (screened is None or screened.p_value > LEVELS.rejected),
        determined=determined,
    )


def _short_descent(problem: Problem, estimate: MomentEstimate, *, rng: np.random.Generator) -> Fit:
    """Descend from an estimate on some of the rows, more where many have next to no weight."""
    unknowns = n_unknowns(problem, len(estimate.W))
    size = THRESHOLDS.short_equations * unknowns / problem.n_equations * problem.n_rows
    rows = problem.subset(int(size), rng=rng) if size < problem.n_rows else problem
    limits = Limits(tol=THRESHOLDS.short_tol)
    return minimize(rows, estimate.W, estimate.A, limits=limits, damping=DAMPING.trusted)


def _with_rank(verdict: Verdict, rank: LinearRank, options: Options) -> Verdict:
    if options.n_neurons != "auto" or rank.value > 0:
        return verdict
    return Verdict(Status.RANK_DEFICIENT, "no linear part stands out of its sampling noise")


def _with_slope(verdict: Verdict, found: Found) -> Verdict:
    """Correct a verdict by what the fit of the slope has shown."""
    slope = found.slope
    if slope is None or verdict.status is Status.NOT_CONVERGED:
        return verdict
    if slope.is_at_end:
        return Verdict(Status.RANK_DEFICIENT, slope.why_at_end)
    if not found.at_that_slope:
        reason = "the slope was fitted to another minimum than the best"
        return Verdict(Status.STARTS_DISAGREE, reason)
    if verdict.status is Status.RECOVERED and not slope.confirmed:
        reason = "no two guesses of the slope lead to the same network"
        return Verdict(Status.STARTS_DISAGREE, reason)
    return verdict


def _with_number(verdict: Verdict, fit: Fit, asked: Options) -> Verdict:
    """Withhold a number of neurons that was found where one hardly weaker could hide in the noise.

    No more than k neurons is not the same as k neurons. How strong those are that do not show is
    unknown; it is likely that there are some where the weakest ones that do have only just shown.
    """
    if verdict.status is not Status.RECOVERED or asked.n_neurons != "auto":
        return verdict
    hidden = hidden_neuron(fit)
    if hidden.is_negligible:
        return verdict
    k = f"{fit.n_neurons} neurons show" if fit.n_neurons > 1 else "1 neuron shows"
    reason = (
        f"{k}, and one with {hidden.effect:.0%} of the effect of the weakest could hide in the "
        f"noise: about {hidden.more_rows:.2g} times as many rows would tell (or give their number, "
        "if it is known)"
    )
    return Verdict(Status.TOO_FEW_SAMPLES, reason)


def _remark(problem: Problem, n_neurons: int, monitor: Monitor) -> None:
    """Warn and note what the user should know of data and sizes."""
    unknowns = n_unknowns(problem, n_neurons)
    if problem.n_equations < STATUS.few_equations * unknowns:
        monitor.warnings.append(
            f"the {problem.n_equations:.6g} measured outputs are not much more than the {unknowns} "
            "unknowns: expect large errors wherever there is noise"
        )
    d, spanned = problem.input_span.shape
    if spanned < d:
        names = ", ".join(problem.source.input_names[i] for i in problem.inputs_across)
        monitor.notes.append(
            f"the inputs vary in only {spanned} of {d} dimensions, as far as can be told: W is "
            "identified there alone, and is the minimum-norm solution. What each of these inputs "
            f"does is not determined, their joint effect is: {names}"
        )
