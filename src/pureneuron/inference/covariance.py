"""The covariance of the estimate, in the normal form and in the units of the data.

With K the inverse of the information and S the covariance of the scores, that of the unknowns is
``K S K`` (the sandwich). S follows what the noise is taken for (:mod:`.dependence`):

- iid: ``E[Jᵀ Σ J]`` with Σ the covariance of the noise between outputs;
- robust: ``Σ ψψᵀ`` over rows (HC1: times n m / (n m − p); J. MacKinnon and H. White, 1985);
- serial: Bartlett's kernel (W. Newey and K. West, Econometrica 55, 1987), as moving sums of scores;
- groups: sums of scores over groups (cluster sandwich, times g / (g − 1)).

Rows of W move on the unit sphere: a change of the white rows becomes one of the reported network by
the delta method, ``δŵ = (I − ŵŵᵀ) δw / |w|``, ``δb̂ = (δb − b̂ ŵᵀδw) / |w|``, and
``δÂ_a = |w| δA_a + Â_a ŵᵀδw / |w|``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.inference.blocks import Blocks, blocks_of_groups, consecutive_blocks
from pureneuron.inference.dependence import Dependence
from pureneuron.inference.information import Information
from pureneuron.inference.score_sums import block_scores, score_products
from pureneuron.optimize import Fit
from pureneuron.optimize.least_squares.kernels import residual_sums
from pureneuron.problem import Problem, n_unknowns
from pureneuron.results import StandardErrors
from pureneuron.typing import Array

__all__ = ["Thresholds", "covariance", "standard_errors"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most_blocks : int
        Sums of scores that are held: of groups, or of short runs of rows (calibration).
    blocks_a_lag : int
        Runs of rows in the length of the memory (calibration).
    null : float
        Share of an unknown in a direction without information that makes it undetermined
        (rounding).
    """

    most_blocks: int = 2048
    blocks_a_lag: int = 8
    null: float = 1e-6


THRESHOLDS = Thresholds()


