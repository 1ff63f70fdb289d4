"""What rows contribute to the covariance of a residual with functions of the inputs.

For the residual e of a fit and a function g, ``Σ e g`` is that of the noise with what the model
cannot make of g: a fit that has converged has taken along all that its tangent space can. To first
order the contribution of a row is that of ``e g`` less its regression on the scores of the model,

    z  =  e g − (Jᵀg)ᵀ K ψ,       with  Σ z = Σ e g

(J: derivative of the outputs; K: inverse information; ψ: score). The spread of the sums of z over
independent blocks is right for any noise; with any other K in its place z spreads more, never less,
if rows are independent and alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pureneuron.inference.blocks import Blocks
from pureneuron.inference.candidates import Candidates
from pureneuron.inference.contribution_sums import contribution_sums, sums_along
from pureneuron.inference.information import Information
from pureneuron.inference.score_sums import with_signed_residual
from pureneuron.optimize import Fit, Point, single_suffices
from pureneuron.problem import GivenRows, Problem, n_unknowns
from pureneuron.samples import Merged
from pureneuron.typing import Array, BoolArray

__all__ = ["Contributions", "Scores", "Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    faint : float
        Power of an output's residual beside the largest below which it may be what the descent has
        left: that ends at gains of up to 3e-5 of the loss (efficiency.py).
    dependent : float
        Eigenvalue of the residual's correlation matrix that is zero (rounding).
    spanned : float
        Share of the spread of ``e g`` that is rounding: the model spans g.
    least_left : float
        Share of the power of a change that counts as not explained at least, for its variance
        (calibration).
    enough_rows, enough_equations : float
        Rows, and equations for each unknown, that show what functions have in common with the
        tangent space (calibration).
    """

    faint: float = 1e-4
    dependent: float = 1e-8
    spanned: float = 1e-6
    least_left: float = 0.2
    enough_rows: float = 4000.0
    enough_equations: float = 20.0


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Scores:
    """Sums over blocks of the contributions, standardised.

    Attributes
    ----------
    z : (b, C, m) array
        Divided by the root of the sum of their squares over the blocks: they add up to standard
        scores.
    counted : (C,) array of bool
        Whether the model leaves anything of the function.
    """

    z: Array
    counted: Array

    @classmethod
    def standardised(cls, z: Array, counted: Array) -> Scores:
        """Divide contributions by their spread."""
        spread = np.sqrt(np.sum(z**2, axis=0))
        return cls(z / np.where(spread > 0.0, spread, 1.0), counted)

    @property
    def statistics(self) -> Array:
        """Sum over outputs of the squared scores, (C,); zero for what the model spans."""
        return np.asarray(np.sum(self.z.sum(axis=0) ** 2, axis=1) * self.counted)

    def with_signs(self, sign: Array) -> Array:
        """Return the statistics if each block's residual had another sign, (b,)."""
        summed = np.tensordot(sign, self.z, 1)
        return np.asarray(np.sum(summed**2, axis=1) * self.counted)

    def of_blocks(self, chosen: Array) -> Array:
        """Return the statistics by some of the blocks alone."""
        return Scores.standardised(self.z[chosen], self.counted).statistics


