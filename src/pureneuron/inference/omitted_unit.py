"""The omitted-unit test: whether the residual still depends on the inputs.

If the model holds, the residual is noise and has no covariance with any function of the inputs.
Many are tried (:mod:`.candidates`); the covariance of each with the residual is compared with the
spread of its contributions (:mod:`.contributions`), squares are added up over outputs, made white,
and the largest is judged by what random signs of the blocks make of it (multiplier bootstrap;
V. Chernozhukov, D. Chetverikov and K. Kato, Annals of Statistics 41, 2013). This is the
*screening*.

A unit that is missing shows in full only when all others have made room for it. So where the
screening finds nothing, a network with a unit more is fitted. With rows to spare it is fitted to
every other block, and what it adds to the outputs is compared with the residual on the rest; and
the other way round. What a unit adds that fits noise, it adds on its own rows only. With fewer
rows it is fitted to all of them, and its gain is compared with the gains in data sets whose
residual has random signs, block by block: there is nothing but noise to be gained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from pureneuron.inference.blocks import Blocks
from pureneuron.inference.candidates import Candidates, candidates
from pureneuron.inference.contributions import Contributions, Scores
from pureneuron.inference.criterion import asks_for_more
from pureneuron.inference.information import Information
from pureneuron.inference.scores import LEVELS
from pureneuron.optimize import Fit, Limits, Point, minimize
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.problem import Problem, n_unknowns
from pureneuron.samples import Batch, Stacked, to_numpy
from pureneuron.typing import AnyArray, Array

__all__ = ["OmittedUnitTest", "Screening", "Thresholds", "omitted_unit_test", "screening"]


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
    equations : float
        Equations for each unknown, in a half of the rows, from which on a unit more is fitted to
        each half (calibration).
    undecided : float
        A smaller p-value is worth fitting all units, where one alone does not decide (calibration).
    sign_draws, first_draws, sign_starts : int
        Draws of the signs, where it is fitted to all rows; draws after which a p-value may be clear
        enough; and starts for each (calibration).
    clear : tuple of float
        Below the first and above the second a p-value is clear enough (calibration).
    least_spread : float
        Spread of the logarithm of a gain from noise that is taken for granted (calibration).
    n_starts : int
        Starts for it, where weights are not well known (calibration).
    half_rows : int
        Most rows of a half that a unit more is fitted to, which are held in memory (calibration).
    limits, unit_limits : Limits
        When that descent ends: of all units, of the one more alone (calibration).
    close : float
        Cosine from which on two directions are no two starts (calibration).
    fewest_blocks : int
        Blocks from which on there are two halves (calibration).
    """

    n_draws: int = 199
    concentrated: float = 0.1
    fewest_rows: float = 20.0
    equations: float = 50.0
    undecided: float = 0.2
    sign_draws: int = 9
    first_draws: int = 4
    clear: tuple[float, float] = (1e-4, 0.3)
    sign_starts: int = 2
    least_spread: float = 0.15
    n_starts: int = 4
    half_rows: int = 10_000
    limits: Limits = Limits(max_iter=20, tol=1e-5)  # noqa: RUF009
    unit_limits: Limits = Limits(max_iter=4, tol=1e-3)  # noqa: RUF009
    close: float = 0.95
    fewest_blocks: int = 8


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
    def is_doubtful(self) -> bool:
        """Whether chance would seldom do it: a local minimum may be all there is to see."""
        return self.p_value < LEVELS.doubtful or self.concentrated

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
    criterion_wants_more : bool
        Whether an information criterion (BIC) asks for the unit more, where it was fitted to all
        rows: there may be too few of them for the test to see it.
    """

    p_value: float
    family: str
    larger: Array
    concentrated: bool
    criterion_wants_more: bool = False

    @property
    def is_rejected(self) -> bool:
        """Whether the model is rejected."""
        return self.p_value < LEVELS.omitted


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
    fit = screened.contributions.fit
    larger, wants_more = np.vstack([fit.point.W, screened.best_units(1)]), False
    known = screened.contributions.known
    if p >= level / 2.0 and known is None and start is not None:
        # Among many units, one more is not found by fitting, but one that is known is tried.
        q, larger = _refitted_by_halves(screened, start, all_units=False, n_starts=0)
        p, family = 1.0 - (1.0 - min(p, q)) ** 2, "unit" if q < p else family
    elif p >= level / 2.0 and known is not None:
        spare = _has_rows_to_spare(screened.contributions)
        if spare:
            q, larger = _decided_by_halves(screened, start, level, all_units=thorough)
        else:
            q, larger, wants_more = _gain_among_signs(screened, start)
        family = "unit" if q < p else family
        # The two are about independent (Šidák).
        p = 1.0 - (1.0 - min(p, q)) ** 2
        if level / 2.0 <= p < THRESHOLDS.undecided and not thorough and spare:
            q, wider = _refitted_by_halves(screened, start, all_units=True)
            q = 1.0 - (1.0 - q) ** 3
            p, family, larger = (q, "unit", wider) if q < p else (p, family, larger)
    return OmittedUnitTest(p, family, larger, screened.concentrated, wants_more)


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


def _has_rows_to_spare(contributions: Contributions) -> bool:
    """Whether half of the rows determine a unit more about as well as all of them."""
    problem = contributions.fit.problem
    unknowns = n_unknowns(problem, contributions.fit.n_neurons + 1)
    enough = problem.n_equations >= 2.0 * THRESHOLDS.equations * unknowns
    return enough and contributions.blocks.n_blocks >= THRESHOLDS.fewest_blocks


def _gain_among_signs(screened: Screening, start: Array | None) -> tuple[float, Array, bool]:
    """Compare the gain of a unit more with its gains where nothing but noise is to be gained.

    The noise is what the larger network leaves, with random signs. The logarithms of gains are
    about normal: the p-value is that of one more such draw (Student).

    Returns
    -------
    p_value : float
        Chance of a gain as large if there is nothing but noise to be gained.
    W : (k + 1, r) array
        White rows of the larger network.
    criterion_wants_more : bool
        Whether the gain is what BIC asks for the unknowns of a unit.
    """
    contributions = screened.contributions
    fit, blocks, rows = contributions.fit, contributions.blocks, contributions.rows
    n_blocks, point = blocks.n_blocks, fit.point
    directions = [screened.best_units(THRESHOLDS.sign_starts)]
    directions += [] if start is None else [start[None]]
    larger = _best_with_one_more(rows, point.W, np.concatenate(directions))
    gain = max(point.loss - larger.loss, np.finfo(np.float64).tiny)
    signs = screened.rng.choice(np.array([-1.0, 1.0]), size=(THRESHOLDS.sign_draws, n_blocks))
    gains: list[float] = []
    for sign in signs:
        drawn = contributions.with_noise_of(larger, sign)
        same = minimize(drawn, point.W, point.A, limits=THRESHOLDS.limits, damping=DAMPING.trusted)
        own = screened.best_units(THRESHOLDS.sign_starts, sign=sign)
        more = _best_with_one_more(drawn, same.point.W, own)
        gains.append(max(same.loss - more.loss, np.finfo(np.float64).tiny))
        if len(gains) < THRESHOLDS.first_draws:
            continue
        p = _chance_of(gain, gains)
        if not THRESHOLDS.clear[0] <= p <= THRESHOLDS.clear[1]:
            break
    wants_more = asks_for_more(fit.problem, fit.n_neurons, gain, larger.loss)
    return p, larger.W, wants_more


def _chance_of(gain: float, gains: list[float]) -> float:
    """Return the chance that one more draw is as large as ``gain``."""
    logs = np.log(gains)
    spread = max(float(logs.std(ddof=1)), THRESHOLDS.least_spread)
    t = (np.log(gain) - logs.mean()) / (spread * np.sqrt(1.0 + 1.0 / len(logs)))
    return float(special.stdtr(len(logs) - 1, -t))


def _best_with_one_more(problem: Problem, W: Array, directions: Array) -> Point:
    """Descend from W with a unit in each of the directions; return the lowest end."""
    descents = [
        minimize(
            problem,
            np.vstack([W, direction]),
            limits=THRESHOLDS.limits,
            damping=DAMPING.trusted,
        ).point
        for direction in directions
    ]
    return min(descents, key=lambda point: point.loss)


def _decided_by_halves(
    screened: Screening, start: Array | None, level: float, *, all_units: bool
) -> tuple[float, Array]:
    """Refit from a direction that is known, and only where that does not decide from others."""
    if start is None:
        return _refitted_by_halves(screened, None, all_units=all_units)
    q, larger = _refitted_by_halves(screened, start, all_units=all_units, n_starts=0)
    if q < level / 8.0:
        return 2.0 * q, larger
    q, larger = _refitted_by_halves(screened, start, all_units=all_units)
    return min(2.0 * q, 1.0), larger


def _refitted_by_halves(
    screened: Screening,
    start: Array | None,
    *,
    all_units: bool,
    n_starts: int | None = None,
) -> tuple[float, Array]:
    """Fit a unit more to each half of the blocks, and test what it adds on the other half.

    Parameters
    ----------
    screened : Screening
        Of the fit.
    start : (r,) array, optional
        White direction of a start.
    all_units : bool
        Whether all units are fitted anew.
    n_starts : int, optional
        Starts besides, in the directions that show most on that half.

    Returns
    -------
    p_value : float
        One-sided: what is added has to go with the residual.
    W : (k + 1, r) array
        White rows of the larger network of one half.
    """
    contributions = screened.contributions
    blocks, fit = contributions.blocks, contributions.fit
    k, fitted = fit.n_neurons, fit.point
    rows = contributions.rows if all_units else contributions.residual_problem()
    # By the rows of the fit: those of the residual have other outputs.
    if n_starts is None:
        n_starts = THRESHOLDS.n_starts if all_units else 1
    every = max(fit.problem.n_rows // (2 * THRESHOLDS.half_rows), 1)
    even = np.arange(blocks.n_blocks) % 2 == 0
    z = np.zeros(blocks.n_blocks)
    for chosen in (even, ~even):
        own = screened.best_units(n_starts, chosen)
        directions = own if start is None else np.vstack([start, own])
        held = contributions.rows.samples.reduce(_held_rows, blocks, chosen, every)["rows"]
        part = rows.part(held)
        more = min(
            (
                minimize(
                    part,
                    np.vstack([fitted.W, direction]) if all_units else direction[None],
                    limits=THRESHOLDS.limits if all_units else THRESHOLDS.unit_limits,
                    damping=DAMPING.trusted,
                ).point
                for direction in directions
            ),
            key=lambda point: point.loss,
        )
        W, A, larger = more.W, more.A, np.vstack([fitted.W, more.W])
        if all_units:
            units = np.hstack([A[:, : k + 1], -fitted.columns])
            W, A = np.vstack([W, fitted.W]), np.hstack([units, A[:, k + 1 :] - fitted.A[:, k:]])
            larger = more.W
        elif fit.problem.fit_intercept:
            A = np.hstack([A, np.zeros((len(A), 1))])
        z += contributions.along(W, A, ~chosen)
    statistic = z.sum() / max(float(np.linalg.norm(z)), np.finfo(np.float64).tiny)
    return float(special.ndtr(-statistic)), larger


def _held_rows(batch: Batch, blocks: Blocks, chosen: AnyArray, every: int) -> dict[str, Stacked]:
    """Return the numbers of the rows that lie in the chosen blocks, one of ``every``."""
    rows = batch.offset + np.flatnonzero(to_numpy(chosen)[blocks.numbers(batch)])
    return {"rows": Stacked(rows[rows % every == 0])}
