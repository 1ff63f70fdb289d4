"""Averages over the data that the algebra works on, and the coordinates they suggest."""

from pureneuron.problem.posing import pose, problem_of
from pureneuron.problem.problem import Problem, n_unknowns
from pureneuron.problem.rows import GivenRows
from pureneuron.problem.second_moments import SecondMoments, design, second_moments
from pureneuron.problem.validation import check_samples
from pureneuron.problem.whitening import Whitening, whitening

__all__ = [
    "GivenRows",
    "Problem",
    "SecondMoments",
    "Whitening",
    "check_samples",
    "design",
    "n_unknowns",
    "pose",
    "problem_of",
    "second_moments",
    "whitening",
]
