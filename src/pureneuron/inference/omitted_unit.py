"""The omitted-unit test: does the residual still depend on the inputs?

If the model holds, the residual is noise and has no covariance with any function g of the inputs.
The covariance ``Σ e g`` of the residual with g is that of the noise with what the model cannot make
of g: a fit that has converged has taken along all that its tangent space can. So the contribution
of a row to it is, to first order, that of ``e g`` less its regression on the scores of the model,

    z  =  e g  −  cross K ψ          with Σ z = Σ e g,

whose spread is right for any noise: rows are gathered into blocks that are independent of one
another (:mod:`.blocks`), and the covariance is compared with the spread of the sums over blocks.
Over outputs, made white by the covariance of the residual, squares are added up.

The largest of many such statistics is judged by what random signs of the blocks make of it (the
multiplier bootstrap; V. Chernozhukov, D. Chetverikov and K. Kato, Annals of Statistics 41, 2013).

A missing unit is found for certain only if some candidate comes near its direction. Where the
candidates show nothing, a unit more is fitted to the rows of every other block, and its direction
tested on the rest; and the other way round. A direction that fits noise does so on its own rows
only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import array_api_compat
import numpy as np
from scipy import special

from pureneuron.inference.blocks import Blocks
from pureneuron.inference.candidates import Candidates, candidates
from pureneuron.inference.information import Information, slope_derivative
from pureneuron.inference.score_sums import block_scores, with_residual
from pureneuron.linalg import tall_product, times
from pureneuron.model import Activation
from pureneuron.optimize import Fit, Limits, Point, minimize, single_suffices
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.optimize.least_squares.kernels import activations, like, residual_sums
from pureneuron.problem import Problem, n_unknowns
from pureneuron.samples import Batch, Stacked, Sum, to_numpy
from pureneuron.typing import AnyArray, Array

__all__ = ["OmittedUnitTest", "Thresholds", "omitted_unit_test"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    n_draws : int
        Draws of the signs; smaller p-values are bounds (Bonferroni) (calibration).
    faint : float
        Power of an output's residual beside the largest below which it may be what the descent has
        left: that ends at gains of up to 3e-5 of the loss (efficiency.py).
    dependent : float
        Eigenvalue of the residual's correlation matrix that is zero (rounding).
    spanned : float
        Spread of a function's contributions, beside that of the residual times the function, that
        is rounding: the model spans it.
    part_rows : int
        Rows of which all functions are held at a time (rates.py).
    refit_equations : float
        Equations for each unknown, in a half of the rows, from which on a unit more is fitted to it
        (calibration).
    close : float
        Cosine from which on two directions are no two starts.
    fewest_blocks : int
        Blocks from which on there are two halves (calibration).
    refit_limits : Limits
        When that descent ends (calibration).
    """

    n_draws: int = 299
    faint: float = 1e-4
    dependent: float = 1e-8
    spanned: float = 1e-3
    part_rows: int = 512
    refit_equations: float = 2.0
    close: float = 0.95
    fewest_blocks: int = 8
    refit_limits: Limits = Limits(max_iter=20, tol=1e-5)  # noqa: RUF009


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
    """

    p_value: float
    family: str
    larger: Array


@dataclass(frozen=True, eq=False)
class _Scores:
    """Standardised sums over blocks of what candidates have in common with the residual.

    Attributes
    ----------
    z : (b, C, m) array
        Each divided by the root of the sum of its squares over the blocks.
    counted : (C,) array of bool
        Whether the model leaves anything of the function.
    """

    z: Array
    counted: Array

    @property
    def statistics(self) -> Array:
        """Sum over outputs of the squared scores (C,); zero for what the model spans."""
        return np.asarray(np.sum(self.z.sum(axis=0) ** 2, axis=1) * self.counted)

    def of_blocks(self, chosen: Array) -> Array:
        """Return the statistics by some of the blocks alone."""
        return _standardised(self.z[chosen], self.counted).statistics

    def p_value(self, rng: np.random.Generator) -> float:
        """Return the chance of the largest statistic, by random signs of the blocks."""
        largest = self.statistics.max(initial=0.0)
        n_blocks, n, m = self.z.shape
        signs = rng.choice(np.array([-1.0, 1.0]), size=(THRESHOLDS.n_draws, n_blocks))
        draws = (signs @ self.z.reshape(n_blocks, n * m)).reshape(-1, n, m)
        largest_drawn = np.max(np.sum(draws**2, axis=2) * self.counted, axis=1, initial=0.0)
        drawn = (1 + int(np.sum(largest_drawn >= largest))) / (1 + len(draws))
        # Sums of z with random signs have lighter tails than a normal law (Hoeffding).
        bound = float(special.chdtrc(m, largest)) * int(self.counted.sum())
        return bound if bound < 1.0 / (1 + len(draws)) else drawn


def _standardised(z: Array, counted: Array) -> _Scores:
    spread = np.sqrt(np.sum(z**2, axis=0))
    return _Scores(z / np.where(spread > 0.0, spread, 1.0), counted)


def omitted_unit_test(
    fit: Fit,
    known: Information | None,
    blocks: Blocks,
    *,
    rng: np.random.Generator,
    start: Array | None = None,
    n_starts: int = 1,
) -> OmittedUnitTest:
    """Test whether the residual of a fit depends on the inputs.

    Parameters
    ----------
    fit : Fit
        The fit, converged and not exact.
    known : Information or None
        At the same fit; None where it is too large to be formed. Then functions are only compared
        with what the activations make of them, which makes the test more cautious than it need be.
    blocks : Blocks
        Rows that are independent of those of other blocks.
    rng : numpy.random.Generator
        Draws candidates and signs.
    start : (r,) array, optional
        White direction from which a unit more is fitted, beside those of candidates.
    n_starts : int
        Candidates from which one is fitted to each half.
    """
    draw_rng, sign_rng = rng.spawn(2)
    tested = _Tested(fit, known, blocks)
    tried = candidates(fit, rng=draw_rng)
    scores = tested.scores(tried)
    statistics, p = scores.statistics, scores.p_value(sign_rng)
    best = int(np.argmax(statistics))
    n_units = len(tried.directions)
    of_units = statistics[:n_units] * (tried.thresholds == 0.0)
    direction = tried.directions[int(np.argmax(of_units))]
    family = tried.families[best]
    larger = np.vstack([fit.point.W, direction])
    if p >= 1.0 / (1 + THRESHOLDS.n_draws) and known is not None and tested.has_halves:
        starts = [_starts(scores.of_blocks(half), tried, n_starts) for half in tested.halves]
        if start is not None:
            starts = [np.vstack([start, own]) for own in starts]
        q, larger = tested.refitted(starts)
        family = "unit" if q < p else family
        p = 1.0 - (1.0 - min(p, q)) ** 2
    return OmittedUnitTest(p, family, larger)


def _starts(statistics: Array, tried: Candidates, n_starts: int) -> Array:
    """Return the directions of units that show most, (s, r), no two of them close."""
    n_units = len(tried.directions)
    statistics = statistics[:n_units] * (tried.thresholds == 0.0)
    chosen: list[int] = []
    for each in np.argsort(-statistics, kind="stable"):
        if len(chosen) == n_starts:
            break
        others = tried.directions[chosen] @ tried.directions[each]
        if np.all(others < THRESHOLDS.close):
            chosen.append(int(each))
    return tried.directions[chosen]


class _Tested:
    """A fit, and what its tests have in common."""

    def __init__(self, fit: Fit, known: Information | None, blocks: Blocks) -> None:
        self.fit, self.known, self.blocks = fit, known, blocks
        problem, point = fit.problem, fit.point
        self.rows = problem.in_single_precision if single_suffices(fit.loss) else problem
        parameters = point.W, point.A, problem.activation
        calls = [
            (block_scores, blocks, *parameters, known is not None and known.fits_slope),
            (residual_sums, *parameters),
        ]
        sums, residual = self.rows.samples.reduce_together(calls)
        self.whiten = _whitening_residual(residual["EE"] / problem.total)
        self.of_A = sums["of A"]
        self.of_W = np.hstack([sums["of W"].reshape(blocks.n_blocks, -1), sums["of slope"]])
        if known is not None:
            beyond_A = self.of_W - np.tensordot(self.of_A, known.follow, 2)
            self.moves = beyond_A @ known.inverse

    def scores(self, tried: Candidates) -> _Scores:
        """Gather the scores of candidates, in one pass."""
        problem, point, known = self.fit.problem, self.fit.point, self.known
        sums = self.rows.samples.reduce(
            _candidate_sums,
            self.blocks,
            point.W,
            point.A,
            self.whiten,
            problem.activation,
            tried,
            0 if known is None else 1 + known.fits_slope,
        )
        along = sums["HG"] / problem.total
        raw = sums["GE"]
        spanned = self.of_A @ (point.gram_inverse @ along)
        z = raw - (self.whiten @ spanned).transpose(0, 2, 1)
        if known is not None:
            k, r = point.W.shape
            beyond = sums["FG"] / problem.total - known.HF.T @ (known.gram_inverse @ along)
            moved = self.moves[:, : k * r].reshape(-1, k, r)
            changed = np.einsum("arc,bar->bca", beyond.reshape(k, r, -1), moved, optimize=True)
            if known.fits_slope:
                HZ = known.HZ
                beyond = sums["ZG"] / problem.total - HZ.T @ (known.gram_inverse @ along)
                changed = changed + beyond.T * self.moves[:, None, k * r :]
            z = z - changed @ (self.whiten @ point.columns).T
        left, whole = np.sum(z**2, axis=(0, 2)), np.sum(raw**2, axis=(0, 2))
        return _standardised(z, left > THRESHOLDS.spanned**2 * whole)

    @property
    def halves(self) -> tuple[Array, Array]:
        """Every other block, and the rest: two masks (b,)."""
        even = np.arange(self.blocks.n_blocks) % 2 == 0
        return even, ~even

    @property
    def has_halves(self) -> bool:
        """Whether half of the rows determine a unit more."""
        problem = self.fit.problem
        unknowns = n_unknowns(problem, self.fit.n_neurons + 1)
        enough = problem.n_equations >= 2.0 * THRESHOLDS.refit_equations * unknowns
        return enough and self.blocks.n_blocks >= THRESHOLDS.fewest_blocks

    def refitted(self, starts: Sequence[Array]) -> tuple[float, Array]:
        """Fit a unit more to each half of the blocks, and test what it adds on the other half.

        Parameters
        ----------
        starts : two (s, r) arrays
            White directions in which to begin, chosen by the even blocks, and by the odd.

        Returns
        -------
        p_value : float
            One-sided: what the larger network adds has to go with the residual.
        W : (k + 1, r) array
            White rows of the larger network of one half.
        """
        number = self.rows.samples.reduce(_numbers, self.blocks)["number"]
        z, rows = np.zeros(self.blocks.n_blocks), []
        for chosen, directions in zip(self.halves, starts, strict=True):
            part = self.rows.part(np.flatnonzero(chosen[number]))
            more = min(
                (
                    minimize(
                        part,
                        np.vstack([self.fit.point.W, direction]),
                        limits=THRESHOLDS.refit_limits,
                        damping=DAMPING.trusted,
                    )
                    for direction in directions
                ),
                key=lambda fit: fit.loss,
            )
            z += self._along(more.point, ~chosen)
            rows.append(more.point.W)
        statistic = z.sum() / max(np.linalg.norm(z), np.finfo(np.float64).tiny)
        return float(special.ndtr(-statistic)), rows[0]

    def _along(self, other: Point, chosen: Array) -> Array:
        """Return the sums (b,) over the chosen blocks of the residual times what ``other`` adds.

        What the tangent space spans of that is taken off, by regression over the chosen blocks: it
        is noise of the rows to which the other network was fitted.
        """
        point, known = self.fit.point, self.known
        assert known is not None
        sums = self.rows.samples.reduce(
            _sums_along,
            self.blocks,
            (point.W, point.A),
            (other.W, other.A),
            self.fit.problem.activation,
            chosen,
            known.fits_slope,
        )
        of_A, of_W = sums["of A"] / sums["total"], sums["of W"].ravel() / sums["total"]
        if known.fits_slope:
            of_W = np.append(of_W, sums["of slope"] / sums["total"])
        turned = known.inverse @ (of_W - np.tensordot(of_A, known.follow, 2))
        changed = of_A @ known.gram_inverse - known.follow @ turned
        spanned = np.tensordot(self.of_A, changed, 2) + self.of_W @ turned
        return np.asarray((sums["along"] - spanned) * chosen)


def _whitening_residual(EE: Array) -> Array:
    """Return what makes the residual white, (m', m); outputs without noise are left out."""
    power = EE.diagonal()
    counted = power > THRESHOLDS.faint * power.max(initial=0.0)
    scale = 1.0 / np.sqrt(np.where(counted, power, 1.0)) * counted
    values, vectors = np.linalg.eigh(EE * np.outer(scale, scale))
    kept = values > THRESHOLDS.dependent
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])).T * scale)


