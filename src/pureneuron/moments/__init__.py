"""Moments that are gathered in one pass, saved, merged and solved later, without the data.

:func:`gather_moments` sums all products of inputs and outputs that the moment method is made of;
the records add up (:mod:`~pureneuron.moments.sample_moments`), whichever machine has gathered them,
and are files (:mod:`~pureneuron.moments.files`). :func:`solve_moments` runs the algebra of
:mod:`pureneuron.spectral` on them (:mod:`~pureneuron.moments.solve`), with the tests that moments
allow (:mod:`~pureneuron.moments.evidence`). :mod:`~pureneuron.moments.homogeneous` says what a
change of coordinates does to sums of products.
"""

from pureneuron.moments.sample_moments import SampleMoments, gather_moments
from pureneuron.moments.solve import solve_moments

__all__ = ["SampleMoments", "gather_moments", "solve_moments"]
