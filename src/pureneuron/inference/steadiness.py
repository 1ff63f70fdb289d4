"""Whether the network stays the same in the course of the rows: its gains, weights and offsets.

If it does, the scores of a weight add up to chance over any stretch of the rows; the fit makes them
add up to nothing over all rows together only. So their sums over blocks are compared with slow
waves along the rows: a gain that drifts, a step, a unit that is there half of the time go with
them (J. Nyblom, Journal of the American Statistical Association 84, 1989, with cosines in the place
of cumulative sums). How much chance makes the sums vary is taken from the differences between
neighbours (J. von Neumann, Annals of Mathematical Statistics 12, 1941), which a slow change leaves
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from pureneuron.inference.contributions import Contributions
from pureneuron.inference.scores import LEVELS
from pureneuron.typing import Array

__all__ = ["SteadinessTest", "Thresholds", "steadiness_test"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    waves : int
        Cosines along the rows, from half a period on (calibration).
    fewest : int
        Blocks with rows that there must be (calibration).
    """

    waves: int = 3
    fewest: int = 8


THRESHOLDS = Thresholds()

_EXPECTED = 0.873
"""What :func:`_variances` would be without it, on average, for normal sums of variance 1."""


@dataclass(frozen=True)
class SteadinessTest:
    """Outcome of the test: whether the network changes, and what of it most.

    Attributes
    ----------
    p_value : float
        Bound on the chance of as much change if the network stays the same.
    what : {"gain", "gains", "weights", "rest"}
        What changes most: how strong a unit is, or all together; where it looks; or what stands
        beside the units.
    unit : int
        Which unit, in the order of the fit; −1 where it is none of them.
    """

    p_value: float
    what: Literal["gain", "gains", "weights", "rest"]
    unit: int = -1

    @property
    def is_rejected(self) -> bool:
        """Whether the network changes."""
        return self.p_value < LEVELS.steady


def steadiness_test(contributions: Contributions) -> SteadinessTest | None:
    """Test whether the network stays the same in the course of the rows.

    Parameters
    ----------
    contributions : Contributions
        Of the fit.

    Returns
    -------
    SteadinessTest or None
        None where blocks have no order, or there are too few.
    """
    filled, (k, r) = contributions.filled, contributions.fit.point.W.shape
    if not contributions.blocks.has_order or filled.sum() < THRESHOLDS.fewest:
        return None
    sums, known = _scores(contributions)
    sums, known = sums[filled], known[filled]
    waves = _waves(len(sums))
    total = known.sum(axis=0)
    # The fit has moved each weight so that its scores add up to nothing, by the same step in all
    # blocks: what is left of a wave is its distance from its mean, as the rows know the weight.
    middle = (waves @ known) / np.where(total > 0.0, total, 1.0)
    waves = waves[:, :, None] - middle[:, None, :]
    values, variances = np.sum(waves * sums, axis=1), _variances(sums)
    squares = np.sum(waves**2 * variances, axis=1)
    fourth = np.sum(waves**4 * variances**2, axis=1)
    scores = np.abs(values) / np.sqrt(np.where(squares > 0.0, squares, np.inf))
    # Satterthwaite's: few, where few blocks are louder than the rest.
    freedom = np.where(squares > 0.0, squares, 1.0) ** 2 / np.where(fourth > 0.0, fourth, 1.0)
    chances = 2.0 * stats.t.sf(scores, freedom)
    p_value = min(float(chances.min(initial=1.0)) * chances.size, 1.0)
    # Where all change beyond doubt, what the rows know of each tells which does by itself.
    changes = np.max(values**2, axis=0) / np.where(total > 0.0, total, np.inf)
    most = int(np.argmax(changes))
    if most < k:
        return SteadinessTest(p_value, "gain", most)
    if most == k:
        return SteadinessTest(p_value, "gains")
    if most <= k + k * r:
        return SteadinessTest(p_value, "weights", (most - k - 1) // r)
    return SteadinessTest(p_value, "rest")


def _scores(contributions: Contributions) -> tuple[Array, Array]:
    """Return the scores of gains, W and what stands beside the units over blocks, (b, p).

    And what is known of each there, (b, p): the variance of its score, if noise is alike in all
    rows.
    """
    point, whiten = contributions.fit.point, contributions.whiten
    of_A, of_W = contributions.of_A, contributions.of_W
    b, k = len(of_A), len(point.W)
    white, columns = whiten @ of_A, whiten @ point.columns
    gains = np.einsum("oi,boi->bi", columns, white[:, :, :k])
    coupled = columns.T @ columns * contributions.grams
    power = np.einsum("oi,op,pi->i", point.columns, contributions.residual_moments, point.columns)
    sums = [gains, gains.sum(axis=1, keepdims=True), of_W.reshape(b, -1)]
    known = [
        np.diagonal(coupled, axis1=1, axis2=2),
        coupled.sum(axis=(1, 2))[:, None],
        (power[:, None] * contributions.seen).reshape(b, -1),
    ]
    sums.append(white[:, :, k:].reshape(b, -1))
    known.append(np.tile(contributions.beside, len(whiten)))
    return np.hstack(sums), np.hstack(known)


def _waves(n_blocks: int) -> Array:
    """Return cosines along the blocks, (J, b)."""
    place = (np.arange(n_blocks) + 0.5) / n_blocks
    return np.cos(np.pi * np.arange(1, THRESHOLDS.waves + 1)[:, None] * place)


def _variances(sums: Array) -> Array:
    """Return the variances of sums (b, p) as the differences between neighbours show them.

    The median of the four about a block leaves out the step that a change makes; where a block
    differs from both neighbours, it is louder.
    """
    halves = 0.5 * np.diff(sums, axis=0) ** 2
    around = np.pad(halves, ((2, 2), (0, 0)), mode="reflect")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(around, 4, axis=0), axis=-1)
    ends = np.concatenate([halves[:1], halves, halves[-1:]])
    return np.asarray(np.maximum(usual, np.minimum(ends[:-1], ends[1:])) / _EXPECTED)
