"""What the data say about the assumptions and about the result.

``symmetry`` and ``odd_part`` test what moments rest on, both by their largest score (``scores``);
``units`` and ``residual_test`` are the ``checks`` that every new best fit goes through; ``order``
asks whether one neuron less would do, ``identifiability`` whether the weights are determined.
``diagnostics`` gathers all of it for one fit, and ``status`` decides.
"""

from pureneuron.inference.checks import Checks, check
from pureneuron.inference.diagnostics import Diagnostics, diagnose_fit
from pureneuron.inference.identifiability import (
    Determinacy,
    determinacy,
    is_reversible,
)
from pureneuron.inference.odd_part import OddPartTest, odd_part_test
from pureneuron.inference.order import drop_one_gain, least_missed
from pureneuron.inference.residual_test import ResidualTest, draw_probes, residual_test
from pureneuron.inference.status import Verdict, recheck_moments, status_of_fit, status_of_moments
from pureneuron.inference.symmetry import SymmetryTest, symmetry_test
from pureneuron.inference.units import UnitDiagnostics, unit_diagnostics

__all__ = [
    "Checks",
    "Determinacy",
    "Diagnostics",
    "OddPartTest",
    "ResidualTest",
    "SymmetryTest",
    "UnitDiagnostics",
    "Verdict",
    "check",
    "determinacy",
    "diagnose_fit",
    "draw_probes",
    "drop_one_gain",
    "is_reversible",
    "least_missed",
    "odd_part_test",
    "recheck_moments",
    "residual_test",
    "status_of_fit",
    "status_of_moments",
    "symmetry_test",
    "unit_diagnostics",
]
