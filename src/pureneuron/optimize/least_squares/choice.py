"""Which quadratic model suits a problem."""

from __future__ import annotations

from dataclasses import dataclass

from pureneuron.optimize.least_squares.matrix_free import MatrixFreeModel
from pureneuron.optimize.least_squares.pattern import PatternModel
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
        The first of these where rows do not lie in memory, and a pass costs more than its products
        (make bench-scale).
    """

    pattern_unknowns: int = 128
    pattern_entries: int = 20_000
    streamed_unknowns: int = 400


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
    unknowns = len(W) * problem.n_inputs
    if problem.source.in_memory:
        few = unknowns <= THRESHOLDS.pattern_unknowns
        small = few and unknowns * problem.n_rows <= THRESHOLDS.pattern_entries
    else:
        small = unknowns <= THRESHOLDS.streamed_unknowns
    return PatternModel(problem, W, reference) if small else MatrixFreeModel(problem, W, reference)
