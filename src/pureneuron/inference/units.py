"""Unit diagnostics: which units are dead, always on, idle or coincide with another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from pureneuron.optimize.least_squares.kernels import gram_sums, like
from pureneuron.problem import Problem
from pureneuron.samples import Batch, Merged, Sum
from pureneuron.typing import AnyArray, Array, IndexArray

__all__ = ["Thresholds", "UnitDiagnostics", "unit_diagnostics", "weights_switched"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    idle : float
        A unit whose whole contribution is this small against the outputs is rounding (rounding).
    coincident : float
        Activations this well correlated belong to one direction (rounding).
    """

    idle: float = 1e-7
    coincident: float = 1.0 - 1e-8


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class UnitDiagnostics:
    """Which units a data set cannot determine.

    Attributes
    ----------
    active : (k,) array
        Share of rows (by weight) in which each unit is on.
    effect : (k,) array
        Root mean square of what each unit adds to the outputs, all outputs together.
    bend : (k,) array
        The same of how far that is from a linear function, the one with which it goes on where the
        unit is off.
    dead, always_on, idle : tuple of int
        Units never on; always on; on, but without effect on the outputs.
    coincident : tuple of (int, int)
        Pairs of units that respond alike.
    """

    active: Array
    effect: Array
    bend: Array
    dead: tuple[int, ...]
    always_on: tuple[int, ...]
    idle: tuple[int, ...]
    coincident: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        parts = [
            f"{name}: {', '.join(str(unit) for unit in units)}"
            for name, units in (
                ("dead", self.dead),
                ("always on", self.always_on),
                ("idle", self.idle),
                ("coincident", self.coincident),
            )
            if units
        ]
        return f"units {'; '.join(parts)}" if parts else "every unit switches and matters"

    @property
    def order(self) -> IndexArray:
        """The units by effect, the largest first; it hangs neither on rounding nor on the start."""
        return np.argsort(-self.effect, kind="stable")

    @property
    def healthy(self) -> bool:
        """Whether there is nothing to report."""
        return not (self.dead or self.always_on or self.idle or self.coincident)


def unit_diagnostics(
    problem: Problem,
    W: Array,
    A: Array,
    *,
    gram: Array | None = None,
    switched: tuple[Array, Array] | None = None,
) -> UnitDiagnostics:
    """Look for units that are dead, always on, idle or coincident, in one pass or none.

    Parameters
    ----------
    problem : Problem
        The data.
    W, A : (k, r) and (m, k) arrays
        The network in the coordinates of the problem.
    gram : (k, k) array, optional
        ``HᵀH`` per row, where it is known.
    switched : two (k,) arrays, optional
        Weight of the rows in which each unit is on, and off, where it is known.
    """
    k = len(W)
    calls: list[tuple[Any, ...]] = []
    if switched is None:
        calls.append((switch_sums, W))
    if gram is None:
        calls.append((gram_sums, W, problem.activation))
    sums: Merged = {}
    for part in problem.samples.reduce_together(calls) if calls else []:
        sums |= part
    on, off = switched or (sums["on"], sums["off"])
    gram = (sums["HH"] / problem.total if gram is None else gram)[:k, :k]
    power = np.diag(gram)
    size = np.linalg.norm(A[:, :k], axis=0)
    effect = size * np.sqrt(power)
    # Outputs have unit power each, so their joint root mean square is √m.
    idle = effect <= THRESHOLDS.idle * np.sqrt(problem.n_outputs)
    dead = on == 0.0
    scale = np.sqrt(np.where(power > 0.0, power, 1.0))
    correlation = gram / np.outer(scale, scale)
    pairs = zip(*np.nonzero(np.triu(correlation > THRESHOLDS.coincident, 1)), strict=True)
    return UnitDiagnostics(
        active=on / problem.total,
        effect=effect,
        bend=size * np.sqrt(_beyond(problem, W, power)),
        dead=_indices(dead),
        always_on=_indices(off == 0.0),
        idle=_indices(idle & ~dead),
        coincident=tuple((int(i), int(j)) for i, j in pairs),
    )


def _beyond(problem: Problem, W: Array, power: Array) -> Array:
    """Return the mean squares of ``(1 − ν) σ(−w·x)``, (k,), for those of ``σ_ν(w·x)``.

    The squares of both add up to ``(w·x)²``, whose mean is that of the length of a white row.
    """
    slope = problem.activation.negative_slope
    off = np.maximum(np.sum(W**2, axis=1) - power, 0.0)
    return np.asarray(off * (1.0 - slope) / (1.0 + slope))


def switch_sums(batch: Batch, W: AnyArray) -> dict[str, Sum]:
    """Weight of the rows in which each unit is on, and off."""
    on, off = weights_switched(batch, like(batch, W) @ batch.X.T > 0.0)
    return {"on": Sum(on), "off": Sum(off)}


def weights_switched(batch: Batch, on: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the weight of the rows in which each unit is on, (k,), and off, for ``on`` (k, n)."""
    xp = array_api_compat.array_namespace(batch.X)
    on = xp.astype(on, batch.X.dtype)
    if "root" not in batch.extra:
        count = xp.sum(on, axis=1)
        return count, batch.X.shape[0] - count
    weight = batch.extra["root"] * batch.extra["root"]
    return (on @ weight)[:, 0], ((1.0 - on) @ weight)[:, 0]


def _indices(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(mask))
