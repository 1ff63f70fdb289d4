"""Moments that are gathered in one pass, saved, merged and solved later, without the data.

:func:`gather_moments` sums all products of inputs and outputs that the moment method is made of
(:mod:`~pureneuron.moments.gather`); the records add up, whichever machine has gathered them
(:mod:`~pureneuron.moments.sample_moments`), and are files (:mod:`~pureneuron.moments.files`).
:func:`solve_moments` runs the algebra of :mod:`pureneuron.spectral` on them
(:mod:`~pureneuron.moments.solve`), with the tests that moments allow
(:mod:`~pureneuron.moments.evidence`). :mod:`~pureneuron.moments.homogeneous` says what a change of
coordinates does to sums of products, :mod:`~pureneuron.moments.grouped` makes the one that an
estimate needs.
"""

from pureneuron.moments.files import load_moments, save_moments
from pureneuron.moments.gather import gather_moments
from pureneuron.moments.sample_moments import SampleMoments
from pureneuron.moments.solve import check_moments_serve, has_enough_rows, solve_moments

__all__ = [
    "SampleMoments",
    "check_moments_serve",
    "gather_moments",
    "has_enough_rows",
    "load_moments",
    "save_moments",
    "solve_moments",
]
