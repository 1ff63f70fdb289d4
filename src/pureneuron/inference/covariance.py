"""The covariance of the estimate, in white coordinates.

With K the inverse of the information and S the covariance of the scores, that of the unknowns is
``K S K`` (the sandwich). It is kept as a root, whose rows are what independent parts of the data
move the estimate by. S follows what the noise is taken for (:mod:`.dependence`):

- iid: ``E[Jᵀ Σ J]`` with Σ the covariance of the noise between outputs;
- robust: ``Σ ψψᵀ`` over rows (HC1: times n m / (n m − p); J. MacKinnon and H. White, 1985);
- serial: Bartlett's kernel (W. Newey and K. West, Econometrica 55, 1987), as moving sums of scores;
  what these miss of an AR(1) memory is added, and rows count as independent in its measure;
- groups: sums of scores over groups (cluster sandwich, times g / (g − 1), and as robust ones).

Where noise may differ from row to row, scores of rows, or blocks, that decide much about a unit are
enlarged by what is missing of their noise (HC3 and CR3, unit by unit: :mod:`.leverage`). Where much
noise lets kinks pass rows, rows of W turn further than to first order (:mod:`.passed`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.inference.blocks import Blocks, blocks_of_groups, consecutive_blocks
from pureneuron.inference.dependence import Dependence
from pureneuron.inference.information import Information, large_solver
from pureneuron.inference.leverage import Leverage
from pureneuron.inference.passed import share_passed
from pureneuron.inference.score_sums import block_scores, score_products
from pureneuron.optimize import Fit
from pureneuron.optimize.least_squares.kernels import residual_sums
from pureneuron.problem import Problem, n_unknowns
from pureneuron.samples.mirror import distinct_rows
from pureneuron.typing import Array

__all__ = [
    "Root",
    "Thresholds",
    "covariance_root",
    "large_covariance_root",
    "root_of",
    "widened",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most_blocks : int
        Sums of scores that are held: of groups, or of short runs of rows (calibration).
    blocks_a_lag : int
        Runs of rows in the length of the memory (calibration).
    large_blocks : int
        Sums of scores that are held where there are many unknowns (calibration).
    decided_entries : int
        Entries up to which it is held what blocks decide about the weights of units (memory).
    least_kept : float
        Share of the variance of scores with memory that their sums are taken to keep, at least.
    ridge : float
        What is added to a covariance of scores, against its diagonal, for its root (rounding).
    """

    most_blocks: int = 2048
    blocks_a_lag: int = 8
    large_blocks: int = 500
    decided_entries: int = 10_000_000
    least_kept: float = 0.5
    ridge: float = 1e-12


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Root:
    """A root of the covariance of the unknowns, in white coordinates.

    Attributes
    ----------
    A, W, slope : (b, m, q), (b, k, r) and (b,) arrays
        Independent changes whose squares add up to the covariance.
    freedom : float
        Degrees of freedom of the estimate of the noise.
    decided : (k,) array or None
        The most that a row, group or run decides about the weights of each unit; None where noise
        is alike in all rows, or there are too many of them for one to decide anything.
    """

    A: Array
    W: Array
    slope: Array
    freedom: float
    decided: Array | None = None

    @classmethod
    def of_scores(
        cls,
        scores: Array,
        known: Information,
        freedom: float = np.inf,
        decided: Array | None = None,
    ) -> Root:
        """Return what a root (b, p) of the covariance of the mean score moves the unknowns by."""
        (m, q), (k, r) = known.point.A.shape, known.point.W.shape
        moves = scores @ known.bread()
        return cls(
            A=moves[:, : m * q].reshape(-1, m, q),
            W=moves[:, m * q : m * q + k * r].reshape(-1, k, r),
            slope=moves[:, m * q + k * r] if known.fits_slope else np.zeros(len(moves)),
            freedom=freedom,
            decided=decided,
        )

    @classmethod
    def zero(cls, fit: Fit) -> Root:
        """Return that of a fit without noise."""
        A, W = np.zeros((0, *fit.point.A.shape)), np.zeros((0, *fit.point.W.shape))
        return cls(A, W, np.zeros(0), np.inf)


