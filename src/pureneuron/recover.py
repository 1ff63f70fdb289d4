"""The whole method on one page: prepare, propose, minimise, reweight, examine, certify."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, Unpack

import numpy as np

from pureneuron.certify import Claim, Found, certify, certify_moments, claim_best_so_far
from pureneuron.checkpoint import Checkpoint
from pureneuron.inference import Diagnostics, bic, check, diagnose_fit, first_blocks
from pureneuron.inference.status import THRESHOLDS as STATUS
from pureneuron.initialize import Fitted, Given, estimate_moments
from pureneuron.model import TwoLayerNetwork
from pureneuron.monitor import Monitor, OutOfTime
from pureneuron.number_of_neurons import (
    another_size,
    first_number,
    is_too_large,
    least_sufficient,
    most_neurons,
    size_of,
    unless_doubtful,
)
from pureneuron.optimize import distance, minimize
from pureneuron.optimize.comparison import THRESHOLDS as NEARNESS
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.options import (
    Options,
    OptionValues,
    call_with,
    check_moments,
    check_sizes,
    lists_options,
)
from pureneuron.part_of_rows import finished, is_missing_something, parts_of
from pureneuron.plan import Plan, Streams
from pureneuron.problem import Problem, n_unknowns, pose
from pureneuron.progress import ProgressCallback
from pureneuron.recovery import Recovery
from pureneuron.row_sample import RowSample
from pureneuron.samples import CountedSamples, Samples
from pureneuron.samples.cores import using_cores
from pureneuron.search import (
    confirmed_by_hopping,
    fit_slope,
    has_noise,
    is_rough,
    multistart,
    polished,
    refit_slope,
    reweighted,
)
from pureneuron.search.multistart import THRESHOLDS as SEARCH
from pureneuron.simplify import simplified
from pureneuron.sizes_tried import SizesTried
from pureneuron.spectral import linear_part, linear_rank

__all__ = ["recover"]

_OTHER_UNITS = (
    "outputs differ in size by more than any noise that they could share: each counts in the unit "
    "of its own standard deviation, in the loss, too (noise_covariance='full' weights them by "
    "their noise)"
)


@lists_options
def recover(
    samples: Samples,
    n_neurons: int | Literal["auto"] = "auto",
    *,
    rng: np.random.Generator | int | None = None,
    callback: ProgressCallback | None = None,
    checkpoint: str | Path | None = None,
    **options: Unpack[OptionValues],
) -> Recovery:
    """Recover the network ``y = A σ(W x + b) + L x + c`` behind samples; biases and L if asked for.

    Parameters
    ----------
    samples : Samples
        For instance ``ArraySamples(X, Y)`` or ``read_samples(path)``.
    n_neurons : int or "auto"
        Number of hidden neurons k; "auto" finds the least whose fit leaves no trace in the
        residual.
    rng : Generator, int or None
        Source of randomness (SPEC 7); the same seed on the same machine gives the same bits.
    callback : callable, optional
        Called with a :class:`~pureneuron.progress.Progress` as the work goes on.
    checkpoint : str or Path, optional
        A folder, made if it is not there, in which each pass over the data is kept. A run that was
        stopped goes on from there when it is started again with the same arguments, and ends with
        the same bits. See :class:`~pureneuron.checkpoint.Checkpoint`.
    **options
        ``init, refine, fit_hidden_bias, fit_intercept, fit_linear, negative_slope,
        noise_covariance, errors, n_restarts, max_iter, tol, time_limit, n_jobs``: see
        :class:`~pureneuron.options.Options`.

    Returns
    -------
    Recovery
        The network, its status and what each stage saw. Ctrl-C and the time limit keep the best
        network so far, with the status NOT_CONVERGED.

    Raises
    ------
    TypeError
        If these are no samples, or there is no such option.
    ValueError
        If the data are unusable (see :func:`~pureneuron.problem.check_samples`) or too few for the
        network, or an option is out of range or cannot be honoured; or if the checkpoint is that of
        another run.
    OSError
        If the checkpoint cannot be read or written; what is in it is kept.
    TimeoutError
        If the time limit has passed before there is a network.
    """
    if not isinstance(samples, Samples):
        raise TypeError(
            f"recover takes samples, such as ArraySamples(X, Y), got {type(samples).__name__}"
        )
    asked = Options.of(n_neurons=n_neurons, **options)
    monitor = Monitor(callback, time_limit=asked.time_limit)
    kept = Checkpoint(checkpoint, samples, asked, rng)
    counted = CountedSamples(
        kept.samples, monitor.check_time, monitor.on_rows, counter=monitor.passes
    )
    streams = Streams.spawned(kept.rng)
    try:
        with using_cores(asked.n_jobs), kept:
            problem = prepare(counted, asked, monitor)
            if asked.refine:
                found = settle_rows(problem, asked, streams, monitor)
                claim = certify(found, asked, monitor)
            else:
                plan = propose(problem, asked, streams, monitor)
                claim = conclude_moments(plan, asked, streams, monitor)
            recovery = _recovery(claim, asked, rng, monitor, counted.n_passes)
            monitor.time_limit = None  # What is left takes no time, and the network is there.
            return replace(recovery, rows=_some_rows(claim.problem, recovery.network))
    except KeyboardInterrupt:
        if monitor.best is None:
            raise
        claim = claim_best_so_far(monitor.best, "interrupted")
    except OutOfTime as limit:
        if monitor.best is None:
            why = f"{limit} has passed before there was a network: give it more time"
            raise TimeoutError(why) from None
        claim = claim_best_so_far(monitor.best, f"ended by {limit}")
    return _recovery(claim, asked, rng, monitor, counted.n_passes)


def prepare(samples: Samples, options: Options, monitor: Monitor) -> Problem:
    """Validate the samples and bring them to the engine's coordinates."""
    with monitor.stage("data") as stage:
        problem = pose(
            samples,
            activation=options.first_activation,
            fit_hidden_bias=options.fit_hidden_bias,
            fit_intercept=options.fit_intercept,
            fit_linear=options.fit_linear,
        )
        stage.report(problem)
    if problem.units_differ:
        monitor.notes.append(_OTHER_UNITS)
    return problem