def _sums_along(
    batch: Batch,
    blocks: Blocks,
    here: tuple[AnyArray, AnyArray],
    there: tuple[AnyArray, AnyArray],
    activation: Activation,
    chosen: AnyArray,
    fits_slope: bool,
) -> dict[str, Sum]:
    """Sums of the residual times the change of the outputs, and of the scores with that change."""
    W, A = here
    k = W.shape[0]
    along = np.zeros(blocks.n_blocks)
    of_A, of_W, of_slope, total = 0.0, 0.0, 0.0, 0.0
    batch = with_residual(batch, W, A, activation)
    for number, part in blocks.split(batch):
        if not bool(chosen[number]):
            continue
        H, X = part.extra["activations"], part.X
        other = Batch(X, part.Y, extra={name: part.extra[name] for name in ("one",) if name in part.extra})
        change = activations(other, there[0], activation)[1] @ like(part, there[1]).T
        change = change - H @ like(part, A).T
        along[number] += float((part.Y * change).sum())
        of_A = of_A + tall_product(change, H)
        pulled = change @ like(part, A)[:, :k]
        if fits_slope:
            of_slope = of_slope + (slope_derivative(part, H, W, activation) * pulled).sum()
        of_W = of_W + tall_product(times(pulled, part.extra["slopes"]), X)
        root = part.extra.get("root")
        total += float(X.shape[0]) if root is None else float((root * root).sum())
    sums = {"along": Sum(along), "of A": Sum(of_A), "of W": Sum(of_W), "total": Sum(total)}
    return {**sums, "of slope": Sum(of_slope)} if fits_slope else sums


