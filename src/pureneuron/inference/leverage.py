"""How much a row decides about the units that it tells of, and what its residual is short by.

Where few rows tell of a unit, the fit follows their noise: residuals are smaller than it, and a
sandwich that is made of them too small. A row x in which a unit has the slope D decides

    h  =  D² xᵀ (Σ D² x xᵀ)⁻¹ x

of its weights (its *leverage*; they add up to the number of weights), and of the strength of the
unit ``η² / Σ η²``, with η its activation. One less that is what is left of the row's own noise, so
scores are divided by it: the jackknife, to first order (HC3; J. MacKinnon and H. White, 1985), unit
by unit. What other units leave of a row is left out; with it, leverage is larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat
import numpy as np

from pureneuron.inference.information import Information, telling_rows
from pureneuron.model import Activation
from pureneuron.optimize import Fit
from pureneuron.optimize.least_squares.kernels import activations_across, like
from pureneuron.problem.rows import weight_sums
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray

__all__ = ["Leverage"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    least : float
        Leverage that a row has on average, in some unit, below which it is left out: errors differ
        by as much (no effect beyond that).
    singular : float
        Eigenvalue of second moments, against the largest, that is zero (rounding).
    left : float
        What is left of a row's noise at least: below it a residual is rounding.
    """

    least: float = 0.02
    singular: float = 1e-12
    left: float = 0.01


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Leverage:
    """What leverage is computed by.

    Attributes
    ----------
    roots : (k, r, r) array
        R with ``R Rᵀ`` the inverse of ``Σ D_a² x xᵀ`` over the rows, for each unit.
    powers : (k,) array
        ``Σ η²`` for each unit.
    """

    roots: AnyArray
    powers: AnyArray

    @classmethod
    def of(cls, fit: Fit, known: Information | None) -> Leverage | None:
        """Return that of a fit; None where rows are so many that none decides anything.

        Parameters
        ----------
        fit, known : Fit and Information
            The fit, and what the rows say of it. None where that is too large to be formed: then
            one pass over some rows is made.
        """
        k, r = fit.point.W.shape
        if known is not None:
            units = np.arange(k)
            moments = known.FF.reshape(k, r, k, r)[units, :, units, :]
            powers = known.gram.diagonal()[:k]
        else:
            rows = telling_rows(fit.problem, k)
            at = fit.point.W, fit.problem.activation
            sums, counted = rows.reduce_together([(_moments_of_units, *at), (weight_sums,)])
            moments, powers = (sums[each] / counted["total"] for each in ("moments", "powers"))
        # Rows are white: the trace over r is about the share of rows that tell of the unit.
        telling = fit.problem.n_rows * np.trace(moments, axis1=1, axis2=2) / r
        if np.all(r < THRESHOLDS.least * telling):
            return None
        total = fit.problem.total
        values, vectors = np.linalg.eigh(moments)
        regular = values > THRESHOLDS.singular * values[:, -1:]
        scale = np.where(regular, 1.0 / np.sqrt(np.where(regular, total * values, 1.0)), 0.0)
        return cls(vectors * scale[:, None, :], total * powers)

    def like(self, batch: Batch) -> Leverage:
        """Return the same where the rows of a batch live."""
        return Leverage(like(batch, self.roots), like(batch, self.powers))

    def left(self, X: AnyArray, D: AnyArray, H: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return what is left of the noise of each row, (k, n): in weights, and in strengths.

        Parameters
        ----------
        X, D, H : (r, n), (k, n) and (k + q, n) arrays
            Rows, slopes and activations.
        """
        xp = array_api_compat.array_namespace(X)
        k, D = D.shape[0], xp.astype(D, X.dtype, copy=False)
        of_rows = [xp.sum((self.roots[a, :, :].T @ X) ** 2, axis=0) for a in range(k)]
        weights = 1.0 - xp.stack(of_rows) * D * D
        powers = xp.where(self.powers > 0.0, self.powers, 1.0)
        strengths = 1.0 - H[:k, :] ** 2 / powers[:, None]
        least = THRESHOLDS.left
        return xp.clip(weights, least, 1.0), xp.clip(strengths, least, 1.0)


def _moments_of_units(batch: Batch, W: AnyArray, activation: Activation) -> dict[str, Sum]:
    """``Σ D_a² x xᵀ`` for each unit, (k, r, r), and ``Σ η²``, (k,)."""
    xp = array_api_compat.array_namespace(batch.X)
    X, D, H = activations_across(batch, like(batch, W), activation)
    k, D = D.shape[0], xp.astype(D, X.dtype, copy=False)
    seen = [X * D[a, :] for a in range(k)]
    return {
        "moments": Sum(xp.stack([each @ each.T for each in seen])),
        "powers": Sum(xp.sum(H[:k, :] ** 2, axis=1)),
    }
