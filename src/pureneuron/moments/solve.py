"""From moments to a network: the moment estimate, and what moments can tell of it.

The algebra is that of ``recover(samples, init="moments", refine=False)``, on the same sums: the
same network comes out. What that run asks of the rows themselves is asked of the groups of rows
where moments allow (:mod:`~pureneuron.moments.evidence`), and what they do not allow is said.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from pureneuron.inference import (
    UnitDiagnostics,
    Verdict,
    recheck_moments,
    status_of_moments,
)
from pureneuron.inference.units import THRESHOLDS as UNITS
from pureneuron.model import LeakyReLU, unit_rows
from pureneuron.moments.evidence import ConsistencyTest, consistency_test, odd_part, symmetry
from pureneuron.moments.grouped import GroupedMoments, grouped_moments, residual_sums
from pureneuron.moments.sample_moments import SampleMoments
from pureneuron.monitor import Monitor
from pureneuron.options import Options, check_sizes
from pureneuron.plan import Streams
from pureneuron.problem import Problem, problem_of, whitening
from pureneuron.recovery import Recovery
from pureneuron.results import Status
from pureneuron.samples import Batch
from pureneuron.samples.protocol import HeldBatches
from pureneuron.spectral import (
    LinearPart,
    LinearRank,
    MomentEstimate,
    error_of_groups,
    estimate_from,
    linear_loss,
    linear_part,
    rank_of_groups,
)

__all__ = ["check_moments_serve", "has_enough_rows", "solve_moments"]

_UNTOLD = (
    "this is the moment estimate, not the maximum-likelihood fit: fit the samples where they are "
    "at hand. Moments do not tell the residual, nor whether a descent would stay here; they may "
    "not show biases, or more neurons than min(inputs, outputs), where these are small or the rows "
    "few"
)


def solve_moments(
    moments: SampleMoments,
    n_neurons: int | Literal["auto"] = "auto",
    *,
    negative_slope: float = 0.0,
    rng: np.random.Generator | int | None = None,
) -> Recovery:
    """Recover the network behind the rows that moments were gathered from, without the rows.

    Parameters
    ----------
    moments : SampleMoments
        Of all rows.
    n_neurons : int or "auto"
        Number of neurons k; "auto" takes the rank of ``B = A W`` against its noise, at least one.
    negative_slope : float
        Slope of σ on the negative side, between −1 and 1.
    rng : Generator, int or None
        Source of randomness; with the same seed, the network is that of ``recover(samples, k,
        init="moments", refine=False, rng=rng)`` to rounding.

    Returns
    -------
    Recovery
        UNCONFIRMED if nothing that moments tell speaks against the network, and never RECOVERED:
        wrong networks can have such moments, too. Loss and BIC are NaN: moments do not tell them.

    Raises
    ------
    ValueError
        If an option is out of range, X or Y is constant, there are fewer measured outputs than
        unknowns, or k is more than ``min(d, m)``.
    """
    options = Options(n_neurons, init="moments", refine=False, negative_slope=negative_slope)
    streams, monitor = Streams.spawned(np.random.default_rng(rng)), Monitor()
    with monitor.stage("data") as stage:
        problem = _problem(moments, options)
        stage.report(problem)
    with monitor.stage("linear part") as stage:
        part = linear_part(problem)
        groups = residual_sums(moments, problem, part)
        value = rank_of_groups(problem, part, groups, rng=streams.rank)
        rank = LinearRank(value, part.singular_values)
        stage.report(rank)
    k = max(value, 1) if n_neurons == "auto" else int(n_neurons)
    check_sizes(problem, k, options)
    _check_neurons(problem, k)
    with monitor.stage("moments") as stage:
        grouped = grouped_moments(moments, problem, part, k)
        estimate = estimate_from(
            grouped.average,
            part.outputs[:, :k],
            part.inputs[:, :k],
            negative_slope=negative_slope,
            rng=streams.moments,
        )
        stage.report(estimate)
    units = _units(problem, estimate)
    verdict = _verdict(problem, estimate, part, rank, grouped, units, streams, monitor)
    if n_neurons == "auto" and value == 0:
        reason = "no linear part stands out of its sampling noise"
        verdict = Verdict(Status.RANK_DEFICIENT, reason)
    recovered = verdict.status is Status.RECOVERED
    return Recovery(
        network=problem.network(estimate.W, estimate.A).permuted(units.order),
        status=Status.UNCONFIRMED if recovered else verdict.status,
        # There is nothing to refine here.
        reason=verdict.reason.replace("refine=True needs", "a fit to the samples needs"),
        stages=monitor.reports,
        loss=np.nan,
        n_iter=0,
        n_passes=1,
        span=problem.input_span,
        input_names=moments.input_names,
        output_names=moments.output_names,
        bic=np.nan,
        notes=(_UNTOLD,),
    )


def check_moments_serve(options: Options) -> None:
    """Refuse options of a fit that moments alone cannot honour.

    Raises
    ------
    ValueError
        For biases, a linear part, a slope or a noise covariance that is to be fitted, and starts
        other than the moments.
    """
    asked = [
        f"{name}=True"
        for name in ("fit_hidden_bias", "fit_intercept", "fit_linear")
        if getattr(options, name)
    ]
    for name, served in (
        ("negative_slope", options.negative_slope != "auto"),
        ("noise_covariance", options.noise_covariance == "spherical"),
        ("init", options.init in ("auto", "moments")),
    ):
        if not served:
            asked.append(f"{name}={getattr(options, name)!r}")
    if asked:
        raise ValueError(f"{asked[0]}: moments do not serve for that; fit the samples themselves")


def has_enough_rows(moments: SampleMoments, n_neurons: int | Literal["auto"]) -> bool:
    """Tell whether there are as many measured outputs as unknowns, and inputs and outputs vary.

    "auto" counts the unknowns of a single neuron.
    """
    k = 1 if n_neurons == "auto" else n_neurons
    d, m = moments.n_inputs, moments.n_outputs
    second = moments.second_moments()
    if second.n_effective * m < k * (d + m - 1) or not all(v.any() for v in moments.variances()):
        return False
    return whitening(second.xx).rank >= min(k, d)


def _problem(moments: SampleMoments, options: Options) -> Problem:
    """Return the problem without its rows: all that the algebra reads of one."""
    for name, variances in zip(("X", "Y"), moments.variances(), strict=True):
        if not variances.any():
            raise ValueError(
                f"{name} is constant in all rows that were gathered: nothing can be learned"
            )
    second, rows = (
        moments.second_moments(),
        Batch(np.empty((0, moments.n_inputs)), np.empty((0, moments.n_outputs))),
    )
    return problem_of(
        HeldBatches([rows], moments.input_names, moments.output_names),
        second,
        lost=np.finfo(np.float64).eps * np.diag(second.yy),
        activation=options.first_activation,
    )


def _check_neurons(problem: Problem, k: int) -> None:
    d, m = problem.n_inputs, problem.n_outputs
    if k > min(d, m):
        raise ValueError(
            f"n_neurons: moments show at most min(inputs, outputs) = min({d}, {m}) neurons, and "
            f"{k} are asked for; a fit to the samples has no such limit"
        )


def _units(problem: Problem, estimate: MomentEstimate) -> UnitDiagnostics:
    """Say what moments tell of units: their effect, and whether two respond alike.

    With symmetric inputs each is on half of the time, and ``E[σ(t)²] = (1 + ν²)/2 E[t²]``
    (Lemma 6).
    """
    assert isinstance(problem.activation, LeakyReLU)
    slope, half = problem.activation.negative_slope, 0.5 * np.sum(estimate.W**2, axis=1)
    size = np.linalg.norm(estimate.A, axis=0)
    effect = size * np.sqrt((1.0 + slope**2) * half)
    cosines = np.triu(unit_rows(estimate.W) @ unit_rows(estimate.W).T, 1)
    idle = np.flatnonzero(effect <= UNITS.idle * np.sqrt(problem.n_outputs))
    pairs = np.argwhere(cosines > UNITS.coincident)
    return UnitDiagnostics(
        active=np.full(len(effect), 0.5),
        effect=effect,
        bend=size * np.sqrt(half) * (1.0 - slope),
        dead=(),
        always_on=(),
        idle=tuple(int(i) for i in idle),
        coincident=tuple((int(i), int(j)) for i, j in pairs),
    )


def _verdict(
    problem: Problem,
    estimate: MomentEstimate,
    part: LinearPart,
    rank: LinearRank,
    grouped: GroupedMoments,
    units: UnitDiagnostics,
    streams: Streams,
    monitor: Monitor,
) -> Verdict:
    """Decide as for an estimate from rows, by what groups of them tell."""
    slope, k = problem.network(estimate.W, estimate.A).negative_slope, len(estimate.W)
    with monitor.stage("symmetry") as stage:
        symmetric = symmetry(grouped)
        stage.report(symmetric)
    verdict = status_of_moments(
        problem,
        estimate,
        units,
        rank=rank.value,
        # No residual is smaller: where a linear map leaves none, it explains the outputs as well.
        loss=0.0,
        linear_loss=linear_loss(problem, part),
        asymmetric=symmetric.is_rejected,
    )
    if verdict.status is not Status.RECOVERED:
        return verdict
    with monitor.stage("odd part") as stage:
        odd = odd_part(grouped, part, estimate.W)
        stage.report(odd)
    with monitor.stage("consistency") as stage:
        P, R = part.outputs[:, :k], part.inputs[:, :k]
        consistency = consistency_test(grouped, estimate.W @ R, P.T @ estimate.A, slope)
        stage.report(consistency)
    with monitor.stage("sampling error") as stage:
        sums = {name: getattr(grouped, name) for name in ("total", "moments", "xx", "yx")}
        error = error_of_groups(problem, part, estimate, sums, rng=streams.inference)
        stage.report(error)
    rechecked = recheck_moments(
        nonlinear=odd.is_rejected, error=error, stays=True, passed=True, determined=None
    )
    return _inconsistent(consistency) or rechecked or verdict


def _inconsistent(test: ConsistencyTest) -> Verdict | None:
    if not test.is_rejected:
        return None
    return Verdict(
        Status.MISFIT,
        f"some directions are no single neurons (p = {test.p_value:.2g}): there are more of them, "
        "or biases, or other neurons than rectifiers",
    )