def covariance_root(
    fit: Fit,
    known: Information,
    dependence: Dependence,
    blocks: Blocks,
    *,
    residual: Array | None = None,
) -> Root:
    """Return a root of the covariance of the unknowns.

    Parameters
    ----------
    fit : Fit
        The fit.
    known : Information
        At the same fit.
    dependence : Dependence
        What is assumed of the noise.
    blocks : Blocks
        Whether groups are those that came with the rows, or rows that are equal.
    residual : (m, m) array, optional
        Second moments of the residual, where they are known.
    """
    problem = fit.problem
    spent = _spent(fit, known.fits_slope, dependence)
    freedom = problem.n_equations / spent
    parameters = (fit.point.W, fit.point.A, problem.activation)
    if dependence.kind == "iid":
        if residual is None:
            residual = problem.samples.reduce(residual_sums, *parameters)["EE"] / problem.total
        scores = root_of(known.score_covariance(residual * spent)) / np.sqrt(problem.n_effective)
        return Root.of_scores(scores, known, freedom)
    if dependence.kind == "robust":
        leverage = Leverage.of(fit, known, problem.n_rows)
        sums = problem.samples.reduce(score_products, *parameters, known.fits_slope, leverage)
        scores = root_of(sums["products"]) * np.sqrt(spent) / problem.total
        decided = None if leverage is None else sums["decided"]
        return Root.of_scores(scores, known, freedom, decided)
    finer = _finer(problem, dependence, blocks, THRESHOLDS.most_blocks)
    scores, decided = _sums_of_scores(fit, known, finer)
    scores, freedom = _shared(scores, finer, problem, dependence, spent)
    return Root.of_scores(scores, known, freedom, decided)


def _sums_of_scores(
    fit: Fit, known: Information | None, blocks: Blocks
) -> tuple[Array, Array | None]:
    """Return the sums of scores over blocks (b, p), and the most that a block decides (k,)."""
    problem, point = fit.problem, fit.point
    fits_slope = known is not None and known.fits_slope
    (k, r), b, leverage = point.W.shape, blocks.n_blocks, None
    if b * k * r**2 <= THRESHOLDS.decided_entries:
        leverage = Leverage.of(fit, known, _n_filled(problem, blocks))
    sums = problem.samples.reduce(
        block_scores, blocks, point.W, point.A, problem.activation, fits_slope, leverage
    )
    of_A, of_W, decided = sums["of A"], sums["of W"], None
    if leverage is not None:
        of_A, of_W, decided = leverage.jackknifed(of_A, of_W, sums["V"], sums["strengths"])
    parts = (of_A, of_W, sums["of slope"])
    return np.hstack([each.reshape(b, int(np.prod(each.shape[1:]))) for each in parts]), decided


def _n_filled(problem: Problem, blocks: Blocks) -> float:
    """Return how many blocks have rows, about."""
    if blocks.kind == "rows":
        return min(blocks.n_blocks, distinct_rows(problem.source, with_outputs=True))
    return min(blocks.n_blocks, blocks.n_groups) if blocks.spread else blocks.n_blocks


def widened(fit: Fit, root: Root) -> Root:
    """Return the root with rows of W that turn as far as they do to second order: :mod:`.passed`.

    One pass, where there is noise.
    """
    if not len(root.W):
        return root
    spread = np.sqrt(np.sum(root.W**2, axis=(0, 2)))
    return replace(root, W=root.W * (1.0 + share_passed(fit, spread))[:, None])


