"""Least squares: all that the engine does because the likelihood is Gaussian.

A is linear given W, and is projected out (``projection``); ``kernels`` holds all that is asked of
the data. Three quadratic models offer steps: ``pattern`` solves for them without the data,
``matrix_free`` in conjugate gradients, preconditioned by the matrix of ``gaussian_inputs``, and
``sampled`` has the matrix from some of the rows, where a pass over all is dear; ``choice`` says
which suits a problem. ``together`` has the models of many points at once, where rows are few.
Another likelihood is a sibling of this package with the same functions and records.
"""

from pureneuron.optimize.least_squares.choice import quadratic_model
from pureneuron.optimize.least_squares.projection import evaluate, in_full_precision, profile
from pureneuron.optimize.least_squares.together import PointsTogether, RowsTogether

__all__ = [
    "PointsTogether",
    "RowsTogether",
    "evaluate",
    "in_full_precision",
    "profile",
    "quadratic_model",
]
