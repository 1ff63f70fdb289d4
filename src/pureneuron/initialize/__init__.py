"""Where to start, one proposer a file: a problem to a :class:`Candidate`, and what speaks for it.

``given`` takes a network, ``subsample`` the best of starts on a part of the rows (the first where
the ``average_hessians`` point), ``moments`` the paper's estimate, ``random`` draws. Another start
is another file with a :class:`Proposer`.
"""

from pureneuron.initialize.average_hessians import HessianEstimate, hessian_estimate
from pureneuron.initialize.candidate import Candidate, Proposal, Proposer, Single
from pureneuron.initialize.given import Fitted, Given, Suggested
from pureneuron.initialize.moments import Moments, estimate_moments
from pureneuron.initialize.random import Random, random_start
from pureneuron.initialize.subsample import Subsample

__all__ = [
    "Candidate",
    "Fitted",
    "Given",
    "HessianEstimate",
    "Moments",
    "Proposal",
    "Proposer",
    "Random",
    "Single",
    "Subsample",
    "Suggested",
    "estimate_moments",
    "hessian_estimate",
    "random_start",
]
