"""What contributions are made of: sums over blocks of rows, in one pass.

Kernels of :mod:`.contributions`: residual and scores with functions of the inputs, and with a
change of the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import array_api_compat
import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.inference.blocks import Blocks
from pureneuron.inference.candidates import Candidates
from pureneuron.inference.information import slope_derivative
from pureneuron.inference.units import weights_switched
from pureneuron.linalg import across, row_products, times
from pureneuron.model import Activation
from pureneuron.optimize.least_squares.kernels import activations_across, like, residual_across
from pureneuron.problem.rows import total_weight
from pureneuron.samples import Batch, Leaf, Max, Sum
from pureneuron.typing import AnyArray

__all__ = ["Thresholds", "contribution_sums", "sums_along"]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how sums are made.

    Attributes
    ----------
    part_entries, part_rows : int
        Entries of functions and activations that are held at a time, and the fewest rows: threads
        wait for the interpreter at every call (make bench-scale).
    """

    part_entries: int = 1_000_000
    part_rows: int = 1024


THRESHOLDS = Thresholds()


def contribution_sums(
    batch: Batch,
    blocks: Blocks,
    here: tuple[AnyArray, AnyArray],
    activation: Activation,
    tried: Candidates,
    level: int,
    every: int,
) -> dict[str, Leaf]:
    """Gather what contributions are made of, in one pass.

    For the functions G: ``GᵀE``, the scores and what is known of each over each block; ``HᵀG``,
    ``EᵀE`` and the largest squared residual of a row, the weight of the rows in which units are on
    and off, and powers of the scores of the strength of each; over one of ``every`` blocks ``HᵀG``,
    ``FᵀG`` (from level 1 on) and ``ZᵀG`` (level 2).
    """
    xp = array_api_compat.array_namespace(batch.X)
    W, A = (like(batch, M) for M in here)
    tried = tried.like(batch)
    (k, r), (m, q) = W.shape, A.shape
    b, middle = blocks.n_blocks, 0.5 * (1.0 + activation.negative_slope)
    of_blocks = {
        "GE": np.zeros((b, m, len(tried.families))),
        "of A": np.zeros((b, m, q)),
        "of W": np.zeros((b, k, r)),
        "of slope": np.zeros((b, int(level > 1))),
        "grams": np.zeros((b, k, k)),
        "beside": np.zeros((b, q - k)),
        "seen": np.zeros((b, k, r)),
    }
    on, off, EE, HG, HG_some, FG, ZG = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    some, largest, squares, fourth = 0.0, 0.0, 0.0, 0.0
    for run in blocks.runs(batch, _rows_of_a_part(len(tried.families) + r + m + q)):
        part = run.rows
        X, D, H = activations_across(part, W, activation)
        fitted = A @ H
        E = across(part.Y) - fitted
        G = tried.values(X, D, fitted, part.extra.get("root"))
        pulled = A[:, :k].T @ E
        Z = slope_derivative(X, H, W, activation) if level > 1 else None
        bent = None if Z is None else Z * pulled
        gains = pulled * H[:k, :]
        gains = gains * gains
        squares = squares + xp.sum(gains, axis=1)
        fourth = fourth + xp.sum(gains * gains, axis=1)
        pulled = times(pulled, D)
        # Residual and activations together: a product of few rows is hardly quicker than one of
        # twice as many.
        EH, HG_part = xp.concat([E, H]), 0.0
        DD, XX = D * D, part.X * part.X
        for number, rows in run.blocks:
            own = EH[:, rows]
            with_EH = own[:m, :] @ own.T
            with_G = _products_with(own, [functions[:, rows] for functions in G])
            units, others = own[m : m + k, :], own[m + k :, :]
            sums = {
                "GE": with_G[:m, :],
                "of A": with_EH[:, m:],
                "of W": pulled[:, rows] @ part.X[rows, :],
                "grams": units @ units.T,
                "beside": xp.sum(others * others, axis=1),
                "seen": DD[:, rows] @ XX[rows, :],
            }
            if bent is not None:
                sums["of slope"] = xp.sum(bent[:, rows])
            for name, each in sums.items():
                of_blocks[name][number] += to_numpy(each)
            HG_part, EE = HG_part + with_G[m:, :], EE + with_EH[:, :m]
        HG = HG + HG_part
        largest = max(largest, float(xp.max(xp.sum(E * E, axis=0))))
        # Slopes are 1 or the negative slope.
        switched = weights_switched(part, D > middle)
        on, off = on + switched[0], off + switched[1]
        if not level or run.number % every:
            continue
        HG_some, some = HG_some + HG_part, some + total_weight(part)
        FG = FG + _products_with(row_products(D, X), G)
        if Z is not None:
            ZG = ZG + _products_with(Z, G)
    of_blocks["GE"] = of_blocks["GE"].transpose(0, 2, 1)
    leaves: dict[str, Leaf] = {name: Sum(each) for name, each in of_blocks.items()}
    leaves |= {"on": Sum(on), "off": Sum(off), "HG": Sum(HG), "EE": Sum(EE)}
    leaves |= {"squares": Sum(squares), "fourth powers": Sum(fourth)}
    leaves["largest"] = Max(np.float64(largest))
    if level:
        leaves |= {"HG of some": Sum(HG_some), "FG": Sum(FG), "some": Sum(some)}
    if level > 1:
        leaves["ZG"] = Sum(ZG)
    return leaves


