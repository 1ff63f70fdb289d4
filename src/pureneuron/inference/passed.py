"""Rows that a kink passes between truth and estimate: by what they make W turn further.

There the outputs change by less than their derivative says: a row that is on at the estimate alone
adds ``a |z|`` to what the turn of w has to explain, with z its pre-activation at the truth. So to
second order a row of W turns further than to first order, by the share that such rows have in all
that determine it. Half of those that are passed are on at the estimate; for Gaussian inputs and a
turn of δ the share is ``δ / π``.
"""

from __future__ import annotations

import array_api_compat
import numpy as np

from pureneuron.inference.units import weights_switched
from pureneuron.linalg import across
from pureneuron.optimize import Fit
from pureneuron.optimize.least_squares.kernels import like
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["share_passed"]

_TRIANGLE = 4.0 / float(np.sqrt(2.0 * np.pi))
"""Half the base of a triangle that has the height and the area of ``Φ(−|t|)``."""


def share_passed(fit: Fit, spread: Array) -> Array:
    """Return by what share each row of W turns further than to first order, (k,), in one pass.

    Parameters
    ----------
    fit : Fit
        The fit. Where rows are kept, these tell.
    spread : (k,) array
        Standard errors of the pre-activations, root mean square over the inputs: of white rows of
        W, the root of the sum of squares.
    """
    problem = fit.problem
    rows = problem if problem.kept is None else problem.on(problem.kept.samples)
    sums = rows.samples.reduce(_passed_sums, fit.point.W, spread)
    slope = problem.activation.negative_slope
    determined = sums["on"] + slope**2 * sums["off"]
    passed = 0.5 * (1.0 - slope) ** 2 * sums["passed"]
    return np.asarray(passed / np.maximum(determined, np.finfo(np.float64).tiny))


def _passed_sums(batch: Batch, W: AnyArray, spread: AnyArray) -> dict[str, Sum]:
    """Add up the chances that a kink has passed a row, and the rows in which units are on and off.

    The chance is ``Φ(−|z| / s)``; a triangle of its height and area serves as well.
    """
    xp = array_api_compat.array_namespace(batch.X)
    Z = like(batch, W) @ across(batch.X)
    on, off = weights_switched(batch, Z > 0.0)
    reach = _TRIANGLE * like(batch, spread)[:, None] * xp.ones_like(Z[:1, :])
    weight = xp.ones_like(Z[:1, :])
    if "root" in batch.extra:
        root = batch.extra["root"].T
        reach, weight = reach * root, root * root
    near = xp.abs(Z) < reach
    share = 1.0 - xp.abs(Z) / xp.where(near, reach, xp.ones_like(reach))
    chances = 0.5 * xp.where(near, share, xp.zeros_like(share))
    return {"passed": Sum(xp.sum(chances * weight, axis=1)), "on": Sum(on), "off": Sum(off)}
