"""From candidates to the best fit: multistart and its swap search, and the outer steps around it.

``multistart`` says which candidates are descended from, and ``evidence`` when the best end is
believed; ``swaps`` leaves a local minimum by putting a neuron elsewhere, ``polish`` small ones
about it, ``basin_hopping`` either where rows are few; ``slope`` fits that of σ, ``noise`` the
covariance of the noise: nuisance parameters, each a step of its own.
"""

from pureneuron.search.basin_hopping import confirmed_by_hopping, is_rough
from pureneuron.search.evidence import confirms
from pureneuron.search.multistart import Multistart, multistart
from pureneuron.search.noise import Noise, has_noise, reweighted
from pureneuron.search.polish import polished
from pureneuron.search.slope import Slope, fit_slope, refit_slope
from pureneuron.search.swaps import relocated, swap_search

__all__ = [
    "Multistart",
    "Noise",
    "Slope",
    "confirmed_by_hopping",
    "confirms",
    "fit_slope",
    "has_noise",
    "is_rough",
    "multistart",
    "polished",
    "refit_slope",
    "relocated",
    "reweighted",
    "swap_search",
]
