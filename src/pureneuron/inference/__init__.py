"""What the data say about the assumptions and about the result.

``symmetry`` and ``odd_half`` test what moments rest on, both by their largest score (``scores``);
``lack_of_fit`` tests the residual, ``census`` the units; ``evidence`` puts them together with what
it asks itself, and ``judgement`` turns evidence into a status.
"""

from pureneuron.inference.census import UnitCensus, unit_census
from pureneuron.inference.evidence import (
    Evidence,
    Examination,
    examine,
    gather_evidence,
    spare_unit_gain,
    undetermined_directions,
)
from pureneuron.inference.judgement import (
    FEW_EQUATIONS,
    doubt_moments,
    judge_moments,
    judge_refinement,
)
from pureneuron.inference.lack_of_fit import LackOfFit, lack_of_fit
from pureneuron.inference.odd_half import OddHalfTest, odd_half_test
from pureneuron.inference.symmetry import SymmetryTest, symmetry_test

__all__ = [
    "FEW_EQUATIONS",
    "Evidence",
    "Examination",
    "LackOfFit",
    "OddHalfTest",
    "SymmetryTest",
    "UnitCensus",
    "doubt_moments",
    "examine",
    "gather_evidence",
    "judge_moments",
    "judge_refinement",
    "lack_of_fit",
    "odd_half_test",
    "spare_unit_gain",
    "symmetry_test",
    "undetermined_directions",
    "unit_census",
]
