"""What the moment method would find in samples, and how far it could be trusted there."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pureneuron.inference import odd_half_test, symmetry_test
from pureneuron.moments import check_samples, pose
from pureneuron.requests import check_options
from pureneuron.results import StageReport
from pureneuron.samples import Samples
from pureneuron.spectral import (
    linear_part,
    moment_estimate,
    numerical_rank,
    sampling_error,
    separation,
)
from pureneuron.stages import (
    StageLog,
    describe_data,
    describe_linear_part,
    describe_moments,
    describe_odd_half,
    describe_sampling_error,
    describe_separation,
    describe_symmetry,
)

__all__ = ["diagnose"]


def diagnose(
    samples: Samples,
    n_neurons: int | Literal["auto"] = "auto",
    *,
    negative_slope: float = 0.0,
    rng: np.random.Generator | int | None = None,
) -> tuple[StageReport, ...]:
    """Say from samples alone what the moment method would find there.

    Parameters
    ----------
    samples : Samples
        The data.
    n_neurons : int or "auto"
        Number of neurons to look for.
    negative_slope : float
        Slope of σ on the negative side.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    tuple of StageReport
        The data, their symmetry, the linear part with its rank, the detector with its gap, whether
        the odd half is linear, α and β of the guarantee, and the expected error of the moment
        estimate with the rows that a smaller one would take.
    """
    check_options(n_neurons, "auto", False, negative_slope, "spherical", "auto", 1, 0.0)
    rng = np.random.default_rng(rng)
    log = StageLog()
    with log.stage("data") as said:
        check_samples(samples)
        problem = pose(samples, negative_slope=negative_slope)
        said.append(describe_data(problem))
    with log.stage("symmetry") as said:
        said.append(describe_symmetry(symmetry_test(problem)))
    with log.stage("linear part") as said:
        part = linear_part(problem)
        rank = numerical_rank(problem, part, rng=rng)
        said.append(describe_linear_part(part, rank))
    k = rank if n_neurons == "auto" else int(n_neurons)
    if 1 <= k <= len(part.singular_values):
        with log.stage("moments") as said:
            estimate = moment_estimate(problem, part, k, rng=rng)
            said.append(describe_moments(estimate))
        with log.stage("odd half") as said:
            said.append(describe_odd_half(odd_half_test(problem, part, estimate.W)))
        with log.stage("separation") as said:
            said.append(describe_separation(estimate, separation(problem, estimate.W)))
        with log.stage("sampling error") as said:
            error = sampling_error(problem, part, estimate, rng=rng)
            said.append(describe_sampling_error(error))
    return log.reports
