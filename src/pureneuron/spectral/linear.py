"""The linear part of the network and what it spans.

A rectifier is the sum of a linear part and an even part, ``σ(t) = t/2 + |t|/2``, and a symmetric
input does not correlate with even functions of itself. So the regression of y on x sees the linear
part alone (Lemma 1): ``B = A W = 2 E[yxᵀ] E[xxᵀ]⁻¹``. Its column space is that of A, its row space
that of W: whatever d and m are, the rest of the spectral method works in k dimensions. With slope s
on the negative side, ``σ(t) = (1+s)/2 t + (1−s)/2 |t|``: the regression is ``(1+s)/2 B``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.linalg import svd
from pureneuron.problem import Problem, SecondMoments, design, whitening
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Sum
from pureneuron.samples.mirror import mirror_groups
from pureneuron.typing import AnyArray, Array, IndexArray

__all__ = [
    "THRESHOLDS",
    "LinearPart",
    "LinearRank",
    "Partition",
    "Thresholds",
    "linear_loss",
    "linear_map",
    "linear_part",
    "linear_rank",
    "numerical_rank",
    "rank_of_groups",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide the rank of B, each with the command that shows its effect.

    Attributes
    ----------
    fewest_groups, most_groups : int
        Bounds of the number of groups of rows that share a random sign. Sums of so many groups vary
        like sums of rows (benchmarks/surety.py).
    group_entries : int
        Entries that the sums of all groups hold together: the norm of a small matrix rests on few
        numbers, and takes more groups (benchmarks/surety.py; for the time, benchmarks/cost.py).
    fewest_replicates, most_replicates : int
        Bounds of the number of draws of the signs (benchmarks/surety.py).
    replicate_entries : int
        Entries that the noise matrices of all draws hold together: the norm of a large one hardly
        varies, and a few draws tell it (benchmarks/surety.py; for the time, benchmarks/wide.py).
    least_residual : float
        Residual variance that is raised to this share of the outputs' power before the outputs are
        made white (rounding).
    least_value : float
        Share of the largest singular value below which one is rounding: without noise the residual
        variance is ``least_residual``, and making it white raises the rounding in B (rounding).
    spreads : float
        Standard deviations of the noise's norm that a singular value must stand above its mean; for
        a single number that is about 3.8 of its own standard errors (benchmarks/surety.py,
        experiments/paper/degenerate.py).
    least_spread : float
        Share of the mean norm that it must stand above it in any case
        (benchmarks/surety.py, experiments/paper/degenerate.py).
    least_freedom : float
        Least share of degrees of freedom, ``1 − d/n``, by which the noise is scaled up (no
        benchmark covers it).
    """

    fewest_groups: int = 32
    most_groups: int = 128
    group_entries: int = 4096
    fewest_replicates: int = 5
    most_replicates: int = 20
    replicate_entries: int = 10_000
    least_residual: float = 1e-12
    least_value: float = 1e-8
    spreads: float = 5.0
    least_spread: float = 0.03
    least_freedom: float = 0.01


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class LinearPart:
    """Singular value decomposition of the regression of y on x, in white coordinates.

    It knows nothing of the slope of σ, but for which it is ``B``.

    Attributes
    ----------
    outputs : (m, p) array
        Left singular vectors; the first k span the column space of A. ``p = min(m, r)``.
    inputs : (r, p) array
        Right singular vectors; the first k span the rows of W.
    singular_values : (p,) array
        In units of the outputs' root mean square.
    """

    outputs: Array
    inputs: Array
    singular_values: Array

    @property
    def matrix(self) -> Array:
        """The coefficients, an (m, r) array."""
        return np.asarray((self.outputs * self.singular_values) @ self.inputs.T)


@dataclass(frozen=True, eq=False)
class LinearRank:
    """How many singular values of the linear part stand out of their sampling noise.

    Attributes
    ----------
    value : int
        The rank.
    singular_values : (p,) array
        Of the regression, in units of the outputs' root mean square.
    """

    value: int
    singular_values: Array

    def describe(self) -> StageReport:
        """Report the singular values of the regression and how many of them stand out."""
        values, rank = self.singular_values, self.value
        shown = ", ".join(f"{value:.3g}" for value in values[: rank + 2])
        more = ", …" if len(values) > rank + 2 else ""
        return StageReport(
            "linear part",
            f"B = AW has rank {rank} against its sampling noise (singular values of the "
            f"regression {shown}{more})",
            {"rank": rank, "singular_values": values},
        )


