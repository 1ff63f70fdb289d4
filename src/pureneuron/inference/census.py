"""The state of every unit: dead, always on, idle or the twin of another."""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat
import numpy as np

from pureneuron.moments import Problem
from pureneuron.refine.kernels import gram_sums, like
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["UnitCensus", "unit_census"]

# A unit whose whole contribution is this small against the outputs is rounding.
_IDLE = 1e-7
# Activations this well correlated belong to one direction.
_COINCIDENT = 1.0 - 1e-8


@dataclass(frozen=True)
class UnitCensus:
    """Which units a data set cannot determine.

    Attributes
    ----------
    active : (k,) array
        Share of rows (by weight) in which each unit is on.
    effect : (k,) array
        Root mean square of what each unit adds to the outputs, all outputs together.
    dead, always_on, idle : tuple of int
        Units never on; always on; on, but without effect on the outputs.
    coincident : tuple of (int, int)
        Pairs of units that respond alike.
    """

    active: Array
    effect: Array
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
    def healthy(self) -> bool:
        """Whether there is nothing to report."""
        return not (self.dead or self.always_on or self.idle or self.coincident)


def unit_census(problem: Problem, W: Array, A: Array, *, gram: Array | None = None) -> UnitCensus:
    """Look for units that are dead, always on, idle or coincident; one pass, or two.

    Parameters
    ----------
    problem : Problem
        The data.
    W, A : (k, r) and (m, k) arrays
        The network in the coordinates of the problem.
    gram : (k, k) array, optional
        ``HᵀH`` per row, where it is known.
    """
    k = len(W)
    if gram is None:
        gram = problem.samples.reduce(gram_sums, W, problem.negative_slope)["HH"] / problem.total
    gram = gram[:k, :k]
    sums = problem.samples.reduce(_census_sums, W)
    power = np.diag(gram)
    effect = np.linalg.norm(A[:, :k], axis=0) * np.sqrt(power)
    # Outputs have unit power each, so their joint root mean square is √m.
    idle = effect <= _IDLE * np.sqrt(problem.n_outputs)
    dead = sums["on"] == 0.0
    scale = np.sqrt(np.where(power > 0.0, power, 1.0))
    correlation = gram / np.outer(scale, scale)
    pairs = zip(*np.nonzero(np.triu(correlation > _COINCIDENT, 1)), strict=True)
    return UnitCensus(
        active=sums["on"] / problem.total,
        effect=effect,
        dead=_indices(dead),
        always_on=_indices(sums["off"] == 0.0),
        idle=_indices(idle & ~dead),
        coincident=tuple((int(i), int(j)) for i, j in pairs),
    )


def _census_sums(batch: Batch, W: AnyArray) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    on = xp.astype(batch.X @ like(batch, W).T > 0.0, batch.X.dtype)
    weight = xp.ones_like(batch.X[:, :1])
    if "root" in batch.extra:
        weight = batch.extra["root"] * batch.extra["root"]
    return {
        "on": Sum((weight.T @ on)[0]),
        "off": Sum((weight.T @ (1.0 - on))[0]),
    }


def _indices(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(mask))
