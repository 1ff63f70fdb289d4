"""The linear part of the network and what it spans.

A rectifier is half a linear map and half an even one, ``σ(t) = (t + |t|) / 2``, and a symmetric
input does not correlate with even functions of itself. So the regression of y on x sees the linear
half alone (Lemma 1): ``B = A W = 2 E[yxᵀ] E[xxᵀ]⁻¹``. Its column space is that of A, its row space
that of W: whatever d and m are, the rest of the spectral method works in k dimensions. With slope s
on the negative side, ``σ(t) = (1+s)/2 t + (1−s)/2 |t|``: the regression is ``(1+s)/2 B``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pureneuron.linalg import svd
from pureneuron.problem import Problem, SecondMoments, design, whitening
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Sum, to_numpy
from pureneuron.samples.mirror import mirror_groups
from pureneuron.typing import AnyArray, Array

__all__ = [
    "LinearPart",
    "LinearRank",
    "linear_loss",
    "linear_map",
    "linear_part",
    "linear_rank",
    "numerical_rank",
]

# Groups of rows with a random sign in common: enough that sums of them vary like sums of rows. The
# norm of a small matrix rests on few numbers, and takes more of them; entries of all groups.
_FEWEST_GROUPS, _MOST_GROUPS, _GROUP_ENTRIES = 32, 128, 4096
# The norm of a large noise matrix hardly varies, and costs: a few replicates tell it.
_MOST_REPLICATES, _FEWEST_REPLICATES, _REPLICATE_ENTRIES = 20, 5, 10_000
# Residual variance this small against the outputs is rounding; made white, the rounding in B then
# reaches the second figure.
_ROUNDING = 1e-12
_NOTHING = 1e-8
# Standard deviations of the noise's norm above its mean that a singular value must reach: for a
# single number about 3.8 of its own standard errors; and at least this share of the mean.
_SPREADS, _LEAST_SPREAD = 5.0, 0.03


@dataclass(frozen=True)
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

    A network of rectifiers has an even half, and explains more than this.
    """
    total = float(np.trace(problem.moments.yy)) / problem.output_scale**2
    return (total - float(np.sum(part.matrix**2))) / problem.n_outputs


def linear_rank(problem: Problem, part: LinearPart, *, rng: np.random.Generator) -> LinearRank:
    """Return the :func:`numerical_rank` with what it was read off, in one pass."""
    return LinearRank(numerical_rank(problem, part, rng=rng), part.singular_values)


def numerical_rank(problem: Problem, part: LinearPart, *, rng: np.random.Generator) -> int:
    """Count the singular values of ``B`` that stand out of its sampling noise, in one pass.

    The noise of ``B`` is that of y around its linear regression on x, and most of it is the even
    half of y itself: large where A is large. So outputs are first made white with respect to that
    residual; a neuron that is faint, but faintly contradicted too, counts as well as any.

    Then each row's contribution to the sampling error, residual times ``xᵀ``, is multiplied by a
    random sign: that keeps the size and shape of the noise, heavy tails and correlations
    included, and removes the signal. Rows are dealt out to groups, which have a sign in common, and
    their sums gathered in one pass, whatever the number of replicates. A row and its mirror image
    are in the same group, for in mirrored data the even half of y cancels between them. The j-th
    singular value is held against the norm of this noise across the first j − 1 singular vectors,
    for only there could noise have made it.
    """
    seed = int(rng.integers(2**63))
    regression = part.matrix
    yy = problem.moments.yy / problem.output_scale**2
    n_groups = int(np.clip(_GROUP_ENTRIES // regression.size, _FEWEST_GROUPS, _MOST_GROUPS))
    whiten = _inverse_root(yy - regression @ regression.T, yy)
    transform, scale = problem.whitening.transform, problem.output_scale
    sums = problem.source.reduce(
        _group_sums, scale * regression @ transform.T, seed, n_groups, problem.fit_hidden_bias
    )
    groups = sums["groups"]
    size = np.clip(_REPLICATE_ENTRIES // regression.size, _FEWEST_REPLICATES, _MOST_REPLICATES)
    signs = rng.choice(np.array([-1.0, 1.0]), size=(int(size), n_groups))
    flipped = np.tensordot(signs, groups, 1)
    left, values, right = svd(whiten @ regression)
    noise = (left.T @ whiten / (scale * problem.total)) @ flipped @ (transform @ right.T)
    # The groups add up to zero, which takes a little off each of them.
    filled = int(np.sum(np.any(groups, axis=(1, 2))))
    noise /= np.sqrt(1.0 - 1.0 / max(filled, 2))
    # The regression has fitted some of the noise that it is held against.
    noise /= np.sqrt(max(1.0 - problem.n_inputs / problem.n_effective, 0.01))
    rank = 0
    while rank < len(values):
        norms = _spectral_norms(noise[:, rank:, rank:])
        # Without sampling noise, as with exact moments, what is left to tell is rounding.
        spread = max(_SPREADS * norms.std(), _LEAST_SPREAD * norms.mean())
        threshold = max(norms.mean() + spread, _NOTHING * values[0])
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
    floor = _ROUNDING * max(float(np.trace(scale)), np.finfo(np.float64).tiny)
    return np.asarray((vectors / np.sqrt(np.maximum(values, floor))) @ vectors.T)


def _group_sums(
    batch: Batch, linear: AnyArray, seed: int, n_groups: int, constant_input: bool
) -> dict[str, Sum]:
    # Groups hash the inputs as they came: rounding in the transform would break the pairs.
    group = mirror_groups(batch.X, seed, n_groups)
    X, Y, _ = design(batch, constant_input)
    E = to_numpy(Y - X @ linear.T)
    order = np.argsort(group, kind="stable")
    E, X = np.take(E, order, axis=0), np.take(to_numpy(X), order, axis=0)
    edges = np.searchsorted(group[order], np.arange(n_groups + 1))
    return {"groups": Sum(np.stack([E[i:j].T @ X[i:j] for i, j in pairwise(edges)]))}
