"""The whole method on one page: prepare, propose, minimise, reweight, certify."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Unpack

import numpy as np

from pureneuron.certify import Claim, Found, certify, certify_moments, claim_best_so_far
from pureneuron.inference import check, draw_probes
from pureneuron.initialize import (
    Fitted,
    Given,
    Moments,
    Proposer,
    Subsample,
    estimate_moments,
)
from pureneuron.model import TwoLayerNetwork
from pureneuron.monitor import Monitor
from pureneuron.optimize import distance
from pureneuron.optimize.comparison import THRESHOLDS as NEARNESS
from pureneuron.options import Options, OptionValues, check_moments, check_sizes, lists_options
from pureneuron.problem import Problem, n_unknowns, pose
from pureneuron.progress import ProgressCallback
from pureneuron.results import Recovery
from pureneuron.samples import CountedSamples, Samples
from pureneuron.search import (
    fewest_starts,
    fit_slope,
    has_noise,
    multistart,
    refit_slope,
    reweighted,
)
from pureneuron.spectral import LinearPart, LinearRank, linear_part, linear_rank
from pureneuron.typing import Array

__all__ = ["Thresholds", "recover"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    moments_neurons : int
        The detector works on k(k+1)/2 products of coordinates, and its null space costs k⁶: beyond
        this many neurons random starts are the quicker road, and moments are for those who ask for
        them (cost.py).
    """

    moments_neurons: int = 32


THRESHOLDS = Thresholds()


@lists_options
def recover(
    samples: Samples,
    n_neurons: int | Literal["auto"] = "auto",
    *,
    rng: np.random.Generator | int | None = None,
    callback: ProgressCallback | None = None,
    **options: Unpack[OptionValues],
) -> Recovery:
    """Recover the network ``y = A σ(W x + b) + c`` behind samples.

    Parameters
    ----------
    samples : Samples
        For instance ``ArraySamples(X, Y)`` or ``read_samples(path)``.
    n_neurons : int or "auto"
        Number of hidden neurons k; "auto" takes the rank of ``B = A W``.
    rng : Generator, int or None
        Source of randomness (SPEC 7); the same seed on the same machine gives the same bits.
    callback : callable, optional
        Called with a :class:`~pureneuron.progress.Progress` as the work goes on.
    **options
        ``init, refine, fit_hidden_bias, fit_intercept, negative_slope, noise_covariance,
        n_restarts, max_iter, tol``: see :class:`~pureneuron.options.Options`.

    Returns
    -------
    Recovery
        The network, its status and what each stage saw. Ctrl-C keeps the best network so far, with
        the status NOT_CONVERGED.

    Raises
    ------
    ValueError
        If the data are unusable (see :func:`~pureneuron.problem.check_samples`) or too few for the
        network, or an option is out of range or cannot be honoured.
    """
    asked, monitor = Options.of(n_neurons=n_neurons, **options), Monitor(callback)
    counted, streams = CountedSamples(samples), Streams.spawned(np.random.default_rng(rng))
    problem = prepare(counted, asked, monitor)
    plan = propose(problem, asked, streams, monitor)
    try:
        if asked.refine:
            found = minimise(plan, asked, streams, monitor)
            found = reweight(found, asked, monitor)
            claim = conclude(found, plan, asked, streams, monitor)
        else:
            claim = conclude_moments(plan, asked, streams, monitor)
    except KeyboardInterrupt:
        if monitor.best is None:
            raise
        claim = claim_best_so_far(monitor.best)
    return _recovery(claim, monitor, counted.n_passes)


@dataclass(frozen=True, eq=False)
class Streams:
    """Random numbers, a stream for each step: what one draws does not depend on another."""

    rank: np.random.Generator
    slope: np.random.Generator
    starts: np.random.Generator
    moments: np.random.Generator
    probes: np.random.Generator
    inference: np.random.Generator

    @classmethod
    def spawned(cls, rng: np.random.Generator) -> Streams:
        """Spawn them (SPEC 7); a generator that cannot spawn seeds one that can."""
        try:
            return cls(*rng.spawn(6))
        except TypeError:
            return cls(*np.random.default_rng(rng.integers(2**63)).spawn(6))


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be fitted, and where to start.

    Attributes
    ----------
    problem : Problem
        The data.
    n_neurons : int
        k.
    part : LinearPart
        The linear part of the outputs.
    rank : LinearRank or None
        Its rank, where k or the start depends on it.
    given, subsample, moments : tuple of Proposer
        Starts before the random ones, in this order; none or one each.
    probes : (p, r) array
        For the residual test.
    """

    problem: Problem
    n_neurons: int
    part: LinearPart
    rank: LinearRank | None
    given: tuple[Proposer, ...]
    subsample: tuple[Proposer, ...]
    moments: tuple[Proposer, ...]
    probes: Array


def prepare(samples: Samples, options: Options, monitor: Monitor) -> Problem:
    """Validate the samples and bring them to the engine's coordinates."""
    with monitor.stage("data") as stage:
        problem = pose(
            samples,
            activation=options.first_activation,
            fit_hidden_bias=options.fit_hidden_bias,
            fit_intercept=options.fit_intercept,
        )
        stage.report(problem)
    return problem


