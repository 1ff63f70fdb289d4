"""The checks that every new best fit of a search goes through: its units and its residual."""

from __future__ import annotations

from dataclasses import dataclass

from pureneuron.inference.residual_test import ResidualTest, residual_test
from pureneuron.inference.units import UnitDiagnostics, unit_diagnostics
from pureneuron.optimize import Fit, single_suffices
from pureneuron.typing import Array

__all__ = ["Checks", "check"]


@dataclass(frozen=True, eq=False)
class Checks:
    """Outcome of :func:`check`.

    Attributes
    ----------
    units : UnitDiagnostics
        The state of every unit.
    residual : ResidualTest or None
        Whether the residual depends on the inputs; None where the residual is rounding.
    """

    units: UnitDiagnostics
    residual: ResidualTest | None

    @property
    def passed(self) -> bool:
        """Whether the fit may be the truth; a residual that is all in one row is suspicious."""
        residual = self.residual
        bad = residual is not None and (residual.is_rejected or residual.concentrated)
        return self.units.healthy and not bad

    @property
    def in_doubt(self) -> bool:
        """Whether it fails, or the residual depends on the inputs more than chance mostly does."""
        return not self.passed or (self.residual is not None and self.residual.is_doubtful)


def check(fit: Fit, probes: Array) -> Checks:
    """Check units and residual of a fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    probes : (p, r) array
        From :func:`~pureneuron.inference.residual_test.draw_probes`.
    """
    W, A = fit.point.W, fit.point.A
    # The probes are after correlations of a few thousandths at least, and units that one row in a
    # million switches by rounding have no effect.
    rows = fit.problem.in_single_precision if single_suffices(fit.loss) else fit.problem
    return Checks(
        units=unit_diagnostics(rows, W, A, gram=fit.point.gram),
        residual=None if fit.is_exact else residual_test(rows, W, A, probes),
    )
