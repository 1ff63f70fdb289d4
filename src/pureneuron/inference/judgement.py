"""From what the stages saw to a status: whether the estimate can be taken for the network."""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat
import numpy as np

from pureneuron.inference.lack_of_fit import LackOfFit
from pureneuron.moments import Problem, n_unknowns
from pureneuron.refine import Refinement
from pureneuron.refine.kernels import activations
from pureneuron.results import Status
from pureneuron.samples import Batch, Sum
from pureneuron.spectral import MomentEstimate
from pureneuron.typing import AnyArray, Array

__all__ = ["UnitCensus", "judge_moments", "judge_refinement", "unit_census"]

# Singular values of T on either side of the gap closer than this, or a null space of which the
# directions explain less than two thirds: the estimate is noise.
_LEAST_GAP = 1.1
_MOST_MISFIT = 1.0 / 3.0
# A unit whose whole contribution is this small against the outputs is rounding.
_IDLE = 1e-7
# Activations this well correlated belong to one direction.
_COINCIDENT = 1.0 - 1e-8
# Equations per unknown below which a fit with a residual cannot be told from an overfit.
_FEW = 2.0
# A residual of zero says more: any excess of equations would betray a wrong network.
_FEW_EXACT = 1.2


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


def unit_census(problem: Problem, W: Array, A: Array) -> UnitCensus:
    """Look for units that are dead, always on, idle or coincident; one pass.

    Parameters
    ----------
    problem : Problem
        The data.
    W, A : (k, r) and (m, k) arrays
        The network in the coordinates of the problem.
    """
    k = len(W)
    sums = problem.samples.reduce(_census_sums, W, problem.negative_slope)
    power = np.diag(sums["HH"]) / problem.total
    effect = np.linalg.norm(A[:, :k], axis=0) * np.sqrt(power)
    # Outputs have unit power each, so their joint root mean square is √m.
    idle = effect <= _IDLE * np.sqrt(problem.n_outputs)
    dead = sums["on"] == 0.0
    scale = np.sqrt(np.where(power > 0.0, power, 1.0) * problem.total)
    correlation = sums["HH"] / np.outer(scale, scale)
    pairs = zip(*np.nonzero(np.triu(correlation > _COINCIDENT, 1)), strict=True)
    return UnitCensus(
        active=sums["on"] / problem.total,
        effect=effect,
        dead=_indices(dead),
        always_on=_indices(sums["off"] == 0.0),
        idle=_indices(idle & ~dead),
        coincident=tuple((int(i), int(j)) for i, j in pairs),
    )


def judge_moments(estimate: MomentEstimate) -> tuple[Status, str]:
    """Judge an estimate that is not refined."""
    figures = f"gap of T {estimate.gap:.3g}, misfit of the directions {estimate.misfit:.2g}"
    if estimate.gap < _LEAST_GAP or estimate.misfit > _MOST_MISFIT:
        return Status.RANK_DEFICIENT, f"the detector does not single out k directions ({figures})"
    return Status.RECOVERED, f"the detector singles out k directions ({figures})"


def judge_refinement(
    problem: Problem, refinement: Refinement, census: UnitCensus, fit: LackOfFit | None
) -> tuple[Status, str]:
    """Judge the best of all descents; ``fit`` is None where the residual is rounding."""
    best, k = refinement.best, len(refinement.best.point.W)
    ratio = problem.n_equations / n_unknowns(problem, k)
    if refinement.interrupted:
        return Status.NOT_CONVERGED, f"interrupted after {len(refinement.losses)} starts"
    if not census.healthy:
        return Status.DEGENERATE, str(census)
    if ratio < (_FEW_EXACT if best.exact else _FEW):
        return Status.TOO_FEW_SAMPLES, f"only {ratio:.2g} measured outputs for each unknown"
    if not best.converged:
        return Status.NOT_CONVERGED, f"still improving after {best.n_iter} iterations"
    if not refinement.agreement:
        return Status.STARTS_DISAGREE, (
            f"{len(refinement.losses)} starts, and the best minimum was reached once"
        )
    if fit is not None and fit.misfit:
        return Status.MISFIT, (
            f"the residual still depends on the inputs ({fit.statistic:.3g} standard errors)"
        )
    return Status.RECOVERED, refinement.agreement


def _census_sums(batch: Batch, W: AnyArray, slope: float) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    on = xp.astype(batch.X @ W.T > 0.0, batch.X.dtype)
    weight = 1.0
    if "root" in batch.extra:
        weight = batch.extra["root"] * batch.extra["root"]
    _, H = activations(Batch(batch.X, batch.Y, offset=batch.offset), W, slope)
    return {
        "on": Sum(xp.sum(on * weight, axis=0)),
        "off": Sum(xp.sum((1.0 - on) * weight, axis=0)),
        "HH": Sum(H.T @ H),
    }


def _indices(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(mask))