def _numbers(batch: Batch, blocks: Blocks) -> dict[str, Stacked]:
    return {"number": Stacked(blocks.numbers(batch))}


def _candidate_sums(
    batch: Batch,
    blocks: Blocks,
    W: AnyArray,
    A: AnyArray,
    whiten: AnyArray,
    activation: Activation,
    tried: Candidates,
    level: int,
) -> dict[str, Sum]:
    """Sums ``HᵀG``, and over blocks ``Gᵀ E``; ``FᵀG`` from level 1 on, ``ZᵀG`` from level 2 on."""
    k, C = W.shape[0], len(tried.families)
    GE = np.zeros((blocks.n_blocks, C, whiten.shape[0]))
    HG, FG, ZG = 0.0, 0.0, 0.0
    for number, block in blocks.split(batch):
        # All functions of a few rows at a time stay in the cache.
        for part in block.parts(THRESHOLDS.part_rows):
            rows = with_residual(part, W, A, activation)
            D, H = rows.extra["slopes"], rows.extra["activations"]
            G = tried.values(part, D, part.Y - rows.Y)
            GE[number] += to_numpy(G.T @ (rows.Y @ like(rows, whiten).T))
            HG = HG + H.T @ G
            if level:
                F = D[:, :, None] * part.X[:, None, :]
                FG = FG + F.reshape(F.shape[0], -1).T @ G
            if level > 1:
                ZG = ZG + slope_derivative(part, H, W, activation).T @ G
    sums = {"GE": Sum(GE), "HG": Sum(HG)}
    if level:
        sums["FG"] = Sum(FG)
    if level > 1:
        sums["ZG"] = Sum(ZG)
    return sums
