"""What the data say of each number of neurons that was tried."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pureneuron.certify import Found
from pureneuron.inference import Diagnostics, bic
from pureneuron.optimize import Fit
from pureneuron.options import Options
from pureneuron.results import StageReport
from pureneuron.typing import Array, IndexArray

__all__ = ["SizesTried"]


@dataclass(frozen=True, eq=False)
class SizesTried:
    """What the data say of each number of neurons that was tried, the smallest first.

    Attributes
    ----------
    n_neurons : (t,) array of int
        The numbers.
    p_values : (t,) array
        Of the test for an omitted unit; NaN where it was not made.
    bic : (t,) array
        Schwarz's criterion.
    chosen : int
        The number that was chosen.
    """

    n_neurons: IndexArray
    p_values: Array
    bic: Array
    chosen: int

    @classmethod
    def of(cls, tried: Iterable[Found], chosen: Found, options: Options) -> SizesTried:
        """Collect them; of several fits of one size the best one counts."""
        best: dict[int, Found] = {}
        for found in tried:
            k = found.fit.n_neurons
            if k not in best or found.fit.loss < best[k].fit.loss:
                best[k] = found
        best[chosen.fit.n_neurons] = chosen
        sizes = sorted(best)
        return cls(
            np.array(sizes, dtype=np.intp),
            np.array([_p_value(best[k].diagnostics) for k in sizes]),
            np.array([_bic(best[k].fit, options) for k in sizes]),
            chosen.fit.n_neurons,
        )

    def describe(self) -> StageReport:
        """Report which numbers were tried."""
        sizes = ", ".join(map(str, self.n_neurons))
        summary = f"{sizes} neurons were tried, {self.chosen} taken"
        figures: dict[str, Array | IndexArray]
        figures = {"n_neurons": self.n_neurons, "p_values": self.p_values, "bic": self.bic}
        return StageReport("number of neurons", summary, figures)


def _p_value(diagnostics: Diagnostics | None) -> float:
    if diagnostics is None or diagnostics.omitted is None:
        return np.nan
    return diagnostics.omitted.p_value


def _bic(fit: Fit, options: Options) -> float:
    slope, full = options.negative_slope == "auto", options.noise_covariance == "full"
    return bic(fit.problem, fit.loss, fit.n_neurons, fits_slope=slope, full=full)
