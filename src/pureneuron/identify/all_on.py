"""A point at which all neurons of a line are on.

There a question shows something of each of them. On a line about half of them are on at either end,
so where outputs tell all neurons apart that takes half the questions for their rows. To find such a
point the rows need to be known in a few directions only: half-spaces at random have a point in
common, as often as not, if they are no more than twice as many as dimensions (Cover, *Geometrical
and statistical properties of systems of linear inequalities*, 1965).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from pureneuron.typing import Array, BoolArray

__all__ = ["where_all_are_on"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    room : float
        How far from all hyperplanes the point must be for steps that are long against rounding
        (make bench-identify).
    """

    room: float = 0.5


THRESHOLDS = Thresholds()


def where_all_are_on(
    rows: Array,
    places: Array,
    left: BoolArray,
    frame: Array,
    origin: Array,
    reach: float,
    bound: float,
) -> tuple[Array, float] | None:
    """Return a point far from all hyperplanes, on the side where the neurons are on.

    Parameters
    ----------
    rows : (K, r) array
        Rows of W in some directions, the first one being that of a line on which they are 1.
    places, left : (K,) arrays
        Kinks on that line, and whether neurons are on to the left of them.
    frame, origin : (d, r) and (d,) arrays
        The directions, orthonormal, and the point at which the line begins.
    reach, bound : float
        How far the point may be from there along each of them; and its largest coordinate.

    Returns
    -------
    point, room : (d,) array and float
        The point, and how long a step to the nearest hyperplane is in a direction of which nothing
        is known, about; up to 1. None if there is no such point.
    """
    side, sizes = np.where(left, -1.0, 1.0), np.sqrt(np.mean(rows**2, axis=1))
    # The largest room for which side · (rows · v − places) >= room · sizes.
    limits, least = np.column_stack([-side[:, None] * rows, sizes]), -side * places
    if np.isfinite(bound):
        inside = np.column_stack([np.vstack([frame, -frame]), np.zeros(2 * len(frame))])
        limits = np.vstack([limits, inside])
        least = np.concatenate([least, bound - origin, bound + origin])
    n = rows.shape[1]
    found = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=limits,
        b_ub=least,
        bounds=[(-reach, reach)] * n + [(0.0, 1.0)],
    )
    if found.x is None or found.x[-1] < THRESHOLDS.room:
        return None
    return origin + frame @ found.x[:-1], float(found.x[-1])
