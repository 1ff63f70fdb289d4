"""What this project does: the default fit, and the fit that knows where to start."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pureneuron import TwoLayerNetwork, recover
from pureneuron.options import Init
from pureneuron.progress import Progress, ProgressCallback
from pureneuron.samples import ArraySamples

from .methods import Predict
from .problems import Problem
from .trace import Trace

__all__ = ["fit", "fit_from_truth"]


def fit(problem: Problem, trace: Trace, rng: np.random.Generator) -> Predict:
    """Fit with every default, checks included."""
    return _recover(problem, trace, rng, "auto", "auto").predict


def fit_from_truth(problem: Problem, trace: Trace, rng: np.random.Generator) -> Predict:
    """Descend from the network that made the samples: the loss to measure all others against."""
    return _recover(problem, trace, rng, problem.teacher, 0).predict


def _recover(
    problem: Problem,
    trace: Trace,
    rng: np.random.Generator,
    init: Init,
    n_restarts: int | Literal["auto"],
) -> TwoLayerNetwork:
    with trace.paused():
        variance = float(np.mean(np.var(problem.Y, axis=0)))
    return recover(
        ArraySamples(problem.X, problem.Y),
        problem.n_neurons,
        init=init,
        n_restarts=n_restarts,
        rng=rng,
        callback=_recorder(trace, variance),
        fit_hidden_bias=problem.biases,
        fit_intercept=problem.biases,
    ).network


def _recorder(trace: Trace, variance: float) -> ProgressCallback:
    def record(progress: Progress) -> None:
        # Losses of other stages are not the loss of all rows.
        if progress.stage == "refining" and progress.loss is not None:
            trace.record(progress.loss * variance)

    return record
