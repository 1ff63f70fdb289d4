"""Whether the residual still knows the inputs: a fit that is missing neurons leaves a trace."""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat
import numpy as np
from scipy import stats

from pureneuron.moments import Problem
from pureneuron.network import unit_rows
from pureneuron.refine.kernels import activations
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["LackOfFit", "lack_of_fit"]

_N_PROBES = 64
_PLAIN = 1e-6


@dataclass(frozen=True)
class LackOfFit:
    """Outcome of :func:`lack_of_fit`.

    Attributes
    ----------
    statistic : float
        Largest standardised covariance between an output's residual and a probe.
    p_value : float
        Bound on the chance of one as large if the residual is noise independent of the inputs.
    """

    statistic: float
    p_value: float

    @property
    def misfit(self) -> bool:
        """Whether chance is out of the question."""
        return self.p_value < _PLAIN


def lack_of_fit(problem: Problem, W: Array, A: Array, *, rng: np.random.Generator) -> LackOfFit:
    """Test the residual of a fit against rectified random directions, in one pass.

    If the model holds, the residual is noise and has no covariance with any function of the inputs.
    Each covariance is divided by its own root sum of squares, which stays honest for noise of any
    size and shape. Fitting only makes the covariances smaller, so that the p-value (Bonferroni over
    probes and outputs) is a bound.

    Parameters
    ----------
    problem : Problem
        The data.
    W, A : (k, r) and (m, k) arrays
        The fit in the coordinates of the problem.
    rng : numpy.random.Generator
        Draws the probes.
    """
    probes = unit_rows(rng.standard_normal((_N_PROBES, problem.n_inputs)))
    sums = problem.samples.reduce(_probe_sums, W, A, probes, problem.negative_slope)
    spread = np.sqrt(sums["squares"])
    scores = np.abs(sums["values"]) / np.where(spread > 0.0, spread, 1.0)
    statistic = float(scores.max())
    p_value = 2.0 * float(stats.norm.sf(statistic)) * scores.size
    return LackOfFit(statistic=statistic, p_value=min(p_value, 1.0))


def _probe_sums(
    batch: Batch, W: AnyArray, A: AnyArray, probes: AnyArray, slope: float
) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    _, H = activations(batch, W, slope)
    E = batch.Y - H @ A.T
    Z = batch.X @ probes.T
    phi = xp.where(Z > 0.0, Z, 0.0 * Z)
    values = phi.T @ E
    if "root" in batch.extra:
        # Rows carry √w: as for w equal rows, the square of a product counts w times, not w².
        root = batch.extra["root"]
        E = E / xp.where(root > 0.0, root, 1.0 + 0.0 * root)
    return {"values": Sum(values), "squares": Sum((phi * phi).T @ (E * E))}
