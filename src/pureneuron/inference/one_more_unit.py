"""Fitting a unit more: what it gains, against what one gains that fits noise.

With rows to spare it is fitted to every other block, and what it adds to the outputs is compared
with the residual on the rest; and the other way round. What a unit adds that fits noise, it adds on
its own rows only. With fewer rows it is fitted to all of them, and its gain is compared with the
gains in data sets whose noise has random signs, block by block: there is nothing else to be gained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from pureneuron.devices import to_numpy
from pureneuron.inference.blocks import Blocks
from pureneuron.inference.contributions import Contributions
from pureneuron.inference.criterion import asks_for_more
from pureneuron.inference.screening import Screening
from pureneuron.model import unit_rows
from pureneuron.optimize import (
    Limits,
    Point,
    curved_directions,
    minimize_together,
    n_side_by_side,
    residual_problem,
)
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.problem import Problem, n_unknowns
from pureneuron.samples import Batch, Stacked
from pureneuron.typing import AnyArray, Array

__all__ = [
    "Starts",
    "Thresholds",
    "decided_by_halves",
    "gain_among_signs",
    "has_halves",
    "has_rows_to_spare",
    "refitted_by_halves",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    equations : float
        Equations for each unknown, in a half of the rows, from which on a unit more is fitted to
        each half (calibration).
    fewest_blocks : int
        Blocks with rows from which on there are two halves (calibration).
    half_rows, half_entries : int
        Most rows of a half that a unit more is fitted to, which are held in memory; more where they
        have no more entries of X and Y than this (calibration).
    n_starts, n_random : int
        Starts for it besides those along which the residual curves, where all units are fitted
        anew: in the directions that show most, and in random ones where the test is thorough and
        no direction is known. Two neurons that are merged into one leave several minima, and little
        that shows which is the lowest (calibration).
    n_random_together : int
        Such random ones where descents are made side by side, and cost little: a unit that few rows
        switch is found from few (calibration).
    sign_draws : tuple of int
        Draws of the signs, where it is fitted to all rows: so many, and up to so many as long as
        the p-value is not clear (calibration).
    sign_starts : int
        Starts for each (calibration).
    clear : tuple of float
        Below the first and above the second a p-value is clear enough (calibration).
    least_spread : float
        Spread of the logarithm of a gain from noise that is taken for granted (calibration).
    limits, unit_limits : Limits
        When that descent ends: of all units, of the one more alone (calibration).
    """

    equations: float = 50.0
    fewest_blocks: int = 8
    half_rows: int = 10_000
    half_entries: int = 1_000_000
    n_starts: int = 2
    n_random: int = 6
    n_random_together: int = 24
    sign_draws: tuple[int, ...] = (4, 9, 19)
    sign_starts: int = 2
    clear: tuple[float, float] = (1e-4, 0.3)
    least_spread: float = 0.15
    limits: Limits = Limits(max_iter=20, tol=1e-5)  # noqa: RUF009
    unit_limits: Limits = Limits(max_iter=4, tol=1e-3)  # noqa: RUF009


THRESHOLDS = Thresholds()


def has_halves(contributions: Contributions) -> bool:
    """Whether there are blocks enough for two halves of them."""
    return int(contributions.filled.sum()) >= THRESHOLDS.fewest_blocks


def has_rows_to_spare(contributions: Contributions) -> bool:
    """Whether half of the rows determine a unit more about as well as all of them."""
    problem = contributions.fit.problem
    unknowns = n_unknowns(problem, contributions.fit.n_neurons + 1)
    enough = problem.n_equations >= 2.0 * THRESHOLDS.equations * unknowns
    return enough and has_halves(contributions)


def gain_among_signs(screened: Screening, start: Array | None) -> tuple[float, Array, bool]:
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
    shown = screened.best_units(THRESHOLDS.sign_starts)
    known = np.empty((0, rows.n_inputs)) if start is None else start[None]
    larger = _best_with_one_more(rows, point.W, np.vstack([shown, known]))
    gain = max(point.loss - larger.loss, np.finfo(np.float64).tiny)
    signs = screened.rng.choice(np.array([-1.0, 1.0]), size=(THRESHOLDS.sign_draws[-1], n_blocks))
    gains: list[float] = []
    for n_draws in THRESHOLDS.sign_draws:
        some = signs[len(gains) : n_draws]
        drawn = [contributions.with_noise_of(larger, sign) for sign in some]
        directions = [screened.best_units(THRESHOLDS.sign_starts, sign=sign) for sign in some]
        gains += _gains(drawn, point.W, directions)
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


