"""The omitted-unit test: whether the residual still depends on the inputs.

First comes the :mod:`.screening`. A unit that is missing shows in full only when all others have
made room for it. So where the screening finds nothing, a network with a unit more is fitted
(:mod:`.one_more_unit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pureneuron.inference.one_more_unit import (
    Starts,
    decided_by_halves,
    gain_among_signs,
    has_halves,
    has_rows_to_spare,
    refitted_by_halves,
)
from pureneuron.inference.scores import LEVELS
from pureneuron.inference.screening import Screening
from pureneuron.typing import Array

__all__ = ["OmittedUnitTest", "Thresholds", "omitted_unit_test"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    undecided : float
        A smaller p-value is worth fitting all units, where one alone does not decide (calibration).
    share_alike : float
        Share of the level that the test for noise which is alike in all rows has for itself: what
        it is for, a unit that few rows show, is beyond doubt there (calibration).
    """

    undecided: float = 0.2
    share_alike: float = 0.1


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class OmittedUnitTest:
    """Outcome of :func:`omitted_unit_test`.

    Attributes
    ----------
    p_value : float
        Chance of as much if the model holds.
    family : str
        Of the function that shows most (:data:`~.candidates.MEANINGS`).
    larger : (k + 1, r) array
        White rows of a network with a unit more, from which to go on if the test rejects.
    concentrated : bool
        As in the screening.
    largest : mapping of str to float
        Largest statistic of each family of functions that were tried.
    criterion_wants_more : bool
        Whether an information criterion (BIC) asks for the unit more, where it was fitted to all
        rows: there may be too few of them for the test to see it.
    p_alike : float
        The p-value if noise is known to be independent from row to row and alike in all of them,
        by a tenth of the level, where half of the rows were fitted; 1 elsewhere.
    """

    p_value: float
    family: str
    larger: Array
    concentrated: bool
    largest: Mapping[str, float]
    criterion_wants_more: bool = False
    p_alike: float = 1.0

    @property
    def is_rejected(self) -> bool:
        """Whether the model is rejected."""
        return self.p_value < LEVELS.omitted

    @property
    def where_noise_is_alike(self) -> OmittedUnitTest:
        """The same test where noise is known to be independent from row to row, and alike."""
        if self.p_alike >= self.p_value:
            return self
        return replace(self, p_value=self.p_alike, family="unit")


def omitted_unit_test(
    screened: Screening,
    *,
    level: float = LEVELS.omitted,
    thorough: bool = False,
    start: Array | None = None,
) -> OmittedUnitTest:
    """Go on from a screening to the test: fit a unit more where it is undecided.

    Where the weights are well known, one that is missing leaves the others about where they are,
    and the unit alone is fitted to the residual.

    Parameters
    ----------
    screened : Screening
        Of the fit.
    level : float
        Level at which a rejection is wanted: below half of it the screening decides.
    thorough : bool
        Whether all units are fitted anew with the one more, from several starts.
    start : (r,) array, optional
        White direction of another start.
    """
    p, family = screened.p_value, screened.family
    larger, wants_more, p_alike = screened.larger, False, 1.0
    known = screened.contributions.known
    if p >= level / 2.0 and known is None and has_halves(screened.contributions):
        # Among many units, all are not fitted anew, but the one more alone to what they leave.
        halves = refitted_by_halves(screened, Starts(start, curved=True), all_units=False)
        q, p_alike, larger = halves.p_value, halves.p_alike, halves.larger
        p, family = 1.0 - (1.0 - min(p, q)) ** 2, "unit" if q < p else family
    elif p >= level / 2.0 and known is not None:
        spare = has_rows_to_spare(screened.contributions)
        if spare:
            halves = decided_by_halves(screened, start, level, all_units=thorough)
            q, p_alike, larger = halves.p_value, halves.p_alike, halves.larger
        else:
            q, larger, wants_more = gain_among_signs(screened, start)
        family = "unit" if q < p else family
        # The two are about independent (Šidák).
        p = 1.0 - (1.0 - min(p, q)) ** 2
        if level / 2.0 <= p < THRESHOLDS.undecided and not thorough and spare:
            starts = Starts.several(start, all_units=True)
            wider = refitted_by_halves(screened, starts, all_units=True)
            q = 1.0 - (1.0 - wider.p_value) ** 3
            p, family, larger = (q, "unit", wider.larger) if q < p else (p, family, larger)
            p_alike = min(2.0 * min(p_alike, wider.p_alike), 1.0)
    p_alike = min(p_alike / THRESHOLDS.share_alike, 1.0)
    return OmittedUnitTest(
        p, family, larger, screened.concentrated, screened.largest, wants_more, p_alike
    )