def propose(problem: Problem, options: Options, streams: Streams, monitor: Monitor) -> Plan:
    """Choose the number of neurons, and where to start."""
    part, init = linear_part(problem), options.init
    rank = None
    if options.n_neurons == "auto" or init == "moments" or not options.refine:
        rank = _rank(problem, part, streams, monitor)
    k = _automatic_size(problem, rank) if options.n_neurons == "auto" else int(options.n_neurons)
    check_sizes(problem, k, options)
    if rank is not None and (init == "moments" or not options.refine):
        check_moments(problem, k, rank.value, options)
    automatic = init == "auto" and problem.linear_part_shows(k)
    given = (Given(init),) if isinstance(init, TwoLayerNetwork) else ()
    subsample = (Subsample(part),) if automatic and options.restarts > 0 else ()
    worthwhile = automatic and k <= THRESHOLDS.moments_neurons
    moments = (Moments(part),) if init == "moments" or worthwhile else ()
    probes = draw_probes(problem.n_inputs, rng=streams.probes)
    return Plan(problem, k, part, rank, given, subsample, moments, probes)


def minimise(plan: Plan, options: Options, streams: Streams, monitor: Monitor) -> Found:
    """Find the best fit, and the slope of σ where it is asked for."""
    problem, k, limits = plan.problem, plan.n_neurons, options.limits
    before, slope, n_restarts = None, None, options.restarts
    proposers = (*plan.given, *plan.subsample, *plan.moments)
    if options.negative_slope == "auto":
        with monitor.stage("slope") as stage:
            before, slope = fit_slope(
                problem,
                k,
                (*plan.given, *plan.subsample),
                n_restarts=n_restarts,
                limits=limits,
                rng=streams.slope,
                monitor=monitor,
            )
            stage.report(slope)
        problem = before.problem
        if slope.is_at_end:
            # Nothing can confirm what no data show.
            n_restarts, proposers = 0, (*plan.given, *plan.moments)
        proposers = (Fitted(before, "slope"), *proposers)
    with monitor.stage("multistart") as stage:
        fit, search = multistart(
            problem,
            k,
            proposers,
            n_restarts=n_restarts,
            fewest_starts=fewest_starts(problem, k),
            limits=limits,
            rng=streams.starts,
            check=partial(check, probes=plan.probes),
            monitor=monitor,
            stage=stage,
        )
    monitor.keep(fit)
    same = before is None or distance(before.point, fit.point) <= NEARNESS.same
    return Found(fit, search, slope, at_that_slope=same)


def reweight(found: Found, options: Options, monitor: Monitor) -> Found:
    """Weight the outputs by the covariance of their noise, where that is asked for."""
    if options.noise_covariance != "full" or not has_noise(found.fit):
        return found
    with monitor.stage("noise") as stage:
        fit, noise = reweighted(found.fit, limits=options.limits)
        stage.report(noise)
    monitor.keep(fit)
    slope = found.slope
    if slope is not None:
        with monitor.stage("slope") as stage:
            fit, refitted = refit_slope(fit, limits=options.limits, monitor=monitor)
            slope = replace(refitted, confirmed=slope.confirmed)
            stage.report(slope)
    return replace(found, fit=fit, slope=slope, unchanged=False)


def conclude(
    found: Found, plan: Plan, options: Options, streams: Streams, monitor: Monitor
) -> Claim:
    """Decide what can be claimed of the fit."""
    rank = plan.rank
    if rank is None:
        rank = _rank(plan.problem, plan.part, streams, monitor)
    rng = streams.inference
    return certify(found, rank, options, probes=plan.probes, rng=rng, monitor=monitor)


def conclude_moments(plan: Plan, options: Options, streams: Streams, monitor: Monitor) -> Claim:
    """Make the moment estimate, and decide what can be claimed of it as it is."""
    problem, part = plan.problem, plan.part
    estimate = estimate_moments(problem, part, plan.n_neurons, rng=streams.moments, monitor=monitor)
    assert plan.rank is not None
    rng = streams.inference
    return certify_moments(problem, estimate, part, plan.rank, options, rng=rng, monitor=monitor)


def _rank(problem: Problem, part: LinearPart, streams: Streams, monitor: Monitor) -> LinearRank:
    with monitor.stage("linear part") as stage:
        rank = linear_rank(problem, part, rng=streams.rank)
        stage.report(rank)
    return rank


def _automatic_size(problem: Problem, rank: LinearRank | None) -> int:
    """Return the rank of B, or as many neurons as the rows can tell apart if those are fewer."""
    assert rank is not None
    affordable = int(problem.n_equations / n_unknowns(problem, 1))
    return max(1, min(rank.value, affordable))


def _recovery(claim: Claim, monitor: Monitor, n_passes: int) -> Recovery:
    problem = claim.problem
    return Recovery(
        # By effect, not as they were found: the order must not hang on rounding or on the start.
        network=problem.network(claim.W, claim.A).permuted(claim.units.order),
        status=claim.verdict.status,
        reason=claim.verdict.reason,
        stages=monitor.reports,
        loss=claim.loss * problem.output_scale**2,
        n_iter=claim.n_iter,
        n_passes=n_passes,
        span=problem.input_span,
        warnings=tuple(monitor.warnings),
        notes=tuple(monitor.notes),
    )