def _gains(problems: Sequence[Problem], W: Array, directions: Sequence[Array]) -> list[float]:
    """Return what a unit more gains in each of several problems, from directions of its own."""
    limits, damping, tiny = THRESHOLDS.limits, DAMPING.trusted, np.finfo(np.float64).tiny
    same = minimize_together(problems, [W] * len(problems), limits=limits, damping=damping)
    starts = [
        np.vstack([fit.point.W, direction])
        for fit, own in zip(same, directions, strict=True)
        for direction in own
    ]
    counts = [len(own) for own in directions]
    several = [problem for problem, n in zip(problems, counts, strict=True) for _ in range(n)]
    more = iter(minimize_together(several, starts, limits=limits, damping=damping))
    least = [min(next(more).loss for _ in range(n)) for n in counts]
    return [max(fit.loss - loss, tiny) for fit, loss in zip(same, least, strict=True)]


def _best_with_one_more(problem: Problem, W: Array, directions: Array) -> Point:
    """Descend from W with a unit in each of the directions; return the lowest end."""
    starts = [np.vstack([W, direction]) for direction in directions]
    return _lowest(problem, starts, THRESHOLDS.limits)


def _lowest(problem: Problem, starts: Sequence[Array], limits: Limits) -> Point:
    """Descend from several starts; return the lowest end."""
    problems = [problem] * len(starts)
    ends = minimize_together(problems, starts, limits=limits, damping=DAMPING.trusted)
    return min((end.point for end in ends), key=lambda point: point.loss)


@dataclass(frozen=True, eq=False)
class Halves:
    """What a unit more, fitted to each half of the blocks, adds on the other one.

    Attributes
    ----------
    p_value : float
        One-sided: what is added has to go with the residual, block after block.
    p_alike : float
        The same for noise that is independent from row to row and alike in all: a unit that few
        blocks show is seen as well.
    larger : (k + 1, r) array
        White rows of the larger network of one half.
    """

    p_value: float
    p_alike: float
    larger: Array


@dataclass(frozen=True, eq=False)
class Starts:
    """Directions in which a unit more begins.

    Attributes
    ----------
    given : (r,) array or None
        A white direction that is known.
    shown : int
        How many of those that show most on the rows that are fitted.
    curved, random : bool
        Whether those in which the residual curves most are among them, and random ones.
    """

    given: Array | None
    shown: int = 0
    curved: bool = False
    random: bool = False

    @classmethod
    def several(cls, given: Array | None, *, all_units: bool, random: bool = False) -> Starts:
        """Return what serves where all units are fitted anew, or the one more alone."""
        shown = THRESHOLDS.n_starts if all_units else 1
        return cls(given, shown, curved=True, random=random)

    def directions(self, screened: Screening, chosen: Array, residual: Problem) -> Array:
        """Return them (s, r) for some of the blocks, (b,) of bool, and what is left there."""
        rng, r = screened.rng, residual.n_inputs
        n_random = 0
        if self.random:
            k = screened.contributions.fit.n_neurons + 1
            cheap = n_side_by_side(residual, k) > 1
            n_random = THRESHOLDS.n_random_together if cheap else THRESHOLDS.n_random
        return np.vstack(
            [
                np.empty((0, r)) if self.given is None else self.given,
                screened.best_units(self.shown, chosen),
                curved_directions(residual, rng=rng) if self.curved else np.empty((0, r)),
                unit_rows(rng.standard_normal((n_random, r))),
            ]
        )