def covariance(
    fit: Fit, known: Information, dependence: Dependence, blocks: Blocks
) -> tuple[Array, float]:
    """Return the covariance (p, p) of the unknowns in white coordinates, and degrees of freedom.

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
    """
    problem = fit.problem
    spent = problem.likelihood.noise_variance(
        1.0, n_unknowns(problem, fit.n_neurons) + known.fits_slope, problem.n_equations
    )
    freedom = problem.n_equations / spent
    parameters = (fit.point.W, fit.point.A, problem.activation)
    if dependence.kind == "iid":
        EE = problem.samples.reduce(residual_sums, *parameters)["EE"] / problem.total
        S = known.score_covariance(EE * spent) / problem.n_effective
    elif dependence.kind == "robust":
        sums = problem.samples.reduce(score_products, *parameters, known.fits_slope)
        S = sums["products"] / problem.total**2 * spent
    else:
        finer = _finer(problem, dependence, blocks)
        sums = problem.samples.reduce(block_scores, finer, *parameters, known.fits_slope)
        scores = np.hstack(
            [sums[f"of {name}"].reshape(finer.n_blocks, -1) for name in ("A", "W", "slope")]
        )
        if dependence.kind == "groups":
            filled = float(np.any(scores, axis=1).sum())
            freedom = max(filled - 1.0, 1.0)
            S = scores.T @ scores * (filled / freedom) / problem.total**2
        else:
            window = max(dependence.lag // finer.length, 1)
            moving = _moving_sums(scores, window)
            S = moving.T @ moving / window / problem.total**2 * spent
            # That of Bartlett's kernel (D. Andrews, Econometrica 59, 1991).
            freedom = max(1.5 * problem.n_rows / (window * finer.length), 1.0)
    K = known.bread()
    return K @ S @ K, freedom


def _finer(problem: Problem, dependence: Dependence, blocks: Blocks) -> Blocks:
    """Return the blocks whose scores are added up: groups, or runs far shorter than the memory."""
    if dependence.kind == "serial":
        length = max(dependence.lag // THRESHOLDS.blocks_a_lag, 1)
        n_blocks = min(problem.n_rows // length, THRESHOLDS.most_blocks)
        return consecutive_blocks(problem.n_rows, n_blocks)
    if blocks.kind == "groups":
        return blocks_of_groups(problem, THRESHOLDS.most_blocks)
    return Blocks(THRESHOLDS.most_blocks, "rows")


def _moving_sums(scores: Array, window: int) -> Array:
    """Return the sums of every ``window`` neighbours, those that overlap the ends included."""
    nothing = np.zeros((window, scores.shape[1]))
    total = np.cumsum(np.concatenate([nothing, scores, nothing]), axis=0)
    return np.asarray(total[window:] - total[:-window])


def standard_errors(
    fit: Fit, known: Information, white: Array, *, kind: str, freedom: float
) -> StandardErrors:
    """Return the standard errors of the network in the units of the data, neurons as in the fit.

    Where inputs do not span all dimensions, an entry of W that has a part across the span is not
    determined.

    Parameters
    ----------
    fit : Fit
        The fit.
    known : Information
        At the same fit.
    white : (p, p) array
        The :func:`covariance`.
    kind : str
        What it assumes of the noise.
    freedom : float
        Its degrees of freedom.
    """
    change = _to_user(fit, known)
    reported = change @ white @ change.T
    variance = np.maximum(reported.diagonal(), 0.0)
    if known.null.shape[1]:
        w = known.null.shape[0]
        follow = -known.follow.reshape(-1, w) @ known.null
        moved = change @ np.vstack([follow, known.null])
        size = np.linalg.norm(moved, axis=1)
        variance = np.where(size > THRESHOLDS.null * size.max(initial=0.0), np.inf, variance)
    span, k, m = fit.problem.input_span, fit.n_neurons, fit.problem.n_outputs
    across = 1.0 - np.sum(span**2, axis=1) > THRESHOLDS.null
    variance[m * k : m * k + k * len(span)].reshape(k, -1)[:, across] = np.inf
    return StandardErrors.of_variance(variance, reported, (k, len(span), m), kind, freedom)


def _to_user(fit: Fit, known: Information) -> Array:
    """Return the derivative (u, p) of the reported unknowns with respect to those of the engine.

    Reported are A row by row, W row by row, hidden biases, output biases, the slope.
    """
    problem, point = fit.problem, fit.point
    m, q, w = known.cross.shape
    k, r = point.W.shape
    p = m * q + w
    basis = np.eye(p)
    dA = basis[:, : m * q].reshape(p, m, q)
    dW = basis[:, m * q : m * q + k * r].reshape(p, k, r)
    d = len(problem.input_span)
    raw = problem.whitening.from_white(point.W)
    length = np.linalg.norm(raw[:, :d], axis=1)
    length = np.where(length > 0.0, length, 1.0)
    rows = raw / length[:, None]
    columns = problem.likelihood.colour @ point.columns * problem.output_scale * length
    dA = problem.output_scale * np.einsum("ij,pjb->pib", problem.likelihood.colour, dA)
    dW = (dW @ problem.whitening.transform.T) / length[:, None]
    along = np.einsum("pad,ad->pa", dW[:, :, :d], rows[:, :d])
    turned = dW - along[:, :, None] * rows
    parts = [
        dA[:, :, :k] * length + columns * along[:, None, :],
        turned[:, :, :d],
        turned[:, :, d] if problem.fit_hidden_bias else np.zeros((p, k)),
        dA[:, :, k] if problem.fit_intercept else np.zeros((p, m)),
        basis[:, m * q + k * r :] if known.fits_slope else np.zeros((p, 1)),
    ]
    return np.hstack([part.reshape(p, -1) for part in parts]).T
