"""Which quadratic model suits a problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.optimize.least_squares.matrix_free import MatrixFreeModel
from pureneuron.optimize.least_squares.pattern import PatternModel
from pureneuron.optimize.least_squares.sampled import SampledModel
from pureneuron.optimize.quadratic_model import QuadraticModel
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["quadratic_model"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    pattern_unknowns, pattern_entries : int
        Up to this many unknowns, and entries of F, gathering the whole pattern (n (kr)²
        multiplications in one product) beats two passes and two conjugate-gradient products
        (20 n k r, and more calls) (rates.py).
    streamed_unknowns : int
        The first of these where rows do not lie in memory, and a pass costs more than its products,
        and for a sample of them (make bench-scale).
    rows_a_weight : float
        Rows of a sample that switch a neuron on, for each of its weights, from which on they show
        its curvature: with fewer a step may leave a third of the way (make bench-scale).
    """

    pattern_unknowns: int = 128
    pattern_entries: int = 20_000
    streamed_unknowns: int = 400
    rows_a_weight: float = 30.0


THRESHOLDS = Thresholds()


def quadratic_model(problem: Problem, W: Array, reference: Array | None = None) -> QuadraticModel:
    """Return the model at ``W`` that suits the number of unknowns and of rows.

    Parameters
    ----------
    problem : Problem
        The data.
    W : (k, r) array
        White rows.
    reference : array, optional
        An A near the best for ``W``: residuals are measured against it.
    """
    unknowns, sample = len(W) * problem.n_inputs, problem.sample
    few = unknowns <= THRESHOLDS.streamed_unknowns
    if sample is not None:
        near = (PatternModel if few else MatrixFreeModel)(sample, W, reference)
        shown = near.active.min(initial=np.inf) * sample.n_rows
        if shown >= THRESHOLDS.rows_a_weight * problem.n_inputs:
            return SampledModel(problem, sample, near, W, reference)
    if problem.source.in_memory:
        small = unknowns * problem.n_rows <= THRESHOLDS.pattern_entries
        few = small and unknowns <= THRESHOLDS.pattern_unknowns
    return (PatternModel if few else MatrixFreeModel)(problem, W, reference)
