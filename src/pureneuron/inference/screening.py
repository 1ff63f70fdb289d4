"""The screening: whether the residual goes with any of many functions of the inputs.

If the model holds, the residual is noise and has no covariance with any function of the inputs.
Many are tried (:mod:`.candidates`); the covariance of each with the residual is compared with the
spread of its contributions (:mod:`.contributions`), squares are added up over outputs, made white,
and the largest is judged by what random signs of the blocks make of it (multiplier bootstrap;
V. Chernozhukov, D. Chetverikov and K. Kato, Annals of Statistics 41, 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from pureneuron.inference.blocks import Blocks
from pureneuron.inference.candidates import Candidates, candidates
from pureneuron.inference.contributions import Contributions, Scores
from pureneuron.inference.information import Information
from pureneuron.inference.scores import LEVELS
from pureneuron.optimize import Fit
from pureneuron.typing import Array

__all__ = ["Screening", "Thresholds", "screening"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    n_draws : int
        Draws of the signs; smaller p-values are bounds (Bonferroni) (calibration).
    concentrated, fewest_rows : float
        Share of the squared residual in one row, and the number of rows below which it may be
        larger (surety.py).
    close : float
        Cosine from which on two directions are no two starts (calibration).
    """

    n_draws: int = 199
    concentrated: float = 0.1
    fewest_rows: float = 20.0
    close: float = 0.95


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Screening:
    """Outcome of :func:`screening`.

    Attributes
    ----------
    contributions : Contributions
        Of the fit.
    tried : Candidates
        The functions.
    p_value : float
        Chance of the largest statistic if the model holds.
    concentrated : bool
        Whether a single row has more of the squared residual than noise hardly ever gives it.
        Covariances are blind to what few rows do.
    rng : numpy.random.Generator
        Draws signs where the test goes on.
    """

    contributions: Contributions
    tried: Candidates
    p_value: float
    concentrated: bool
    rng: np.random.Generator

    @property
    def family(self) -> str:
        """Family of the function that shows most."""
        return self.tried.families[int(np.argmax(self.contributions.scores.statistics))]

    @property
    def largest(self) -> dict[str, float]:
        """Largest statistic of each family; each is about chi-square, a degree for each output."""
        largest: dict[str, float] = {}
        statistics = self.contributions.scores.statistics
        for family, statistic in zip(self.tried.families, statistics, strict=True):
            largest[family] = max(largest.get(family, 0.0), float(statistic))
        return largest

    @property
    def is_doubtful(self) -> bool:
        """Whether chance would seldom do it: a local minimum may be all there is to see."""
        return self.p_value < LEVELS.doubtful or self.concentrated

    @property
    def larger(self) -> Array:
        """White rows of a network with a unit more where most shows, (k + 1, r)."""
        return np.vstack([self.contributions.fit.point.W, self.best_units(1)])

    def best_units(
        self, n_units: int, blocks: Array | None = None, sign: Array | None = None
    ) -> Array:
        """Return the directions of units that show most, (s, r), no two of them close.

        Parameters
        ----------
        n_units : int
            s.
        blocks : (b,) array of bool, optional
            Blocks that count; all if left out.
        sign : (b,) array, optional
            What the residual of each block is multiplied by.
        """
        scores, tried = self.contributions.scores, self.tried
        statistics = scores.statistics if blocks is None else scores.of_blocks(blocks)
        if sign is not None:
            statistics = scores.with_signs(sign)
        statistics = statistics[: len(tried.directions)] * (tried.thresholds == 0.0)
        chosen: list[int] = []
        for each in np.argsort(-statistics, kind="stable"):
            if len(chosen) == n_units:
                break
            if np.all(tried.directions[chosen] @ tried.directions[each] < THRESHOLDS.close):
                chosen.append(int(each))
        return tried.directions[chosen]


def screening(
    fit: Fit, known: Information | None, blocks: Blocks, *, rng: np.random.Generator
) -> Screening:
    """Compare the residual of a fit with many functions of the inputs, in one pass.

    Parameters
    ----------
    fit : Fit
        The fit, converged and not exact.
    known : Information or None
        At the same fit; without it the test is more cautious than it need be.
    blocks : Blocks
        Rows that are independent of those of other blocks.
    rng : numpy.random.Generator
        Draws candidates and signs.
    """
    draw_rng, sign_rng, refit_rng = rng.spawn(3)
    tried = candidates(fit, rng=draw_rng)
    contributions = Contributions(fit, known, blocks, tried)
    most = max(THRESHOLDS.concentrated, THRESHOLDS.fewest_rows / fit.problem.n_effective)
    return Screening(
        contributions,
        tried,
        _p_value(contributions.scores, sign_rng),
        contributions.largest_share > most,
        refit_rng,
    )


def _p_value(scores: Scores, rng: np.random.Generator) -> float:
    """Return the chance of the largest statistic, by random signs of the blocks."""
    largest = scores.statistics.max(initial=0.0)
    n_blocks, n, m = scores.z.shape
    signs = rng.choice(np.array([-1.0, 1.0], np.float32), size=(THRESHOLDS.n_draws, n_blocks))
    draws = signs @ scores.z.reshape(n_blocks, n * m).astype(np.float32)
    draws *= draws
    summed = draws.reshape(-1, m) @ np.ones(m, np.float32)
    most = np.max(summed.reshape(-1, n) * scores.counted, axis=1, initial=0.0)
    drawn = (1 + int(np.sum(most >= largest))) / (1 + THRESHOLDS.n_draws)
    # Sums of z with random signs have lighter tails than a normal law (Hoeffding).
    bound = float(special.chdtrc(m, largest)) * int(scores.counted.sum())
    return bound if bound < 1.0 / (1 + THRESHOLDS.n_draws) else drawn
