"""Fit what was read to answers all over the region: for boxes that round coarsely, or are noisy.

Steps beside a line are short, so that they cross no hyperplane, and rounding is large against them:
in single precision a row is read to three digits. Answers to questions far apart determine it to
rounding, once it is known which side of its hyperplane each question is on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.identify.reading import Reading
from pureneuron.model import TwoLayerNetwork
from pureneuron.optimize import Limits, minimize
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

__all__ = ["n_unknowns", "refined"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    least_share : float
        Share of the questions that must be on either side of a hyperplane for its neuron to be
        fitted (make bench-identify).
    cautious : float
        Times the error that a neuron alone would have: neurons that resemble each other are known
        less well (make bench-identify).
    tol : float
        Decrease of the loss, relative, that ends the fit.
    """

    least_share: float = 0.02
    cautious: float = 10.0
    tol: float = 1e-10


THRESHOLDS = Thresholds()


def n_unknowns(reading: Reading) -> int:
    """Return the number of unknowns, those of a linear part with them."""
    (k, d), m = reading.W.shape, len(reading.A)
    return int(k * (d + m) + m * (d + 1))


def refined(reading: Reading, Z: Array, Y: Array) -> Reading:
    """Minimise the squared differences to the answers Y (n, m) at Z (n, d), from the reading.

    Neurons that few of the questions switch stay as they are.
    """
    share = np.mean(reading.preactivations(Z) > 0.0, axis=0)
    moved = np.minimum(share, 1.0 - share) >= THRESHOLDS.least_share
    stays = replace(reading.kept(~moved), L=np.zeros_like(reading.L), c=np.zeros_like(reading.c))
    moving = reading.kept(moved)
    if not moving.n_neurons:
        return reading
    samples = ArraySamples(Z, Y - stays(Z))
    problem = pose(samples, fit_hidden_bias=True, fit_intercept=True, fit_linear=True)
    start = TwoLayerNetwork(moving.A, moving.W, moving.b, moving.c, linear=moving.L)
    W, _ = problem.coordinates(start)
    limits = Limits(tol=THRESHOLDS.tol)
    fit = minimize(problem, W, limits=limits, damping=DAMPING.trusted)
    network = problem.network(fit.point.W, fit.point.A)
    new = Reading(
        network.W,
        network.hidden_bias,
        network.A,
        network.linear,
        network.output_bias,
        moving.errors,
    )
    n, d = Z.shape
    off = float(np.sqrt(np.mean((Y - stays(Z) - new(Z)) ** 2)))
    freedom = max(0.1, 1.0 - n_unknowns(moving) / (n * Y.shape[1]))
    switched = n * np.minimum(share, 1.0 - share)[moved]
    effects = np.linalg.norm(new.A, axis=0) * np.linalg.norm(new.W, axis=1)
    errors = THRESHOLDS.cautious * off / freedom * np.sqrt(d / switched) / effects
    new = replace(new, errors=errors)
    return new.with_units(stays.W, stays.b, stays.A, stays.errors)
