"""All that the data say of a fit, gathered: what the status is decided by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.inference.checks import Checks, check
from pureneuron.inference.identifiability import (
    Determinacy,
    determinacy,
    distinct_inputs,
    is_reversible,
)
from pureneuron.inference.order import drop_one_gain
from pureneuron.optimize import Fit, Limits
from pureneuron.results import StageReport
from pureneuron.typing import Array

__all__ = ["Diagnostics", "diagnose_fit"]


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """What the data say of a fit.

    Attributes
    ----------
    checks : Checks
        Its units and its residual.
    reversible : bool
        Whether the same function is obtained with some rows of W turned round: W is one of two.
    determinacy : Determinacy or None
        How well the rows determine the neurons; None where there are too many unknowns.
    rank : int or None
        Rank of ``B = A W`` against its noise; None where it does not show the number of neurons.
    drop_one_gain : float or None
        What the least missed unit takes off the loss, in units of what a unit that fits nothing
        but noise is expected to take; None where the rank or the residual already says enough.
    n_distinct : float
        How many different inputs there are, about; where some rows show enough, how many they show.
    """

    checks: Checks
    reversible: bool
    determinacy: Determinacy | None
    rank: int | None
    drop_one_gain: float | None
    n_distinct: float

    @property
    def undetermined(self) -> int:
        """Directions in which neurons can move without moving the outputs by more than noise."""
        return 0 if self.determinacy is None else self.determinacy.undetermined

    def describe(self) -> StageReport:
        """Report the state of the units, the residual test, and whether a unit could go."""
        units, residual = self.checks.units, self.checks.residual
        parts = [str(units)]
        figures: dict[str, float | int | Array] = {
            # In the order of the network's neurons.
            "active": units.active[units.order],
            "undetermined": self.undetermined,
        }
        if self.determinacy is not None:
            figures["relative_errors_A"] = self.determinacy.column_errors[units.order]
        if residual is not None:
            verdict = "depends" if residual.is_rejected else "does not depend"
            parts.append(f"the residual {verdict} on the inputs (p = {residual.p_value:.2g})")
            figures["residual_statistic"] = residual.statistic
            figures["residual_p_value"] = residual.p_value
        if self.drop_one_gain is not None:
            parts.append(
                f"the unit that is missed least gains {self.drop_one_gain:.3g} times chance"
            )
            figures["drop_one_gain"] = self.drop_one_gain
        return StageReport("inference", "; ".join(parts), figures)


def diagnose_fit(
    fit: Fit,
    rank: int,
    *,
    checks: Checks | None,
    probes: Array,
    limits: Limits,
    rng: np.random.Generator,
) -> Diagnostics:
    """Ask all there is to ask of a fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    rank : int
        Rank of B against its sampling noise.
    checks : Checks or None
        Of the same fit, where they have been made.
    probes : (p, r) array
        For the residual test.
    limits : Limits
        As for :func:`~pureneuron.optimize.minimize`, which the drop-one test uses.
    rng : numpy.random.Generator
        Draws rows.
    """
    shows = fit.problem.linear_part_shows(fit.n_neurons)
    enough = fit.is_exact or (shows and rank == fit.n_neurons)
    curvature_rng, inputs_rng = rng.spawn(2)
    return Diagnostics(
        checks=check(fit, probes) if checks is None else checks,
        reversible=is_reversible(fit),
        determinacy=determinacy(fit, rng=curvature_rng),
        rank=rank if shows else None,
        drop_one_gain=None if enough else drop_one_gain(fit, limits=limits),
        n_distinct=distinct_inputs(fit.problem, fit.n_neurons, rng=inputs_rng),
    )
