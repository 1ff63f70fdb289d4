"""What the data say about the assumptions and about the result."""

from pureneuron.inference.judgement import (
    UnitCensus,
    judge_moments,
    judge_refinement,
    unit_census,
)
from pureneuron.inference.symmetry import SymmetryTest, symmetry_test

__all__ = [
    "SymmetryTest",
    "UnitCensus",
    "judge_moments",
    "judge_refinement",
    "symmetry_test",
    "unit_census",
]
