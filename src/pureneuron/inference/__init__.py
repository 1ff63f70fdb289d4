"""What the data say about the assumptions and about the result.

``symmetry`` and ``odd_part`` test what moments rest on, both by their largest score (``scores``).

A fit is judged by the scores of its rows (``score_sums``), added up over ``blocks`` that are
independent of one another, and by the ``information`` of the rows on the weights. ``dependence``
says what the noise is like, ``covariance`` is made of all three, with ``leverage`` for rows that
decide much alone, and ``delta_method`` makes standard errors of it. ``omitted_unit`` asks whether
the residual still depends on the inputs: ``screening`` tries functions of them, the ``candidates``,
with ``contributions`` (and ``contribution_sums``, their pass) what rows add to their covariance
with the residual; ``one_more_unit`` fits a network with a unit more. ``order`` asks whether one
neuron less would do and how strong a one could hide in the noise, and ``criterion`` has BIC beside
it; ``steadiness`` asks whether the network stays the same in the course of the rows;
``identifiability`` asks whether the weights are determined, ``held_off`` for units of which the
rows say only that an input turns them off, ``units`` for units that are dead or coincide.
``checks`` are what every new best fit goes through, ``diagnostics`` all of it, and ``status``
decides. ``bound`` says beforehand how well a network can be known from how many rows.
"""

from pureneuron.inference.blocks import Blocks
from pureneuron.inference.bound import cramer_rao, rows_needed
from pureneuron.inference.checks import Checks, check
from pureneuron.inference.covariance import covariance_root
from pureneuron.inference.criterion import bic
from pureneuron.inference.delta_method import standard_errors
from pureneuron.inference.dependence import Dependence, Errors, assumed_dependence
from pureneuron.inference.diagnostics import Diagnostics, diagnose_fit, first_blocks
from pureneuron.inference.identifiability import Determinacy, determinacy, is_reversible
from pureneuron.inference.odd_part import OddPartTest, odd_part_test
from pureneuron.inference.omitted_unit import OmittedUnitTest, omitted_unit_test
from pureneuron.inference.order import (
    SmallerTest,
    fit_without_one,
    gain_by_chance,
    hardly_bent,
    hidden_neuron,
    smaller_test,
)
from pureneuron.inference.screening import Screening, screening
from pureneuron.inference.status import Verdict, recheck_moments, status_of_fit, status_of_moments
from pureneuron.inference.symmetry import SymmetryTest, symmetry_test
from pureneuron.inference.units import UnitDiagnostics, unit_diagnostics

__all__ = [
    "Blocks",
    "Checks",
    "Dependence",
    "Determinacy",
    "Diagnostics",
    "Errors",
    "OddPartTest",
    "OmittedUnitTest",
    "Screening",
    "SmallerTest",
    "SymmetryTest",
    "UnitDiagnostics",
    "Verdict",
    "assumed_dependence",
    "bic",
    "check",
    "covariance_root",
    "cramer_rao",
    "determinacy",
    "diagnose_fit",
    "first_blocks",
    "fit_without_one",
    "gain_by_chance",
    "hardly_bent",
    "hidden_neuron",
    "is_reversible",
    "odd_part_test",
    "omitted_unit_test",
    "recheck_moments",
    "rows_needed",
    "screening",
    "smaller_test",
    "standard_errors",
    "status_of_fit",
    "status_of_moments",
    "symmetry_test",
    "unit_diagnostics",
]