class Partition(Protocol):
    """Blocks of rows whose sums are independent: whole groups, or stretches beyond any memory."""

    @property
    def n_blocks(self) -> int:
        """How many blocks there are."""
        ...

    def numbers(self, batch: Batch) -> np.ndarray:
        """Return the number of the block of each row, (n,) whole numbers below ``n_blocks``."""
        ...


def linear_map(moments: SecondMoments) -> Array:
    """Return ``B = 2 E[yxᵀ] E[xxᵀ]⁺`` of a ReLU network in the data's own units, an (m, d) array.

    This is Algorithm 1 for every output at once. Where the inputs do not span R^d its rows are the
    shortest that do; what counts as span is for :func:`pureneuron.problem.whitening` to say.
    """
    transform = whitening(moments.xx).transform
    return np.asarray(2.0 * (moments.yx @ transform) @ transform.T)


def linear_part(problem: Problem) -> LinearPart:
    """Compute the regression from the second moments; no pass over the data."""
    yx = problem.moments.yx @ problem.whitening.transform / problem.output_scale
    outputs, values, inputs = svd(yx, full_matrices=False)
    return LinearPart(outputs=outputs, inputs=inputs.T, singular_values=values)


def linear_loss(problem: Problem, part: LinearPart) -> float:
    """Return the mean squared residual of the regression of y on x, in units of y's variance.

    A network of rectifiers has an even part, and explains more than this.
    """
    total = float(np.trace(problem.moments.yy)) / problem.output_scale**2
    return (total - float(np.sum(part.matrix**2))) / problem.n_outputs


def linear_rank(
    problem: Problem,
    part: LinearPart,
    *,
    rng: np.random.Generator,
    blocks: Partition | None = None,
) -> LinearRank:
    """Return the :func:`numerical_rank` with what it was read off, in one pass."""
    rank = numerical_rank(problem, part, rng=rng, blocks=blocks)
    return LinearRank(rank, part.singular_values)


