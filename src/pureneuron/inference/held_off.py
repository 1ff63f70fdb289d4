"""Units that inputs hold off, nobody knows how strongly.

An input that turns a unit off whenever it acts (a laser, one category of many, a strong inhibition)
has a weight of which the rows say only that it is large enough. Where the fit ends is chance: in a
few of these rows the unit may be just on, and fit their noise. Their derivatives hold the weight in
place, as if it were known; but the kink is so close to those rows that it may lie beyond them, and
then no row bounds the weight. So rows whose pre-activation is not clearly positive are left out,
and where the others leave a direction open, a network far along it is compared with the fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import array_api_compat
import numpy as np

from pureneuron.inference.covariance import Root
from pureneuron.inference.information import telling_rows
from pureneuron.inference.order import gain_by_chance
from pureneuron.linalg import across
from pureneuron.optimize import Fit, Limits, minimize, profile
from pureneuron.optimize.damping import THRESHOLDS as DAMPING
from pureneuron.optimize.least_squares.kernels import like
from pureneuron.problem import Problem
from pureneuron.problem.rows import weight_sums
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array, IndexArray

__all__ = ["HeldOff", "Thresholds", "held_off"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    clearly_on : float
        Standard errors by which a pre-activation is positive in rows that count (calibration).
    open, alone, most : float, float and int
        Standard error of a white row, of length 1, along a direction that may be open; how much
        less is known of it than of others, as a share; and how many of these are tried for each
        unit (calibration).
    far, another, errors : float
        How far along it the other network is, in lengths of the row; and the sine between the two
        rows, and how many standard errors, up to which it is the same (calibration).
    unknown : float
        Standard error of a white row from which on a direction does not count for what is clearly
        on (calibration).
    worth, steps : float and int
        How many times what a neuron more gains by chance it may be worse at first, and how many
        steps it has to become as good (calibration).
    takes_part : float
        Effect of an input, relative to the largest, from which on it is named (wording).
    """

    clearly_on: float = 3.0
    open: float = 0.02
    alone: float = 0.05
    most: int = 3
    far: float = 10.0
    another: float = 0.1
    errors: float = 5.0
    unknown: float = 0.25
    worth: float = 30.0
    steps: int = 10
    takes_part: float = 0.3


THRESHOLDS = Thresholds()
_FEW_STEPS = Limits(max_iter=THRESHOLDS.steps)


@dataclass(frozen=True, eq=False)
class HeldOff:
    """Directions along which units may go as far as they like.

    Attributes
    ----------
    units : (z,) array
        Whose direction it is.
    directions : (z, r) array
        Of unit length, white; along them the unit is held off more strongly.
    """

    units: IndexArray
    directions: Array

    @classmethod
    def none(cls, fit: Fit) -> Self:
        """Return that of a fit without such a unit."""
        return cls(np.zeros(0, dtype=np.intp), fit.point.W[:0])

    def changes(self, fit: Fit) -> Array:
        """Return the directions as changes of W, (z, k, r)."""
        changes = np.zeros((len(self.units), *fit.point.W.shape))
        changes[np.arange(len(self.units)), self.units] = self.directions
        return changes

    def inputs(self, problem: Problem) -> list[str]:
        """Return the names of the inputs that take part where the first of the units is held off.

        Some of them may have to be absent for that, where there are biases.
        """
        d = len(problem.input_span)
        along = problem.whitening.from_white(self.directions[:1])[0, :d]
        columns = np.eye(len(problem.whitening.transform))
        size = np.linalg.norm(problem.whitening.to_white(columns), axis=1)
        effect = np.abs(along) * size[:d]
        names = problem.source.input_names
        return [names[i] for i in np.flatnonzero(effect >= THRESHOLDS.takes_part * effect.max())]


