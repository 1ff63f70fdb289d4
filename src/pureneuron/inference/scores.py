"""The largest of many standardised sums, and the chance of one as large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pureneuron.results import StageReport
from pureneuron.typing import Array

__all__ = ["LEVELS", "Levels", "ScoreTest", "largest_score"]


@dataclass(frozen=True)
class Levels:
    """Levels of significance that all tests share (surety.py).

    Attributes
    ----------
    rejected : float
        A smaller p-value leaves no doubt: the hypothesis is rejected.
    doubtful : float
        A smaller p-value leaves one: chance would seldom do it.
    omitted : float
        Level at which the omitted-unit test rejects a fit: one right fit in a hundred pays for the
        power against wrong ones (calibration).
    needed : float
        Level at which a neuron less must be rejected (calibration).
    steady : float
        Level at which a network counts as one that changes in the course of the rows (calibration).
    """

    rejected: float = 1e-6
    doubtful: float = 0.05
    omitted: float = 0.01
    needed: float = 5e-3
    steady: float = 5e-3


LEVELS = Levels()


@dataclass(frozen=True)
class ScoreTest:
    """Outcome of a test by the largest of many standardised sums.

    Attributes
    ----------
    statistic : float
        The largest.
    p_value : float
        Bound on the chance of one as large under the hypothesis (Bonferroni).
    """

    statistic: float
    p_value: float

    @property
    def is_rejected(self) -> bool:
        """Whether chance is out of the question."""
        return self.p_value < LEVELS.rejected

    def report(self, stage: str, rejected: str, passed: str) -> StageReport:
        """Report a verdict, in one of two sentences."""
        verdict = rejected if self.is_rejected else passed
        figures = {"statistic": self.statistic, "p_value": self.p_value}
        return StageReport(stage, f"{verdict} (p = {self.p_value:.2g})", figures)


def largest_score(values: Array, squares: Array) -> tuple[float, float]:
    """Return the largest of ``|values| / √squares``, and a bound on its p-value (Bonferroni).

    Parameters
    ----------
    values : array
        Sums over the rows of terms whose mean is zero under the hypothesis.
    squares : array
        Sums of the squares of the same terms: the variance of the sums, whatever the law of the
        terms.
    """
    spread = np.sqrt(squares)
    scores = np.abs(values) / np.where(spread > 0.0, spread, 1.0)
    statistic = float(scores.max(initial=0.0))
    return statistic, min(2.0 * float(stats.norm.sf(statistic)) * scores.size, 1.0)