class Contributions:
    """The contributions of the rows of a fit to the covariances of its residual.

    The pass that gathers them finds the second moments of the residual, ``residual_moments``
    (m, m), and the weight of the rows in which each unit is on and off, ``switched``, as well; the
    sums of the scores over blocks, of A, ``of_A`` (b, m, k + q), and of W, ``of_W`` (b, k, r); the
    second moments over blocks of the activations, ``grams`` (b, k, k), of what stands beside them,
    ``beside`` (b, q), and of the inputs in rows in which each unit is on, ``seen`` (b, k, r); and
    which blocks have rows with weight at all, ``filled`` (b,).

    Parameters
    ----------
    fit : Fit
        The fit, converged and not exact.
    known : Information or None
        At the same fit; None where it is too large to be formed. Then functions are compared with
        what the activations make of them, and no more.
    blocks : Blocks
        Rows that are independent of those of other blocks.
    tried : Candidates
        The functions whose scores are gathered, in the same pass.
    """

    def __init__(
        self, fit: Fit, known: Information | None, blocks: Blocks, tried: Candidates
    ) -> None:
        self.fit, self.known, self.blocks = fit, known, blocks
        problem, point = fit.problem, fit.point
        self.rows = problem.in_single_precision if single_suffices(fit.loss) else problem
        sums = self.rows.samples.reduce(
            contribution_sums,
            blocks,
            (point.W, point.A),
            problem.activation,
            tried,
            0 if known is None else 1 + known.fits_slope,
            self._every,
        )
        self.residual_moments: Array = sums["EE"] / problem.total
        self.switched: tuple[Array, Array] = sums["on"], sums["off"]
        self.whiten = _whitening_residual(self.residual_moments)
        self.filled: BoolArray = np.any(sums["GE"], axis=(1, 2))
        self.largest_share = float(sums["largest"] / np.trace(sums["EE"]))
        self.of_A: Array = sums["of A"]
        self.of_W: Array = sums["of W"]
        self.grams: Array = sums["grams"]
        self.beside: Array = sums["beside"]
        self.seen: Array = sums["seen"]
        self._powers = sums["squares"], sums["fourth powers"]
        self._of_rows = np.hstack([self.of_W.reshape(blocks.n_blocks, -1), sums["of slope"]])
        self.scores = self._standardised(sums)

    def _standardised(self, sums: dict[str, Array]) -> Scores:
        """Take off what the model spans of the functions, and divide by the spread over blocks."""
        problem, point, known = self.fit.problem, self.fit.point, self.known
        along = sums["HG"] / problem.total
        z = sums["GE"] - (self.of_A @ (point.gram_inverse @ along)).transpose(0, 2, 1)
        if known is not None:
            k, r = point.W.shape
            beyond_A = self._of_rows - np.tensordot(self.of_A, known.follow, 2)
            moves = beyond_A @ known.inverse
            left = known.gram_inverse @ (sums["HG of some"] / sums["some"])
            beyond = sums["FG"] / sums["some"] - known.HF.T @ left
            moved = moves[:, : k * r].reshape(-1, k, r)
            changed = np.einsum("arc,bar->bca", beyond.reshape(k, r, -1), moved, optimize=True)
            if known.HZ is not None:
                bent = sums["ZG"] / sums["some"] - known.HZ.T @ left
                changed = changed + bent.T * moves[:, None, k * r :]
            z = z - changed @ point.columns.T
        z, whole = z @ self.whiten.T, sums["GE"] @ self.whiten.T
        counted = np.sum(z**2, axis=(0, 2)) > THRESHOLDS.spanned * np.sum(whole**2, axis=(0, 2))
        return Scores.standardised(z, counted)

    def parts(self, *, rows: bool) -> Array:
        """Return how many rows, or blocks, tell of the strength of each unit, (k,).

        That is ``(Σ g²)² / Σ g⁴`` for their scores g. With normal scores it is a third of those in
        which the unit is on: errors that are made of squares know as much.
        """
        point = self.fit.point
        k = len(point.W)
        gains = np.einsum("oi,boi->bi", point.columns, self.of_A[:, :, :k])
        of_blocks = np.sum(gains**2, axis=0), np.sum(gains**4, axis=0)
        squares, fourth = self._powers if rows else of_blocks
        return np.asarray(squares**2 / np.where(fourth > 0.0, fourth, 1.0))

    def along(self, changes: Sequence[tuple[Array, Array, Array]]) -> list[tuple[Array, float]]:
        """Return the sums (b,) over some blocks of the residual times changes of the outputs.

        Beside them is the variance of their total if noise is independent from row to row and alike
        in all of them, or more than that where it differs between outputs.

        What the tangent space spans of a change is taken off, by regression over the chosen
        blocks: where a larger network was fitted to other rows, that is noise of those. Where it
        is too large to be formed, what the activations span. One pass.

        Parameters
        ----------
        changes : sequence of (W, A, chosen)
            The network that is the change, (u, r) and (m, u + q) arrays: q columns stand beside its
            neurons; and the blocks, (b,) of bool.
        """
        point, activation = self.fit.point, self.fit.problem.activation
        fits_slope = self.known is not None and self.known.fits_slope
        here = point.W, point.A
        calls = [
            (sums_along, self.blocks, here, (W, A), activation, chosen, fits_slope)
            for W, A, chosen in changes
        ]
        seen = self.rows.samples.reduce_together(calls)
        return [
            self._beyond(sums, chosen) for sums, (_, _, chosen) in zip(seen, changes, strict=True)
        ]

    def _beyond(self, sums: Merged, chosen: Array) -> tuple[Array, float]:
        """Take off what the tangent space spans of a change."""
        point, known = self.fit.point, self.known
        total, power = float(sums["total"]), float(sums["power"])
        of_A = sums["of A"] / total
        if known is None:
            changed = of_A @ point.gram_inverse
            spanned, explained = np.tensordot(self.of_A, changed, 2), np.sum(of_A * changed)
        else:
            of_W = sums["of W"].ravel() / total
            if known.fits_slope:
                of_W = np.append(of_W, sums["of slope"] / total)
            turned = known.inverse @ (of_W - np.tensordot(of_A, known.follow, 2))
            changed = of_A @ known.gram_inverse - known.follow @ turned
            spanned = np.tensordot(self.of_A, changed, 2) + self._of_rows @ turned
            explained = np.sum(of_A * changed) + of_W @ turned
        # The chosen blocks know what is explained but so well.
        left = max(power - total * float(explained), THRESHOLDS.least_left * power)
        loudest = float(np.linalg.eigvalsh(self.residual_moments)[-1])
        return np.asarray((sums["along"] - spanned) * chosen), loudest * left

    def with_noise_of(self, larger: Point, sign: Array) -> Problem:
        """Return the problem whose outputs are the fitted ones and noise, with other signs.

        The noise is the residual of a larger network, which has no trace of what this one may
        lack, made larger by what its unknowns take from it.

        Parameters
        ----------
        larger : Point
            The larger network.
        sign : (b,) array
            One for each block.
        """
        point, problem = self.fit.point, self.fit.problem
        left = problem.n_equations - n_unknowns(problem, larger.n_neurons)
        factor = sign * np.sqrt(problem.n_equations / max(left, 1.0))
        drawn = self.rows.samples.derive(
            with_signed_residual,
            (point.W, point.A),
            (larger.W, larger.A),
            problem.activation,
            self.blocks,
            factor,
        )
        return replace(self.rows, rows=GivenRows(drawn))

    @property
    def _every(self) -> int:
        """Blocks of which one shows enough of the tangent space."""
        if self.blocks.kind != "order":
            return 1  # some may have no rows
        problem = self.fit.problem
        per_output = n_unknowns(problem, self.fit.n_neurons) / problem.n_outputs
        enough = max(THRESHOLDS.enough_rows, THRESHOLDS.enough_equations * per_output)
        return max(int(problem.n_rows // enough), 1)


def _whitening_residual(EE: Array) -> Array:
    """Return what makes the residual white, (m', m); outputs without noise are left out."""
    power = EE.diagonal()
    counted = power > THRESHOLDS.faint * power.max(initial=0.0)
    scale = counted / np.sqrt(np.where(counted, power, 1.0))
    values, vectors = np.linalg.eigh(EE * np.outer(scale, scale))
    kept = values > THRESHOLDS.dependent
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])).T * scale)
