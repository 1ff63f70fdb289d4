"""The checks that every new best fit of a search goes through: its units and its residual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.inference.blocks import Blocks
from pureneuron.inference.information import Information, information, is_small
from pureneuron.inference.omitted_unit import OmittedUnitTest, omitted_unit_test
from pureneuron.inference.one_more_unit import decided_by_halves, has_rows_to_spare
from pureneuron.inference.scores import LEVELS
from pureneuron.inference.screening import Screening, screening
from pureneuron.inference.units import UnitDiagnostics, unit_diagnostics
from pureneuron.optimize import Fit, single_suffices

__all__ = ["Checks", "check"]


@dataclass(frozen=True, eq=False)
class Checks:
    """Outcome of :func:`check`.

    Attributes
    ----------
    units : UnitDiagnostics
        The state of every unit.
    known : Information or None
        What the rows say of the weights; None where there are too many of them.
    screened : Screening or None
        Whether the residual depends on the inputs; None where the residual is rounding.
    omitted : OmittedUnitTest or None
        The test of which that is the first part, where there are too many weights for more of it.
    dispelled : bool
        Whether what the screening shows is chance: a unit more, fitted to half of the rows, adds
        nothing on the rest.
    """

    units: UnitDiagnostics
    known: Information | None
    screened: Screening | None
    omitted: OmittedUnitTest | None
    dispelled: bool = False

    @property
    def in_doubt(self) -> bool:
        """Whether it fails, or the residual depends on the inputs more than chance mostly does."""
        screened, omitted = self.screened, self.omitted
        doubtful = screened is not None and screened.is_doubtful and not self.dispelled
        return not self.units.healthy or doubtful or (omitted is not None and omitted.is_rejected)


def check(fit: Fit, blocks: Blocks, seed: int, *, fits_slope: bool = False) -> Checks:
    """Check units and residual of a fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    blocks : Blocks
        Rows that are independent of those of other blocks.
    seed : int
        For candidates and signs: the same for all fits of a run.
    fits_slope : bool
        Whether the slope has been fitted, too.
    """
    # Units that one row in a million switches by rounding have no effect.
    rows = fit.problem.in_single_precision if single_suffices(fit.loss) else fit.problem
    point = fit.point
    known = None
    if is_small(fit.problem, fit.n_neurons):
        known = information(Fit(rows, point, fit.info), fits_slope=fits_slope)
    screened, omitted, dispelled = None, None, False
    if not fit.is_exact:
        screened = screening(fit, known, blocks, rng=np.random.default_rng(seed))
        omitted = omitted_unit_test(screened) if known is None else None
        dispelled = _is_dispelled(screened)
    switched = None if screened is None else screened.contributions.switched
    units = unit_diagnostics(rows, point.W, point.A, gram=point.gram, switched=switched)
    return Checks(units, known, screened, omitted, dispelled)


def _is_dispelled(screened: Screening) -> bool:
    """Tell whether a doubt is chance, where rows to spare show a local minimum beyond doubt."""
    is_open = LEVELS.omitted <= screened.p_value < LEVELS.doubtful and not screened.concentrated
    if not is_open or screened.contributions.known is None:
        return False
    if not has_rows_to_spare(screened.contributions):
        return False
    halves = decided_by_halves(screened, None, LEVELS.omitted, all_units=False)
    return halves.p_value >= LEVELS.doubtful
