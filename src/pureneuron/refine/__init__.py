"""From a start to the maximum-likelihood estimate: variable projection and Gauss–Newton.

``search`` says which starts are descended from and when the end is believed: ``starts`` from
anywhere, and a ``race`` on a part of the rows. ``descent`` is the damped Gauss–Newton loop,
``precision`` runs it in single and then in double; ``repair`` swaps neurons of a local minimum;
``slope`` fits that of σ, ``noise`` weighs the outputs. A ``local`` model of the loss offers the
steps: ``pattern`` solves for them without the data, ``matrix_free`` in conjugate gradients.
``profile`` projects A out; ``kernels`` holds all that is asked of the data; ``comparison`` tells
whether two fits are the same network.
"""

from pureneuron.refine.comparison import displacement, separations
from pureneuron.refine.descent import Descent, descend
from pureneuron.refine.noise import WeighedFit, weigh_outputs
from pureneuron.refine.pattern import PatternModel
from pureneuron.refine.precision import single_suffices
from pureneuron.refine.profile import Point, evaluate, profile
from pureneuron.refine.race import Race
from pureneuron.refine.repair import least_missed, repair
from pureneuron.refine.search import FEWEST_STARTS, Refinement, search, settle
from pureneuron.refine.slope import SlopeFit, fit_slope, refit_slope
from pureneuron.refine.starts import Start, random_start

__all__ = [
    "FEWEST_STARTS",
    "Descent",
    "PatternModel",
    "Point",
    "Race",
    "Refinement",
    "SlopeFit",
    "Start",
    "WeighedFit",
    "descend",
    "displacement",
    "evaluate",
    "fit_slope",
    "least_missed",
    "profile",
    "random_start",
    "refit_slope",
    "repair",
    "search",
    "separations",
    "settle",
    "single_suffices",
    "weigh_outputs",
]
