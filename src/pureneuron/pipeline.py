"""The whole method on one page.

A race or the moments find the network, Gauss–Newton finishes it, and the evidence says how far it
can be believed. What may not be needed is a function, and is worked out when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Literal

import numpy as np

from pureneuron.inference import (
    examine,
    gather_evidence,
)
from pureneuron.moments import Problem, check_samples, n_unknowns, pose
from pureneuron.network import TwoLayerNetwork
from pureneuron.outcome import of_moments, of_search, unchecked, with_slope
from pureneuron.progress import ProgressCallback
from pureneuron.refine import (
    FEWEST_STARTS,
    Descent,
    Race,
    SlopeFit,
    Start,
    fit_slope,
    refit_slope,
    search,
    weigh_outputs,
)
from pureneuron.requests import (
    Init,
    NegativeSlope,
    NoiseCovariance,
    check_moments,
    check_options,
    check_sizes,
    remark,
)
from pureneuron.results import Recovery, Status
from pureneuron.samples import CountedSamples, Samples
from pureneuron.spectral import (
    MomentEstimate,
    linear_part,
    moment_estimate,
    numerical_rank,
)
from pureneuron.stages import (
    StageLog,
    describe_data,
    describe_evidence,
    describe_linear_part,
    describe_moments,
    describe_noise,
    describe_refinement,
    describe_slope,
    raced,
)

__all__ = ["Init", "NegativeSlope", "NoiseCovariance", "recover"]

_AUTO_RESTARTS = 20
_MOMENTS_AGREE = "the moment estimate puts every neuron where the descent does"
# The detector works on k(k+1)/2 products of coordinates, and its null space costs k⁶: beyond this
# many neurons random starts are the quicker road, and moments are for those who ask for them.
_AUTO_MOMENTS_NEURONS = 32
# Descents before two that agree are believed where B cannot show all neurons (biases, or more
# neurons than inputs or outputs): there local minima are popular, and nothing else speaks up.
_FEWEST_BLIND_STARTS = 10
_ASYMMETRIC = (
    "the inputs are plainly asymmetric, and this result rests on their symmetry: "
    "refine it (refine=True) or symmetrise the inputs (pureneuron.datasets.symmetrize)"
)


def recover(
    samples: Samples,
    n_neurons: int | Literal["auto"] = "auto",
    *,
    init: Init = "auto",
    refine: bool = True,
    fit_hidden_bias: bool = False,
    fit_intercept: bool = False,
    negative_slope: NegativeSlope = 0.0,
    noise_covariance: NoiseCovariance = "spherical",
    n_restarts: int | Literal["auto"] = "auto",
    max_iter: int = 200,
    tol: float = 1e-8,
    rng: np.random.Generator | int | None = None,
    callback: ProgressCallback | None = None,
) -> Recovery:
    """Recover the network ``y = A σ(W x + b) + c`` behind samples.

    Parameters
    ----------
    samples : Samples
        For instance ``ArraySamples(X, Y)`` or ``read_samples(path)``.
    n_neurons : int or "auto"
        Number of hidden neurons k. "auto" takes the rank of ``B = A W`` against its sampling
        noise, which is k only where ``k ≤ min(d, m)``.
    init : {"auto", "moments", "random"} or TwoLayerNetwork
        Where to start: the moment estimate; random starts; a network, which goes first. "auto"
        races random starts on a part of the rows, asks the moments where the race is undecided or
        not to be had, and goes on with random starts on all rows.
    refine : bool
        Whether to go on from the moments to the maximum-likelihood estimate.
    fit_hidden_bias, fit_intercept : bool
        Whether to fit ``b`` and ``c``. The moments know no biases: random starts find them.
    negative_slope : float or "auto"
        Slope of σ on the negative side, between -1 and 1. "auto" fits it, the same for all neurons.
    noise_covariance : {"spherical", "full"}
        What is known of the noise. "spherical": the same and independent in all outputs. "full":
        different and correlated; the outputs are weighed by the covariance of the residual, which
        makes the estimate as good as if it had been known.
    n_restarts : int or "auto"
        Most random starts on all rows; they end as soon as the best minimum is confirmed. "auto" is
        20; 0 rules out the race as well.
    max_iter : int
        Most Gauss–Newton iterations a start.
    tol : float
        Relative decrease of the loss that is not worth another iteration.
    rng : Generator, int or None
        Source of randomness (SPEC 7); the same seed on the same machine gives the same bits.
    callback : callable, optional
        Called with a :class:`~pureneuron.progress.Progress` as the work goes on.

    Returns
    -------
    Recovery
        The network, its status and what each stage saw. Ctrl-C during refinement keeps the best
        network so far, with the status NOT_CONVERGED.

    Raises
    ------
    ValueError
        If the data are unusable (see :func:`~pureneuron.moments.check_samples`), if they hold fewer
        outputs than the network has unknowns, if a parameter is out of range, or if
        ``init="moments"`` cannot be honoured.
    """
    check_options(
        n_neurons, init, refine, negative_slope, noise_covariance, n_restarts, max_iter, tol
    )
    rng = np.random.default_rng(rng)
    rank_rng = np.random.default_rng(rng.integers(2**63))
    counted = CountedSamples(samples)
    log = StageLog(callback)

    if negative_slope != "auto":
        first_slope = float(negative_slope)
    else:
        first_slope = init.negative_slope if isinstance(init, TwoLayerNetwork) else 0.0
    with log.stage("data") as said:
        check_samples(counted)
        problem = pose(
            counted,
            negative_slope=first_slope,
            fit_hidden_bias=fit_hidden_bias,
            fit_intercept=fit_intercept,
        )
        said.append(describe_data(problem))

    # From the moments at hand; how many of its singular values stand out takes a pass.
    part = linear_part(problem)

    @cache
    def rank() -> int:
        with log.stage("linear part") as said:
            shown = numerical_rank(problem, part, rng=rank_rng)
            said.append(describe_linear_part(part, shown))
        return shown

    automatic = n_neurons == "auto"
    k = _automatic_size(problem, rank()) if automatic else int(n_neurons)
    check_sizes(problem, k, init, automatic=automatic)

    restarts = _AUTO_RESTARTS if n_restarts == "auto" else int(n_restarts)
    # Only where B shows every neuron does the size of the network rest on more than the fit.
    shows_all = problem.shows_all(k)

    @cache
    def moments() -> MomentEstimate:
        check_moments(problem, k, rank(), init)
        with log.stage("moments") as said:
            estimate = moment_estimate(problem, part, k, rng=rng)
            said.append(describe_moments(estimate))
        return estimate

    def quick_starts(problem: Problem) -> Iterator[Start]:
        if isinstance(init, TwoLayerNetwork):
            yield Start("given", *problem.coordinates(init))
        if init == "auto" and shows_all and restarts > 0:
            yield from raced(Race(problem, k, part, rng=rng, callback=callback), log)

    def first_starts() -> Iterator[Start]:
        if slope is not None:
            yield slope.start
        yield from quick_starts(problem)
        # Among others it is worth having even where its rank is in doubt.
        if init == "moments" or (init == "auto" and shows_all and k <= _AUTO_MOMENTS_NEURONS):
            estimate = moments()
            yield Start("moments", estimate.W, estimate.A, lambda: _MOMENTS_AGREE)

    slope: SlopeFit | None = None
    astray = False
    if negative_slope == "auto":
        if init == "moments":
            check_moments(problem, k, rank(), init)
        with log.stage("slope") as said:
            slope = fit_slope(
                problem,
                k,
                first=quick_starts,
                n_restarts=restarts,
                max_iter=max_iter,
                tol=tol,
                rng=rng,
                callback=callback,
            )
            problem = slope.problem
            if slope.at_end:
                # Nothing can confirm what no data show.
                restarts = 0
            said.append(describe_slope(slope))

    if not refine:
        found = of_moments(problem, moments(), part, rank(), log=log, rng=rng)
    else:
        with log.stage("refinement") as said:
            probe_seed = int(rng.integers(2**63))
            examined = cache(lambda descent: examine(problem, descent, seed=probe_seed))
            refinement = search(
                problem,
                k,
                first=first_starts(),
                n_restarts=restarts,
                max_iter=max_iter,
                tol=tol,
                fewest=FEWEST_STARTS if shows_all else _FEWEST_BLIND_STARTS,
                rng=rng,
                unsuspicious=lambda descent: examined(descent).unsuspicious,
                callback=callback,
            )
            said.append(describe_refinement(refinement))
        try:
            # Before outputs are mixed: the linear part is that of those that came.
            rank()
            astray = slope is not None and not slope.belongs_to(refinement.best)
            if noise_covariance == "full" and _has_noise(problem, refinement.best):
                with log.stage("noise") as said:
                    weighed = weigh_outputs(problem, refinement.best, max_iter=max_iter, tol=tol)
                    said.append(describe_noise(problem, weighed))
                    # At once: a fit means something in the coordinates of its own problem alone.
                    problem = weighed.problem
                    refinement = replace(refinement, best=weighed.descent)
                if slope is not None:
                    with log.stage("slope") as said:
                        refitted = refit_slope(
                            problem,
                            refinement.best,
                            max_iter=max_iter,
                            tol=tol,
                            callback=callback,
                        )
                        slope = replace(refitted, confirmed=slope.confirmed)
                        problem = slope.problem
                        refinement = replace(refinement, best=slope.descent)
                        said.append(describe_slope(slope))
                        if slope.interrupted:
                            raise KeyboardInterrupt
                examined = cache(lambda descent: examine(problem, descent, seed=probe_seed))
            with log.stage("evidence") as said:
                best = refinement.best
                evidence = gather_evidence(
                    problem, best, rank(), examined(best), max_iter=max_iter, tol=tol
                )
                said.append(describe_evidence(evidence))
            found = of_search(problem, refinement, evidence)
        except KeyboardInterrupt:
            found = unchecked(problem, refinement)

    if found.checked:
        remark(log, problem, k, rank(), automatic=automatic)
        if automatic and rank() == 0:
            reason = "no linear part stands out of its sampling noise"
            found = replace(found, status=Status.RANK_DEFICIENT, reason=reason)
        if slope is not None:
            found = with_slope(found, slope, astray=astray)
    if found.asymmetric:
        log.warnings.append(_ASYMMETRIC)
    return Recovery(
        # By effect, not as they were found: the order must not hang on rounding or on the start.
        network=problem.network(found.W, found.A).permuted(
            np.argsort(-found.census.effect, kind="stable")
        ),
        status=found.status,
        reason=found.reason,
        stages=log.reports,
        loss=found.loss * problem.output_scale**2,
        n_iter=found.n_iter,
        n_passes=counted.n_passes,
        span=problem.input_span,
        warnings=tuple(log.warnings),
        notes=tuple(log.notes),
    )


def _has_noise(problem: Problem, best: Descent) -> bool:
    """Whether there is a residual, and rows enough for its covariance."""
    return not (best.exact or best.interrupted) and problem.n_effective > 2 * problem.n_outputs


def _automatic_size(problem: Problem, rank: int) -> int:
    """Return the rank of B, or as many neurons as the rows can tell apart if those are fewer."""
    affordable = int(problem.n_equations / n_unknowns(problem, 1))
    return max(1, min(rank, affordable))