def decided_by_halves(
    screened: Screening, start: Array | None, level: float, *, all_units: bool
) -> Halves:
    """Refit from a direction that is known, and only where that does not decide from others."""
    others = Starts.several(start, all_units=all_units, random=start is None and all_units)
    if start is None:
        return refitted_by_halves(screened, others, all_units=all_units)
    first = refitted_by_halves(screened, Starts(start), all_units=all_units)
    if first.p_value < level / 8.0:
        return replace(first, p_value=2.0 * first.p_value, p_alike=2.0 * first.p_alike)
    second = refitted_by_halves(screened, others, all_units=all_units)
    alike = min(first.p_alike, second.p_alike)
    return replace(
        second,
        p_value=min(2.0 * second.p_value, 1.0),
        p_alike=min(2.0 * alike, 1.0),
        larger=first.larger if first.p_alike < second.p_alike else second.larger,
    )


def refitted_by_halves(screened: Screening, starts: Starts, *, all_units: bool) -> Halves:
    """Fit a unit more to each half of the blocks, and test what it adds on the other half.

    Parameters
    ----------
    screened : Screening
        Of the fit.
    starts : Starts
        Where the unit begins; of the ends the best counts.
    all_units : bool
        Whether all units are fitted anew.
    """
    contributions, tiny = screened.contributions, np.finfo(np.float64).tiny
    fit = contributions.fit
    k, fitted = fit.n_neurons, fit.point
    # Blocks without rows are of no use to either.
    filled = contributions.filled
    even = np.cumsum(filled) % 2 == 1
    halves, changes = (filled & even, filled & ~even), []
    for chosen, part in zip(halves, _held_problems(contributions, halves), strict=True):
        residual = residual_problem(part, fitted)
        directions = starts.directions(screened, chosen, residual)
        rows = part if all_units else residual
        begun = [
            np.vstack([fitted.W, direction]) if all_units else direction[None]
            for direction in directions
        ]
        limits = THRESHOLDS.limits if all_units else THRESHOLDS.unit_limits
        more = _lowest(rows, begun, limits)
        W, A, larger = more.W, more.A, np.vstack([fitted.W, more.W])
        if all_units:
            units = np.hstack([A[:, : k + 1], -fitted.columns])
            W, A = np.vstack([W, fitted.W]), np.hstack([units, A[:, k + 1 :] - fitted.A[:, k:]])
            larger = more.W
        else:
            A = np.hstack([A, np.zeros((len(A), fit.problem.n_beside))])
        changes.append((W, A, ~chosen))
    added = contributions.along(changes)
    z, variance = sum(each for each, _ in added), sum(each for _, each in added)
    by_block, alike = (
        float(special.ndtr(-np.sum(z) / max(spread, tiny)))
        for spread in (float(np.linalg.norm(z)), float(np.sqrt(variance)))
    )
    return Halves(by_block, alike, larger)


def _held_problems(contributions: Contributions, halves: Sequence[AnyArray]) -> list[Problem]:
    """Return some of the rows of each half of the blocks, in memory."""
    rows, blocks = contributions.rows, contributions.blocks
    width = rows.n_inputs + rows.n_outputs
    most = max(THRESHOLDS.half_rows, THRESHOLDS.half_entries // width)
    if rows.kept is not None:
        kept = rows.kept.some(2 * most)
        held = rows.on(kept.samples)
        numbers = held.samples.reduce(_block_numbers, blocks, kept.numbers)["numbers"]
        return [held.part(np.flatnonzero(chosen[numbers])) for chosen in halves]
    # By the rows of the fit: those of the residual have other outputs.
    every = max(rows.n_rows // (2 * most), 1)
    seen = rows.samples.reduce_together([(_held_rows, blocks, each, every) for each in halves])
    return [rows.part(each["rows"]) for each in seen]


def _held_rows(batch: Batch, blocks: Blocks, chosen: AnyArray, every: int) -> dict[str, Stacked]:
    """Return the numbers of the rows that lie in the chosen blocks, one of ``every``."""
    rows = batch.offset + np.flatnonzero(to_numpy(chosen)[blocks.numbers(batch)])
    return {"rows": Stacked(rows[rows % every == 0])}


def _block_numbers(batch: Batch, blocks: Blocks, numbers: AnyArray) -> dict[str, Stacked]:
    """Return the block of each row, for rows that stand elsewhere in the whole."""
    own = numbers[batch.offset : batch.offset + batch.X.shape[0]]
    return {"numbers": Stacked(blocks.numbers(batch, np.asarray(to_numpy(own))))}
