"""A piece by one question: where the pieces on either side of it are known.

Two kinks bend the slopes of the pieces on either side into each other, ``Δs = a_1 + a_2``. An
answer y at q, on the piece between, leaves the one piece by ``a_1 (q − t_1)`` and the other one by
``a_2 (t_2 − q)``. So Δs is a combination of the two, with shares that tell how far q is from either
kink. With outputs to spare there is one only if there are no other kinks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pureneuron.identify.piece import Piece
from pureneuron.typing import Array

__all__ = ["bridge", "dimension"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    apart : float
        Sine of the angle between two bends, at least, for shares of them that are exact.
    independent : float
        Singular value of bends of unit length, relative to the largest, from which on outputs are
        one more dimension (make bench-identify).
    """

    apart: float = 0.1
    independent: float = 0.03


THRESHOLDS = Thresholds()


def dimension(pieces: Sequence[Piece]) -> int:
    """Return of how many dimensions the bends between these pieces are."""
    bends = np.diff([piece.slope for piece in pieces], axis=0)
    unit = bends / np.maximum(np.linalg.norm(bends, axis=1), 1e-300)[:, None]
    s = np.linalg.svd(unit, compute_uv=False)
    return int(np.sum(s > THRESHOLDS.independent * s.max(initial=0.0)))


def bridge(
    left: Piece, right: Piece, t: float, y: Array, exact: float
) -> tuple[float, Array, float] | None:
    """Return a second place on the only piece between two, through the value y (m,) at t.

    With the value there, (m,), and how exact it is. None if there are more pieces, or bends are too
    much alike to tell.
    """
    off = np.array([left.error(t), right.error(t)]) + exact
    beside = np.column_stack([y - left.at(t), y - right.at(t)])
    size = np.linalg.norm(beside, axis=0)
    unit = beside / size
    apart = float(np.sqrt(max(0.0, 1.0 - float(unit[:, 0] @ unit[:, 1]) ** 2)))
    if apart < THRESHOLDS.apart:
        return None
    bend = right.slope - left.slope
    shares = np.linalg.lstsq(unit, bend, rcond=None)[0] / size
    error = left.slope_error + right.slope_error + float(np.abs(shares) @ off)
    if (shares <= 0.0).any() or np.abs(bend - beside @ shares).max() > error:
        return None
    before, behind = t - 1.0 / shares[0], t + 1.0 / shares[1]
    if before < left.last or behind > right.first:
        return None
    slope = left.slope + shares[0] * beside[:, 0]
    inexact = left.slope_error + shares[0] * off[0] + error / apart
    # Halfway to the kink that is farther off.
    end = float(0.5 * (t + (behind if behind - t > t - before else before)))
    return end, y + (end - t) * slope, float(exact + inexact * abs(end - t))
