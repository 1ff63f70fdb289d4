"""From samples to a problem: validated, surveyed and white."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.model import Activation, Gaussian, LeakyReLU
from pureneuron.problem.problem import Problem
from pureneuron.problem.rows import Rows
from pureneuron.problem.second_moments import SecondMoments
from pureneuron.problem.survey import Sampling, scaled_weights, survey
from pureneuron.problem.whitening import whitening
from pureneuron.samples import Samples
from pureneuron.typing import Array

__all__ = ["Thresholds", "pose", "problem_of"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    other_units : float
        Ratio of the standard deviations of two outputs from which on they must be measured in
        different units: noise is not the same in both, and in sums of their squares the smaller one
        is lost (calibration).
    digits : float
        Standard deviation of an output, against its size, below which rounding may be more of it
        than a residual that counts as zero (rounding).
    most_doubled : int
        Bytes of rows in memory above which those in other coordinates are not kept beside them, but
        made anew in each pass (make bench-scale).
    many_rows : int
        Rows in memory from which on random ones are kept apart, as of rows that are not
        (make bench-scale).
    """

    other_units: float = 1e4
    digits: float = 1e-7
    most_doubled: int = 256 << 20
    many_rows: int = 160_000


THRESHOLDS = Thresholds()


def pose(
    samples: Samples,
    *,
    activation: Activation | None = None,
    fit_hidden_bias: bool = False,
    fit_intercept: bool = False,
    fit_linear: bool = False,
) -> Problem:
    """Validate ``samples`` and bring them to the engine's coordinates, in one pass.

    Weights count relative to one another: their largest is made 1. With an intercept, outputs come
    without their weighted means. Of rows that do not lie in memory some are kept there; where
    these are all that there are, no more passes are made over the others.

    Parameters
    ----------
    samples : Samples
        The data.
    activation : Activation, optional
        σ; the ReLU if left out.
    fit_hidden_bias, fit_intercept, fit_linear : bool
        Whether ``b``, ``c`` and ``L`` are fitted.

    Raises
    ------
    ValueError
        As :func:`~pureneuron.problem.validation.check_samples`, or if X does not vary.
    """
    if samples.held_bytes > THRESHOLDS.most_doubled:
        samples = samples.recomputed()
    sampling = None if samples.in_memory else Sampling.of(samples)
    found = survey(
        samples, constant_input=fit_hidden_bias, centred=fit_intercept, sampling=sampling
    )
    centre, moments, eps = found.centre, found.moments, np.finfo(np.float64).eps
    kept, runs = found.rows, found.runs
    if kept is not None and len(kept) == moments.n_rows:
        samples, kept, runs = kept.samples, None, None
    if samples.in_memory and moments.n_rows >= THRESHOLDS.many_rows:
        kept = Sampling.of(samples).rows.taken(samples, moments.n_rows)
    if (largest := found.seen.largest_weight) != 1.0:
        samples = samples.derive(scaled_weights, largest)
        kept, runs = (each and each.derived(scaled_weights, largest) for each in (kept, runs))
    # A variance is known to the rounding of what it is the difference of, or else of the data.
    lost = eps * np.diag(moments.yy) if centre is None else (eps * centre) ** 2
    problem = problem_of(
        samples,
        moments,
        lost=lost,
        activation=activation,
        fit_hidden_bias=fit_hidden_bias,
        fit_intercept=fit_intercept,
        centre=centre,
        grouped=found.seen.grouped,
    )
    problem = replace(problem, kept=kept, runs=runs)
    return problem.with_linear_part() if fit_linear else problem


def problem_of(
    samples: Samples,
    moments: SecondMoments,
    *,
    lost: Array,
    activation: Activation | None = None,
    fit_hidden_bias: bool = False,
    fit_intercept: bool = False,
    centre: Array | None = None,
    grouped: bool = False,
) -> Problem:
    """Derive the coordinates from second moments; no pass over the data.

    Samples are valid, with weights as they are to count; moments are theirs, outputs about
    ``centre``. ``lost`` (m,) is what rounding leaves uncertain of the variances of the outputs. The
    rest, and the error, are those of :func:`pose`.

    Outputs whose sizes differ too much for one unit count each in that of its standard deviation.
    """
    coordinates = whitening(moments.xx)
    d = samples.n_inputs
    span = whitening(moments.xx[:d, :d]).span if fit_hidden_bias else coordinates.span
    if coordinates.rank == 0 or (fit_hidden_bias and coordinates.rank == 1):
        raise ValueError(
            "X does not vary against its own size in double precision: subtract its mean first"
        )
    variance = np.maximum(np.diag(moments.yy) - moments.y**2, lost)
    scale = float(np.sqrt(np.mean(variance)))
    problem = Problem(
        rows=Rows(
            samples, coordinates.transform, 1.0 / scale, fit_hidden_bias, fit_intercept, centre
        ),
        n_rows=moments.n_rows,
        total=moments.total,
        n_effective=moments.n_effective,
        output_scale=scale,
        activation=LeakyReLU() if activation is None else activation,
        likelihood=Gaussian.spherical(samples.n_outputs),
        fit_hidden_bias=fit_hidden_bias,
        fit_intercept=fit_intercept,
        whitening=coordinates,
        input_span=span,
        moments=moments,
        grouped=grouped,
    )
    units = np.sqrt(variance)
    size = np.sqrt(np.diag(moments.yy) + (0.0 if centre is None else centre**2))
    units = np.where(units > THRESHOLDS.digits * size, units, scale)
    if units.max() < THRESHOLDS.other_units * units.min():
        return problem
    return problem.with_likelihood(Gaussian.in_units(units))