def sums_along(
    batch: Batch,
    blocks: Blocks,
    here: tuple[AnyArray, AnyArray],
    added: tuple[AnyArray, AnyArray],
    activation: Activation,
    chosen: AnyArray,
    fits_slope: bool,
) -> dict[str, Sum]:
    """Add up the residual times the change of the outputs, and the scores with that change."""
    xp = array_api_compat.array_namespace(batch.X)
    W, A, other_W, other_A = (like(batch, M) for M in (*here, *added))
    k, all_W = W.shape[0], xp.concat([W, other_W])
    along, counted = np.zeros(blocks.n_blocks), to_numpy(chosen)
    of_A, of_W, of_slope, total, power = 0.0 * A, 0.0 * W, 0.0, 0.0, 0.0
    for run in blocks.runs(batch, _rows_of_a_part(sum(A.shape) + sum(other_A.shape))):
        for number, rows in run.blocks:
            if not counted[number]:
                continue
            part = run.rows.rows(rows)
            X, D, both = activations_across(part, all_W, activation)
            # What stands beside the activations comes last, and belongs to either network.
            H, change = xp.concat([both[:k, :], both[all_W.shape[0] :, :]]), other_A @ both[k:, :]
            E = residual_across(part, H, A)
            along[number] += float(xp.sum(E * change))
            power += float(xp.sum(change * change))
            of_A, total = of_A + change @ H.T, total + total_weight(part)
            pulled = A[:, :k].T @ change
            if fits_slope:
                Z = slope_derivative(X, H, W, activation)
                of_slope = of_slope + xp.sum(Z * pulled)
            of_W = of_W + times(pulled, D[:k, :]) @ part.X
    sums = {"along": Sum(along), "of A": Sum(of_A), "of W": Sum(of_W), "total": Sum(total)}
    sums["power"] = Sum(power)
    return {**sums, "of slope": Sum(of_slope)} if fits_slope else sums


def _rows_of_a_part(width: int) -> int:
    """Return how many rows are worked on at a time that are made ``width`` entries wide."""
    return max(THRESHOLDS.part_rows, THRESHOLDS.part_entries // width)


def _products_with(M: AnyArray, functions: Sequence[AnyArray]) -> AnyArray:
    """Return the sums over rows (p, C) of M (p, n) times functions that come in several parts."""
    xp = array_api_compat.array_namespace(M)
    return xp.concat([M @ G.T for G in functions], axis=1)
