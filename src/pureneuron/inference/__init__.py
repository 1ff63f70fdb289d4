"""What the data say about the assumptions and about the result."""

from pureneuron.inference.judgement import (
    UnitCensus,
    judge_moments,
    judge_refinement,
    unit_census,
)
from pureneuron.inference.lack_of_fit import LackOfFit, lack_of_fit
from pureneuron.inference.symmetry import SymmetryTest, symmetry_test

__all__ = [
    "LackOfFit",
    "SymmetryTest",
    "UnitCensus",
    "judge_moments",
    "judge_refinement",
    "lack_of_fit",
    "symmetry_test",
    "unit_census",
]