def propose(problem: Problem, options: Options, streams: Streams, monitor: Monitor) -> Plan:
    """Choose the number of neurons, and where to start."""
    part, init, blocks = linear_part(problem), options.init, first_blocks(problem)
    with monitor.stage("linear part") as stage:
        shared = blocks.n_blocks > 1 and (blocks.kind == "groups" or options.errors == "serial")
        rank = linear_rank(problem, part, rng=streams.rank, blocks=blocks if shared else None)
        stage.report(rank)
    given = (Given(init),) if isinstance(init, TwoLayerNetwork) else ()
    k = options.first_number or first_number(problem, rank)
    check_sizes(problem, k, options)
    if init == "moments" or not options.refine:
        check_moments(problem, k, rank.value, options)
    seed = int(streams.tests.integers(2**32))
    return Plan(problem, k, part, rank, given, (), (), blocks, seed).with_starts(options)


def settle_rows(problem: Problem, options: Options, streams: Streams, monitor: Monitor) -> Found:
    """Fit the network: where there are many rows, search on a part and finish on all.

    See :mod:`~pureneuron.part_of_rows`.
    """
    for part in parts_of(problem, options):
        plan = propose(part, options, streams, monitor)
        found = settle_size(plan, options, streams, monitor)
        if part is problem:
            break
        found = finish(found, plan, problem, options, streams, monitor)
        if not is_missing_something(found, options):
            break
        monitor.search_again("inference")
    return found


