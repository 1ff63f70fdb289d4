"""What the moment method would find in samples, and how far it could be trusted there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pureneuron.inference import odd_part_test, symmetry_test
from pureneuron.initialize import estimate_moments
from pureneuron.monitor import Monitor
from pureneuron.options import Options
from pureneuron.problem import Problem, pose
from pureneuron.results import StageReport
from pureneuron.samples import Samples
from pureneuron.spectral import linear_part, linear_rank, sampling_error, separation

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
        the odd part is linear, α and β of the guarantee, and the expected error of the moment
        estimate with the rows that a smaller one would take. Where there are no moments of so many
        neurons, "moments" is the last and says why.
    """
    options = Options(n_neurons, refine=False, negative_slope=negative_slope)
    rank_rng, moments_rng, error_rng = np.random.default_rng(rng).spawn(3)
    monitor = Monitor()
    with monitor.stage("data") as stage:
        problem = pose(samples, activation=options.first_activation)
        stage.report(problem)
    with monitor.stage("symmetry") as stage:
        stage.report(symmetry_test(problem))
    with monitor.stage("linear part") as stage:
        part = linear_part(problem)
        rank = linear_rank(problem, part, rng=rank_rng)
        stage.report(rank)
    k = rank.value if n_neurons == "auto" else int(n_neurons)
    if not 1 <= k <= len(part.singular_values):
        with monitor.stage("moments") as stage:
            stage.report(_NoMoments(k, problem))
        return monitor.reports
    estimate = estimate_moments(problem, part, k, rng=moments_rng, monitor=monitor)
    with monitor.stage("odd part") as stage:
        stage.report(odd_part_test(problem, part, estimate.W))
    with monitor.stage("separation") as stage:
        stage.report(separation(problem, estimate.W, estimate.A))
    with monitor.stage("sampling error") as stage:
        stage.report(sampling_error(problem, part, estimate, rng=error_rng))
    return monitor.reports


@dataclass(frozen=True, eq=False)
class _NoMoments:
    """Why there is no moment estimate of k neurons."""

    n_neurons: int
    problem: Problem

    def describe(self) -> StageReport:
        d, m = self.problem.n_inputs, self.problem.n_outputs
        if self.n_neurons == 0:
            why = (
                "no linear part stands out of its sampling noise, so there is no sign of a "
                "neuron: bring more rows, or give the number to look for (n_neurons)"
            )
        else:
            why = (
                f"{m} outputs of {d} inputs show at most min({d}, {m}) = {min(d, m)} neurons, and "
                f"{self.n_neurons} are asked for: ask for fewer (n_neurons) or bring more outputs; "
                "a fit from random starts (init='random') has no such limit"
            )
        return StageReport(
            "moments",
            f"no estimate: {why}",
            {"n_neurons": self.n_neurons, "most_neurons": min(d, m)},
        )
