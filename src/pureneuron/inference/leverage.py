"""How much a row decides about the units that it tells of, and what its residual is short by.

Where few rows tell of a unit, the fit follows their noise: residuals are smaller than it, and a
sandwich that is made of them too small. A row x in which a unit has the slope D decides

    h  =  D² xᵀ (Σ D² x xᵀ)⁻¹ x

of its weights (its *leverage*; they add up to the number of weights), and of the strength of the
unit ``η² / Σ η²``, with η its activation. One less that is what is left of the row's own noise, so
scores are divided by it: the jackknife, to first order (HC3; J. MacKinnon and H. White, 1985), unit
by unit. Rows of a block that may share their noise decide together, by ``V = Rᵀ (Σ D² x xᵀ) R``
over the block, with ``R Rᵀ`` the inverse over all rows: the sum s of their scores becomes
``R⁻ᵀ (I − V)⁻¹ Rᵀ s`` (CR3; R. Bell and D. McCaffrey, Survey Methodology 28, 2002). What other
units leave of a row is left out; with it, leverage is larger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import array_api_compat
import numpy as np

from pureneuron.devices import native
from pureneuron.inference.information import Information, telling_rows
from pureneuron.model import Activation
from pureneuron.optimize import Fit
from pureneuron.optimize.least_squares.kernels import activations_across, like
from pureneuron.problem.rows import weight_sums
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["Leverage"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    least : float
        Leverage that rows, or blocks, have on average, in some unit, below which it is left out:
        errors differ by as much (no effect beyond that).
    singular : float
        Eigenvalue of second moments, against the largest, that is zero (rounding).
    left : float
        What is left of the noise at least: below it a residual is rounding.
    much : float
        Share that a block decides, all weights of a unit together, from which on it is looked at in
        which directions (no effect on results: less than that leaves enough in all of them).
    """

    least: float = 0.03
    singular: float = 1e-12
    left: float = 0.01
    much: float = 0.5


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Leverage:
    """What leverage is computed by.

    Attributes
    ----------
    roots, inverses : (k, r, r) arrays
        R with ``R Rᵀ`` the inverse of ``Σ D_a² x xᵀ`` over the rows, for each unit, and ``R⁻¹``;
        that stays NumPy's.
    powers : (k,) array
        ``Σ η²`` for each unit.
    """

    roots: AnyArray
    inverses: Array
    powers: AnyArray

    @classmethod
    def of(cls, fit: Fit, known: Information | None, n_parts: float) -> Leverage | None:
        """Return that of a fit; None where no part of the rows decides anything.

        Parameters
        ----------
        fit, known : Fit and Information
            The fit, and what the rows say of it. None where that is too large to be formed: then
            one pass over some rows is made.
        n_parts : float
            How many parts the rows have that do not share their noise.
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
        telling = n_parts * np.trace(moments, axis1=1, axis2=2) / r
        if np.all(r < THRESHOLDS.least * telling):
            return None
        total = fit.problem.total
        values, vectors = np.linalg.eigh(moments)
        regular = values > THRESHOLDS.singular * values[:, -1:]
        spread = np.sqrt(np.where(regular, total * values, 1.0))
        inverses = (vectors * np.where(regular, spread, 0.0)[:, None, :]).transpose(0, 2, 1)
        roots = vectors * np.where(regular, 1.0 / spread, 0.0)[:, None, :]
        return cls(roots, inverses, total * powers)

    def like(self, batch: Batch) -> Leverage:
        """Return the same in the array library and the precision of a batch."""
        roots, powers = (like(batch, each) for each in native((self.roots, self.powers), batch.X))
        return replace(self, roots=roots, powers=powers)

    def left(self, X: AnyArray, D: AnyArray, H: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return what is left of the noise of each row, (k, n): in weights, and in strengths.

        Parameters
        ----------
        X, D, H : (r, n), (k, n) and (k + q, n) arrays
            Rows, slopes and activations.
        """
        xp = array_api_compat.array_namespace(X)
        weights = xp.sum(self._seen(X, D) ** 2, axis=1)
        strengths = H[: D.shape[0], :] ** 2 / self._powers(xp)[:, None]
        least = THRESHOLDS.left
        return xp.clip(1.0 - weights, least, 1.0), xp.clip(1.0 - strengths, least, 1.0)

    def decided(self, X: AnyArray, D: AnyArray, H: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return what rows of a block decide together: V for each unit, (k, r, r), and strengths.

        X, D and H as in :meth:`left`; strengths (k,) are ``Σ η²`` as a share of all rows'.
        """
        xp = array_api_compat.array_namespace(X)
        seen = self._seen(X, D)
        return seen @ xp.matrix_transpose(seen), xp.sum(
            H[: D.shape[0], :] ** 2, axis=1
        ) / self._powers(xp)

    def jackknifed(
        self, of_A: Array, of_W: Array, V: Array, strengths: Array
    ) -> tuple[Array, Array, Array]:
        """Return the sums of scores over blocks as they are without the fit to their own noise.

        Parameters
        ----------
        of_A, of_W : (b, m, q) and (b, k, r) arrays
            Sums of scores.
        V, strengths : (b, k, r, r) and (b, k) arrays
            What the rows of each decide (:meth:`decided`).

        Returns
        -------
        of_A, of_W : arrays of the same shapes
        most : (k,) array
            The most that a block decides about the weights of each unit; a bound up to a half.
        """
        least, (k, r) = THRESHOLDS.left, of_W.shape[1:]
        turned = np.einsum("ats,bat->bas", self.roots, of_W)
        decided = np.trace(V, axis1=2, axis2=3)
        # Eigenvalues show how much is left; where that is plenty they are not worth their time.
        much = decided > THRESHOLDS.much
        values, vectors = np.linalg.eigh(V[much])
        decided[much] = values[:, -1]
        along = np.einsum("crs,cr->cs", vectors, turned[much])
        along /= np.clip(1.0 - values, least, 1.0)
        turned[~much] = np.linalg.solve(np.eye(r) - V[~much], turned[~much][:, :, None])[:, :, 0]
        turned[much] = np.einsum("crs,cs->cr", vectors, along)
        of_A = of_A.copy()
        of_A[:, :, :k] /= np.clip(1.0 - strengths, least, 1.0)[:, None, :]
        return of_A, np.einsum("asr,bas->bar", self.inverses, turned), decided.max(axis=0)

    def _seen(self, X: AnyArray, D: AnyArray) -> AnyArray:
        """Return ``Rᵀ x D_a`` of each unit, (k, r, n): callers hand over some rows at a time."""
        xp = array_api_compat.array_namespace(X)
        k, r = D.shape[0], X.shape[0]
        roots = xp.reshape(xp.matrix_transpose(self.roots), (k * r, r))
        seen = xp.reshape(roots @ X, (k, r, X.shape[1]))
        return seen * xp.astype(D, X.dtype, copy=False)[:, None, :]

    def _powers(self, xp: Any) -> AnyArray:
        return xp.where(self.powers > 0.0, self.powers, 1.0)


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
