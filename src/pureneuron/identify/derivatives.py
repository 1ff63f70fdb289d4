"""Derivatives across a line, by steps from points whose pieces are known.

A step that crosses a hyperplane betrays itself, and is made again, shorter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.identify.gaps import Values
from pureneuron.identify.region import Region
from pureneuron.identify.stations import Stations
from pureneuron.typing import Array, BoolArray

__all__ = ["Bases", "Steps"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    margin : float
        Share of the way to a hyperplane that must be left after a step (make bench-identify).
    shorter : float
        Factor of a step that was too long (make bench-identify).
    most_tries : int
        Times that a step is made shorter.
    """

    margin: float = 0.02
    shorter: float = 0.2
    most_tries: int = 8


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Bases:
    """Points that steps start from.

    Attributes
    ----------
    stations : Stations
        What derivatives there say of the neurons.
    points, Y, exact : arrays of shapes (p, d), (p, m), (p,)
        The points, the values there, and how exact these are.
    distance : (p, K) array
        w_i · z + b_i, where w_i · u = 1 for the direction u of the line.
    length : (p,) array
        Of the steps, at first.
    asked : (p,) array of bool
        Where derivatives are not known to be zero.
    """

    stations: Stations
    points: Array
    Y: Array
    exact: Array
    distance: Array
    length: Array
    asked: BoolArray


@dataclass(frozen=True)
class Steps:
    """How steps are made.

    Attributes
    ----------
    values : callable
        Maps points (n, d) to values (n, m) and how exact they are, (n,).
    blur : float
        How exact the function is known, apart from rounding.
    region : Region, optional
        Where questions may be.
    """

    values: Values
    blur: float
    region: Region | None

    def derivatives(self, bases: Bases, Q: Array) -> tuple[Array, Array, Array]:
        """Ask for the derivatives in the directions Q (d, q).

        Returns
        -------
        across : (K, q) array
            w_i · q.
        D : (p, m, q) array
            The derivatives.
        inexact : (p,) array
            How far off they are for values as exact as said, all directions together.
        """
        steps = np.repeat(bases.length[:, None], Q.shape[1], axis=1)
        steps = self._within(bases.points, Q, steps)
        D = np.zeros((len(bases.points), bases.Y.shape[1], Q.shape[1]))
        wanted = np.repeat(bases.asked[:, None], Q.shape[1], axis=1)
        for _ in range(THRESHOLDS.most_tries):
            self._ask(bases, Q, steps, wanted, D)
            across = bases.stations.solve(D)
            allowed = bases.exact[:, None] / np.abs(steps) + self.blur
            wanted = _crossing(bases.distance, across, steps)
            wanted |= bases.stations.inconsistent(D, across, allowed)
            wanted &= bases.asked[:, None]
            if not wanted.any():
                break
            steps = np.where(wanted, THRESHOLDS.shorter * steps, steps)
        return across, D, bases.exact * np.linalg.norm(1.0 / steps, axis=1)

    def _ask(self, bases: Bases, Q: Array, steps: Array, wanted: BoolArray, D: Array) -> None:
        """Ask for the derivatives that are wanted, and put them into D."""
        for g in np.flatnonzero(wanted.any(axis=1)):
            columns = np.flatnonzero(wanted[g])
            step = steps[g, columns]
            answers, _ = self.values(bases.points[g] + step[:, None] * Q[:, columns].T)
            D[g][:, columns] = ((answers - bases.Y[g]) / step[:, None]).T

    def _within(self, points: Array, Q: Array, steps: Array) -> Array:
        """Return the steps, turned round or made shorter where they would leave the bounds."""
        region = self.region
        if region is None or not region.is_bounded:
            return steps
        steps = steps.copy()
        for point, row in zip(points, steps, strict=True):
            while not (inside := region.contains(point + row[:, None] * Q.T)).all():
                back = region.contains(point - row[:, None] * Q.T)
                row[~inside] *= np.where(back, -1.0, 0.5)[~inside]
        return steps

    @property
    def bound(self) -> float:
        """Largest coordinate that a point may have, a little within the bounds."""
        bounded = self.region is not None and self.region.is_bounded
        return 0.99 if bounded else np.inf


def _crossing(distance: Array, across: Array, steps: Array) -> BoolArray:
    """Tell which steps may have crossed a hyperplane, (p, q).

    Such a step is wrong, and so are the neurons that it says something of. Either the neuron whose
    hyperplane it crossed is right, and says so. Or it is the one that is wrong: then it is just so
    wrong that its hyperplane goes through the end of the step.
    """
    crossing = np.zeros(steps.shape, dtype=np.bool_)
    for g, each in enumerate(distance):
        left = 1.0 + steps[g] * across / each[:, None]
        crossing[g] = (left < THRESHOLDS.margin).any(axis=0)
    return crossing