def held_off(fit: Fit, root: Root) -> HeldOff:
    """Find the directions along which the rows only say that a unit is off.

    That takes a pass over some rows, and one for each direction that seems to be open.

    Parameters
    ----------
    fit : Fit
        The fit, with noise. Where rows are kept, these tell what fits as well.
    root : Root
        Root of the covariance of its unknowns.
    """
    problem, (k, r) = fit.problem, fit.point.W.shape
    turns = np.array([_turn(root.W[:, unit]) for unit in range(k)])
    slope = problem.activation.negative_slope
    # Beside a linear part a unit is the same either way round: on for good is as good as off.
    ways = (1.0, -1.0) if problem.fit_linear else (1.0,)
    calls: list[tuple[Any, ...]] = [(_clearly_on, way * fit.point.W, turns, slope) for way in ways]
    *sums, counted = telling_rows(problem, k).reduce_together([*calls, (weight_sums,)])
    known = np.sum(fit.point.columns**2, axis=0) * problem.n_effective / fit.noise_variance
    others = _Others.of(fit)
    units, directions = [], []
    for each in sums:
        moments = each["moments"] / float(counted["total"])
        for unit in range(k):
            values, vectors = np.linalg.eigh(known[unit] * moments[unit])
            most = min(THRESHOLDS.open**-2.0, THRESHOLDS.alone * float(np.median(values)))
            for direction in vectors[:, values < most][:, : THRESHOLDS.most].T:
                for way in (direction, -direction):
                    if others.is_as_good(unit, way, turns[unit]):
                        units.append(unit)
                        directions.append(way)
    return HeldOff(np.array(units, dtype=np.intp), np.array(directions).reshape(-1, r))


def _turn(root: Array) -> Array:
    """Return the covariance (r, r) of a white row from its root, but for what is quite unknown."""
    values, vectors = np.linalg.eigh(root.T @ root)
    known = values < THRESHOLDS.unknown**2
    return np.asarray((vectors[:, known] * values[known]) @ vectors[:, known].T)


@dataclass(frozen=True, eq=False)
class _Others:
    """Networks that are far from a fit, compared with it.

    Attributes
    ----------
    fit : Fit
        The fit.
    rows : Problem
        Rows that tell: those that are kept, or all.
    least, by_chance : float
        The loss of the fit on these, and what a neuron more may take off by chance.
    """

    fit: Fit
    rows: Problem
    least: float
    by_chance: float

    @classmethod
    def of(cls, fit: Fit) -> Self:
        """Return those of a fit; where rows are kept it goes a few steps on these, as they do."""
        problem, W, A = fit.problem, fit.point.W, fit.point.A
        rows, least = problem, fit.loss
        if problem.kept is not None:
            rows = problem.on(problem.kept.samples)
            least = minimize(rows, W, A, limits=_FEW_STEPS, damping=DAMPING.trusted).loss
        return cls(fit, rows, least, gain_by_chance(fit) * fit.noise_variance / rows.n_equations)

    def is_as_good(self, unit: int, direction: Array, turn: Array) -> bool:
        """Tell whether a unit that is turned far along a direction fits the rows as well.

        ``turn`` (r, r) is the covariance of its row.
        """
        W, w = self.fit.point.W.copy(), self.fit.point.W[unit]
        W[unit] += THRESHOLDS.far * direction
        # A weight may take along the noise of those rows that is largest, as a neuron more does.
        most = self.least + self.by_chance
        there = profile(self.rows, W)
        if most < there.loss < most + THRESHOLDS.worth * self.by_chance:
            # The direction may have a part along others, where ten lengths are too far.
            limits, damping = _FEW_STEPS, DAMPING.trusted
            there = minimize(self.rows, W, limits=limits, damping=damping).point
        # A row that is stretched is the same neuron, in whatever place, and so is one near by.
        near = THRESHOLDS.errors * np.sqrt(max(np.linalg.eigvalsh(turn)[-1], 0.0))
        sines = np.linalg.norm(there.W - np.outer(there.W @ w, w), axis=1)
        return bool(sines.min() > max(THRESHOLDS.another, near)) and there.loss < most


def _clearly_on(batch: Batch, W: AnyArray, turns: AnyArray, slope: float) -> dict[str, Sum]:
    """Add up the second moments of the rows in which each unit is clearly on, (k, r, r)."""
    xp = array_api_compat.array_namespace(batch.X)
    X, W, turns = across(batch.X), like(batch, W), like(batch, turns)
    moments = []
    for unit in range(W.shape[0]):
        w, turn = W[unit, :], turns[unit, :, :]
        squares = xp.sum(X * (turn @ X), axis=0)
        error = xp.sqrt(xp.where(squares > 0.0, squares, xp.zeros_like(squares)))
        on = xp.astype(w @ X > THRESHOLDS.clearly_on * error, X.dtype)
        moments.append((X * (on + slope**2 * (1.0 - on))) @ X.T)
    return {"moments": Sum(xp.stack(moments))}