def finish(
    found: Found,
    plan: Plan,
    whole: Problem,
    options: Options,
    streams: Streams,
    monitor: Monitor,
) -> Found:
    """Make the fit to a part of the rows one to all of them, and ask what they say of it."""
    monitor.search_again("inference")
    found = finished(found, whole, options.limits, monitor)
    found = reweight(found, options, monitor)
    if found.slope is not None:
        found = with_slope(found, options, monitor)
    plan = replace(plan, problem=whole, blocks=first_blocks(whole))
    return examine_simplified(found, plan, options, streams, monitor)


def settle_size(plan: Plan, options: Options, streams: Streams, monitor: Monitor) -> Found:
    """Fit the network; go up and down with its size until the tests agree.

    Up only where the size is to be found: who says how many neurons there are gets no more. See
    :mod:`~pureneuron.number_of_neurons`.
    """
    first = found = fit_and_examine(plan, options, streams, monitor)
    asked, limits, seed = options.n_neurons != "auto", options.limits, plan.seed
    most = plan.n_neurons if asked else most_neurons(plan.problem, plan.rank)
    tried = {size_of(found.fit): found, found.searched: found}
    while step := another_size(
        found,
        tried,
        plan.problem,
        most=most,
        asked=asked,
        limits=limits,
        seed=seed,
        monitor=monitor,
    ):
        monitor.search_again("inference")
        plan = plan.stepped(step, options)
        found = fit_and_examine(plan, options, streams, monitor)
        tried = {size_of(found.fit): found, **tried, found.searched: found}
    chosen = least_sufficient(found, tried)
    if asked:
        chosen = unless_doubtful(chosen, first)
    sizes = SizesTried.of(tried.values(), chosen, options)
    if len(sizes.n_neurons) > 1:
        monitor.add(sizes)
    if chosen is not found and chosen.diagnostics is not None:
        for name, info in (("multistart", chosen.search), ("inference", chosen.diagnostics)):
            with monitor.stage(name) as stage:
                stage.report(info)
    return chosen


def fit_and_examine(plan: Plan, options: Options, streams: Streams, monitor: Monitor) -> Found:
    """Find the best fit of one size, and ask what the data say of it."""
    found = minimise(plan, options, streams, monitor)
    found = reweight(found, options, monitor)
    return examine_simplified(found, plan, options, streams, monitor)


def examine_simplified(
    found: Found, plan: Plan, options: Options, streams: Streams, monitor: Monitor
) -> Found:
    """Ask what the data say of a fit, and leave out what they do not show."""
    found, diagnostics = examine(found, plan, options, streams, monitor)
    while simpler := simplified(found.fit, diagnostics, asked=options):
        limits, damping = options.limits, DAMPING.trusted
        fit = minimize(simpler.problem, simpler.W, limits=limits, damping=damping)
        monitor.keep(fit)
        found = replace(found, fit=fit, unchanged=False)
        found, diagnostics = examine(found, plan, options, streams, monitor)
    return found


def minimise(plan: Plan, options: Options, streams: Streams, monitor: Monitor) -> Found:
    """Find the best fit, and the slope of σ where it is asked for."""
    problem, k, limits = plan.problem, plan.n_neurons, options.limits
    before, slope, n_restarts = None, None, options.restarts
    can_be_claimed = problem.n_equations >= STATUS.few_exact * n_unknowns(problem, k)
    if not can_be_claimed:
        n_restarts = min(n_restarts, SEARCH.fewest_starts)
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
    # Basin hopping does what more starts would do.
    hops = slope is None and n_restarts > 0 and can_be_claimed and is_rough(problem, k)
    too_large = partial(is_too_large, blocks=plan.blocks, limits=limits, seed=plan.seed)
    with monitor.stage("multistart") as stage:
        first, search = multistart(
            problem,
            k,
            proposers,
            n_restarts=min(n_restarts, SEARCH.fewest_oriented) if hops else n_restarts,
            limits=limits,
            rng=streams.starts,
            check=None if plan.in_doubt else partial(check, blocks=plan.blocks, seed=plan.seed),
            is_too_large=too_large,
            monitor=monitor,
            stage=stage,
        )
        fit, known = first, None if search.checks is None else search.checks.known
        if hops:
            fit, search = confirmed_by_hopping(
                fit,
                search,
                n_restarts=n_restarts,
                is_too_large=too_large,
                limits=limits,
                rng=streams.polish,
                monitor=monitor,
            )
            stage.report(search)
        elif slope is None:
            fit = polished(fit, known, limits=limits, rng=streams.polish)
    monitor.keep(fit)
    same = before is None or distance(before.point, fit.point) <= NEARNESS.same
    size = problem.fit_linear, k
    unchanged = fit is first
    return Found(fit, search, slope, at_that_slope=same, unchanged=unchanged, searched=size)


