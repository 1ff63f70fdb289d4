"""The moment estimate, the paper's method in its robust form, as a start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.initialize.candidate import Candidate, Single
from pureneuron.monitor import Monitor
from pureneuron.problem import Problem
from pureneuron.spectral import LinearPart, MomentEstimate, moment_estimate

__all__ = ["Moments", "estimate_moments"]

_AGREE = "the moment estimate puts every neuron where the descent does"


@dataclass(frozen=True)
class Moments:
    """Propose the moment estimate.

    Attributes
    ----------
    part : LinearPart
        The linear part of the outputs.
    """

    part: LinearPart

    def first(
        self, problem: Problem, n_neurons: int, *, rng: np.random.Generator, monitor: Monitor
    ) -> Single:
        """Return the estimate as a candidate; two methods agree where a descent stays there."""
        estimate = estimate_moments(problem, self.part, n_neurons, rng=rng, monitor=monitor)
        return Single(Candidate(estimate.W, estimate.A, "moments", _AGREE, rests_on_symmetry=True))


def estimate_moments(
    problem: Problem,
    part: LinearPart,
    n_neurons: int,
    *,
    rng: np.random.Generator,
    monitor: Monitor,
) -> MomentEstimate:
    """Make the moment estimate, as a stage of its own."""
    with monitor.stage("moments") as stage:
        estimate = moment_estimate(problem, part, n_neurons, rng=rng)
        stage.report(estimate)
    return estimate