def numerical_rank(
    problem: Problem,
    part: LinearPart,
    *,
    rng: np.random.Generator,
    blocks: Partition | None = None,
) -> int:
    """Count the singular values of ``B`` that stand out of its sampling noise, in one pass.

    The noise of ``B`` is that of y around its linear regression on x, and most of it is the even
    part of y itself: large where A is large. So the outputs are first made white with respect to
    that residual: a neuron of small weight counts if the noise in its outputs is small too.

    Then each row's contribution to the sampling error, residual times ``xᵀ``, is multiplied by a
    random sign (a wild bootstrap). That keeps the size and shape of the noise, heavy tails and
    correlations included, and removes the signal. Rows are assigned to groups that share a sign,
    and the sums of the groups are gathered in one pass, whatever the number of draws. A row and its
    mirror image are in the same group, because in mirrored data the even part of y cancels between
    them. The j-th singular value is compared with the norm of this noise outside the first j − 1
    singular vectors: only there could noise have made it.

    Signs for single rows are right where rows are independent. Noise with memory, or shared by a
    session, adds up while the inputs keep their sign, and the noise of B is larger than single
    rows show. There whole blocks of rows share a sign.

    Parameters
    ----------
    problem : Problem
        The data.
    part : LinearPart
        Their linear part.
    rng : numpy.random.Generator
        Draws groups and signs.
    blocks : Partition, optional
        Blocks of the rows of ``problem.source``, at least two; with few, a value must stand out
        further. Rows are taken for independent if left out.

    Returns
    -------
    int
        The rank.

    Raises
    ------
    ValueError
        If there are fewer than two blocks.
    """
    seed = int(rng.integers(2**63))
    regression = part.matrix
    t = THRESHOLDS
    n_groups = int(np.clip(t.group_entries // regression.size, t.fewest_groups, t.most_groups))
    dealt = None
    if blocks is not None:
        if blocks.n_blocks < 2:
            raise ValueError(
                f"blocks has {blocks.n_blocks} block(s), whose spread says nothing of the noise: "
                "at least two are needed"
            )
        n_groups = min(n_groups, blocks.n_blocks)
        # At random: blocks that lie at equal distances may be alike.
        dealt = rng.permutation(blocks.n_blocks) % n_groups
    sums = problem.source.reduce(
        _group_sums,
        problem.colour_outputs @ regression @ problem.whitening.transform.T,
        seed,
        n_groups,
        problem.fit_hidden_bias,
        problem.rows.centre,
        blocks,
        dealt,
    )
    return rank_of_groups(problem, part, sums["groups"], rng=rng)


def rank_of_groups(
    problem: Problem, part: LinearPart, groups: Array, *, rng: np.random.Generator
) -> int:
    """Count the singular values of ``B`` as :func:`numerical_rank` does, without the data.

    Parameters
    ----------
    problem : Problem
        Its moments and coordinates; no row of it is read.
    part : LinearPart
        The linear part.
    groups : (g, m, d) array
        Sums, for each group of rows that share a sign, of residual times ``xᵀ``, in the units of
        the data.
    rng : numpy.random.Generator
        Draws the signs.
    """
    t, n_groups, regression = THRESHOLDS, len(groups), part.matrix
    transform = problem.whitening.transform
    yy = problem.moments.yy / problem.output_scale**2
    whiten = _inverse_root(yy - regression @ regression.T, yy)
    draws = t.replicate_entries // regression.size
    n_draws = int(np.clip(draws, t.fewest_replicates, t.most_replicates))
    signs = rng.choice(np.array([-1.0, 1.0]), size=(n_draws, n_groups))
    flipped = np.tensordot(signs, groups, 1)
    left, values, right = svd(whiten @ regression)
    to_white = left.T @ whiten @ problem.whiten_outputs / problem.total
    noise = to_white @ flipped @ (transform @ right.T)
    # The groups add up to zero: that makes each of them a little smaller.
    filled = int(np.sum(np.any(groups, axis=(1, 2))))
    noise /= np.sqrt(1.0 - 1.0 / max(filled, 2))
    # The regression has fitted some of the noise that it is compared with.
    noise /= np.sqrt(max(1.0 - problem.n_inputs / problem.n_effective, t.least_freedom))
    rank = 0
    while rank < len(values):
        norms = _spectral_norms(noise[:, rank:, rank:])
        # Without sampling noise, as with exact moments, only rounding is left.
        spread = max(t.spreads * norms.std(), t.least_spread * norms.mean())
        threshold = max(norms.mean() + spread, t.least_value * values[0])
        above = int(np.sum(values > threshold))
        if above <= rank:
            break
        rank = above
    return rank


def _spectral_norms(stack: Array) -> Array:
    """Largest singular value of each matrix, from the Gram matrix of its shorter side."""
    if stack.shape[1] > stack.shape[2]:
        stack = stack.transpose(0, 2, 1)
    return np.asarray(np.sqrt(np.linalg.eigvalsh(stack @ stack.transpose(0, 2, 1))[:, -1]))


def _inverse_root(covariance: Array, scale: Array) -> Array:
    """Symmetric inverse square root, bounded where ``covariance`` is rounding against ``scale``."""
    values, vectors = np.linalg.eigh(covariance)
    floor = THRESHOLDS.least_residual * max(float(np.trace(scale)), np.finfo(np.float64).tiny)
    return np.asarray((vectors / np.sqrt(np.maximum(values, floor))) @ vectors.T)


def _group_sums(
    batch: Batch,
    linear: AnyArray,
    seed: int,
    n_groups: int,
    constant_input: bool,
    centre: AnyArray | None,
    blocks: Partition | None,
    dealt: AnyArray | None,
) -> dict[str, Sum]:
    group = _groups(batch, seed, n_groups, blocks, dealt)
    X, Y, _ = design(batch, constant_input, centre)
    E = to_numpy(Y - X @ linear.T)
    order = np.argsort(group, kind="stable")
    E, X = np.take(E, order, axis=0), np.take(to_numpy(X), order, axis=0)
    edges = np.searchsorted(group[order], np.arange(n_groups + 1))
    return {"groups": Sum(np.stack([E[i:j].T @ X[i:j] for i, j in pairwise(edges)]))}


def _groups(
    batch: Batch, seed: int, n_groups: int, blocks: Partition | None, dealt: AnyArray | None
) -> IndexArray:
    if blocks is None:
        # The hash is that of the inputs before whitening: its rounding would break mirror pairs.
        return mirror_groups(batch.X, seed, n_groups)
    # Small numbers are quick to sort.
    return np.asarray(to_numpy(dealt)[blocks.numbers(batch)], dtype=np.uint16)