def reweight(found: Found, options: Options, monitor: Monitor) -> Found:
    """Weight the outputs by the covariance of their noise, where that is asked for."""
    if options.noise_covariance != "full" or not has_noise(found.fit):
        return found
    with monitor.stage("noise") as stage:
        fit, noise = reweighted(found.fit, limits=options.limits)
        stage.report(noise)
    monitor.keep(fit)
    found = replace(found, fit=fit, unchanged=False)
    return found if found.slope is None else with_slope(found, options, monitor)


def with_slope(found: Found, options: Options, monitor: Monitor) -> Found:
    """Fit the slope again, from where it is, to other rows or with other weights of the outputs."""
    assert found.slope is not None
    with monitor.stage("slope") as stage:
        fit, slope = refit_slope(found.fit, limits=options.limits, monitor=monitor)
        slope = replace(slope, confirmed=found.slope.confirmed)
        stage.report(slope)
    return replace(found, fit=fit, slope=slope, unchanged=False)


def examine(
    found: Found, plan: Plan, options: Options, streams: Streams, monitor: Monitor
) -> tuple[Found, Diagnostics]:
    """Ask what the data say of a fit."""
    with monitor.stage("inference") as stage:
        diagnostics = diagnose_fit(
            found.fit,
            plan.rank.value,
            options.errors,
            checks=found.search.checks if found.unchanged else None,
            blocks=plan.blocks,
            seed=plan.seed,
            fits_slope=found.slope is not None,
            counts=options.n_neurons == "auto" or found.fit.n_neurons < int(options.n_neurons),
            limits=options.limits,
            rng=streams.inference,
        )
        stage.report(diagnostics)
    return replace(found, diagnostics=diagnostics), diagnostics


def conclude_moments(plan: Plan, options: Options, streams: Streams, monitor: Monitor) -> Claim:
    """Make the moment estimate, and decide what can be claimed of it as it is."""
    problem, part = plan.problem, plan.part
    estimate = estimate_moments(problem, part, plan.n_neurons, rng=streams.moments, monitor=monitor)
    rng = streams.inference
    return certify_moments(problem, estimate, part, plan.rank, options, rng=rng, monitor=monitor)


def _some_rows(problem: Problem, network: TwoLayerNetwork) -> RowSample:
    return RowSample.drawn(problem.source, network, n_rows=problem.n_rows, kept=problem.kept)


def _recovery(
    claim: Claim,
    asked: Options,
    rng: np.random.Generator | int | None,
    monitor: Monitor,
    n_passes: int,
) -> Recovery:
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
        input_names=tuple(problem.source.input_names),
        output_names=tuple(problem.source.output_names),
        bic=bic(
            problem,
            claim.loss,
            len(claim.W),
            fits_slope=asked.negative_slope == "auto",
            full=asked.noise_covariance == "full",
        ),
        call=call_with(asked, rng),
        errors=claim.errors,
        warnings=tuple(monitor.warnings),
        notes=tuple(monitor.notes),
    )
