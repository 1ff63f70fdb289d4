"""Averages over the data that the algebra works on, and the coordinates they suggest."""

from pureneuron.moments.problem import Problem, n_unknowns, pose
from pureneuron.moments.second_order import SecondMoments, design, second_moments
from pureneuron.moments.survey import check_samples
from pureneuron.moments.whitening import Whitening, whitening

__all__ = [
    "Problem",
    "SecondMoments",
    "Whitening",
    "check_samples",
    "design",
    "n_unknowns",
    "pose",
    "second_moments",
    "whitening",
]