def large_covariance_root(fit: Fit, dependence: Dependence, blocks: Blocks) -> Root:
    """Return the same where the information is too large for its inverse.

    The Gauss–Newton matrix is factored, and solved for the scores of some hundred blocks of rows:
    what each of them moves the estimate by. So the errors are robust whatever is assumed, and
    themselves known to about three per cent.

    Parameters
    ----------
    fit : Fit
        The fit.
    dependence : Dependence
        What is assumed of the noise.
    blocks : Blocks
        Whether groups are those that came with the rows, or rows that are equal.
    """
    problem, point = fit.problem, fit.point
    if dependence.kind in ("iid", "robust"):
        finer = consecutive_blocks(problem.n_rows, THRESHOLDS.large_blocks)
    else:
        finer = _finer(problem, dependence, blocks, THRESHOLDS.large_blocks)
    scores, _ = _sums_of_scores(fit, None, finer)
    scores, freedom = _shared(scores, finer, problem, dependence, _spent(fit, False, dependence))
    m, q = point.A.shape
    of_A = scores[:, : m * q].reshape(-1, m, q)
    of_W = scores[:, m * q :].reshape(-1, *point.W.shape)
    # A longer row of W, of unit length here, is a longer column of A: the two must pull alike.
    along = np.einsum("bma,ma->ba", of_A[:, :, : fit.n_neurons], point.columns)
    along = along - np.einsum("bar,ar->ba", of_W, point.W)
    of_W = (of_W + along[:, :, None] * point.W).reshape(len(of_W), -1)
    A, W = large_solver(fit).moves(of_A, of_W)
    return Root(A, W, np.zeros(len(A)), freedom)


def _spent(fit: Fit, fits_slope: bool, dependence: Dependence) -> float:
    """Return what the noise variance is larger by than the mean squared residual."""
    unknowns = n_unknowns(fit.problem, fit.n_neurons) + fits_slope
    independent = fit.problem.n_equations / dependence.memory
    return fit.problem.likelihood.noise_variance(1.0, unknowns, independent)


def root_of(S: Array) -> Array:
    """Return R (p, p) with ``S = RᵀR``: scores that depend on each other are ordinary."""
    diagonal = S.diagonal()
    ridge = THRESHOLDS.ridge * np.maximum(diagonal, diagonal.max(initial=0.0) * THRESHOLDS.ridge)
    try:
        return np.asarray(np.linalg.cholesky(S + np.diag(ridge)).T)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(S)
        return np.asarray(np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T)


def _shared(
    scores: Array, finer: Blocks, problem: Problem, dependence: Dependence, spent: float
) -> tuple[Array, float]:
    """Return the root (b, p) of the covariance of the scores' mean, and degrees of freedom."""
    if dependence.kind == "serial":
        window = max(dependence.lag // finer.length, 1)
        moving = _moving_sums(scores, window)
        share = window * finer.length / problem.n_rows
        # That of Bartlett's kernel (D. Andrews, Econometrica 59, 1991).
        freedom = max(1.5 / share, 1.0)
        # Scores of a fit add up to zero, and so do long sums of them in part.
        kept = max((1.0 - dependence.left_out) * (1.0 - share), THRESHOLDS.least_kept)
        return moving * np.sqrt(spent / (window * kept)) / problem.total, freedom
    filled = float(np.any(scores, axis=1).sum())
    freedom = max(filled - 1.0, 1.0)
    factor = spent * filled / freedom if dependence.kind == "groups" else spent
    return scores * np.sqrt(factor) / problem.total, freedom


def _finer(problem: Problem, dependence: Dependence, blocks: Blocks, most: int) -> Blocks:
    """Return the blocks whose scores are added up: groups, or runs far shorter than the memory."""
    if dependence.kind == "serial":
        length = max(dependence.lag // THRESHOLDS.blocks_a_lag, 1)
        return consecutive_blocks(problem.n_rows, min(problem.n_rows // length, most))
    if blocks.kind == "groups":
        return blocks_of_groups(problem, most)
    return Blocks(most, "rows")


def _moving_sums(scores: Array, window: int) -> Array:
    """Return the sums of every ``window`` neighbours, those that overlap the ends included."""
    nothing = np.zeros((window, scores.shape[1]))
    total = np.cumsum(np.concatenate([nothing, scores, nothing]), axis=0)
    return np.asarray(total[window:] - total[:-window])
