"""From a start to the maximum-likelihood estimate: variable projection and Gauss–Newton.

``starts`` chooses where to begin and when to believe the end; ``descent`` is the damped
Gauss–Newton loop; ``repair`` swaps neurons of a local minimum; ``profile`` projects A out;
``curvature`` solves the inner system; ``kernels`` holds all that is asked of the data;
``comparison`` tells whether two fits are the same network.
"""

from pureneuron.refine.comparison import displacement, separations
from pureneuron.refine.curvature import linearize
from pureneuron.refine.descent import Descent, descend
from pureneuron.refine.profile import Point, evaluate, profile
from pureneuron.refine.repair import least_missed, repair
from pureneuron.refine.starts import Refinement, Start, race, random_start, search

__all__ = [
    "Descent",
    "Point",
    "Refinement",
    "Start",
    "descend",
    "displacement",
    "evaluate",
    "least_missed",
    "linearize",
    "profile",
    "race",
    "random_start",
    "repair",
    "search",
    "separations",
]
