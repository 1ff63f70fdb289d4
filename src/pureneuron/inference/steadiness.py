"""Whether the network stays the same in the course of the rows: its gains, weights and offsets.

If it does, the scores of a weight add up to chance over any stretch of the rows; the fit makes them
add up to nothing over all rows together only. So their sums over blocks are compared with slow
waves along the rows: a gain that drifts, a step, a unit that is there half of the time go with
them (J. Nyblom, Journal of the American Statistical Association 84, 1989, with cosines in the place
of cumulative sums). That the weights were fitted to the same rows makes the sums of scores vary
less, never more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pureneuron.inference.contributions import Contributions
from pureneuron.inference.scores import LEVELS, largest_score
from pureneuron.typing import Array, BoolArray

__all__ = ["SteadinessTest", "Thresholds", "steadiness_test"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    waves : int
        Cosines along the rows, from half a period on (calibration).
    """

    waves: int = 3


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class SteadinessTest:
    """Outcome of :func:`steadiness_test`.

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


def steadiness_test(contributions: Contributions) -> SteadinessTest:
    """Test whether the network stays the same in the course of the rows.

    Parameters
    ----------
    contributions : Contributions
        Of the fit; its blocks in the order of the rows, or of the numbers of groups.
    """
    fit, whiten = contributions.fit, contributions.whiten
    point, of_A, of_W = fit.point, contributions.of_A, contributions.of_W
    b, (k, r) = len(of_A), point.W.shape
    white, columns = whiten @ of_A, whiten @ point.columns
    gains = np.einsum("oi,boi->bi", columns, white[:, :, :k])
    sums = np.hstack([gains, gains.sum(axis=1, keepdims=True), of_W.reshape(b, -1)])
    sums = np.hstack([sums, white[:, :, k:].reshape(b, -1)])
    waves = _waves(contributions.filled)
    values, squares = waves @ sums, waves**2 @ sums**2
    p_value = largest_score(values, squares)[1]
    # Where all change beyond doubt, what the rows say of each tells which does by itself.
    of_gains = columns.T @ columns * point.gram[:k, :k]
    power = np.einsum("oi,op,pi->i", point.columns, contributions.residual_moments, point.columns)
    on, off = contributions.switched
    known = np.concatenate(
        [
            of_gains.diagonal(),
            [of_gains.sum()],
            np.repeat(power * on / np.maximum(on + off, 1.0), r),
            np.tile(point.gram.diagonal()[k:], len(white[0])),
        ]
    )
    changes = np.max(values**2, axis=0) / np.where(known > 0.0, known, np.inf)
    most = int(np.argmax(changes))
    if most < k:
        return SteadinessTest(p_value, "gain", most)
    if most == k:
        return SteadinessTest(p_value, "gains")
    if most <= k + k * r:
        return SteadinessTest(p_value, "weights", (most - k - 1) // r)
    return SteadinessTest(p_value, "rest")


def _waves(filled: BoolArray) -> Array:
    """Return cosines along the blocks that have rows, (J, b)."""
    place = np.cumsum(filled) - 0.5
    waves = np.arange(1, THRESHOLDS.waves + 1)[:, None]
    return np.asarray(filled * np.cos(np.pi * waves * place / max(filled.sum(), 1)))
